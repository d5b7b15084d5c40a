// Random lives of conditions: whatever fails, restarts, is re-configured or flaps, who was told of a beginning is told of its end, and nobody else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ConditionRow, conditionPrefix, keyOfRow } from '../src/engine/condition-row.ts'
import { createVirtualClock } from '../src/engine/clock.ts'
import { createEngine, type Engine } from '../src/engine/engine.ts'
import type { Judge } from '../src/engine/judge.ts'
import { heldBySilence } from '../src/engine/look-silences.ts'
import type { Sender } from '../src/engine/lane.ts'
import { fromId } from '../src/lib/id.ts'
import { toKey } from '../src/lib/key.ts'
import type { Rule } from '../src/rule.ts'
import type { Mute } from '../src/rule-mute.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import type { Store } from '../src/store/store.ts'
import { type Delivery, finalDeliveries, finalVerdicts, type HubEvent, type Outcome, severities } from '../src/words.ts'
import { type Action, lives, type Said } from './support/condition-lives.ts'
import { facts, judgeOf, rule } from './support/engine-house.ts'

const outcomes: readonly Outcome[] = [
  { ok: true },
  { ok: false, reason: 'unreachable', retry: true, maybeDelivered: false, detail: 'down' },
  { ok: false, reason: 'timeout', retry: true, maybeDelivered: true, detail: 'no answer' },
  { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail: 'bad' },
]
const channelNames = ['one', 'two', 'three', 'four'] as const

