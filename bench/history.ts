// History of hosts: a question over a year of many hosts, the disk that this year takes, and how long rolling up takes.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toSampleFact } from '../src/source-sample.ts'
import { mergeSeries, addSample, type SeriesBuckets, splitSeries } from '../src/store/history-buckets.ts'
import { packChunk } from '../src/store/history-chunk.ts'
import { chunkMs, tiers } from '../src/store/history-tiers.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import type { HistoryQuery, Store } from '../src/store/store.ts'
import type { Fact } from '../src/words.ts'
import { makeFolder } from './support/hub.ts'
import { type BenchRow, median, percentile, round } from './support/row.ts'

const measured = 20
const many = 1000
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const keptMs = [14 * dayMs, 90 * dayMs, 365 * dayMs] as const
/** What the guide promises of a host with 30 series. */
const budgetMb = 8
const questions = 200
const rounds = 5

/** Takes about two minutes. */
export async function benchHistory(): Promise<BenchRow[]> {
  return [...(await aYear()), ...(await rolling())]
}

async function aYear(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  const path = join(folder.path, 'sereno.db')
  const end = Math.floor(Date.now() / dayMs) * dayMs
  await fill(path, end)
  const store = await openSqlite({ path })
  try {
    const took = {
      'a day by the minute': await ask(store, end, 1440 * minuteMs * (1000 / 1440), 1000),
      'a week by ten minutes': await ask(store, end, 1000 * 10 * minuteMs, 1000),
      'six weeks by the hour': await ask(store, end, 1000 * 60 * minuteMs, 1000),
    }
    const bytes = statSync(path).size
    const perHost = bytes / measured / 1e6
    const what = `${measured} hosts with 30 series, a year of them`
    return [
      ...Object.entries(took).map(([name, ms]) => ({
        name: `1,000 points, ${name}, 99 of 100 within`,
        value: round(percentile(ms, 0.99), 2),
        unit: 'ms',
        note: `at most 5; half within ${round(median(ms), 2)} ms; the quickest of ${rounds} rounds of ${questions}; ${what}`,
      })),
      { name: 'history of a host on disk', value: round(perHost, 2), unit: 'MB', note: `at most ${budgetMb}; ${what}` },
      {
        name: 'history of 100 hosts on disk',
        value: round(perHost * 100, 0),
        unit: 'MB',
        note: `at most 800; ${what}`,
      },
    ]
  } finally {
    await store.close()
  }
}

/** Of each round how long each question took, the quickest round first: this machine may have other work. */
async function ask(store: Store, end: number, spanMs: number, points: number): Promise<number[]> {
  const all: number[][] = []
  for (let round = -1; round < rounds; round += 1) {
    const took: number[] = []
    for (let index = 0; index < questions; index += 1) {
      const metric = metrics[index % metrics.length]?.name ?? ''
      const query: HistoryQuery = { host: `host-${index % measured}`, metric, from: end - spanMs, to: end, points }
      const startedAt = performance.now()
      const { points: found } = await store.history(query)
      took.push(performance.now() - startedAt)
      if (found.length < points * 0.99) throw new Error(`${found.length} points of ${metric}, ${points} were expected`)
    }
    // The first one starts a thread and has its code compiled.
    if (round >= 0) all.push(took)
  }
  return all.toSorted((one, other) => percentile(one, 0.99) - percentile(other, 0.99))[0] ?? []
}

/** The chunks are written as the store would; through facts, half a million samples a host would take hours. */
async function fill(path: string, end: number): Promise<void> {
  await (await openSqlite({ path })).close()
  const db = new DatabaseSync(path)
  const insert = db.prepare('insert into history values (?1, ?2, ?3, ?4)')
  const seen = db.prepare('insert into host values (?1, ?2, ?3, ?4, ?5)')
  for (let host = 0; host < measured; host += 1) {
    const name = `host-${host}`
    const next = createHost(host)
    const open = tiers.map((): SeriesBuckets => new Map())
    db.exec('begin')
    seen.run(name, end - keptMs[2], end, 'host', JSON.stringify({ metrics: next() }))
    for (let at = end - keptMs[2]; at < end; at += minuteMs) {
      const sample = Object.entries(next())
      for (const [index, tier] of tiers.entries()) {
        const first = Math.floor((end - (keptMs[index] ?? 0)) / chunkMs(tier)) * chunkMs(tier)
        if (at < first) continue
        const chunk = open[index] as SeriesBuckets
        for (const [series, value] of sample) addSample(chunk, series, Math.floor(at / 1000 / tier.stepSeconds), value)
        if ((at + minuteMs) % chunkMs(tier) !== 0 && at + minuteMs < end) continue
        for (const [part, series] of splitSeries(chunk, tier.width))
          insert.run(name, tier.tier, part, packChunk(series))
        chunk.clear()
      }
    }
    db.exec('commit')
  }
  db.exec('pragma wal_checkpoint(truncate)')
  db.close()
}

