// `sereno replay`: what a configuration would have made of recorded input; sends nothing, stores nothing.
import { existsSync } from 'node:fs'
import { localTime, machineZone } from '../lib/local-time.ts'
import { printable } from '../lib/printable.ts'
import { readSince } from './since.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'
import type { ReplayInput, ReplayLine } from '../engine/replay.ts'

export interface ReplayOptions {
  readonly config?: string
  readonly input?: readonly string[]
  readonly since?: string
  readonly data: string
  readonly json?: boolean
}

export async function replay(options: ReplayOptions, terminal: Terminal): Promise<ExitCode> {
  const inputs = (options.input ?? []).map(readInput)
  if (inputs.length === 0 && options.since === undefined) {
    throw new Refusal('nothing to replay: give --input SOURCE=FILE, or --since 7d for what the hub has recorded', 2)
  }
  if (inputs.length > 0 && options.since !== undefined) {
    throw new Refusal('--input and --since exclude each other: give one of them', 2)
  }
  const missing = inputs.find(({ file }) => !existsSync(file))
  if (missing !== undefined) {
    throw new Refusal(`--input ${missing.source}=${missing.file}: the file ${missing.file} is not there.`)
  }
  const zone = machineZone()
  await start(options, inputs, (line) => terminal.out(options.json === true ? JSON.stringify(line) : toRow(line, zone)))
  return 0
}

/** The one place that knows how a replay is started. `tell` is called for each line in order. */
async function start(
  options: ReplayOptions,
  inputs: readonly ReplayInput[],
  tell: (line: ReplayLine) => void,
): Promise<void> {
  const { readConfiguration } = await import('./configuration.ts')
  const config = await readConfiguration(options.config)
  const { replayInputs, replayStore } = await import('../engine/replay.ts')
  if (options.since === undefined) return replayInputs(config, inputs, tell)
  const since = readSince(options.since, Date.now())
  const { withStore } = await import('./store-file.ts')
  return withStore(options.data, (store) => replayStore(config, store, since, tell))
}

function readInput(text: string): ReplayInput {
  const equals = text.indexOf('=')
  const source = text.slice(0, Math.max(0, equals))
  const file = text.slice(equals + 1)
  if (source === '' || file === '') {
    throw new Refusal(`--input ${text} names no source and file; give SOURCE=FILE, such as kms=/var/log/vlmcsd.log`, 2)
  }
  return { source, file }
}

function toRow(line: ReplayLine, zone: string): string {
  if (line.kind === 'event') {
    const rest = [line.host, line.subject].filter((word) => word !== undefined && word !== '')
    return printable([localTime(Date.parse(line.time), zone), line.type, line.severity, ...rest].join('  '))
  }
  const text = line.text.split('\n').map((part) => `    ${printable(part)}`)
  return [printable(`${localTime(Date.parse(line.at), zone)}  → ${line.channel}`), ...text].join('\n')
}
