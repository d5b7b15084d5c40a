// What begins and ends: repeats of one alert, many open conditions in a list, one more move among them.
import { createVirtualClock } from '../src/engine/clock.ts'
import { createEngine, type Engine } from '../src/engine/engine.ts'
import type { EventInput } from '../src/engine/input.ts'
import type { Judge } from '../src/engine/judge.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { correlate } from '../src/watches/ns8-backup/correlate.ts'
import { readPlan } from '../src/watches/ns8-backup/facts.ts'
import { type BenchHub, makeFolder, startBenchHub } from './support/hub.ts'
import { type BenchRow, median, percentile, round } from './support/row.ts'

const many = 10_000
const few = 100
const repeats = 200

/** Takes about 20 s. */
export async function benchConditions(): Promise<BenchRow[]> {
  return [...(await repeatedPosts()), ...(await longList()), ...(await oneMore()), ...wholePlan()]
}

const config = `
sources: { alertmanager: { kind: alertmanager } }
channels: { out: { kind: console } }
rules: [{ on: alert, to: out }]
`

async function repeatedPosts(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  await using hub = await startBenchHub({ folder: folder.path, config })
  const body = webhookBody()
  const took: number[] = []
  for (let index = 0; index < repeats; index += 1) {
    const startedAt = performance.now()
    const answer = await ask(hub, 'POST', '/api/v1/webhook/alertmanager', body)
    took.push(performance.now() - startedAt)
    if (answer.status !== 202) throw new Error(`the webhook answered ${answer.status}: ${answer.text}`)
  }
  const { conditions } = JSON.parse((await ask(hub, 'GET', '/api/v1/conditions')).text) as { conditions: unknown[] }
  const { events } = JSON.parse((await ask(hub, 'GET', '/api/v1/events?type=alert')).text) as { events: unknown[] }
  const what = `${repeats} identical posts, one after the other, an fsync each; ${events.length} events, ${conditions.length} conditions`
  return [
    { name: 'repeats of a webhook, half answered within', value: round(median(took), 2), unit: 'ms', note: what },
    {
      name: 'repeats of a webhook, 99 of 100 within',
      value: round(percentile(took, 0.99), 2),
      unit: 'ms',
      note: `at most 50; ${what}`,
    },
  ]
}

async function longList(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  await using hub = await startBenchHub({ folder: folder.path, config: 'rules: []\n' })
  for (let start = 0; start < many; start += 1000) {
    const body = JSON.stringify(Array.from({ length: 1000 }, (_, index) => cloudEvent(start + index)))
    const answer = await ask(hub, 'POST', '/api/v1/events', body, 'application/cloudevents-batch+json')
    if (answer.status !== 202) throw new Error(`the events were answered ${answer.status}: ${answer.text}`)
  }
  const took: number[] = []
  let count = 0
  for (let index = 0; index < 15; index += 1) {
    const startedAt = performance.now()
    const { text } = await ask(hub, 'GET', '/api/v1/conditions')
    took.push(performance.now() - startedAt)
    count = (JSON.parse(text) as { conditions: unknown[] }).conditions.length
  }
  const note = `at most 100; ${count} open, all in one answer, median of ${took.length}`
  return [{ name: 'open conditions listed through the API', value: round(median(took)), unit: 'ms', note }]
}

/** The engine with a store in memory: judged and committed, one at a time. */
async function oneMore(): Promise<BenchRow[]> {
  const [small, large] = [await moves(few), await moves(many)]
  const what = 'judged and committed to a store in memory, one at a time, median of 2,000'
  return [
    {
      name: `a condition begins or ends among ${few.toLocaleString('en')}`,
      value: round(small, 3),
      unit: 'ms',
      note: `at most 1; ${what}`,
    },
    {
      name: `a condition begins or ends among ${many.toLocaleString('en')}`,
      value: round(large, 3),
      unit: 'ms',
      note: `at most 1; ${what}`,
    },
    {
      name: 'many to few',
      value: round(large / small, 2),
      unit: 'times',
      note: `at most 1.2; flat from ${few} to ${many.toLocaleString('en')} open`,
    },
  ]
}

