// How fast a storm of events around a boot is judged, and what a thousand hosts that boot within a minute cost.
import { performance } from 'node:perf_hooks'
import { createVirtualClock } from '../src/engine/clock.ts'
import { Draft, type Base, type Known } from '../src/engine/draft.ts'
import { createEngine } from '../src/engine/engine.ts'
import type { Input } from '../src/engine/input.ts'
import type { Judge } from '../src/engine/judge.ts'
import type { Sender } from '../src/engine/lane.ts'
import { plan } from '../src/engine/plan.ts'
import { step } from '../src/engine/step.ts'
import { assembleText } from '../src/cli/configuration.ts'
import { toBootFact } from '../src/source-boot.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import type { NewEvent } from '../src/words.ts'
import { type BenchRow, median, round } from './support/row.ts'

const config = `
sources: { pve: { kind: cloudevents } }
channels: { team: { kind: console } }
watches: { boots: { kind: boot } }
rules: [{ on: ['host.*', 'guest.*', 'service.*'], to: team }]
`
const storm = 5000
const hosts = 1000
const start = Date.UTC(2026, 10, 21, 2)

export async function benchBoots(): Promise<BenchRow[]> {
  const { judge } = await assembleText(config, 'bench.yaml')
  return [...benchStorm(judge), ...(await benchHosts(judge))]
}

/** One host, 5,000 events in a minute, without a store: the pure step with its state in memory. */
function benchStorm(judge: Judge): BenchRow[] {
  const rates: number[] = []
  let messages = 0
  for (let round_ = 0; round_ < 7; round_ += 1) {
    const base = memory()
    base.run(judge, boot('pve', 20), start)
    const inputs = Array.from({ length: storm }, (_, index) => stormEvent(index))
    const startedAt = performance.now()
    for (const [index, input] of inputs.entries()) base.run(judge, input, start + index * 12)
    rates.push((storm / (performance.now() - startedAt)) * 1000)
    messages = base.deliveries
  }
  return [
    {
      name: 'a storm of 5,000 events around a boot, judged',
      value: round(median(rates), 0),
      unit: 'events/s',
      note: 'at least 20,000; the pure step without a store, one host in its grace, each tenth a condition; median of 7',
    },
    { name: 'messages during that storm', value: messages, unit: 'messages', note: 'at most 3; before the report' },
  ]
}

/** The whole engine on a store in memory: each host boots, is looked at, and is reported once. */
async function benchHosts(judge: Judge): Promise<BenchRow[]> {
  const clock = createVirtualClock(start)
  const store = await openSqlite({ path: ':memory:', now: 0 })
  const told: string[] = []
  const sender: Sender = {
    concurrency: 1,
    minIntervalMs: 0,
    render: (delivery) => [{ title: '', text: delivery.id, payload: null }],
    async send(part) {
      told.push(part.text)
      return { ok: true }
    },
  }
  const engine = createEngine({ store, clock, judge, failed: (what, error) => console.error(what, error) })
  await engine.start(new Map([['team', sender]]), {})
  const settle = async (): Promise<void> => {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!engine.idle)
  }
  const before = process.cpuUsage()
  for (let second = 0; second < 60; second += 1) {
    const some = Array.from({ length: hosts }, (_, index) => index).filter((index) => index % 60 === second)
    await engine.submit(some.map((index) => boot(`host-${index}`, 20)))
    await engine.submit(some.flatMap((index) => [guestEvent(`host-${index}`, 1), guestEvent(`host-${index}`, 2)]))
    await clock.advance(clock.now() + 1000, settle)
  }
  await clock.advance(clock.now() + 400_000, settle)
  const { user, system } = process.cpuUsage(before)
  await engine.stop(0)
  await store.close()
  return [
    {
      name: 'a thousand hosts that boot within a minute',
      value: round((user + system) / 1e6, 2),
      unit: 's of a core',
      note: 'at most 60; from the first boot to the last report, store in memory and its thread included',
    },
    { name: 'reports of these', value: told.length, unit: 'messages', note: `at most 1,000; one each` },
  ]
}

function boot(host: string, uptimeSeconds: number): Input {
  const fact = toBootFact('host.boot', host, host, { bootId: 'b', uptimeSeconds })
  return { kind: 'fact', source: 'pve', fact, receivedAt: start }
}

function guestEvent(host: string, id: number): Input {
  return { kind: 'event', source: 'pve', event: { type: 'guest.started', host, title: `vm${id}` }, receivedAt: start }
}

function stormEvent(index: number): Input {
  const base = { host: 'pve', title: `Guest ${index}` }
  const event: NewEvent =
    index % 10 === 0
      ? { ...base, type: 'service.failed', severity: 'error', condition: { key: `u${index}`, state: 'firing' } }
      : { ...base, type: 'guest.started' }
  return { kind: 'event', source: 'pve', event, receivedAt: start + index * 12 }
}

/** State as the intake's cache has it, and each input in a draft of its own. */
function memory(): { run(judge: Judge, input: Input, now: number): void; readonly deliveries: number } {
  const rows = new Map<string, Known>()
  let nextSeq = 1
  let deliveries = 0
  const base: Base = {
    known: (key) => rows.get(key),
    has: () => true,
    identity: () => undefined,
    delivery: () => null,
  }
  return {
    run(judge, input, now) {
      const draft = new Draft(base, nextSeq)
      step(judge, draft, plan(judge, input), now)
      for (const [key, { value }] of draft.state) rows.set(key, { ...rows.get(key), value })
      for (const [key, job] of draft.jobs) rows.set(key, { ...rows.get(key), job })
      nextSeq = draft.nextSeq
      deliveries += draft.deliveries.size
    },
    get deliveries() {
      return deliveries
    },
  }
}
