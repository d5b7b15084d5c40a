// Measures how fast a vlmcsd log becomes events, side by side with mtail and sec doing an equal job.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'rolldown'
import { writeBenchLog } from './make-log.ts'

export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly note: string
}

const run = promisify(execFile)
const lines = 1_000_000
const rounds = 3
const openCounts = [10, 1000, 100_000]

/** Takes a minute or two; needs mtail and sec in the PATH, and says so in its rows when they are missing. */
export async function benchReader(): Promise<{ readonly rows: readonly BenchRow[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-bench-'))
  try {
    const warmUp = join(folder, 'warm-up.log')
    writeBenchLog({ path: warmUp, lines: lines / 2, open: 10 })
    const program = await bundle(folder)
    const logs = openCounts.map((open) => ({ path: join(folder, `open-${open}.log`), lines, open }))
    for (const log of logs) writeBenchLog(log)
    return { rows: await measure(logs, (path) => readWithOurs(program, path, warmUp)) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(
  logs: readonly { readonly path: string; readonly open: number }[],
  readOurs: (path: string) => Promise<Taken>,
): Promise<BenchRow[]> {
  const [first] = logs
  if (!first) return []
  const ours = new Map<number, Taken[]>(logs.map(({ open }) => [open, []]))
  const mtail: Taken[] = []
  const sec: Taken[] = []
  // In turns, so that a machine that is slower for a while is so for all.
  for (let round = 0; round < rounds; round++) {
    for (const { path, open } of logs) ours.get(open)?.push(await readOurs(path))
    mtail.push(await timed('mtail', ['-one_shot', '-progs', own('kms.mtail'), '-logs', first.path]))
    sec.push(await timed('sec', [`--conf=${own('kms.sec')}`, `--input=${first.path}`, '--notail', '--intevents']))
  }
  return toRows(ours, mtail, sec)
}

interface Taken {
  readonly seconds: number
  /** Of the processor, by all threads. */
  readonly cpuSeconds: number
  /** Of the processor, by the thread that reads; what other programs do meanwhile counts least here. */
  readonly threadSeconds: number
  readonly rssBytes: number
}

function toRows(
  ours: ReadonlyMap<number, readonly Taken[]>,
  mtail: readonly Taken[],
  sec: readonly Taken[],
): BenchRow[] {
  const [base = []] = ours.values()
  const work = [...ours.values()].map((taken) => middle(taken, 'threadSeconds'))
  const rss = Math.max(...[...ours.values()].flat().map(({ rssBytes }) => rssBytes))
  const bar = (times: number): string => `at least ${times}`
  return [
    ...[...ours].map(([open, taken]) => ({
      name: `reader, ${open} open connections`,
      value: Math.round(lines / middle(taken, 'seconds')),
      unit: 'lines/s',
      note: '128 KiB chunks after a warm-up of 500,000 others; events and session rows made, no store',
    })),
    rateOf('mtail, equal program', mtail, 'bench/reader/kms.mtail, -one_shot'),
    rateOf('sec, equal program', sec, 'bench/reader/kms.sec, --notail'),
    ratio('reader to mtail', base, mtail, 'seconds', bar(10)),
    ratio('reader to mtail, processor time', base, mtail, 'cpuSeconds', bar(10)),
    ratio('reader to sec', base, sec, 'seconds', bar(20)),
    ratio('reader to sec, processor time', base, sec, 'cpuSeconds', bar(20)),
    {
      name: 'slowest reader below fastest',
      value: round((1 - Math.min(...work) / Math.max(...work)) * 100),
      unit: '%',
      note: 'at most 20; by processor time of the reading thread',
    },
    {
      name: 'reader, peak memory',
      value: round(rss / 1e6),
      unit: 'MB',
      note: 'at most 150; of runs without warm-up, with --max-semi-space-size=8',
    },
  ]
}

function rateOf(name: string, taken: readonly Taken[], note: string): BenchRow {
  return { name, value: Math.round(lines / middle(taken, 'seconds')), unit: 'lines/s', note }
}

function ratio(
  name: string,
  ours: readonly Taken[],
  theirs: readonly Taken[],
  by: 'seconds' | 'cpuSeconds',
  note: string,
): BenchRow {
  return { name, value: round(middle(theirs, by) / middle(ours, by)), unit: 'times', note }
}

function middle(taken: readonly Taken[], by: keyof Taken): number {
  return taken.map((one) => one[by]).toSorted((a, b) => a - b)[Math.floor(taken.length / 2)] ?? Number.NaN
}

/** As shipped: JavaScript in one file, not TypeScript from source. */
async function bundle(folder: string): Promise<string> {
  const file = join(folder, 'read-log.mjs')
  await build({ input: own('read-log.ts'), platform: 'node', logLevel: 'warn', output: { file, format: 'esm' } })
  return file
}

interface Said {
  readonly ms: number
  readonly cpuMs: number
  readonly threadMs: number
  readonly rssBytes: number
}

async function readWithOurs(program: string, path: string, warmUp: string): Promise<Taken> {
  // The limit on the young generation keeps garbage from counting as memory.
  const flag = '--max-semi-space-size=8'
  const warm = await run(process.execPath, [flag, program, path, warmUp])
  const cold = await run(process.execPath, [flag, program, path])
  const { ms, cpuMs, threadMs } = JSON.parse(warm.stdout) as Said
  const { rssBytes } = JSON.parse(cold.stdout) as Said
  return { seconds: ms / 1000, cpuSeconds: cpuMs / 1000, threadSeconds: threadMs / 1000, rssBytes }
}

/** NaN when the program is not there. */
async function timed(program: string, args: readonly string[]): Promise<Taken> {
  const script = 'command -v "$1" >/dev/null || exit 0; TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1'
  const { stderr } = await run('bash', ['-c', script, 'time', program, ...args])
  const [seconds = Number.NaN, user = Number.NaN, system = Number.NaN] =
    stderr.trim() === '' ? [] : stderr.trim().split(' ').map(Number)
  return { seconds, cpuSeconds: user + system, threadSeconds: Number.NaN, rssBytes: Number.NaN }
}

function own(name: string): string {
  return join(import.meta.dirname, name)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

if (import.meta.main) console.table((await benchReader()).rows)
