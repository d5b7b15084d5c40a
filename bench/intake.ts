// How many events a second come in by HTTP, each on disk before its answer, with the full trail; beside a bare store.
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startChild } from './support/child.ts'
import { fillStore } from './support/fill-store.ts'
import { type BenchHub, makeFolder, startBenchHub } from './support/hub.ts'
import { type LoadResult, postLoad } from './support/load.ts'
import type { LoopSeen } from './support/loop-probe.ts'
import { type BenchRow, median, percentile, round } from './support/row.ts'
import { startSink } from './support/sink.ts'

const connections = 16
const rounds = 5
const roundSeconds = 2.5
const stored = 1_000_000

interface Target {
  readonly port: number
  readonly token: string
}

/** Takes about three minutes. */
export async function benchIntake(): Promise<BenchRow[]> {
  await using sink = await startSink()
  const config = configFor(sink.port)
  const disk = await benchDisk()
  const rates = await benchRates(config)
  const loop = await benchLoop(config)
  const full = await benchFullStore(config)
  return [disk, ...rates, ...loop, ...full]
}

/** What every commit waits for, so that readers can tell a slow disk from a slow hub. */
async function benchDisk(): Promise<BenchRow> {
  await using folder = await makeFolder()
  const file = await open(join(folder.path, 'probe'), 'w')
  const block = Buffer.alloc(80 * 1024)
  const took: number[] = []
  for (const endAt = performance.now() + 1500; performance.now() < endAt;) {
    const startedAt = performance.now()
    await file.write(block)
    await file.datasync()
    took.push(performance.now() - startedAt)
  }
  await file.close()
  const note = `a write of 80 KiB at the end of a file until it is on disk; 99 of 100 within ${round(percentile(took, 0.99))} ms`
  return { name: 'the disk, at this time', value: round(median(took), 2), unit: 'ms', note }
}

async function benchRates(config: string): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  const places = [join(folder.path, 'hub'), join(folder.path, 'bare')] as const
  for (const place of places) await mkdir(place)
  await using hub = await startBenchHub({ folder: places[0], config })
  await using bare = await startBareStore(join(places[1], 'sereno.db'))
  const rows: BenchRow[] = []
  for (const batch of [1, 100]) {
    const [ours = [], ceiling = []] = await inTurns([hub, bare], batch)
    const unit = batch === 1 ? 'posts/s' : 'events/s'
    const what = batch === 1 ? 'one-event posts' : 'events in batches of 100'
    const bar = batch === 1 ? 'at least 6,000' : 'at least 15,000'
    const best = Math.max(...ours.map((one) => one.eventsPerSecond)).toLocaleString('en')
    const p99 = median(ours.map((one) => one.p99Ms))
    rows.push(
      {
        name: what,
        value: rateOf(ours),
        unit,
        note: `${bar}; ${connections} connections, best round ${best}, answers at p99 ${p99} ms`,
      },
      { name: `${what}, bare store`, value: rateOf(ceiling), unit, note: 'same rows, same store, no judge, no token' },
      {
        name: `${what}, hub to bare store`,
        value: ratioOf(ours, ceiling),
        unit: 'of it',
        note: `at least 0.5; in turns, median of ${rounds} rounds of ${roundSeconds} s`,
      },
    )
  }
  return rows
}

function rateOf(results: readonly LoadResult[]): number {
  return median(results.map((one) => one.eventsPerSecond))
}

/** Of neighbours in time: what slows the machine for a while slows both. */
function ratioOf(some: readonly LoadResult[], others: readonly LoadResult[]): number {
  return round(median(some.map((one, index) => one.eventsPerSecond / (others[index]?.eventsPerSecond ?? 0))), 2)
}

/** In turns, so that a machine that is slower for a while is so for all. */
async function inTurns(targets: readonly Target[], batch: number): Promise<LoadResult[][]> {
  const results = targets.map((): LoadResult[] => [])
  for (const target of targets) await postLoad({ ...addressOf(target), connections, batch, seconds: 2 })
  for (let turn = 0; turn < rounds; turn++) {
    for (const [index, target] of targets.entries()) {
      results[index]?.push(await postLoad({ ...addressOf(target), connections, batch, seconds: roundSeconds }))
    }
  }
  return results
}

function addressOf({ port, token }: Target): Target {
  return { port, token }
}

async function startBareStore(path: string): Promise<Target & AsyncDisposable> {
  const args = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'support/bare-store.ts'), path]
  const child = startChild({ command: process.execPath, args, deadlineMs: 200_000 })
  const port = Number(/port (\d+)\n/.exec(await child.says('\n'))?.[1])
  return { port, token: 'none', [Symbol.asyncDispose]: () => child.stop() }
}

async function benchLoop(config: string): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  const probe = join(folder.path, 'probe.json')
  const nodeArgs = ['--import', join(import.meta.dirname, 'support/loop-probe.ts')]
  await using hub = await startBenchHub({
    folder: folder.path,
    config,
    nodeArgs,
    env: { SERENO_BENCH_PROBE: probe },
  })
  const rows: BenchRow[] = []
  for (const batch of [1, 100]) {
    const load = { ...addressOf(hub), connections, batch }
    await postLoad({ ...load, seconds: 2 })
    await askProbe(hub, probe)
    await postLoad({ ...load, seconds: 4 })
    const { turns, longestMs, busiestMs, over20 } = await askProbe(hub, probe)
    const words = `${turns} turns of the event loop, ${over20} above; by the clock, other programs included, ${round(longestMs)} ms`
    const name = `main thread busy at a time, ${batch === 1 ? 'one-event posts' : 'batches of 100'}`
    rows.push({ name, value: round(busiestMs), unit: 'ms', note: `at most 20; the longest of ${words}` })
  }
  return rows
}

async function askProbe(hub: BenchHub, path: string): Promise<LoopSeen> {
  await rm(path, { force: true })
  hub.process.signal('SIGUSR2')
  for (let tries = 0; tries < 200; tries++) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) return JSON.parse(text) as LoopSeen
    await wait(25)
  }
  throw new Error('the probe of the event loop did not answer within 5 s')
}

async function benchFullStore(config: string): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  const places = [join(folder.path, 'empty'), join(folder.path, 'full')] as const
  for (const place of places) await mkdir(join(place, 'data'), { recursive: true })
  const seconds = await fillStore(join(places[1], 'data/sereno.db'), stored)
  await using empty = await startBenchHub({ folder: places[0], config })
  await using full = await startBenchHub({ folder: places[1], config })
  const [before = [], after = []] = await inTurns([empty, full], 1)
  return [
    { name: 'one-event posts, empty store', value: rateOf(before), unit: 'posts/s', note: 'in turns with the next' },
    {
      name: 'one-event posts, 1,000,000 events stored',
      value: rateOf(after),
      unit: 'posts/s',
      note: `stored with their trail in ${Math.round(seconds)} s`,
    },
    {
      name: 'full store to empty store',
      value: ratioOf(after, before),
      unit: 'of it',
      note: 'at least 0.8; ids are random, so their index is written all over',
    },
  ]
}

/** The first event of each host is sent, its repeats are calmed: each leaves an event, a verdict, an identity and a window. */
function configFor(port: number): string {
  return `
hub: {}
sources: { events: { kind: cloudevents } }
channels: { sink: { kind: webhook, url: 'http://127.0.0.1:${port}/' } }
rules:
  - { name: bench, on: [bench.*], dedupe: { by: [host], for: 1h }, to: [sink] }
`
}
