// Random days of the engine: whatever is emitted, fails and restarts, each event ends once for each rule and channel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createVirtualClock } from '../src/engine/clock.ts'
import { createEngine, type Engine } from '../src/engine/engine.ts'
import type { ChannelFacts, Judge } from '../src/engine/judge.ts'
import type { Sender } from '../src/engine/lane.ts'
import type { Rule } from '../src/rule.ts'
import type { Mute } from '../src/rule-mute.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { finalVerdicts, type Outcome } from '../src/words.ts'

type Action =
  | {
      readonly do: 'emit'
      readonly type: number
      readonly host: number
      readonly ageS: number
      readonly urgent: boolean
    }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'outage'; readonly channel: number; readonly outcome: number }
  | { readonly do: 'silence'; readonly host: number; readonly seconds: number }
  | { readonly do: 'unsilence' | 'restart' }

const outcomes: readonly Outcome[] = [
  { ok: true },
  { ok: false, reason: 'unreachable', retry: true, maybeDelivered: false, detail: 'down' },
  { ok: false, reason: 'timeout', retry: true, maybeDelivered: true, detail: 'no answer' },
  { ok: false, reason: 'rate-limited', retry: true, maybeDelivered: false, retryAfterMs: 40_000, detail: 'slow down' },
  { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail: 'bad' },
  { ok: false, reason: 'unauthorised', retry: false, maybeDelivered: false, detail: 'who are you' },
]

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('emit' as const),
      type: fc.integer({ min: 0, max: 2 }),
      host: fc.integer({ min: 0, max: 2 }),
      ageS: fc.constantFrom(0, 0, 0, 30, 7200),
      urgent: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(0, 1, 20, 90, 1200) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('outage' as const),
      channel: fc.integer({ min: 0, max: 2 }),
      outcome: fc.integer({ min: 0, max: outcomes.length - 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('silence' as const),
      host: fc.integer({ min: 0, max: 2 }),
      seconds: fc.constantFrom(10, 100, 3000),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'restart' as const }, { do: 'unsilence' as const }) },
)

const channelNames = ['one', 'two', 'three'] as const
const rule = (name: string, changes: Partial<Rule>): Rule => ({
  name,
  on: ['*'],
  where: [],
  to: ['one'],
  stop: false,
  ...changes,
})
const facts = { recipients: [''], expireAfterMs: 3_600_000, idempotency: false }
const judge: Judge = {
  rules: [
    rule('calm', { on: ['a.0', 'a.1'], dedupe: { by: ['host'], forMs: 60_000, tell: 'next' }, to: ['one', 'two'] }),
    rule('end', { on: ['a.1'], dedupe: { by: [], forMs: 90_000, tell: 'end' }, to: ['three'] }),
    rule('paced', { on: ['a.*'], throttle: { max: 2, perMs: 60_000 }, to: ['two', 'three'] }),
    rule('together', {
      on: ['a.2'],
      group: { by: ['host'], waitMs: 0, intervalMs: 45_000, min: 3 },
      to: ['one'],
    }),
  ],
  channels: new Map<string, ChannelFacts>([
    ['one', { ...facts, fallback: 'two' }],
    ['two', { ...facts, throttle: { max: 3, perMs: 30_000 } }],
    ['three', facts],
  ]),
  fallback: 'three',
  sources: new Map(),
  types: new Map(),
  watches: [],
  mutes: [quiet('quiet', 'a.1', 'digest'), quiet('works', 'a.2', 're-evaluate'), quiet('off', 'a.0', 'silent')],
}

/** Each a third of the hours, at times of its own. */
function quiet(name: string, type: string, atEnd: Mute['atEnd']): Mute {
  const shift = name.length * 240_000
  const covers = (now: number): number | undefined => {
    const into = (now + shift) % 3_600_000
    return into < 1_200_000 ? now - into + 1_200_000 : undefined
  }
  return { name, kind: 'quiet', on: [type], pass: [], where: [], hold: 'below-critical', atEnd, covers }
}

test('each event ends exactly once for each rule and channel, and nothing is left waiting', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 60 }), day), {
    numRuns: Number(process.env['RUNS'] ?? 400),
    ...(process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }),
  })
})