/** A plan of many applications, some of which failed, judged as the watch judges it. */
function wholePlan(): BenchRow[] {
  const due = Date.UTC(2026, 5, 1, 1)
  const modules = Array.from({ length: 200 }, (_, index) => ({
    id: `app${index + 1}`,
    node: String((index % 4) + 1),
    status: {
      start: due / 1000 + index,
      end: due / 1000 + index + 60,
      errors: index % 7 === 0 ? 1 : 0,
      totalSize: 1e9,
    },
  }))
  const nodes = Object.fromEntries(['1', '2', '3', '4'].map((node) => [node, { zone: 'UTC' }]))
  const plan = { name: 'Nightly', enabled: true, schedule: '*-*-* 01:00:00' }
  const took: number[] = []
  for (let turn = 0; turn < 500; turn += 1) {
    const startedAt = performance.now()
    const snapshot = readPlan({ state: 'read', plan, modules, nodes })
    const window = { due, deadline: due + 7_200_000, nodes: {} }
    const now = due + 10_000_000
    const judged = correlate({ snapshot, window, now, alertFiring: true, health: {}, past: {} })
    took.push(performance.now() - startedAt)
    if (judged.outcome !== 'PARTIAL') throw new Error(`200 applications were judged ${judged.outcome}`)
  }
  const note = `at most 10; read from its fact and judged, the slowest of 100 of ${took.length}`
  return [{ name: 'a plan of 200 applications judged', value: round(percentile(took, 0.99), 2), unit: 'ms', note }]
}

async function moves(open: number): Promise<number> {
  const clock = createVirtualClock(1_700_000_000_000)
  const store = await openSqlite({ path: ':memory:', now: 0 })
  const judge: Judge = {
    rules: [{ name: 'all', on: ['disk.full'], where: [], to: ['out'], stop: false }],
    channels: new Map([['out', { recipients: [''], expireAfterMs: 86_400_000, idempotency: false }]]),
    sources: new Map([['s', { maxAgeMs: 3_600_000, labels: {} }]]),
    types: new Map(),
    watches: [],
    mutes: [],
  }
  const engine: Engine = createEngine({ store, clock, judge, failed: (what, error) => console.error(what, error) })
  await engine.start(new Map(), {})
  const say = (key: number, state: 'firing' | 'resolved'): EventInput => ({
    kind: 'event',
    source: 's',
    event: { type: 'disk.full', severity: 'error', title: `Disk ${key}`, condition: { key: `k${key}`, state } },
    receivedAt: clock.now(),
  })
  for (let start = 0; start < open; start += 500) {
    await engine.submit(Array.from({ length: Math.min(500, open - start) }, (_, index) => say(start + index, 'firing')))
  }
  const took: number[] = []
  for (let index = 0; index < 2000; index += 1) {
    // The same few move, whoever else is there.
    const input = say(index % few, Math.floor(index / few) % 2 === 0 ? 'resolved' : 'firing')
    const startedAt = performance.now()
    await engine.submit([input])
    took.push(performance.now() - startedAt)
  }
  await engine.stop(0)
  await store.close()
  return median(took)
}

function cloudEvent(index: number): object {
  return {
    specversion: '1.0',
    id: `c${index}`,
    source: 'bench',
    type: 'disk.full',
    host: `host-${index % 500}`,
    severity: 'error',
    condition: `disk ${index}`,
    state: 'firing',
    data: { title: `Disk ${index} is full`, bytes: index },
  }
}

function webhookBody(): string {
  const labels = { alertname: 'DiskFull', instance: 'nas:9100', severity: 'critical' }
  const alert = {
    status: 'firing',
    labels,
    annotations: { summary: 'Disk full' },
    startsAt: '2026-06-01T02:01:05.78Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: '4bf67da667dfe57a',
  }
  return JSON.stringify({
    version: '4',
    status: 'firing',
    receiver: 'r',
    groupKey: 'g',
    truncatedAlerts: 0,
    alerts: [alert],
  })
}

async function ask(
  hub: BenchHub,
  method: 'GET' | 'POST',
  path: string,
  body?: string,
  type = 'application/json',
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`http://127.0.0.1:${hub.port}${path}`, {
    method,
    headers: { authorization: `Bearer ${hub.token}`, 'content-type': type },
    ...(body === undefined ? {} : { body }),
  })
  return { status: answer.status, text: await answer.text() }
}
