// Large events wait on channels that cannot be told: memory holds some of them, the store all, and each is sent whole.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allLanesBytes, laneBytes } from '../../src/engine/lane.ts'
import { down, EngineHouse, facts, judgeOf, rule } from '../support/engine-house.ts'

const hour = 3_600_000
const large = 256 * 1024

test('a dead channel holds so many bytes of what waits for it, and sends all of it in order when it is back', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }))
  house.answers.set('one', down)
  for (let index = 0; index < 200; index += 1) await house.emit(largeEvent(index))
  const [lane] = house.engine.lanes()
  assert.equal((lane?.waiting ?? 0) + (lane?.inFlight ?? 0), 200)
  assert.ok((lane?.bytes ?? 0) > laneBytes / 2, 'those that go first are at hand')
  assert.ok((lane?.bytes ?? Infinity) <= laneBytes, `${lane?.bytes} bytes`)
  house.answers.clear()
  await house.pass(hour)
  assert.deepEqual(toldBy(house), range(200))
  assert.equal(house.engine.lanes()[0]?.bytes, 0)
})

test('so it does after a restart, with what the store has of them', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }))
  house.answers.set('one', down)
  for (let index = 0; index < 200; index += 1) await house.emit(largeEvent(index))
  await house.restart()
  const [lane] = house.engine.lanes()
  assert.ok((lane?.bytes ?? 0) > laneBytes / 2)
  assert.ok((lane?.bytes ?? Infinity) <= laneBytes, `${lane?.bytes} bytes`)
  house.answers.clear()
  await house.pass(hour)
  assert.deepEqual(toldBy(house), range(200))
})

test('many dead channels hold no more together than a few', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `c${index}`)
  const channels = Object.fromEntries(names.map((name) => [name, facts]))
  await using house = await EngineHouse.open(judgeOf([rule('r', { to: names })], channels))
  for (const name of names) house.answers.set(name, down)
  for (let index = 0; index < 40; index += 1) await house.emit(largeEvent(index))
  const held = (): number => house.engine.lanes().reduce((sum, lane) => sum + lane.bytes, 0)
  assert.ok(held() > allLanesBytes / 2)
  assert.ok(held() <= allLanesBytes, `${held()} bytes`)
  await house.restart()
  assert.ok(held() <= allLanesBytes, `${held()} bytes`)
  house.answers.clear()
  await house.pass(hour)
  for (const name of names) assert.deepEqual(toldBy(house, name), range(40), name)
})

test('a message larger than a lane may hold is sent in its turn, between small ones', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }))
  house.answers.set('one', down)
  await house.emit({ data: { index: 0 } })
  await house.emit({ data: { index: 1, filler: 'x'.repeat(laneBytes + 1) } })
  await house.emit({ data: { index: 2 } })
  await house.restart()
  assert.ok((house.engine.lanes()[0]?.bytes ?? Infinity) < 1000)
  house.answers.clear()
  await house.pass(hour)
  assert.deepEqual(toldBy(house), range(3))
})

function largeEvent(index: number): { readonly data: { readonly index: number; readonly filler: string } } {
  return { data: { index, filler: 'x'.repeat(large) } }
}

/** The numbers of the events that were rendered whole and got through, in order. */
function toldBy(house: EngineHouse, channel = 'one'): unknown[] {
  const sent = house.sent.filter((one) => one.channel === channel && one.ok)
  return sent.map(({ events }) => (events.length === 1 ? events[0]?.data['index'] : events))
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