async function day(actions: readonly Action[]): Promise<void> {
  const store = await openSqlite({ path: ':memory:', now: 0 })
  const clock = createVirtualClock(1_000_000_000_000)
  const faults = new Map<string, Outcome>()
  const sent: string[] = []
  const failures: unknown[] = []
  const senders = new Map(channelNames.map((name): [string, Sender] => [name, sender(name)]))

  function sender(name: string): Sender {
    return {
      concurrency: 1,
      minIntervalMs: 100,
      render: (delivery) => [{ title: 't', text: delivery.id, payload: null }],
      async send(part) {
        const outcome = faults.get(name) ?? { ok: true }
        if (outcome.ok) sent.push(part.text)
        return outcome
      },
    }
  }
  const begin = (): Engine => createEngine({ store, clock, judge, failed: (_what, error) => void failures.push(error) })
  let engine = begin()
  await engine.start(senders, { version: 1 })
  const settle = async (): Promise<void> => {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!engine.idle)
  }
  let accepted = 0
  for (const one of actions) {
    if (one.do === 'wait') await clock.advance(clock.now() + one.seconds * 1000, settle)
    if (one.do === 'outage') faults.set(channelNames[one.channel] ?? 'one', outcomes[one.outcome] ?? { ok: true })
    if (one.do === 'restart') {
      await engine.stop(0)
      engine = begin()
      await engine.start(senders, { version: 1 })
      await settle()
    }
    if (one.do === 'silence') {
      const matchers = [{ name: 'host', op: '=', value: `h${one.host}` }] as const
      const span = { from: clock.now(), until: clock.now() + one.seconds * 1000 }
      await engine.command({ name: 'silence', silence: { id: 's', matchers, by: 'me', comment: '', ...span } })
      await settle()
    }
    if (one.do === 'unsilence') {
      await engine.command({ name: 'unsilence', silence: 's', held: [] })
      await settle()
    }
    if (one.do === 'emit') {
      const event = {
        type: `a.${one.type}`,
        host: `h${one.host}`,
        time: clock.now() - one.ageS * 1000,
        severity: one.urgent ? ('error' as const) : ('info' as const),
      }
      await engine.submit([{ kind: 'event', source: 's', event, receivedAt: clock.now() }])
      accepted += 1
      await settle()
    }
  }
  faults.clear()
  await clock.advance(clock.now() + 3 * 3_600_000, settle)
  const events = await store.events({ limit: 10_000, ascending: true })
  const own = events.filter((event) => event.source === 's')
  assert.equal(own.length, accepted, 'every accepted event is kept')
  const verdicts = await store.verdicts(events.map((event) => event.seq))
  for (const verdict of verdicts)
    assert.ok(finalVerdicts.includes(verdict.state), `${verdict.state} is no end: ${JSON.stringify(verdict)}`)
  for (const { state, by, into } of verdicts) {
    // What another rule owns names that rule.
    if (state === 'merged' && by !== 'owner') assert.ok(into !== undefined, 'merged into a message that is named')
  }
  for (const event of own) {
    const wanted = judge.rules
      .filter((one) => one.on.some((on) => on === event.type || on === 'a.*'))
      .flatMap((one) => one.to.map((to) => `${one.name} ${to}`))
    const found = verdicts
      .filter((verdict) => verdict.event === event.seq && !verdict.rule.startsWith('('))
      .map((verdict) => `${verdict.rule} ${verdict.channel}`)
    assert.deepEqual(found.toSorted(), wanted.toSorted(), 'one verdict for each rule and channel')
  }
  assert.equal(new Set(sent).size, sent.length, 'no message that was answered is sent again')
  const deliveries = await store.deliveries({ limit: 10_000 })
  const delivered = deliveries.filter((delivery) => delivery.state === 'delivered').map((delivery) => delivery.id)
  assert.deepEqual(delivered.toSorted(), sent.toSorted(), 'delivered is what was sent, no more and no less')
  assert.deepEqual(
    deliveries.filter((delivery) => !['delivered', 'unknown', 'dead', 'expired'].includes(delivery.state)),
    [],
  )
  assert.deepEqual(failures, [])
  await engine.stop(0)
  await store.close()
}
