// What a sample of this machine takes of its processor: everything between the wish for one and the fact that is handed in.
import { setTimeout as wait } from 'node:timers/promises'
import host from '../src/sources/host/index.ts'
import { sampleFact } from '../src/source-sample.ts'
import type { Recheck, SourceTools } from '../src/source.ts'
import { type BenchRow, percentile, round } from './support/row.ts'

const warmUp = 200
const rounds = 20
const perRound = 25

/** Takes a few seconds. User and system time of all threads of this process; what it starts is not counted. */
export async function benchHostSample(): Promise<BenchRow[]> {
  const abort = new AbortController()
  let sample: (request: Recheck) => Promise<void> = async () => {}
  let series = 0
  const tools: SourceTools = {
    name: 'this',
    place: { zone: 'UTC', host: 'bench' },
    signal: abort.signal,
    now: Date.now,
    emit: async ({ facts = [] }) => {
      series = Object.keys(facts[0]?.data['metrics'] ?? {}).length
      return { ids: [], accepted: 0, duplicates: 0 }
    },
    onRecheck: (handler) => (sample = handler),
    ask: async () => {},
    cursor: async () => undefined,
    route: () => {},
    measure: () => {},
    log: { info: () => {}, warn: () => {}, error: () => {} },
  }
  const first = process.cpuUsage()
  const running = host.start(host.options.parse({ every: '1h' }), tools)
  const request = { name: sampleFact, key: 'bench', body: {} }
  await sample(request)
  const { user, system } = process.cpuUsage(first)
  for (let count = 0; count < warmUp; count += 1) await sample(request)
  const took: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage()
    for (let count = 0; count < perRound; count += 1) await sample(request)
    const used = process.cpuUsage(before)
    took.push((used.user + used.system) / 1000 / perRound)
    await wait(20)
  }
  abort.abort()
  await running
  const what = `${series} series, on average over ${perRound} at a time`
  return [
    {
      name: 'sample of this machine, processor time',
      value: round(percentile(took, 0.95), 2),
      unit: 'ms',
      note: `at most 3; ${what}, the slowest of ${rounds} rounds but one`,
    },
    {
      name: 'first two samples, processor time',
      value: round((user + system) / 1000, 2),
      unit: 'ms',
      note: 'together, from the start of the source; nothing compiled or known yet',
    },
  ]
}
