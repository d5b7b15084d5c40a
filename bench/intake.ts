// How many events a second come in by HTTP, each on disk before its answer, with the full trail; beside a bare store.
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openSqlite } from '../src/store/sqlite.ts'
import { startChild } from './support/child.ts'
import { type BenchHub, makeFolder, startBenchHub } from './support/hub.ts'
import { hosts, type LoadResult, postLoad } from './support/load.ts'
import type { LoopSeen } from './support/loop-probe.ts'
import { type BenchRow, median, round } from './support/row.ts'
import { type Told, toTrail } from './support/trail.ts'

const connections = 16
const rounds = 3
const roundSeconds = 3.5
const stored = 1_000_000

interface Target {
  readonly port: number
  readonly token: string
}

/** Takes about three minutes. */
export async function benchIntake(): Promise<BenchRow[]> {
  await using sink = await startSink()
  const config = configFor(sink.port)
  const rates = await benchRates(config)
  const loop = await benchLoop(config)
  const full = await benchFullStore(config)
  return [...rates, ...loop, ...full]
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
    const rate = (results: readonly LoadResult[]): number => median(results.map((one) => one.eventsPerSecond))
    const slowest = median(ours.map((one) => one.p99Ms))
    rows.push(
      { name: what, value: rate(ours), unit, note: `${bar}; ${connections} connections, answers at p99 ${slowest} ms` },
      { name: `${what}, bare store`, value: rate(ceiling), unit, note: 'same rows, same store, no judge, no token' },
      {
        name: `${what}, hub to bare store`,
        value: round(rate(ours) / rate(ceiling), 2),
        unit: 'of it',
        note: `at least 0.5; in turns, medians of ${rounds} rounds of ${roundSeconds} s`,
      },
    )
  }
  return rows
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
  const seconds = await fillStore(join(places[1], 'data/sereno.db'))
  await using empty = await startBenchHub({ folder: places[0], config })
  await using full = await startBenchHub({ folder: places[1], config })
  const [before = [], after = []] = await inTurns([empty, full], 1)
  const rate = (results: readonly LoadResult[]): number => median(results.map((one) => one.postsPerSecond))
  return [
    { name: 'one-event posts, empty store', value: rate(before), unit: 'posts/s', note: 'in turns with the next' },
    {
      name: 'one-event posts, 1,000,000 events stored',
      value: rate(after),
      unit: 'posts/s',
      note: `stored with their trail in ${Math.round(seconds)} s`,
    },
    {
      name: 'full store to empty store',
      value: round(rate(after) / rate(before), 2),
      unit: 'of it',
      note: 'at least 0.8; ids are random, so their index is written all over',
    },
  ]
}

/** Seconds taken. */
async function fillStore(path: string): Promise<number> {
  const startedAt = performance.now()
  const store = await openSqlite({ path })
  try {
    const now = Date.now()
    const time = new Date(now).toISOString()
    let seq = await store.nextSeq(now)
    for (let done = 0; done < stored; done += 5000) {
      const told = Array.from({ length: 5000 }, (_, index) => makeTold(done + index, time))
      await store.commit(toTrail(told, seq, now))
      seq += told.length
    }
  } finally {
    await store.close()
  }
  return (performance.now() - startedAt) / 1000
}

function makeTold(index: number, time: string): Told {
  return {
    id: randomUUID(),
    source: 'urn:bench:load',
    type: 'bench.tick',
    time,
    host: `host-${index % hosts}`,
    subject: 'disk /dev/sda1',
    severity: 'warning',
    data: { usedBytes: index, usedShare: 0.93, note: 'more than was agreed on' },
  }
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

async function startSink(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
