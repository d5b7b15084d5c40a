// Random lives of conditions: whatever fails, restarts or flaps, who was told of a beginning is told of its end, and nobody else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ConditionRow, conditionPrefix, keyOfRow } from '../src/engine/condition-row.ts'
import { createVirtualClock } from '../src/engine/clock.ts'
import { createEngine, type Engine } from '../src/engine/engine.ts'
import type { Judge } from '../src/engine/judge.ts'
import type { Sender } from '../src/engine/lane.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { type Delivery, finalDeliveries, finalVerdicts, type HubEvent, type Outcome, severities } from '../src/words.ts'
import { facts, judgeOf, rule } from './support/engine-house.ts'

type Action =
  | {
      readonly do: 'say'
      readonly key: number
      readonly state: 'firing' | 'changed' | 'resolved'
      readonly severity: number
    }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'outage'; readonly channel: number; readonly outcome: number }
  | { readonly do: 'slow'; readonly seconds: number }
  | { readonly do: 'close'; readonly key: number }
  | { readonly do: 'restart' | 'reload' }

const outcomes: readonly Outcome[] = [
  { ok: true },
  { ok: false, reason: 'unreachable', retry: true, maybeDelivered: false, detail: 'down' },
  { ok: false, reason: 'timeout', retry: true, maybeDelivered: true, detail: 'no answer' },
  { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail: 'bad' },
]
const channelNames = ['one', 'two', 'three'] as const

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('say' as const),
      key: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom('firing', 'firing', 'changed', 'resolved', 'resolved'),
      severity: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(0, 1, 5, 40, 200, 900, 4000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('outage' as const),
      channel: fc.integer({ min: 0, max: 2 }),
      outcome: fc.integer({ min: 0, max: outcomes.length - 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('slow' as const), seconds: fc.constantFrom(0, 3, 20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), key: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'restart' as const }, { do: 'reload' as const }) },
)

function judgeFor(reloaded: boolean): Judge {
  const rules = [
    rule('all', { on: ['c.0', 'c.1', 'c.2'], to: ['one', 'two'], remindMs: 3_000_000 }),
    rule('calm', { on: ['c.2', 'c.3'], dedupe: { by: [], forMs: 300_000, tell: 'next' }, to: ['three'] }),
    rule('paced', { on: ['c.3'], throttle: { max: 1, perMs: 120_000 }, to: ['two'] }),
  ]
  const channels = {
    one: { ...facts, fallback: 'three', expireAfterMs: 3_600_000 },
    two: { ...facts, recipients: ['ann', 'bob'] },
    three: { ...facts, throttle: { max: 3, perMs: 60_000 } },
  }
  const sources = new Map([['s', { maxAgeMs: 3_600_000, labels: {} }]])
  return judgeOf(reloaded ? rules.slice(1) : rules, channels, { sources })
}

test('who was told that it began is told that it ended, once, and nobody else is', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 2, maxLength: 50 }), life), {
    numRuns: Number(process.env['RUNS'] ?? 300),
    ...(process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }),
  })
})