const said: fc.Arbitrary<Said> = fc.record({
  source: fc.constantFrom('s', 's', 's', 'gone'),
  key: fc.integer({ min: 0, max: 5 }),
  state: fc.constantFrom('firing', 'firing', 'changed', 'resolved', 'resolved'),
  severity: fc.integer({ min: 1, max: 3 }),
  title: fc.constantFrom(0, 0, 0, 1, 2),
  isKnown: fc.boolean(),
  lastsS: fc.constantFrom(60, 600, 7200),
  isOld: fc.constantFrom(false, false, false, true),
  ends: fc.constantFrom('never', 'never', 'never', 'endsAt', 'expireAfter'),
})
const seconds = fc.constantFrom(0, 1, 5, 40, 200, 700, 4000)
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('say' as const),
      said: fc.array(said, { minLength: 1, maxLength: 3 }),
      /** Time goes on while they come. */
      during: fc.constantFrom(0, 0, 0, 10, 300),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('outage' as const),
      channel: fc.integer({ min: 0, max: channelNames.length - 1 }),
      outcome: fc.integer({ min: 0, max: outcomes.length - 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('slow' as const), seconds: fc.constantFrom(0, 3, 20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), key: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('behind' as const), yes: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'restart' as const }, { do: 'retry' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('silence' as const),
      type: fc.integer({ min: 0, max: 2 }),
      seconds: fc.constantFrom(20, 300, 5000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'unsilence' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ack' as const), key: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const), config: fc.integer({ min: 0, max: 3 }) }) },
)

const isCritical = {
  name: 'severity',
  op: '=',
  value: 'critical',
  matches: (value: string) => value === 'critical',
} as const

/** 1 has fewer rules, 2 fewer channels, 3 fewer sources. */
function judgeFor(config: number): Judge {
  const rules: Rule[] = [
    rule('bad', { on: ['c.1'], where: [isCritical], to: ['one', 'two'] }),
    rule('all', { on: ['c.0', 'c.1'], to: ['one', 'two'], remindMs: 3_000_000 }),
    rule('calm', { on: ['c.1', 'c.2'], dedupe: { by: [], forMs: 300_000, tell: 'next' }, to: ['three'] }),
    rule('last', {
      on: ['c.2'],
      dedupe: { by: [], forMs: 900_000, tell: 'end' },
      to: ['four'],
      severity: 'warning',
      stop: true,
    }),
    rule('together', { on: ['c.0'], group: { by: [], waitMs: 0, intervalMs: 90_000, min: 2 }, to: ['three'] }),
    rule('paced', { on: ['c.*'], throttle: { max: 1, perMs: 120_000 }, to: ['two', 'four'] }),
  ]
  const all = {
    one: { ...facts, fallback: 'three', expireAfterMs: 3_600_000 },
    two: { ...facts, recipients: ['ann', 'bob'] },
    three: { ...facts, throttle: { max: 2, perMs: 60_000 } },
    four: { ...facts, idempotency: true },
  }
  const { two: _two, ...fewer } = all
  const source = { maxAgeMs: 3_600_000, labels: {} }
  const sources = new Map([['s', source], ...(config === 3 ? [] : [['gone', source] as const])])
  const kept = rules.filter(({ name }) => config !== 1 || name === 'bad' || name === 'last')
  const changed = config === 2 ? kept.map((one) => ({ ...one, to: one.to.filter((to) => to !== 'two') })) : kept
  const mutes = [quiet('night', 'c.1', 'digest'), quiet('works', 'c.2', 're-evaluate')]
  return judgeOf(changed, config === 2 ? fewer : all, { sources, fallback: 'three', mutes })
}

/** A quarter of the hours, at times of its own. */
function quiet(name: string, type: string, atEnd: Mute['atEnd']): Mute {
  const shift = name.length * 200_000
  const covers = (now: number): number | undefined => {
    const into = (now + shift) % 3_600_000
    return into < 900_000 ? now - into + 900_000 : undefined
  }
  return { name, kind: 'quiet', on: [type], pass: [], where: [], hold: 'below-critical', atEnd, covers }
}

test('who was told that it began is told that it ended, once, and nobody else is', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 2, maxLength: 50 }), life), {
    numRuns: Number(process.env['RUNS'] ?? 300),
    examples: lives.map((one): [Action[]] => [[...one]]),
    // The same lives each time; others are looked for by hand.
    seed: Number(process.env['SEED'] ?? 1),
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
  let config = 0
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
  const senders = (): Map<string, Sender> =>
    new Map([...judgeFor(config).channels.keys()].map((name): [string, Sender] => [name, sender(name)]))
  const begin = (): Engine =>
    createEngine({ store, clock, judge: judgeFor(config), failed: (_what, error) => void failures.push(error) })
  let engine = begin()
  await engine.start(senders(), { config })
  const settle = async (): Promise<void> => {
    // A send that waits for the clock keeps the engine busy: then a few turns are enough for all else.
    for (let turns = 0; turns < 30 || (!engine.idle && flying === 0); turns += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      if (engine.idle && flying === 0) return
    }
  }
  const openings = new Map<string, Set<number>>()
  /** Channel and thread of what was sent again by hand. */
  const retried = new Map<string, string>()
  const wanted = new Map<number, readonly string[]>()
  for (const one of actions) {
    if (one.do === 'wait') await clock.advance(clock.now() + one.seconds * 1000, settle)
    if (one.do === 'behind') engine.catchingUp('s', one.yes)
    if (one.do === 'slow') slowMs = one.seconds * 1000
    if (one.do === 'outage') faults.set(channelNames[one.channel] ?? 'one', outcomes[one.outcome] ?? { ok: true })
    if (one.do === 'restart') {
      await engine.stop(0)
      generation += 1
      engine = begin()
      await engine.start(senders(), { config })
    }
    if (one.do === 'reload') {
      // A channel that comes back does not know what is still on its way to it.
      if (config === 2) await clock.advance(clock.now() + 20_000, settle)
      config = one.config
      await engine.reload(judgeFor(config), senders(), { config })
    }
    if (one.do === 'close') {
      const row = (await rowsOf(store)).find(({ key }) => key === `k${one.key}`)
      if (row !== undefined) await engine.command({ name: 'close', condition: keyOfRow(row), by: 'closed' })
    }
    if (one.do === 'silence') {
      const matchers = [{ name: 'type', op: '=', value: `c.${one.type}` }] as const
      const span = { from: clock.now(), until: clock.now() + one.seconds * 1000 }
      await engine.command({ name: 'silence', silence: { id: 's', matchers, by: 'me', comment: '', ...span } })
    }
    if (one.do === 'unsilence')
      await engine.command({ name: 'unsilence', silence: 's', held: await heldBySilence(store) })
    if (one.do === 'ack') {
      const row = (await rowsOf(store)).find(({ key }) => key === `k${one.key}`)
      if (row !== undefined) await engine.command({ name: 'ack', condition: keyOfRow(row), by: 'me' })
    }
    if (one.do === 'retry') {
      const dead = await store.deliveries({ states: ['dead', 'expired'], limit: 1000 })
      const live = dead.filter(({ channel }) => judgeFor(config).channels.has(channel))
      for (const delivery of live) {
        await engine.command({ name: 'retry', delivery })
        retried.set(delivery.id, `${delivery.channel} ${delivery.thread}`)
      }
    }
    if (one.do === 'say') {
      const moving = one.during > 0 ? clock.advance(clock.now() + one.during * 1000, settle) : undefined
      const judge = judgeFor(config)
      for (const each of one.said) {
        if (!judge.sources.has(each.source)) continue
        const [stepped] = await engine.submit([toInput(each, clock.now())])
        if (stepped?.duplicate !== true) wanted.set(fromId(stepped?.id ?? '') ?? 0, wantedOf(judge, each))
      }
      await moving
    }
    await settle()
    for (const row of await rowsOf(store)) {
      const key = keyOfRow(row)
      openings.set(key, (openings.get(key) ?? new Set()).add(fromId(row.thread) ?? 0))
    }
  }
  slowMs = 0
  faults.clear()
  engine.catchingUp('s', false)
  await clock.advance(clock.now() + 6 * 3_600_000, settle)
  // A reminder may have become due at the very end.
  while (engine.lanes().some(({ waiting }) => waiting > 0)) await clock.advance(clock.now() + 1000, settle)
  await checkVerdicts(store, wanted)
  await checkDeliveries(store, openings, retried)
  await checkLeftovers(store)
  assert.deepEqual(failures, [])
  await engine.stop(0)
  await store.close()
}

