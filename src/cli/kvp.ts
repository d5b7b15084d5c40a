// `sereno kvp list|watch|get FILE`: what a Hyper-V pool says, record by record, whoever wrote it.
import { setTimeout as wait } from 'node:timers/promises'
import { printable } from '../lib/printable.ts'
import { findLocks } from '../lib/kvp/locks.ts'
import { readEvents, type FoundEvent } from '../lib/kvp/read-events.ts'
import { readPool } from '../lib/kvp/read-pool.ts'
import type { PoolRecord } from '../lib/kvp/record.ts'
import { toTable } from './table.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface KvpOptions {
  readonly json?: boolean
  /** Of `watch`: only what comes from now on. */
  readonly new?: boolean
}

interface Line extends Pick<PoolRecord, 'index' | 'key' | 'value'> {
  /** At the record that completes it. */
  readonly event?: FoundEvent
  readonly problem?: string
}

const lockWaitMs = 300
const watchMs = 300

export async function listPool(file: string, options: KvpOptions, terminal: Terminal): Promise<ExitCode> {
  const lines = toLines(await read(file))
  if (options.json === true) {
    if (lines.length > 0) terminal.out(lines.map((line) => JSON.stringify(toJson(line))).join('\n'))
  } else if (lines.length === 0) terminal.out(`${file} has no records.`)
  else terminal.out(toTable(['#', 'Time', 'Type', 'Name', 'Result', 'Took', 'Says'], rowsOf(lines)))
  return tellProblems(lines, options, terminal)
}

/** Until it is ended by a signal. */
export async function watchPool(
  file: string,
  options: KvpOptions,
  terminal: Terminal,
  signal = untilInterrupted(),
): Promise<ExitCode> {
  let seen = options.new === true ? new Set((await read(file).catch(() => [])).map(identityOf)) : new Set<string>()
  let told = ''
  for (;;) {
    const found = await readPool(file, await readOptions())
    if (found.ok) {
      told = ''
      const lines = toLines(found.records)
      for (const line of lines) if (!seen.has(identityOf(line))) tell(line, options, terminal)
      seen = new Set(lines.map(identityOf))
    } else if (found.detail !== told) {
      // The daemon may come later.
      told = found.detail
      terminal.error(`sereno: ${printable(told)}. Looking again.`)
    }
    try {
      await wait(watchMs, undefined, { signal })
    } catch {
      return 0
    }
  }
}

/** The value of the key's last record, as the host has it; of an event in slices, all of what it says. */
export async function getFromPool(
  file: string,
  key: string,
  options: KvpOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const lines = toLines(await read(file))
  const line = lines.findLast((each) => each.key === key)
  const sliced = lines.findLast((each) => each.event?.slices !== undefined && each.key.startsWith(`${key}|`))
  const found = line ?? sliced
  if (found === undefined)
    throw new Refusal(`There is no key ${key} in ${file}. sereno kvp list shows those there are.`)
  if (options.json === true) terminal.out(JSON.stringify(toJson(found)))
  else terminal.out(line?.value ?? sliced?.event?.description ?? '')
  return 0
}

async function read(file: string): Promise<readonly PoolRecord[]> {
  const found = await readPool(file, await readOptions())
  if (!found.ok) throw new Refusal(`${found.detail}. Name the file of a pool, such as /var/lib/hyperv/.kvp_pool_1.`)
  return found.records
}

async function readOptions(): Promise<Parameters<typeof readPool>[1]> {
  const found = await findLocks()
  return { locks: found.ok ? found.locks : undefined, lockWaitMs }
}

function toLines(records: readonly PoolRecord[]): Line[] {
  const { events, problems } = readEvents(records)
  return records.map(({ index, key, value, problem }) => {
    const event = events.get(index)
    const gap = event?.missing === undefined ? undefined : `slices ${event.missing.join(', ')} of it are not there`
    const wrong = problem ?? problems.get(index) ?? gap
    return {
      index,
      key,
      value,
      ...(event === undefined ? {} : { event }),
      ...(wrong === undefined ? {} : { problem: wrong }),
    }
  })
}

function toJson({ index, key, value, event, problem }: Line): object {
  const { at = Number.NaN, ...said } = event ?? {}
  const time = timeOf(at)
  return {
    index,
    key,
    value,
    ...(event === undefined ? {} : { event: { ...said, ...(time === undefined ? {} : { time }) } }),
    ...(problem === undefined ? {} : { problem }),
  }
}

/** One row an event; records that only carry a slice are part of it. */
function rowsOf(lines: readonly Line[]): string[][] {
  const sliced = new Set(lines.filter(({ event }) => event?.slices !== undefined).map(({ key }) => baseOf(key)))
  return lines
    .filter(({ event, problem, key }) => event !== undefined || problem !== undefined || !sliced.has(baseOf(key)))
    .map((line) => {
      const { index, key, value, event } = line
      if (event === undefined) return [String(index), '', '', key, '', '', line.problem ?? value]
      const { type, name, result = '', durationSeconds: took, description } = event
      const seconds = took === undefined ? '' : `${took} s`
      return [String(index), timeOf(event.at) ?? '', type, name, result, seconds, description]
    })
}

/** Without the number of the slice. */
function baseOf(key: string): string {
  return key.replace(/\|\d+$/, '')
}

function tell(line: Line, options: KvpOptions, terminal: Terminal): void {
  if (options.json === true) return terminal.out(JSON.stringify(toJson(line)))
  const { index, key, value, event, problem } = line
  const { type, name, result, description } = event ?? {}
  const words =
    event === undefined
      ? [key, value]
      : [timeOf(event.at) ?? '', type ?? '', name ?? '', result ?? '', description ?? '']
  const wrong = problem === undefined ? [] : [`(${problem})`]
  terminal.out(
    [String(index), ...words, ...wrong]
      .filter((word) => word !== '')
      .map(printable)
      .join('  '),
  )
}

function tellProblems(lines: readonly Line[], options: KvpOptions, terminal: Terminal): ExitCode {
  const wrong = lines.filter(({ problem }) => problem !== undefined)
  if (options.json !== true)
    for (const { index, problem = '' } of wrong) terminal.error(`sereno: record ${index}: ${problem}.`)
  return wrong.length === 0 ? 0 : 1
}

function timeOf(at: number): string | undefined {
  return Number.isFinite(at) ? new Date(at).toISOString() : undefined
}

function identityOf({ key, value, problem = '' }: Pick<Line, 'key' | 'value' | 'problem'>): string {
  return `${key}\n${value}\n${problem}`
}

function untilInterrupted(): AbortSignal {
  const ended = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ended.abort())
  return ended.signal
}
