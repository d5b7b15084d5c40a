// Conditions in old input: what has ended is news for the digest, what is still open is told as such once the source has caught up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compose } from '../../src/engine/compose.ts'
import { finalVerdicts, type Message, type NewEvent } from '../../src/words.ts'
import { EngineHouse, facts, judgeOf, rule } from '../support/engine-house.ts'

const minute = 60_000
const hour = 60 * minute
const sources = new Map([['s', { maxAgeMs: hour, labels: {} }]])
const one = judgeOf([rule('r')], { one: facts }, { sources })

function firing(house: EngineHouse, key: string, ageMs: number, more: Partial<NewEvent> = {}): Partial<NewEvent> {
  const time = house.clock.now() - ageMs
  return { severity: 'error', title: key, time, condition: { key, state: 'firing' }, ...more }
}

function over(house: EngineHouse, key: string, ageMs: number): Partial<NewEvent> {
  return { title: key, time: house.clock.now() - ageMs, condition: { key, state: 'resolved' } }
}

function messages(house: EngineHouse): Message[] {
  return house.sent.map(({ delivery, events }) => compose(delivery, events, { types: new Map(), zone: 'UTC' }))
}

function told(house: EngineHouse): string[] {
  return house.sent.map(({ delivery }, index) => `${delivery.kind} ${messages(house)[index]?.title}`)
}

async function unfinished(house: EngineHouse): Promise<string[]> {
  const verdicts = await house.verdicts()
  return verdicts.filter(({ state }) => !finalVerdicts.includes(state)).map((verdict) => JSON.stringify(verdict))
}

test('wait until it has caught up: then the open are told as open, the ended with the other old news', async () => {
  await using house = await EngineHouse.open(one)
  house.engine.catchingUp('s', true)
  await house.emit(firing(house, 'x', 3 * hour), firing(house, 'y', 3 * hour), firing(house, 'z', 3 * hour))
  await house.emit({ title: 'one-shot', time: house.clock.now() - 3 * hour }, over(house, 'x', 2 * hour))
  await house.pass(5 * minute)
  await house.emit(over(house, 'z', 0))
  assert.deepEqual(told(house), [])
  house.engine.catchingUp('s', false)
  await house.pass(minute)
  assert.deepEqual(told(house).toSorted(), ['digest While I was away: 3 events', 'open y'])
  const [digest, y] = messages(house).toSorted((a, b) => b.title.length - a.title.length)
  assert.match(digest?.lines.join() ?? '', /x \(ended after 1 h\)\n.*z \(ended after 3 h\)\n.*one-shot|one-shot/)
  assert.deepEqual(y?.notes, ['It began 2023-11-14 19:13; I heard of it only now.'])
  assert.deepEqual(await unfinished(house), [])
  await house.emit(over(house, 'y', 0))
  assert.equal(told(house).at(-1), 'end Resolved: y')
  assert.deepEqual(await unfinished(house), [])
})

test('that got worse while we were away are told once, as bad as they are', async () => {
  await using house = await EngineHouse.open(one)
  house.engine.catchingUp('s', true)
  await house.emit(firing(house, 'x', 3 * hour, { severity: 'warning' }))
  await house.emit(firing(house, 'x', 2 * hour, { severity: 'critical', title: 'x is worse' }))
  await house.pass(minute)
  house.engine.catchingUp('s', false)
  await house.pass(minute)
  assert.deepEqual(told(house), ['open x is worse'])
  assert.equal(house.sent[0]?.delivery.severity, 'critical')
  assert.deepEqual(await unfinished(house), [])
})

test('keep the pace, as all others', async () => {
  const paced = rule('r', { throttle: { max: 2, perMs: hour } })
  await using house = await EngineHouse.open(judgeOf([paced], { one: facts }, { sources }))
  for (let count = 0; count < 10; count += 1) await house.emit(firing(house, `k${count}`, 3 * hour))
  await house.pass(2 * hour)
  assert.deepEqual(told(house), ['open k0', 'open k1', 'digest 8 events'])
  assert.deepEqual(await unfinished(house), [])
})

test('of which people know already go on where they were told', async () => {
  await using house = await EngineHouse.open(one)
  await house.emit(firing(house, 'x', 0))
  await house.pass(5 * hour)
  await house.emit(firing(house, 'x', 3 * hour, { severity: 'critical' }), over(house, 'x', 2 * hour))
  assert.deepEqual(told(house), ['open x', 'end Resolved: x'])
})
