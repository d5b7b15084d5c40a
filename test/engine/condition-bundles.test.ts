// Conditions that wait in a digest: what becomes of them meanwhile is said there, and who was named in it hears of the end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compose } from '../../src/engine/compose.ts'
import { finalVerdicts, type HubEvent, type Message, type NewEvent } from '../../src/words.ts'
import { down, EngineHouse, facts, judgeOf, refused, rule, type Sent } from '../support/engine-house.ts'

const minute = 60_000
const hour = 60 * minute
const sources = new Map([['s', { maxAgeMs: hour, labels: {} }]])
const paced = rule('r', { throttle: { max: 1, perMs: hour } })
const one = judgeOf([paced], { one: facts }, { sources })

function firing(key: string, more: Partial<NewEvent> = {}): Partial<NewEvent> {
  return { severity: 'error', title: key, ...more, condition: { key, state: 'firing' } }
}

function over(key: string): Partial<NewEvent> {
  return { title: key, condition: { key, state: 'resolved' } }
}

function messages(house: EngineHouse): Message[] {
  return house.sent.filter(({ ok }) => ok).map(toMessage)
}

function toMessage({ delivery, events }: Sent): Message {
  return compose(delivery, events, { types: new Map(), zone: 'UTC' })
}

function told(house: EngineHouse): string[] {
  return house.sent.filter(({ ok }) => ok).map((sent) => `${sent.delivery.kind} ${toMessage(sent).title}`)
}

async function unfinished(house: EngineHouse): Promise<string[]> {
  const events: readonly HubEvent[] = await house.store.events({ limit: 1000, ascending: true })
  const verdicts = await house.store.verdicts(events.map((event) => event.seq))
  return verdicts.filter(({ state }) => !finalVerdicts.includes(state)).map((one) => JSON.stringify(one))
}

test('an end is noted beside its beginning, once, whoever is told', async () => {
  await using house = await EngineHouse.open(
    judgeOf([paced], { one: { ...facts, recipients: ['ann', 'bob'] } }, { sources }),
  )
  await house.emit(firing('x'), firing('y'), firing('z'))
  await house.emit(over('y'))
  await house.pass(2 * hour)
  const digests = house.sent.filter(({ delivery }) => delivery.kind === 'digest')
  assert.equal(digests.length, 2)
  for (const { delivery } of digests) {
    assert.equal(new Set(delivery.events).size, delivery.events.length)
    assert.equal(delivery.events.length, 3)
  }
})

test('one that ends and begins again at once is one thing', async () => {
  await using house = await EngineHouse.open(one)
  await house.emit(firing('x'), firing('y'), firing('z'))
  await house.emit(over('y'))
  await house.pass(minute)
  await house.emit(firing('y'))
  await house.pass(2 * hour)
  assert.deepEqual(told(house), ['open x', 'digest 2 events'])
  assert.doesNotMatch(messages(house).at(-1)?.lines.join() ?? '', /ended/)
  await house.emit(over('y'))
  await house.pass(hour)
  assert.equal(told(house).at(-1), 'end Resolved: y')
  assert.deepEqual(await unfinished(house), [])
})

test('one that ends and begins again later is two', async () => {
  await using house = await EngineHouse.open(one)
  await house.emit(firing('x'), firing('y'))
  await house.pass(minute)
  await house.emit(over('y'))
  await house.pass(20 * minute)
  await house.emit(firing('y'))
  await house.pass(2 * hour)
  assert.deepEqual(told(house), ['open x', 'digest 2 × y'])
  assert.match(messages(house).at(-1)?.lines.join() ?? '', /ended after 1 min\)\n/)
  await house.emit(over('y'))
  await house.pass(hour)
  assert.deepEqual(told(house).slice(2), ['end Resolved: y'])
  assert.deepEqual(await unfinished(house), [])
})

test('one that ended and comes back worse is told at once, and its first time in the digest', async () => {
  await using house = await EngineHouse.open(one)
  await house.emit(firing('x'), firing('y', { severity: 'warning' }))
  await house.pass(minute)
  await house.emit(over('y'))
  await house.pass(20 * minute)
  await house.emit(firing('y', { severity: 'warning' }))
  await house.emit(firing('y', { severity: 'critical' }))
  assert.deepEqual(told(house), ['open x', 'open y'])
  await house.pass(2 * hour)
  assert.deepEqual(await unfinished(house), [])
})

test('what is only counted has no end of its own, and is told when it changes', async () => {
  await using house = await EngineHouse.open(one)
  const keys = Array.from({ length: 130 }, (_, index) => `k${index}`)
  await house.emit(firing('x'))
  for (const key of keys) await house.emit(firing(key))
  for (const key of ['k1', 'k50', 'k120']) await house.emit(over(key))
  await house.pass(2 * hour)
  assert.deepEqual(told(house), ['open x', 'digest 130 events'])
  assert.deepEqual(await unfinished(house), [])
  for (const key of ['k0', 'k11', 'k12', 'k99', 'k100', 'k129']) {
    await house.emit(over(key))
    await house.pass(2 * hour)
  }
  assert.deepEqual(told(house).slice(2), ['end Resolved: k0', 'end Resolved: k11'])
  await house.emit(firing('k13', { title: 'k13 is worse', severity: 'critical' }))
  assert.deepEqual(told(house).slice(4), ['open k13 is worse'])
  await house.pass(hour)
  assert.deepEqual(await unfinished(house), [])
})

