// Conditions on hard days: held, bundled, flapping, told elsewhere; who was told that it began hears that it ended, and nobody twice.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Judge } from '../../src/engine/judge.ts'
import { finalVerdicts, type HubEvent, type NewEvent } from '../../src/words.ts'
import { down, EngineHouse, facts, judgeOf, refused, rule, type Sent } from '../support/engine-house.ts'

const minute = 60_000
const hour = 60 * minute
const sources = new Map([['s', { maxAgeMs: hour, labels: {} }]])

function judge(
  rules: Parameters<typeof judgeOf>[0],
  channels: Parameters<typeof judgeOf>[1] = { one: facts },
  extra: Partial<Judge> = {},
): Judge {
  return judgeOf(rules, channels, { sources, ...extra })
}

function firing(key: string, more: Partial<NewEvent> = {}): Partial<NewEvent> {
  return { severity: 'error', title: key, ...more, condition: { key, state: 'firing', ...more.condition } }
}

function over(key: string, more: Partial<NewEvent> = {}): Partial<NewEvent> {
  return { title: key, ...more, condition: { key, state: 'resolved', ...more.condition } }
}

/** What arrived, as `channel kind titles`; an end among others as `-title`. */
function told(house: EngineHouse, channel?: string): string[] {
  return house.sent.filter((sent) => sent.ok && (channel === undefined || sent.channel === channel)).map(toLine)
}

function toLine({ channel, delivery, events }: Sent): string {
  return `${channel} ${delivery.kind} ${events.map(nameOf).join(' ')}`
}

function nameOf({ title, condition }: HubEvent): string {
  return condition?.state === 'resolved' ? `-${title}` : (title ?? '')
}

/** As `rule channel state by reason`. */
async function verdictsOf(house: EngineHouse, which: (event: HubEvent) => boolean): Promise<string[]> {
  const events = (await house.store.events({ limit: 1000, ascending: true })).filter(which)
  const verdicts = await house.store.verdicts(events.map((event) => event.seq))
  return verdicts.map(({ rule, channel, state, by, reason }) => `${rule} ${channel} ${state} ${by} ${reason}`)
}

async function unfinished(house: EngineHouse): Promise<string[]> {
  const events = await house.store.events({ limit: 1000, ascending: true })
  const verdicts = await house.store.verdicts(events.map((event) => event.seq))
  return verdicts.filter(({ state }) => !finalVerdicts.includes(state)).map((one) => JSON.stringify(one))
}

