// Windows that a watch opens around a boot: what is held goes into the report where that is told, and on its own way elsewhere.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import type { Judge } from '../../src/engine/judge.ts'
import type { Mute } from '../../src/rule-mute.ts'
import type { WatchKind } from '../../src/watch.ts'
import type { NewEvent, Verdict } from '../../src/words.ts'
import { EngineHouse, facts, judgeOf, rule } from '../support/engine-house.ts'

/** A boot opens a window of five minutes; `ready` closes it with a report that names guest `broken`. */
const boots: WatchKind<object, null> = {
  about: 'Boots.',
  options: z.strictObject({}),
  example: {},
  facts: ['boot', 'ready'],
  keys: (_options, input) => (input.kind === 'fact' ? [input.fact.key] : []),
  step(_options, _state, input, now) {
    if (input.kind !== 'fact') return {}
    const host = input.key
    if (input.fact.name === 'boot') return { windows: [{ kind: 'startup', host, until: now + 300_000 }] }
    const event: NewEvent = { type: 'boot.report', host, title: `Report of ${host}` }
    const names = [{ source: 's', key: 'broken' }]
    return { windows: [{ kind: 'startup', host, until: now, report: { event, names } }] }
  },
}

const startup: Mute = {
  name: 'startup',
  kind: 'startup',
  on: ['guest.*'],
  pass: [],
  where: [],
  hold: 'all',
  atEnd: 'report',
}

function judge(changes: Partial<Judge> = {}): Judge {
  const watch = {
    name: 'boots',
    kind: boots as WatchKind,
    options: {},
    place: { name: 'boots', zone: 'UTC', host: 'hub' },
  }
  const sources = new Map([['s', { maxAgeMs: 3_600_000, labels: {} }]])
  const rules = [
    rule('guests', { on: ['guest.*'], to: ['one', 'two'] }),
    rule('reports', { on: ['boot.report'], to: ['one'] }),
  ]
  return judgeOf(rules, { one: facts, two: facts }, { watches: [watch], mutes: [startup], sources, ...changes })
}

async function see(house: EngineHouse, name: 'boot' | 'ready', key = 'pve'): Promise<void> {
  await house.engine.submit([
    { kind: 'fact', source: 's', fact: { name, key, data: {} }, receivedAt: house.clock.now() },
  ])
  await house.settle()
}

function guest(key: string, state?: 'firing' | 'resolved', host = 'pve'): Partial<NewEvent> {
  const event = { type: 'guest.event', host, severity: 'error', title: `${key} ${state ?? 'started'}` } as const
  return state === undefined ? event : { ...event, condition: { key, state } }
}

async function told(house: EngineHouse): Promise<string[]> {
  const all = (await house.store.deliveries({ limit: 1000 })).toReversed()
  const titles = new Map((await house.store.events({ limit: 1000 })).map(({ seq, title }) => [seq, title ?? '']))
  return all.map(({ channel, kind, events }) => {
    const names = events.map((event) => titles.get(event))
    return `${channel} ${kind}: ${names.join(', ')}`
  })
}

async function verdicts(house: EngineHouse): Promise<Map<string, Verdict['state']>> {
  const events = await house.store.events({ limit: 1000 })
  const all = await house.store.verdicts(events.map(({ seq }) => seq))
  const titles = new Map(events.map(({ seq, title }) => [seq, title ?? '']))
  return new Map(all.map((one) => [`${titles.get(one.event)} ${one.channel}`, one.state]))
}

describe('a window that a watch has opened', () => {
  test('holds its types of its host only, and the report takes in what it names, where it is told', async () => {
    await using house = await EngineHouse.open(judge())
    await see(house, 'boot')
    await house.emit(guest('web'), guest('db'), guest('broken', 'firing'), guest('other', undefined, 'nas'))
    await house.emit({ type: 'unrelated' })
    assert.deepEqual(await told(house), ['one open: other started', 'two open: other started'])
    await house.pass(60_000)
    await see(house, 'ready')
    await house.pass(1000)
    assert.deepEqual((await told(house)).slice(2).toSorted(), [
      'one open: Report of pve',
      'two digest: web started, db started',
      'two open: broken firing',
    ])
    const ends = await verdicts(house)
    assert.equal(ends.get('web started one'), 'merged')
    assert.equal(ends.get('broken firing one'), 'merged')
    assert.equal(ends.get('web started two'), 'delivered')
    await house.emit(guest('broken', 'resolved'))
    assert.deepEqual((await told(house)).slice(-2).toSorted(), ['one end: broken resolved', 'two end: broken resolved'])
    const all = await house.store.deliveries({ channel: 'one', limit: 10 })
    const [end, report] = all
    assert.equal(end?.thread, report?.thread, 'the end follows the report that named it')
  })

  test('whose end comes without a report lets go of all it held', async () => {
    await using house = await EngineHouse.open(judge())
    await see(house, 'boot')
    await house.emit(guest('web'), guest('broken', 'firing'), guest('gone', 'firing'))
    await house.emit(guest('gone', 'resolved'))
    await house.restart()
    await house.pass(301_000)
    assert.deepEqual((await told(house)).toSorted(), ['one open: broken firing', 'two open: broken firing'])
    // After a start the host may be about to report: the rest waits a little longer.
    await house.pass(360_000)
    assert.deepEqual((await told(house)).toSorted(), [
      'one open: broken firing',
      'one open: web started',
      'two open: broken firing',
      'two open: web started',
    ])
    assert.equal((await verdicts(house)).get('gone firing one'), 'suppressed')
  })

  test('that is prolonged goes on holding, also over a restart and our own absence', async () => {
    await using house = await EngineHouse.open(judge())
    await see(house, 'boot')
    await house.emit(guest('web'))
    await house.pass(200_000)
    await see(house, 'boot')
    await house.pass(200_000)
    assert.deepEqual(await told(house), [])
    await house.away(200_000)
    assert.deepEqual(await told(house), [])
    await house.pass(700_000)
    assert.deepEqual((await told(house)).toSorted(), ['one open: web started', 'two open: web started'])
  })

  test('a report that cannot be told leaves the end of what it named to the fallback, or unsaid', async () => {
    await using house = await EngineHouse.open(judge())
    await see(house, 'boot')
    await house.emit(guest('broken', 'firing'))
    house.answers.set('one', { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail: 'no' })
    await see(house, 'ready')
    await house.pass(1000)
    house.answers.delete('one')
    await house.emit(guest('broken', 'resolved'))
    const after = await told(house)
    assert.ok(!after.includes('one end: broken resolved'), after.join())
    assert.ok(after.includes('two end: broken resolved'))
  })

  test('nothing that was held is left without an end', async () => {
    await using house = await EngineHouse.open(judge())
    for (const host of ['a', 'b', 'c']) await see(house, 'boot', host)
    const keys = Array.from({ length: 150 }, (_, index) => `g${index}`)
    await house.emit(...keys.map((key, index) => guest(key, index % 3 === 0 ? 'firing' : undefined, 'abc'[index % 3])))
    await see(house, 'ready', 'a')
    await see(house, 'ready', 'b')
    await house.pass(400_000)
    const open = [...(await verdicts(house))].filter(([, state]) => state === 'held' || state === 'queued')
    assert.deepEqual(open, [])
  })
})