/** A thousand hosts, a sample a minute, ten minutes of it; and what happens every few hours. */
async function rolling(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  const store = await openSqlite({ path: join(folder.path, 'sereno.db') })
  try {
    const next = Array.from({ length: many }, (_, host) => createHost(host))
    const start = Math.floor(Date.now() / dayMs) * dayMs
    let seq = 1
    const commits: number[] = []
    const rolls: number[] = []
    for (let minute = 0; minute < 30; minute += 1) {
      const facts = next.map((sample, host): Fact => {
        const at = start + minute * minuteMs
        const fact = toSampleFact(`host-${host}`, { metrics: sample() }, at)
        return { ...fact, seq: seq++, source: 'agents', time: at, receivedAt: at }
      })
      const startedAt = performance.now()
      await store.commit({ facts })
      commits.push(performance.now() - startedAt)
      if (minute % 10 !== 9) continue
      const rolledAt = performance.now()
      await store.roll()
      rolls.push(performance.now() - rolledAt)
    }
    const piece = new Map() as SeriesBuckets
    for (let minute = 0; minute < 360; minute += 1) {
      for (const [series, value] of Object.entries(next[0]?.() ?? {})) addSample(piece, series, minute, value)
    }
    const packed = Array.from({ length: 9 }, () => {
      const startedAt = performance.now()
      for (const { factor } of tiers) {
        const wide: SeriesBuckets = new Map()
        mergeSeries(wide, piece, factor)
        packChunk(wide)
      }
      return performance.now() - startedAt
    })
    const what = `${many.toLocaleString('en')} hosts with 30 series, a sample a minute`
    return [
      {
        name: 'samples of 1,000 hosts committed',
        value: round(median(commits)),
        unit: 'ms',
        note: `${what}; a batch of all`,
      },
      { name: 'ten minutes of 1,000 hosts rolled up', value: round(median(rolls)), unit: 'ms', note: what },
      {
        name: "six hours of a host's pieces packed",
        value: round(median(packed)),
        unit: 'ms',
        note: 'every four to eight hours for each host, one host after the other',
      },
    ]
  } finally {
    await store.close()
  }
}

interface Metric {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly step: number
  /** What a value is a multiple of. */
  readonly grain: number
}

const gib = 2 ** 30
const metrics: readonly Metric[] = [
  { name: 'cpu_percent', from: 0, to: 100, step: 15, grain: 0.01 },
  { name: 'memory_percent', from: 20, to: 90, step: 1, grain: 0.01 },
  { name: 'memory_used_bytes', from: 2 * gib, to: 14 * gib, step: gib / 8, grain: 4096 },
  { name: 'memory_available_bytes', from: 2 * gib, to: 14 * gib, step: gib / 8, grain: 4096 },
  { name: 'swap_used_bytes', from: 0, to: 2 * gib, step: gib / 64, grain: 4096 },
  { name: 'swap_percent', from: 0, to: 100, step: 0.5, grain: 0.01 },
  { name: 'load1', from: 0, to: 16, step: 1, grain: 0.01 },
  { name: 'load5', from: 0, to: 16, step: 0.3, grain: 0.01 },
  { name: 'load15', from: 0, to: 16, step: 0.1, grain: 0.01 },
  { name: 'temperature_celsius', from: 30, to: 90, step: 2, grain: 0.5 },
  { name: 'uptime_seconds', from: 0, to: 1e9, step: 0, grain: 1 },
  ...['cpu', 'memory', 'io'].map((name): Metric => {
    return { name: `pressure_percent{resource="${name}"}`, from: 0, to: 40, step: 2, grain: 0.01 }
  }),
  ...['/', '/boot', '/home', '/var', '/srv'].flatMap((mount): Metric[] => [
    { name: `filesystem_percent{mount="${mount}"}`, from: 10, to: 99, step: 0.05, grain: 0.01 },
    { name: `filesystem_used_bytes{mount="${mount}"}`, from: 10 * gib, to: 900 * gib, step: gib / 200, grain: 4096 },
    { name: `filesystem_available_bytes{mount="${mount}"}`, from: gib, to: 900 * gib, step: gib / 200, grain: 4096 },
  ]),
  { name: 'failed_units', from: 0, to: 3, step: 0.01, grain: 1 },
]

/** Walks at random: the same host has the same year each time. */
function createHost(seed: number): () => { [series: string]: number } {
  let state = (seed + 1) * 2_654_435_761
  const random = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 0x9e3779b9) >>> 0
    return state / 2 ** 32
  }
  const values = metrics.map(({ from, to }) => from + (to - from) * random() * 0.5)
  let uptime = 0
  return () => {
    uptime += 60
    return Object.fromEntries(
      metrics.map(({ name, from, to, step, grain }, index) => {
        if (name === 'uptime_seconds') return [name, uptime]
        const moved = (values[index] ?? 0) + (random() + random() - 1) * step
        values[index] = moved < from ? 2 * from - moved : moved > to ? 2 * to - moved : moved
        const steps = Math.round((values[index] ?? 0) / grain)
        return [name, grain < 1 ? Number((steps * grain).toFixed(2)) : steps * grain]
      }),
    )
  }
}