/** Hands in the second while the message that the first leads to is on its way. */
async function inFlight(house: EngineHouse, ...events: readonly Partial<NewEvent>[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  house.gate = promise
  const receivedAt = house.clock.now()
  for (const event of events) {
    await house.engine.submit([{ kind: 'event', source: 's', event: { type: 'a', ...event }, receivedAt }])
    for (let turns = 0; turns < 20; turns += 1) await new Promise((next) => setImmediate(next))
  }
  resolve()
  house.gate = undefined
  await house.settle()
}

const calm = { dedupe: { by: [], forMs: hour, tell: 'next' } } as const

describe('what is held', () => {
  test('and ends, and begins again soon, is told when what held it is over', async () => {
    await using house = await EngineHouse.open(judge([rule('r', calm)]))
    await house.emit(firing('x'))
    await house.pass(minute)
    await house.emit(firing('y'))
    await house.pass(minute)
    await house.emit(over('y'))
    await house.pass(minute)
    await house.emit(firing('y'))
    await house.pass(2 * hour)
    assert.deepEqual(told(house), ['one open x', 'one open y'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('is told as bad as it is by then', async () => {
    await using house = await EngineHouse.open(judge([rule('r', calm)]))
    await house.emit(firing('x'))
    await house.emit(firing('y'))
    await house.emit(firing('y', { severity: 'warning' }))
    await house.pass(2 * hour)
    assert.deepEqual(
      house.sent.map(({ delivery }) => delivery.severity),
      ['error', 'warning'],
    )
  })

  test('is no repeat of what held it', async () => {
    for (const tell of ['next', 'end'] as const) {
      await using house = await EngineHouse.open(judge([rule('r', { dedupe: { by: [], forMs: hour, tell } })]))
      await house.emit(firing('x'))
      await house.emit(firing('y'))
      await house.pass(2 * hour)
      await house.emit(firing('z'))
      assert.deepEqual(told(house), ['one open x', 'one open y', 'one open z'], tell)
      assert.deepEqual(
        house.sent.map(({ delivery }) => delivery.extra.held),
        [undefined, undefined, undefined],
        tell,
      )
      assert.deepEqual(await unfinished(house), [])
    }
  })

  test('by dedupe keeps the pace when it is told', async () => {
    const paced = { ...facts, throttle: { max: 3, perMs: 10 * minute } }
    await using house = await EngineHouse.open(judge([rule('r', calm)], { one: paced }))
    for (let count = 0; count < 20; count += 1) await house.emit(firing(`k${count}`))
    await house.pass(2 * hour)
    assert.ok(told(house).length <= 5, `${told(house).length} messages`)
    for (let count = 0; count < 20; count += 1) await house.emit(over(`k${count}`))
    await house.pass(2 * hour)
    assert.deepEqual(await unfinished(house), [])
  })

  test('gets worse for another rule, and is told by that one alone', async () => {
    const where = (name: string) =>
      [{ name: 'severity', op: '=', value: name, matches: (value: string) => value === name }] as const
    for (const hold of [calm, { throttle: { max: 1, perMs: hour } }]) {
      await using house = await EngineHouse.open(
        judge([rule('mild', { where: where('warning'), ...hold }), rule('bad', { where: where('critical') })]),
      )
      await house.emit(firing('x', { severity: 'warning' }))
      await house.emit(firing('y', { severity: 'warning' }))
      await house.emit(firing('y', { severity: 'critical' }))
      await house.pass(2 * hour)
      await house.emit(over('y'))
      await house.pass(2 * hour)
      assert.deepEqual(told(house), ['one open x', 'one open y', 'one end -y'])
      assert.deepEqual(await unfinished(house), [])
    }
  })

  test('waits for its source to catch up, where its end may stand', async () => {
    await using house = await EngineHouse.open(
      judge([rule('r', { dedupe: { by: [], forMs: 5 * minute, tell: 'next' } })]),
    )
    house.engine.catchingUp('s', true)
    await house.emit(firing('x'))
    await house.emit(firing('y'))
    await house.pass(9 * minute)
    await house.emit(over('y'))
    house.engine.catchingUp('s', false)
    await house.pass(hour)
    assert.deepEqual(told(house), ['one open x'])
  })
})

describe('what flaps', () => {
  test('and has been calm is told again when it begins again', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    for (const event of [firing('x'), over('x'), firing('x'), over('x'), firing('x')]) {
      await house.emit(event)
      await house.pass(minute)
    }
    await house.pass(5 * hour)
    await house.emit(over('x'))
    await house.pass(minute)
    await house.emit(firing('x'))
    await house.pass(minute)
    assert.deepEqual(told(house).slice(-2), ['one end -x', 'one change x'])
    await house.pass(hour)
    await house.emit(over('x'))
    await house.pass(hour)
    assert.deepEqual(told(house).slice(-1), ['one end -x'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('by a clock that is behind ours is one trouble all the same', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    const late = (event: Partial<NewEvent>): Partial<NewEvent> => ({ ...event, time: house.clock.now() - 8 * minute })
    for (const event of [firing('x'), over('x'), firing('x'), over('x')]) {
      await house.emit(late(event))
      await house.pass(minute)
    }
    await house.pass(4 * minute)
    await house.emit(late(firing('x')))
    await house.pass(hour)
    await house.emit(over('x'))
    await house.pass(hour)
    assert.deepEqual(await unfinished(house), [])
    assert.equal(told(house).at(-1), 'one end -x')
  })

  test('is reminded of while it is open', async () => {
    await using house = await EngineHouse.open(judge([rule('r', { remindMs: hour })]))
    for (const event of [firing('x'), over('x'), firing('x')]) {
      await house.emit(event)
      await house.pass(minute)
    }
    await house.pass(2 * hour + minute)
    assert.deepEqual(told(house).slice(-2), ['one remind x', 'one remind x'])
  })

  test('is told once where another channel cannot be told', async () => {
    await using house = await EngineHouse.open(judge([rule('r')], { one: { ...facts, fallback: 'two' }, two: facts }))
    house.answers.set('one', refused)
    for (const event of [firing('x'), over('x'), firing('x'), over('x')]) {
      await house.emit(event)
      await house.pass(minute)
    }
    await house.pass(hour)
    const two = house.sent.filter(({ channel, events }) => channel === 'two' && events.some(({ type }) => type === 'a'))
    assert.equal(two.map(toLine).at(-1), 'two end -x', two.map(toLine).join(', '))
    assert.deepEqual(await unfinished(house), [])
  })
})

describe('what a channel cannot be told', () => {
  test('is told to its fallback once, however often it is said', async () => {
    await using house = await EngineHouse.open(judge([rule('r')], { one: { ...facts, fallback: 'two' }, two: facts }))
    house.answers.set('one', refused)
    for (let count = 0; count < 5; count += 1) await house.emit(firing('x'))
    await house.emit(over('x'))
    const two = house.sent.filter(({ channel, events }) => channel === 'two' && events.some(({ type }) => type === 'a'))
    assert.deepEqual(two.map(toLine), ['two open x', 'two end -x'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('is no news to its fallback once that has heard of the end', async () => {
    await using house = await EngineHouse.open(judge([rule('r')], { one: { ...facts, fallback: 'two' }, two: facts }))
    house.answers.set('one', refused)
    await house.emit(firing('x', { severity: 'warning' }))
    await house.emit(firing('x'), over('x'))
    const two = house.sent.filter(({ channel, events }) => channel === 'two' && events.some(({ type }) => type === 'a'))
    assert.deepEqual(two.map(toLine), ['two open x', 'two end -x'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('has no change to tell, which a silence held, when that is over', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    house.answers.set('one', down)
    await house.emit(firing('x'))
    const span = { from: house.clock.now(), until: house.clock.now() + minute, by: 'me', comment: '' }
    const matchers = [{ name: 'type', op: '=', value: 'a' }] as const
    await house.engine.command({ name: 'silence', silence: { id: 's', matchers, ...span } })
    await house.emit(firing('x', { title: 'x2' }))
    house.answers.set('one', refused)
    await house.pass(hour)
    assert.deepEqual(told(house), [])
    assert.deepEqual(await unfinished(house), [])
  })

  test('an end that died is no news to its fallback once it has begun again', async () => {
    await using house = await EngineHouse.open(judge([rule('r')], { one: { ...facts, fallback: 'two' }, two: facts }))
    await house.emit(firing('x'))
    house.answers.set('one', refused)
    await house.emit(over('x'))
    await house.emit(firing('x'))
    for (const delivery of await house.store.deliveries({ states: ['dead'], limit: 10 }))
      if (delivery.kind === 'end') await house.engine.command({ name: 'retry', delivery })
    await house.settle()
    const two = (): string[] => told(house, 'two').filter((line) => line.endsWith('x'))
    assert.deepEqual(two(), ['two end -x', 'two open x'])
    await house.pass(minute)
    await house.emit(over('x'))
    await house.pass(hour)
    assert.deepEqual(two(), ['two end -x', 'two open x', 'two end -x'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('but by hand later, ends there as well', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    house.answers.set('one', refused)
    await house.emit(firing('x'), firing('y'))
    await house.emit(over('y'))
    house.answers.clear()
    for (const delivery of await house.store.deliveries({ states: ['dead'], limit: 10 }))
      await house.engine.command({ name: 'retry', delivery })
    await house.settle()
    await house.emit(over('x'))
    const own = house.sent.filter(({ ok, events }) => ok && events.length > 0).map(toLine)
    assert.deepEqual(own.toSorted(), ['one end -x', 'one open x', 'one open y -y'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('while it is away for days, it hears the end of when it is back', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    await house.emit(firing('x'))
    house.answers.set('one', down)
    await house.emit(over('x'))
    await house.pass(72 * hour)
    house.answers.clear()
    await house.pass(hour)
    assert.deepEqual(told(house), ['one open x', 'one end -x'])
  })
})

describe('a change', () => {
  test('that could not be told is part of what is said with the end', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    house.answers.set('one', down)
    await house.emit(firing('x'))
    await house.emit(firing('x', { title: 'x2' }))
    await house.emit(firing('x', { title: 'x3' }))
    await house.emit(over('x'))
    house.answers.clear()
    await house.pass(hour)
    assert.deepEqual(told(house), ['one open x x3 -x'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('is one from what was told last', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    await house.emit(firing('x', { severity: 'warning' }))
    house.answers.set('one', down)
    await house.emit(firing('x', { severity: 'error' }))
    await house.emit(firing('x', { severity: 'critical' }))
    house.answers.clear()
    await house.pass(hour)
    assert.equal(house.sent.at(-1)?.delivery.extra.condition?.was, 'warning')
  })

  test('keeps the severity of its rule, also behind what failed', async () => {
    await using house = await EngineHouse.open(judge([rule('r', { severity: 'info' })]))
    await house.emit(firing('x'))
    house.answers.set('one', down)
    await inFlight(house, firing('x', { title: 'x2' }), firing('x', { title: 'x3', severity: 'critical' }))
    house.answers.clear()
    await house.pass(hour)
    assert.deepEqual(told(house), ['one open x', 'one change x2 x3'])
    assert.deepEqual([...new Set(house.sent.map(({ delivery }) => delivery.severity))], ['info'])
  })

  test('that fails with its end behind it is told as an end', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    await house.emit(firing('x'))
    house.answers.set('one', down)
    await inFlight(house, firing('x', { severity: 'critical' }), over('x'))
    house.answers.clear()
    await house.pass(hour)
    const last = house.sent.at(-1)?.delivery
    assert.deepEqual([last?.kind, last?.severity], ['end', 'info'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('has a verdict for each rule that matched', async () => {
    const where = (name: string) =>
      [{ name: 'severity', op: '=', value: name, matches: (value: string) => value === name }] as const
    await using house = await EngineHouse.open(
      judge([rule('bad', { where: where('critical') }), rule('mild', { where: where('error') }), rule('all')]),
    )
    await house.emit(firing('x'))
    await house.emit(firing('x', { severity: 'critical' }))
    const verdicts = await verdictsOf(house, ({ severity }) => severity === 'critical')
    assert.deepEqual(verdicts.map((one) => one.split(' ').slice(0, 4).join(' ')).toSorted(), [
      'all one merged owner',
      'bad one merged owner',
      'mild one delivered outbox',
    ])
  })

  test('under a known identity is one, whatever it is that has changed', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    const identity = { producer: 'p', id: '1' }
    await house.emit(firing('x', { identity }), firing('x', { identity }))
    await house.emit(firing('x', { identity, text: 'more' }))
    await house.emit(firing('x', { identity, text: 'more', severity: 'critical' }))
    await house.emit(over('x', { identity, text: 'more' }))
    assert.deepEqual(told(house), ['one open x', 'one change x', 'one change x', 'one end -x'])
  })

  test('that comes while the message leaves is told behind it', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    house.answers.set('one', down)
    await house.emit(firing('x'))
    house.answers.clear()
    const read = house.store.delivery
    const gate = Promise.withResolvers<void>()
    let isLeaving = false
    house.store.delivery = async (id) => {
      isLeaving = true
      await gate.promise
      return read(id)
    }
    void house.pass(10 * minute)
    while (!isLeaving) await new Promise((resolve) => setImmediate(resolve))
    const receivedAt = house.clock.now()
    for (const title of ['x2', 'x3']) {
      const event = { type: 'a', ...firing('x', { title }) }
      await house.engine.submit([{ kind: 'event', source: 's', event, receivedAt }])
    }
    gate.resolve()
    await house.settle()
    await house.emit(over('x'))
    assert.deepEqual(told(house), ['one open x', 'one change x3', 'one end -x'])
    assert.deepEqual(await unfinished(house), [])
  })

  test('is no part of a message that its service may know by its key', async () => {
    await using house = await EngineHouse.open(judge([rule('r')], { one: { ...facts, idempotency: true } }))
    house.answers.set('one', { ok: false, reason: 'timeout', retry: true, maybeDelivered: true, detail: 'silence' })
    await house.emit(firing('x'))
    await house.emit(firing('x', { title: 'x2' }))
    await house.emit(over('x'))
    house.answers.clear()
    await house.pass(hour)
    assert.deepEqual(told(house), ['one open x', 'one end x2 -x'])
  })

  test('on a clock that was set back ends in time all the same', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    await house.emit(firing('x', { condition: { key: 'x', state: 'firing', expireAfterMs: hour } }))
    await house.stepClock(-5 * hour)
    await house.pass(hour + minute)
    assert.deepEqual(told(house), ['one open x', 'one end -undefined'])
  })

  test('by a clock ahead of ours has lasted no less than nothing', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    await house.emit({ ...firing('x'), time: house.clock.now() + hour })
    await house.pass(minute)
    await house.emit(over('x'))
    const { since = 0, endedAt = 0 } = house.sent[1]?.delivery.extra.condition ?? {}
    assert.equal(endedAt - since, minute)
  })

  test('that comes with the refusal of the message it goes into is sent with it', async () => {
    await using house = await EngineHouse.open(judge([rule('r')]))
    const { promise, resolve } = Promise.withResolvers<void>()
    house.gate = promise
    house.answers.set('one', down)
    const receivedAt = house.clock.now()
    const say = (event: Partial<NewEvent>) =>
      house.engine.submit([{ kind: 'event', source: 's', event: { type: 'a', ...event }, receivedAt }])
    await say(firing('x'))
    for (let turns = 0; turns < 20; turns += 1) await new Promise((next) => setImmediate(next))
    resolve()
    house.gate = undefined
    // The outcome is handed in within this turn of the event loop, and so is the change: one transaction has both.
    for (let steps = 0; steps < 50; steps += 1) await Promise.resolve()
    await say(firing('x', { title: 'x2' }))
    await house.settle()
    house.answers.clear()
    await house.pass(hour)
    assert.deepEqual(told(house), ['one open x x2'])
  })
})
