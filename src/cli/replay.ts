// `sereno replay`: what a configuration would have made of recorded input; sends nothing, stores nothing.
import { existsSync } from 'node:fs'
import type { ReplayFile, ReplayLine } from '../hub/replay.ts'
import { localTime, machineZone } from '../lib/local-time.ts'
import { printable } from '../lib/printable.ts'
import { readSince } from './since.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface ReplayOptions {
  readonly config?: string
  readonly input?: readonly string[]
  readonly since?: string
  readonly data: string
  readonly json?: boolean
  readonly messages?: boolean
}

/** So much of what was before is gone through unprinted, so that windows stand as they stood. */
const warmUpMs = 7 * 86_400_000

export async function replay(options: ReplayOptions, terminal: Terminal): Promise<ExitCode> {
  const files = (options.input ?? []).map(readInput)
  if (files.length === 0 && options.since === undefined) {
    throw new Refusal('nothing to replay: give --input SOURCE=FILE, or --since 7d for what the hub has recorded', 2)
  }
  if (files.length > 0 && options.since !== undefined) {
    throw new Refusal('--input and --since exclude each other: give one of them', 2)
  }
  const missing = files.find(({ path }) => !existsSync(path))
  if (missing !== undefined) {
    throw new Refusal(`--input ${missing.source}=${missing.path}: the file ${missing.path} is not there.`)
  }
  const zone = machineZone()
  const print = (line: ReplayLine): void => {
    if (options.messages === true && line.kind !== 'message') return
    terminal.out(options.json === true ? JSON.stringify(line) : toRow(line, zone))
  }
  const since = options.since === undefined ? undefined : readSince(options.since, Date.now())
  await start(options, files, since, print)
  return 0
}

/** The one place that knows how a replay is started. */
async function start(
  options: ReplayOptions,
  files: readonly ReplayFile[],
  since: number | undefined,
  print: (line: ReplayLine) => void,
): Promise<void> {
  const { assembleFile } = await import('./configuration.ts')
  const assembly = await assembleFile(options.config)
  const { replayFiles, replayStore } = await import('../hub/replay.ts')
  if (since === undefined) {
    return replayFiles(assembly, files, print).catch((error: unknown) => {
      throw new Refusal(`${detailOf(error)}.`, 1, { cause: error })
    })
  }
  const { withStore } = await import('./store-file.ts')
  const span = { warmFrom: since - warmUpMs, from: since }
  return withStore(options.data, (store) => replayStore(assembly, store, span, print))
}

function readInput(text: string): ReplayFile {
  const equals = text.indexOf('=')
  const source = text.slice(0, Math.max(0, equals))
  const path = text.slice(equals + 1)
  if (source !== '' && path !== '') return { source, path }
  throw new Refusal(`--input ${text} names no source and file; give SOURCE=FILE, such as kms=/var/log/vlmcsd.log`, 2)
}

function toRow(line: ReplayLine, zone: string): string {
  if (line.kind === 'event') {
    const rest = [line.host, line.subject].filter((word) => word !== undefined && word !== '')
    return printable([localTime(Date.parse(line.time), zone), line.type, line.severity, ...rest].join('  '))
  }
  const text = line.text.split('\n').map((part) => `    ${printable(part)}`)
  return [printable(`${localTime(Date.parse(line.at), zone)}  → ${line.channel}`), ...text].join('\n')
}
