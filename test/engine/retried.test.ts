// What could not be told of a condition is sent again by hand when that has begun anew: it is said that it ended then, and when.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { finalVerdicts, type NewEvent, type Outcome } from '../../src/words.ts'
import { EngineHouse, facts, judgeOf, refused, rule, type Sent } from '../support/engine-house.ts'

const minute = 60_000
const hour = 60 * minute
const sources = new Map([['s', { maxAgeMs: hour, labels: {} }]])
const silent: Outcome = { ok: false, reason: 'timeout', retry: true, maybeDelivered: true, detail: 'no answer' }

function is(key: string, state: 'firing' | 'resolved'): Partial<NewEvent> {
  return { severity: 'error', title: key, condition: { key, state } }
}

/** As `channel kind titles`; an end as `-title`, and with `over` when the message says that it ended. */
function toLine({ channel, delivery, events }: Sent): string {
  const names = events.map(({ title, condition }) => `${condition?.state === 'resolved' ? '-' : ''}${title}`)
  const { condition, ended } = delivery.extra
  const isOver = condition?.endedAt !== undefined || ended !== undefined
  return [channel, delivery.kind, ...names, ...(isOver ? ['over'] : [])].join(' ')
}

function lines({ sent }: EngineHouse): string[] {
  return sent.filter(({ events }) => events.some(({ type }) => type === 'a')).map(toLine)
}

async function retryAll(house: EngineHouse): Promise<void> {
  for (const delivery of await house.store.deliveries({ states: ['dead', 'expired'], limit: 100 }))
    await house.engine.command({ name: 'retry', delivery })
  await house.settle()
}

async function isSettled(house: EngineHouse): Promise<void> {
  const events = await house.store.events({ limit: 1000 })
  const verdicts = await house.store.verdicts(events.map((event) => event.seq))
  assert.deepEqual(
    verdicts.filter(({ state }) => !finalVerdicts.includes(state)),
    [],
  )
}

describe('sent again by hand, a message on a time before', () => {
  test('says that it is over, and when it was; what is now goes on as it does', async () => {
    await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }, { sources }))
    house.answers.set('one', refused)
    await house.emit(is('x', 'firing'))
    await house.pass(minute)
    await house.emit(is('x', 'resolved'))
    const endedAt = house.clock.now()
    await house.pass(hour)
    house.answers.clear()
    house.sent.length = 0
    await house.emit(is('x', 'firing'))
    await retryAll(house)
    await house.emit(is('x', 'resolved'))
    assert.deepEqual(lines(house), ['one open x', 'one open x -x over', 'one end -x over'])
    assert.ok(
      house.sent.some(({ delivery }) => delivery.kind === 'open' && delivery.extra.condition?.endedAt === endedAt),
    )
    await isSettled(house)
  })

  test('of several is the right one of them', async () => {
    await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }, { sources }))
    house.answers.set('one', refused)
    const ends: number[] = []
    for (let count = 0; count < 3; count += 1) {
      await house.emit(is('x', 'firing'))
      await house.pass((count + 1) * minute)
      await house.emit(is('x', 'resolved'))
      ends.push(house.clock.now())
      await house.pass(hour)
    }
    house.answers.clear()
    house.sent.length = 0
    await retryAll(house)
    const said = house.sent.flatMap(({ delivery }) => delivery.extra.condition?.endedAt ?? [])
    assert.deepEqual(new Set(said), new Set(ends))
    await isSettled(house)
  })

  test('in a digest has its end beside it', async () => {
    const grouped = rule('r', { group: { by: [], waitMs: minute, intervalMs: minute, min: 2 } })
    await using house = await EngineHouse.open(judgeOf([grouped], { one: facts }, { sources }))
    house.answers.set('one', refused)
    await house.emit(is('x', 'firing'), is('y', 'firing'))
    await house.pass(2 * minute)
    await house.emit(is('x', 'resolved'), is('y', 'resolved'))
    await house.pass(hour)
    house.answers.clear()
    await house.emit(is('x', 'firing'))
    await house.pass(2 * minute)
    house.sent.length = 0
    await retryAll(house)
    assert.deepEqual(lines(house), ['one digest x y -x -y over'])
    const { ended } = house.sent[0]?.delivery.extra ?? {}
    assert.equal(Object.keys(ended ?? {}).length, 2)
    await isSettled(house)
  })

  test('that its service knows by a key stays as it is, and its end is said behind it', async () => {
    const one = { ...facts, idempotency: true, expireAfterMs: hour }
    await using house = await EngineHouse.open(judgeOf([rule('r')], { one }, { sources }))
    house.answers.set('one', silent)
    await house.emit(is('x', 'firing'))
    house.answers.set('one', refused)
    await house.pass(2 * hour)
    await house.emit(is('x', 'resolved'))
    await house.pass(hour)
    house.answers.clear()
    house.sent.length = 0
    await house.emit(is('x', 'firing'))
    await retryAll(house)
    assert.deepEqual(lines(house), ['one open x', 'one open x', 'one end -x over'])
    await isSettled(house)
  })

  test('that cannot be told once more says so to the fallback', async () => {
    const channels = { one: { ...facts, fallback: 'two' }, two: facts }
    await using house = await EngineHouse.open(judgeOf([rule('r')], channels, { sources }))
    house.answers.set('one', refused)
    house.answers.set('two', refused)
    await house.emit(is('x', 'firing'))
    await house.pass(minute)
    await house.emit(is('x', 'resolved'))
    await house.pass(hour)
    house.answers.delete('two')
    await house.emit(is('x', 'firing'))
    house.sent.length = 0
    for (const delivery of await house.store.deliveries({ states: ['dead'], limit: 100 }))
      if (delivery.channel === 'one' && delivery.kind === 'open')
        await house.engine.command({ name: 'retry', delivery })
    await house.settle()
    const own = house.sent.filter(({ channel, events }) => channel === 'two' && events.some(({ type }) => type === 'a'))
    assert.ok(own.map(toLine).includes('two open x -x over'), own.map(toLine).join('; '))
    await isSettled(house)
  })

  test('that its service knows by a key says so to the fallback, where it is another', async () => {
    const one = { ...facts, idempotency: true, expireAfterMs: hour, fallback: 'two' }
    await using house = await EngineHouse.open(judgeOf([rule('r')], { one, two: facts }, { sources }))
    house.answers.set('one', silent)
    house.answers.set('two', refused)
    await house.emit(is('x', 'firing'))
    house.answers.set('one', refused)
    await house.pass(2 * hour)
    await house.emit(is('x', 'resolved'))
    await house.pass(hour)
    house.answers.delete('two')
    await house.emit(is('x', 'firing'))
    house.sent.length = 0
    for (const delivery of await house.store.deliveries({ states: ['dead'], limit: 100 }))
      if (delivery.extra.keyed === true) await house.engine.command({ name: 'retry', delivery })
    await house.settle()
    const here = lines(house).filter((line) => line.startsWith('two'))
    assert.ok(here.includes('two open x -x over'), here.join('; '))
    await isSettled(house)
  })
})