test('what is only counted, and what repeats that which waits, names the message that tells of it', async () => {
  const calm = rule('r', {
    throttle: { max: 1, perMs: hour },
    dedupe: { by: ['subject'], forMs: 4 * hour, tell: 'next' },
  })
  await using house = await EngineHouse.open(judgeOf([calm], { one: facts }, { sources }))
  const subjects = Array.from({ length: 130 }, (_, index) => `${index}`)
  await house.emit({ subject: 'first' })
  for (const subject of subjects) await house.emit({ subject })
  for (const subject of ['0', '60', '129']) await house.emit({ subject })
  const waiting = (await house.verdicts()).slice(1)
  assert.deepEqual(new Set(waiting.map(({ state }) => state)), new Set(['held']))
  await house.pass(2 * hour)
  const [first, digest] = house.sent.map(({ delivery }) => delivery.id)
  const [own, ...others] = await house.verdicts()
  assert.equal(own?.into, first)
  assert.equal(others.length, 133)
  assert.deepEqual(new Set(others.map(({ into }) => into)), new Set([digest]))
  assert.deepEqual(
    [...Map.groupBy(others, ({ state }) => state)].map(([state, { length }]) => [state, length]),
    [
      ['delivered', 100],
      ['merged', 33],
    ],
  )
})

test('a digest that cannot be sent says what has ended since, and loses none of the others', async () => {
  await using house = await EngineHouse.open(
    judgeOf([paced], { one: { ...facts, fallback: 'two' }, two: facts }, { sources }),
  )
  await house.emit(firing('x'))
  await house.pass(minute)
  await house.emit(firing('y'), firing('z'))
  house.answers.set('one', down)
  await house.pass(hour)
  await house.emit(over('y'))
  await house.pass(minute)
  await house.emit(firing('z', { severity: 'critical', title: 'z is worse' }))
  await house.pass(minute)
  house.answers.clear()
  await house.pass(hour)
  assert.deepEqual(told(house), ['open x', 'digest 2 events', 'change z is worse'])
  assert.match(messages(house)[1]?.lines.join() ?? '', /y \(ended after/)
  await house.emit(over('z'))
  await house.pass(hour)
  assert.deepEqual(told(house).slice(3), ['end Resolved: z'])
  assert.deepEqual(await unfinished(house), [])
})

test('a digest that dies goes to the fallback with what has ended since, and each end follows it', async () => {
  await using house = await EngineHouse.open(
    judgeOf([paced], { one: { ...facts, fallback: 'two' }, two: facts }, { sources }),
  )
  await house.emit(firing('x'))
  await house.pass(minute)
  await house.emit(firing('y'), firing('z'))
  house.answers.set('one', down)
  await house.pass(hour)
  await house.emit(over('y'))
  house.answers.set('one', refused)
  await house.pass(hour)
  await house.emit(over('z'))
  await house.pass(hour)
  const two = house.sent.filter(({ channel, events }) => channel === 'two' && events.some(({ type }) => type === 'a'))
  assert.deepEqual(
    two.map((sent) => `${sent.delivery.kind} ${toMessage(sent).title}`),
    ['digest 2 events', 'end Resolved: z'],
  )
  assert.deepEqual(await unfinished(house), [])
})

test('rules that share the pace of a channel are told together, each in its own thread', async () => {
  const channel = { ...facts, throttle: { max: 1, perMs: hour } }
  const rules = [rule('a', { on: ['a'] }), rule('b', { on: ['b'] })]
  await using house = await EngineHouse.open(judgeOf(rules, { one: channel }, { sources }))
  await house.emit(firing('x'))
  await house.emit(firing('y'), firing('z', { type: 'b', severity: 'warning' }))
  await house.pass(hour)
  await house.emit({ ...over('z'), type: 'b' })
  await house.emit(over('y'))
  await house.pass(hour)
  assert.deepEqual(told(house), ['open x', 'digest 2 events', 'end Resolved: z', 'end Resolved: y'])
  assert.deepEqual(
    house.sent.map(({ delivery }) => delivery.rule),
    ['a', 'a', 'b', 'a'],
  )
  assert.deepEqual(await unfinished(house), [])
})

test('each is as bad as it was told, and not as the worst beside it', async () => {
  await using house = await EngineHouse.open(one)
  await house.emit(firing('x'))
  await house.emit(firing('y', { severity: 'critical' }), firing('z', { severity: 'warning' }))
  await house.pass(hour)
  await house.emit(firing('z', { severity: 'error' }))
  assert.equal(house.sent.at(-1)?.delivery.extra.condition?.was, 'warning')
})

test('one that waits alone is told as it is by then', async () => {
  await using house = await EngineHouse.open(one)
  await house.emit(firing('x'))
  await house.emit(firing('y'))
  await house.emit(firing('y', { severity: 'warning', title: 'y is better' }))
  await house.pass(hour)
  assert.deepEqual(told(house), ['open x', 'open y is better'])
  assert.equal(house.sent.at(-1)?.delivery.severity, 'warning')
  assert.deepEqual(await unfinished(house), [])
})