async function life(actions: readonly Action[]): Promise<void> {
  const store = await openSqlite({ path: ':memory:', now: 0 })
  const clock = createVirtualClock(1_700_000_000_000)
  const faults = new Map<string, Outcome>()
  const failures: unknown[] = []
  let slowMs = 0
  let flying = 0
  let generation = 0
  let reloaded = false
  const sender = (name: string): Sender => ({
    concurrency: 1,
    minIntervalMs: 100,
    render: (delivery) => [{ title: 't', text: delivery.id, payload: null }],
    async send() {
      const mine = generation
      if (slowMs > 0) {
        flying += 1
        await new Promise<void>((resolve) => clock.at(clock.now() + slowMs, resolve))
        flying -= 1
        // The process that asked is gone, and so is its answer.
        if (mine !== generation) return new Promise(() => {})
      }
      const outcome = faults.get(name) ?? { ok: true }
      return outcome.ok ? { ok: true, handle: 'h' } : outcome
    },
  })
  const senders = new Map(channelNames.map((name): [string, Sender] => [name, sender(name)]))
  const begin = (): Engine =>
    createEngine({ store, clock, judge: judgeFor(reloaded), failed: (_what, error) => void failures.push(error) })
  let engine = begin()
  await engine.start(senders, { version: 1 })
  const settle = async (): Promise<void> => {
    // A send that waits for the clock keeps the engine busy: then a few turns are enough for all else.
    for (let turns = 0; turns < 30 || (!engine.idle && flying === 0); turns += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      if (engine.idle && flying === 0) return
    }
  }
  const rows = async (): Promise<ConditionRow[]> =>
    (await store.states(conditionPrefix)).map(([, value]) => value as unknown as ConditionRow)
  for (const one of actions) {
    if (one.do === 'wait') await clock.advance(clock.now() + one.seconds * 1000, settle)
    if (one.do === 'slow') slowMs = one.seconds * 1000
    if (one.do === 'outage') faults.set(channelNames[one.channel] ?? 'one', outcomes[one.outcome] ?? { ok: true })
    if (one.do === 'restart') {
      await engine.stop(0)
      generation += 1
      engine = begin()
      await engine.start(senders, { version: 1 })
    }
    if (one.do === 'reload') {
      reloaded = !reloaded
      await engine.reload(judgeFor(reloaded), senders, { version: reloaded ? 2 : 1 })
    }
    if (one.do === 'close') {
      const row = (await rows()).find(({ key }) => key === `k${one.key}`)
      if (row !== undefined) await engine.command({ name: 'close', condition: keyOfRow(row), by: 'closed' })
    }
    if (one.do === 'say') {
      const event = {
        type: `c.${one.key}`,
        severity: severities[one.severity] ?? 'error',
        condition: { key: `k${one.key}`, state: one.state },
      }
      await engine.submit([{ kind: 'event', source: 's', event, receivedAt: clock.now() }])
    }
    await settle()
  }
  slowMs = 0
  faults.clear()
  await clock.advance(clock.now() + 6 * 3_600_000, settle)
  await check(
    await store.events({ limit: 10_000, ascending: true }),
    await store.deliveries({ limit: 10_000 }),
    await rows(),
  )
  const events = await store.events({ limit: 10_000, ascending: true })
  for (const verdict of await store.verdicts(events.map((event) => event.seq))) {
    assert.ok(finalVerdicts.includes(verdict.state), `${verdict.state} is no end: ${JSON.stringify(verdict)}`)
  }
  assert.deepEqual(failures, [])
  await engine.stop(0)
  await store.close()
}

async function check(
  events: readonly HubEvent[],
  newestFirst: readonly Delivery[],
  rows: readonly ConditionRow[],
): Promise<void> {
  const deliveries = newestFirst.toReversed()
  for (const delivery of deliveries) assert.ok(finalDeliveries.includes(delivery.state), JSON.stringify(delivery))
  const endings = new Set(events.filter((event) => event.condition?.state === 'resolved').map((event) => event.seq))
  const recipients = Map.groupBy(deliveries, (one) => JSON.stringify([one.channel, one.recipient, one.rule]))
  for (const own of recipients.values()) {
    const keys = new Set(own.flatMap((one) => one.extra.conditions ?? []))
    for (const key of keys)
      checkOne(
        key,
        own.filter((one) => one.extra.conditions?.includes(key) === true),
        endings,
        rows,
      )
  }
  // What is open at the end was told to somebody, or could not be.
  for (const row of rows.filter((one) => one.state === 'open')) {
    for (const thread of row.threads) assert.ok(thread.state === 'told' || thread.state === 'lost', JSON.stringify(row))
  }
}

/** All messages on one condition to one recipient, oldest first. */
function checkOne(
  key: string,
  messages: readonly Delivery[],
  endings: ReadonlySet<number>,
  rows: readonly ConditionRow[],
): void {
  const row = rows.find((one) => keyOfRow(one) === key)
  const said = JSON.stringify(
    messages.map(({ id, kind, thread, state, events, extra }) => [id, kind, thread, state, events, extra.ended]),
  )
  const arrived = messages.filter((one) => one.state === 'delivered' || one.state === 'unknown')
  // Given up in the end, it may have arrived before.
  const mayBe = messages.some((one) => !arrived.includes(one) && one.unanswered > 0)
  let isTold = false
  for (const one of arrived) {
    const tellsEnd = one.kind === 'digest' ? one.extra.ended !== undefined : endings.has(one.events.at(-1) ?? 0)
    if (one.kind === 'end') {
      // The fallback hears of an end that could not be said where the beginning was.
      assert.ok(isTold || mayBe || one.extra.fallbackFor !== undefined, `an end without a beginning: ${said}`)
      isTold = false
    } else if (one.kind === 'open' || one.kind === 'digest' || one.kind === 'change') isTold = !tellsEnd
    else {
      // That it came back may have been refused: then the reminder is the first to say so.
      const refused = messages.some(({ kind, state }) => kind === 'change' && (state === 'dead' || state === 'expired'))
      assert.ok(isTold || refused || one.extra.fallbackFor !== undefined, `a reminder of what was not told: ${said}`)
      isTold = true
    }
  }
  const lostEnd = messages.some((one) => one.kind === 'end' && (one.state === 'dead' || one.state === 'expired'))
  if (row?.state === 'ended' && !lostEnd)
    assert.ok(!isTold, `told that it began and never that it ended: ${said} ${JSON.stringify(row)}`)
  if (row?.state === 'open' && isTold) assert.ok(arrived.length > 0)
}
