// Measures how fast a vlmcsd log becomes events, side by side with mtail and sec doing an equal job.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'rolldown'
import { nodeFlags } from '../support/hub.ts'
import { type BenchRow, round } from '../support/row.ts'
import { writeBenchLog } from './make-log.ts'

const run = promisify(execFile)
const lines = 1_000_000
const rounds = 5
const openCounts = [10, 1000, 100_000]

/** Takes three minutes; needs mtail and sec in the PATH, and says so in its rows when they are missing. */
export async function benchReader(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-bench-'))
  try {
    const program = await bundle(folder)
    const warmUp = join(folder, 'warm-up.log')
    writeBenchLog({ path: warmUp, lines: lines / 2, open: 1000 })
    const logs = openCounts.map((open) => join(folder, `open-${open}.log`))
    for (const [index, open] of openCounts.entries()) writeBenchLog({ path: logs[index] ?? '', lines, open })
    const all: Round[] = []
    for (let count = 0; count < rounds; count++) all.push(await runRound(folder, program, logs, warmUp))
    return toRows(all)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What each took for the same lines, one after the other, so that a machine that is slower for a while is so for all. */
interface Round {
  /** By `openCounts`. */
  readonly ours: readonly Whole[]
  readonly mtail: Whole
  readonly sec: Whole
  /** By `openCounts`: inside the reader of a program that has read another log before. */
  readonly warm: readonly Said[]
}

/** A program from its start to its end; NaN when it is not there. */
interface Whole {
  readonly seconds: number
  /** Of the processor, by all threads. */
  readonly cpuSeconds: number
  readonly output: string
}

/** What read-log.ts says of itself. */
interface Said {
  readonly ms: number
  /** Of the processor, by the thread that reads; what other programs do meanwhile counts least here. */
  readonly threadMs: number
  readonly rssBytes: number
}

async function runRound(folder: string, program: string, logs: readonly string[], warmUp: string): Promise<Round> {
  const [first = ''] = logs
  const ours: Whole[] = []
  const warm: Said[] = []
  const time = (name: string, ...args: readonly string[]): Promise<Whole> => timed(join(folder, 'output'), name, args)
  ours.push(await time(process.execPath, ...nodeFlags, program, first))
  const mtail = await time('mtail', '-one_shot', '-progs', own('kms.mtail'), '-logs', first)
  const sec = await time('sec', `--conf=${own('kms.sec')}`, `--input=${first}`, '--notail', '--intevents')
  for (const log of logs.slice(1)) ours.push(await time(process.execPath, ...nodeFlags, program, log))
  for (const log of logs) warm.push(readSaid(await time(process.execPath, ...nodeFlags, program, log, warmUp)))
  return { ours, mtail, sec, warm }
}

function toRows(all: readonly Round[]): BenchRow[] {
  const base = all.map(({ ours }) => ours[0]).filter((whole) => whole !== undefined)
  const mtail = all.map((each) => each.mtail)
  const sec = all.map((each) => each.sec)
  const how = `whole runs over the same file in turns, best of ${rounds} each`
  return [
    ...openCounts.map((open, index) => ({
      name: `reader, ${open} open connections`,
      ...rate(all.map(({ ours }) => ours[index]?.seconds ?? Number.NaN)),
      note: 'whole run: start, reading the file, events and session rows made, their counts told; no store',
    })),
    {
      name: 'mtail, equal program',
      ...rate(mtail.map(({ seconds }) => seconds)),
      note: 'whole run: bench/reader/kms.mtail, -one_shot',
    },
    {
      name: 'sec, equal program',
      ...rate(sec.map(({ seconds }) => seconds)),
      note: 'whole run: bench/reader/kms.sec, --notail',
    },
    times('reader to mtail', base, mtail, 'seconds', `at least 10; ${how}`),
    times('reader to mtail, processor time', base, mtail, 'cpuSeconds', 'all threads, compiling included'),
    times('reader to sec', base, sec, 'seconds', `at least 20; ${how}`),
    times('reader to sec, processor time', base, sec, 'cpuSeconds', 'all threads, compiling included'),
    ...innerRows(all),
    {
      name: 'reader, peak memory',
      value: round(Math.max(...all.flatMap(({ ours }) => ours.map((whole) => readSaid(whole).rssBytes))) / 1e6),
      unit: 'MB',
      note: 'at most 150; highest of all whole runs, Node.js set up as bin/sereno does',
    },
  ]
}

/** What a hub sees that has run for weeks, its code long compiled. */
function innerRows(all: readonly Round[]): BenchRow[] {
  const work = openCounts.map((_, index) => best(all.map(({ warm }) => warm[index]?.threadMs ?? Number.NaN)))
  return [
    ...openCounts.map((open, index) => ({
      name: `reader alone, ${open} open connections`,
      ...rate(all.map(({ warm }) => (warm[index]?.ms ?? Number.NaN) / 1000)),
      note: 'from bytes to events, in 128 KiB chunks, after a warm-up of 500,000 other lines',
    })),
    {
      name: 'slowest reader below fastest',
      value: round((1 - Math.min(...work) / Math.max(...work)) * 100),
      unit: '%',
      note: 'at most 20; reader alone, by processor time of its thread',
    },
  ]
}

function times(
  name: string,
  ours: readonly Whole[],
  theirs: readonly Whole[],
  by: 'seconds' | 'cpuSeconds',
  note: string,
): BenchRow {
  return {
    name,
    value: round(best(theirs.map((one) => one[by])) / best(ours.map((one) => one[by]))),
    unit: 'times',
    note,
  }
}

function rate(seconds: readonly number[]): Pick<BenchRow, 'value' | 'unit'> {
  return { value: Math.round(lines / best(seconds)), unit: 'lines/s' }
}

/** Other programs on the machine can only add to what one takes. */
function best(taken: readonly number[]): number {
  return Math.min(...taken)
}

/** As shipped: JavaScript in one file, not TypeScript from source. */
async function bundle(folder: string): Promise<string> {
  const file = join(folder, 'read-log.mjs')
  await build({ input: own('read-log.ts'), platform: 'node', logLevel: 'warn', output: { file, format: 'esm' } })
  return file
}

/** As bin/sereno has it. */
const env = { ...process.env, MALLOC_ARENA_MAX: '1' }

async function timed(file: string, program: string, args: readonly string[]): Promise<Whole> {
  const script =
    'out=$1; shift; command -v "$1" >/dev/null || exit 0; TIMEFORMAT="%R %U %S"; time "$@" >"$out" 2>/dev/null'
  const { stderr } = await run('bash', ['-c', script, 'time', file, program, ...args], { env })
  if (stderr.trim() === '') return { seconds: Number.NaN, cpuSeconds: Number.NaN, output: '' }
  const [seconds = Number.NaN, user = Number.NaN, system = Number.NaN] = stderr.trim().split(' ').map(Number)
  return { seconds, cpuSeconds: user + system, output: await readFile(file, 'utf8') }
}

function readSaid({ output }: Whole): Said {
  return JSON.parse(output) as Said
}

function own(name: string): string {
  return join(import.meta.dirname, name)
}

if (import.meta.main) console.table(await benchReader())