async function rowsOf(store: Store): Promise<ConditionRow[]> {
  return (await store.states(conditionPrefix)).map(([, value]) => value as unknown as ConditionRow)
}

function typeOf({ key }: Pick<Said, 'key'>): string {
  return `c.${key % 3}`
}

function toInput(each: Said, now: number): Parameters<Engine['submit']>[0][number] {
  const { key, state, severity, title, isKnown, lastsS, isOld, ends } = each
  const more = ends === 'endsAt' ? { endsAt: now + lastsS * 1000 } : { expireAfterMs: lastsS * 1000 }
  const event = {
    type: typeOf(each),
    severity: severities[severity] ?? 'error',
    title: `t${title}`,
    ...(isOld ? { time: now - 7_200_000 } : {}),
    condition: { key: `k${key}`, state, ...(ends === 'never' || state === 'resolved' ? {} : more) },
    ...(isKnown ? { identity: { producer: `k${key}`, id: state === 'resolved' ? 'over' : 'firing' } } : {}),
  }
  return { kind: 'event', source: each.source, event, receivedAt: now }
}

/** As `rule channel`. */
function wantedOf(judge: Judge, each: Said): string[] {
  if (each.state === 'resolved') return []
  const wanted: string[] = []
  for (const { name, on, where, to, stop } of judge.rules) {
    if (!on.includes(typeOf(each)) && !on.includes('c.*')) continue
    if (where.length > 0 && each.severity !== 3) continue
    wanted.push(...to.map((channel) => `${name} ${channel}`))
    if (stop) break
  }
  return wanted
}

async function checkVerdicts(store: Store, wanted: ReadonlyMap<number, readonly string[]>): Promise<void> {
  const events = await store.events({ limit: 10_000, ascending: true })
  const verdicts = await store.verdicts(events.map((event) => event.seq))
  for (const verdict of verdicts) {
    assert.ok(finalVerdicts.includes(verdict.state), `${verdict.state} is no end: ${JSON.stringify(verdict)}`)
  }
  const byEvent = Map.groupBy(verdicts, ({ event }) => event)
  for (const [seq, rules] of wanted) {
    const found = new Set((byEvent.get(seq) ?? []).map((verdict) => `${verdict.rule} ${verdict.channel}`))
    for (const one of rules) assert.ok(found.has(one), `${seq} has no verdict for ${one}`)
  }
  // What counts as told stands in a message that arrived.
  const deliveries = await store.deliveries({ limit: 10_000 })
  const ids = new Set(deliveries.map(({ id }) => id))
  const arrived = new Set<string>()
  for (const { channel, events: named, rule: name, extra } of deliveries.filter(hasArrived)) {
    if (extra.settled === true) continue
    for (const [index, event] of named.entries()) arrived.add(`${event} ${extra.rules?.[index] ?? name} ${channel}`)
  }
  for (const verdict of verdicts) {
    const { event, rule: name, channel, state } = verdict
    const isTold = arrived.has(`${event} ${name} ${channel}`)
    // What another rule owns names that rule.
    if (state === 'merged' && verdict.by !== 'owner') assert.ok(ids.has(verdict.into ?? ''), JSON.stringify(verdict))
    if (state === 'delivered') assert.ok(isTold, `it was not told: ${JSON.stringify(verdict)}`)
    if (state === 'dead' || state === 'expired') assert.ok(!isTold, `it was told: ${JSON.stringify(verdict)}`)
  }
}

/** Nothing waits that nobody needs. */
async function checkLeftovers(store: Store): Promise<void> {
  const rows = new Map((await rowsOf(store)).map((row) => [keyOfRow(row), row]))
  const open = [...rows.values()].filter(({ state }) => state === 'open')
  for (const row of open) {
    for (const thread of row.threads) assert.ok(thread.state === 'told' || thread.state === 'lost', JSON.stringify(row))
  }
  const { jobs } = await store.dueJobs(Number.MAX_SAFE_INTEGER, 10_000)
  for (const job of jobs) {
    const { condition = '', rule: name } = job.body as { condition?: string; rule?: string }
    const row = rows.get(condition)
    assert.ok(row?.state === 'open' && ['condition-ends', 'condition-remind'].includes(job.kind), JSON.stringify(job))
    if (name !== undefined)
      assert.ok(
        row.threads.some((thread) => thread.rule === name),
        JSON.stringify(job),
      )
  }
  assert.deepEqual(await store.states('bundle|'), [])
}

