// Our own bugs: what fails on one thing stops no other, neither what comes beside it nor what is due.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { createMatcher } from '../../src/lib/matchers.ts'
import type { Judge } from '../../src/engine/judge.ts'
import type { EventType } from '../../src/event-type.ts'
import type { WatchKind } from '../../src/watch.ts'
import { EngineHouse, facts, judgeOf, rule } from '../support/engine-house.ts'

const minute = 60_000

/** Fails on `bad` events; a minute after `wait` on its timer, or by what it says then. */
function watch(atTimer: 'fails' | 'says what cannot be said'): WatchKind<object, null> {
  return {
    about: 'Fails.',
    options: z.strictObject({}),
    example: {},
    events: ['bad', 'wait'],
    keys: (_options, input) => (input.kind === 'event' ? [input.event.type] : []),
    step(_options, _state, input, now) {
      if (input.kind === 'event' && input.event.type === 'wait') return { timers: [{ name: 't', at: now + minute }] }
      if (input.kind === 'timer' && atTimer !== 'fails')
        return { events: [{ type: 'unspeakable', condition: { key: 'k', state: 'firing' } }] }
      throw new Error('a bug')
    },
  }
}

const unspeakable: EventType = {
  name: 'unspeakable',
  about: 'Has no words.',
  fields: {},
  labels: [],
  severity: 'info',
  message() {
    throw new Error('a bug')
  },
  sample: { type: 'unspeakable' },
}

function judge(atTimer: Parameters<typeof watch>[0] = 'fails'): Judge {
  const place = { name: 'w', zone: 'UTC', host: 'hub' }
  const group = { by: ['type'], waitMs: 0, intervalMs: 2 * minute, min: 2 }
  return judgeOf(
    [rule('r', { on: ['*'], group })],
    { one: facts },
    {
      watches: [{ name: 'w', kind: watch(atTimer) as WatchKind, options: {}, place }],
      types: new Map([['unspeakable', unspeakable]]),
    },
  )
}

function told(house: EngineHouse): string[] {
  return house.sent.map(({ delivery, events }) => `${delivery.kind} ${events.map(({ type }) => type).join(', ')}`)
}

test('a watch that fails on an event changes nothing of what becomes of it, and of those beside it', async () => {
  await using house = await EngineHouse.open(judge())
  await house.emit({ type: 'good' }, { type: 'bad' }, { type: 'other' })
  assert.deepEqual(told(house), ['open good', 'open bad', 'open other'])
  assert.equal(house.failures.length, 1)
})

for (const atTimer of ['fails', 'says what cannot be said'] as const) {
  test(`a watch whose timer ${atTimer} holds up nothing that is due then or later`, async () => {
    await using house = await EngineHouse.open(judge(atTimer))
    await house.emit({ type: 'wait' }, { type: 'wait' }, { type: 'wait' })
    await house.pass(minute)
    await house.emit({ type: 'good' }, { type: 'good' }, { type: 'good' })
    await house.pass(10 * minute)
    assert.deepEqual(told(house), ['open wait', 'open good', 'digest wait, wait', 'digest good, good'])
    assert.ok(house.failures.length > 0)
  })
}

test('an event that cannot be judged is kept as what it is, and holds up neither its source nor those beside it', async () => {
  await using house = await EngineHouse.open(judge())
  const input = (type: string) => {
    const event = { type, condition: { key: type, state: 'firing' } } as const
    return { kind: 'event', source: 's', event, receivedAt: house.clock.now() } as const
  }
  const submit = (...types: readonly string[]) =>
    house.engine.submit(types.map(input), { name: 's', cursor: types.join() })
  await Promise.all([submit('good'), submit('other'), submit('one', 'unspeakable', 'two', 'unspeakable')])
  await house.settle()
  assert.deepEqual(told(house), ['open good', 'open other', 'open one', 'open sereno.rejected', 'open two'])
  const [kept, ...more] = await house.store.events({ limit: 9, type: 'sereno.rejected' })
  assert.equal(more.length, 1)
  assert.deepEqual([kept?.source, kept?.data['raw']], ['s', JSON.stringify(input('unspeakable').event)])
  assert.equal(kept?.data['message'], 'Sereno could not judge it, by a mistake of its own: a bug')
  assert.equal(house.failures.length, 2)
  assert.equal(await house.store.cursor('s'), 'one,unspeakable,two,unspeakable')
})

test('a rule that fails on an event does not keep it from being stored', async () => {
  const failing = {
    ...createMatcher('subject', '=', 'bad'),
    matches: (value: string) => (value === 'bad' ? assert.fail('a bug') : true),
  }
  const given = judgeOf([rule('r', { on: ['*'], where: [failing] })], { one: facts })
  await using house = await EngineHouse.open(given)
  await house.emit({ type: 'good' }, { type: 'x', subject: 'bad' }, { type: 'other' })
  const events = await house.store.events({ limit: 10, ascending: true })
  assert.deepEqual(
    events.map(({ type }) => type),
    ['good', 'sereno.rejected', 'other'],
  )
})

test('each such mistake is told once, whatever else fails beside it', async () => {
  const failing = {
    ...createMatcher('subject', '=', 'bad'),
    matches: (value: string) => (value === 'bad' ? assert.fail('a bug') : true),
  }
  await using house = await EngineHouse.open({ ...judge(), rules: [rule('r', { on: ['*'], where: [failing] })] })
  await house.emit(
    { type: 'x', subject: 'bad' },
    { type: 'unspeakable', condition: { key: 'k', state: 'firing' } },
    { type: 'y', subject: 'bad' },
  )
  assert.equal((await house.store.events({ limit: 9, type: 'sereno.rejected' })).length, 3)
  assert.equal(house.failures.length, 3, house.failures.join('\n'))
})
