// What comes together is told together: who is counted with whom, how many make a message, in which order, and when.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Group } from '../../src/rule.ts'
import { EngineHouse, facts, judgeOf, rule } from '../support/engine-house.ts'

const second = 1000
const minute = 60 * second
const group: Group = { by: [], waitMs: 0, intervalMs: minute, min: 2 }
const grouped = (changes: Partial<Group> = {}) => rule('r', { group: { ...group, ...changes } })

/** As `channel kind: titles`, in the order in which they were sent. */
function sent(house: EngineHouse): string[] {
  return house.sent.map(({ channel, delivery, events }) => {
    const titles = events.map(({ title }) => title)
    return `${channel} ${delivery.kind}: ${titles.length > 5 ? titles.length : titles.join(', ')}`
  })
}

function storm(count: number): { readonly title: string }[] {
  return Array.from({ length: count }, (_, index) => ({ title: `${index}` }))
}

describe('a group', () => {
  test('is of one rule and one channel: what another has told holds nothing here', async () => {
    const rules = [rule('r', { to: ['one', 'two'], group }), rule('s', { on: ['b'], to: ['one'], group })]
    await using house = await EngineHouse.open(judgeOf(rules, { one: facts, two: facts }))
    await house.emit({ title: 'a1' }, { title: 'b1', type: 'b' }, { title: 'a2' }, { title: 'a3' })
    await house.emit({ title: 'b2', type: 'b' }, { title: 'b3', type: 'b' })
    assert.deepEqual(sent(house).toSorted(), ['one open: a1', 'one open: b1', 'two open: a1'])
    await house.pass(minute)
    assert.deepEqual(sent(house).slice(3).toSorted(), [
      'one digest: a2, a3',
      'one digest: b2, b3',
      'two digest: a2, a3',
    ])
  })

  test('of fewer than the minimum is told one by one, the oldest first', async () => {
    await using house = await EngineHouse.open(judgeOf([grouped({ min: 4 })], { one: facts }))
    await house.emit({ title: 'first' }, { title: 'b' }, { title: 'c' }, { title: 'd' })
    await house.pass(minute)
    assert.deepEqual(sent(house), ['one open: first', 'one open: b', 'one open: c', 'one open: d'])
    await house.emit({ title: 'e' }, { title: 'f' }, { title: 'g' }, { title: 'h' })
    await house.pass(minute)
    assert.deepEqual(sent(house).slice(4), ['one digest: e, f, g, h'])
  })

  test('is as bad as the worst in it, and as old as the oldest', async () => {
    await using house = await EngineHouse.open(judgeOf([grouped()], { one: facts }))
    await house.emit({ title: 'first' })
    await house.emit({ severity: 'info' })
    const heldSince = house.clock.now()
    await house.pass(second)
    await house.emit({ severity: 'error' }, { severity: 'warning' })
    await house.pass(minute)
    const { severity, extra } = house.sent.at(-1)?.delivery ?? assert.fail('nothing was told')
    assert.deepEqual([severity, extra.heldSince], ['error', heldSince])
  })

  test('counts what those in it stand for as well', async () => {
    const dedupe = { by: ['subject'], forMs: 2 * second, tell: 'next' } as const
    await using house = await EngineHouse.open(judgeOf([rule('r', { group, dedupe })], { one: facts }))
    for (let time = 0; time < 4; time += 1) await house.emit({ subject: 'x' })
    await house.pass(3 * second)
    await house.emit({ subject: 'x' }, { subject: 'y' })
    await house.pass(minute)
    const { extra, events } = house.sent.at(-1)?.delivery ?? assert.fail('nothing was told')
    assert.deepEqual([events.length, extra.unnamed], [2, 3])
  })

  test('ends when its interval is over, to the moment', async () => {
    await using house = await EngineHouse.open(judgeOf([grouped()], { one: facts }))
    await house.emit({ title: 'first' })
    await house.pass(minute)
    await house.emit({ title: 'second' })
    assert.deepEqual(sent(house), ['one open: first', 'one open: second'])
    await house.pass(minute - 1)
    await house.emit({ title: 'third' })
    assert.equal(sent(house).length, 2)
  })

  test('lets nothing overtake what waits, also when the clock was set', async () => {
    await using house = await EngineHouse.open(judgeOf([grouped()], { one: facts }))
    await house.emit({ title: 'first' }, { title: 'waits' })
    await house.stepClock(60 * minute)
    await house.emit({ title: 'later' })
    assert.deepEqual(sent(house), ['one open: first'])
    await house.pass(minute)
    assert.deepEqual(sent(house), ['one open: first', 'one digest: waits, later'])
  })

  test('whose rule has none any more is told all the same, one as itself', async () => {
    for (const count of [1, 2]) {
      await using house = await EngineHouse.open(judgeOf([grouped()], { one: facts }))
      await house.emit({ title: 'first' }, ...storm(count))
      await house.reload(judgeOf([rule('r')], { one: facts }))
      await house.pass(minute)
      assert.deepEqual(sent(house).slice(1), [count === 1 ? 'one open: 0' : 'one digest: 0, 1'])
    }
  })
})

describe('a group that waits for others', () => {
  test('tells the first with those that come soon, and goes on by its interval', async () => {
    await using house = await EngineHouse.open(judgeOf([grouped({ waitMs: 10 * second })], { one: facts }))
    await house.emit({ title: 'a' })
    await house.pass(9 * second)
    await house.emit({ title: 'b' })
    assert.deepEqual(sent(house), [])
    await house.pass(second)
    assert.deepEqual(sent(house), ['one digest: a, b'])
    await house.emit({ title: 'c' }, { title: 'd' })
    await house.pass(minute - 1)
    assert.equal(sent(house).length, 1)
    await house.pass(1)
    assert.deepEqual(sent(house).slice(1), ['one digest: c, d'])
  })

  test('tells a hundred at once when so many come, and the others in time', async () => {
    await using house = await EngineHouse.open(judgeOf([grouped({ waitMs: 10 * second })], { one: facts }))
    await house.emit(...storm(150))
    await house.pass(9 * second)
    assert.deepEqual(sent(house), ['one digest: 100'])
    await house.pass(second)
    assert.deepEqual(sent(house), ['one digest: 100', 'one digest: 50'])
  })
})

test('what goes early since it is full makes nobody behind it wait longer', async () => {
  await using house = await EngineHouse.open(judgeOf([grouped()], { one: facts }))
  await house.emit({ title: 'first' })
  await house.pass(20 * second)
  await house.emit(...storm(110))
  await house.pass(20 * second)
  await house.emit(...storm(100))
  await house.pass(1)
  assert.deepEqual(sent(house), ['one open: first', 'one digest: 100', 'one digest: 100'])
  await house.pass(20 * second - 1)
  assert.deepEqual(sent(house).slice(3), ['one digest: 10'])
})