function hasArrived({ state }: Delivery): boolean {
  return state === 'delivered' || state === 'unknown'
}

async function checkDeliveries(
  store: Store,
  openings: ReadonlyMap<string, ReadonlySet<number>>,
  retried: ReadonlyMap<string, string>,
): Promise<void> {
  const deliveries = (await store.deliveries({ limit: 10_000 })).toReversed()
  for (const delivery of deliveries) assert.ok(finalDeliveries.includes(delivery.state), JSON.stringify(delivery))
  const events = new Map((await store.events({ limit: 10_000 })).map((event) => [event.seq, event]))
  const rows = new Map((await rowsOf(store)).map((row) => [keyOfRow(row), row]))
  const byThread = new Map<string, Message[]>()
  for (const delivery of deliveries) {
    for (const [place, message] of messagesOf(delivery, events, openings)) {
      byThread.set(place, [...(byThread.get(place) ?? []), message])
    }
  }
  for (const messages of byThread.values()) checkThread(messages, rows, retried)
}

interface Message {
  readonly delivery: Delivery
  readonly key: string
  readonly opening: number
  readonly tellsEnd: boolean
  /** It tells of more than an end. */
  readonly tellsMore: boolean
}

/** What a delivery says, by the thread in which it says so: recipient, rule and occurrence. */
function messagesOf(
  delivery: Delivery,
  events: ReadonlyMap<number, HubEvent>,
  openings: ReadonlyMap<string, ReadonlySet<number>>,
): [string, Message][] {
  const { channel, recipient, extra, kind } = delivery
  const keys = new Set(extra.conditions)
  const told = new Map<string, Message>()
  for (const [index, seq] of delivery.events.entries()) {
    const event = events.get(seq)
    if (event?.condition === undefined) continue
    const key = toKey('condition', event.source, event.condition.key)
    if (!keys.has(key)) continue
    const isEnd = event.condition.state === 'resolved'
    const opening = Math.max(...[...(openings.get(key) ?? [])].filter((one) => one <= seq))
    const place = JSON.stringify([channel, recipient, extra.rules?.[index] ?? delivery.rule, key, opening])
    const tellsEnd =
      isEnd || extra.condition?.endedAt !== undefined || (kind === 'digest' && extra.ended?.[seq] !== undefined)
    const tellsMore = !isEnd || told.get(place)?.tellsMore === true
    told.set(place, { delivery, key, opening, tellsEnd, tellsMore })
  }
  return [...told]
}

/** All messages on one occurrence to one recipient, as they arrived. */
function checkThread(
  messages: readonly Message[],
  rows: ReadonlyMap<string, ConditionRow>,
  retried: ReadonlyMap<string, string>,
): void {
  const [{ key, opening }] = messages as [Message]
  const row = rows.get(key)
  const isOpen = row?.state === 'open' && fromId(row.thread) === opening
  const said = JSON.stringify([
    ...messages.map(
      ({ delivery: { id, kind, thread, state, events, channel, recipient, rule: name }, tellsEnd }) =>
        `${id} ${channel} ${recipient} ${name} ${kind} ${thread} ${state} ${events.join()} ${tellsEnd ? 'over' : ''}`,
    ),
    row,
  ])
  const arrived = messages
    .filter(({ delivery }) => hasArrived(delivery))
    .toSorted((one, other) => (one.delivery.endedAt ?? 0) - (other.delivery.endedAt ?? 0))
  // That it began again could not be told here, or perhaps it was: that it is open, and its end, are news all the same.
  const isLost = messages.some(
    ({ delivery: { kind, state, unanswered, extra } }) =>
      (kind === 'change' && (state === 'dead' || state === 'expired')) || unanswered > 0 || extra.keyed === true,
  )
  let isTold: boolean = false
  for (const { delivery, tellsEnd, tellsMore } of arrived) {
    const { kind, extra } = delivery
    // By hand anything may be said twice; the fallback hears of what could not be said where the beginning was.
    const isKnown: boolean =
      isTold || retried.has(delivery.id) || (tellsMore && kind === 'end') || isLost || extra.fallbackFor !== undefined
    if (kind === 'end') assert.ok(isKnown, `an end without a beginning: ${said}`)
    if (kind === 'remind') assert.ok(isKnown, `a reminder of what was not told: ${said}`)
    if (kind === 'change') assert.ok(!tellsEnd, `an end that is called a change: ${said}`)
    isTold = !tellsEnd
  }
  const isEndLost = messages.some(({ delivery: { kind, state } }) => kind === 'end' && state === 'dead')
  if (!isOpen && !isEndLost) assert.ok(!isTold, `told that it began and never that it ended: ${said}`)
}
