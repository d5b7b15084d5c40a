// What the report of a host takes in: what it names and where it is told; all else goes its own way, and what follows has its thread.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import type { ConditionRow } from '../../src/engine/condition-row.ts'
import type { ChannelFacts, Judge } from '../../src/engine/judge.ts'
import type { Mute } from '../../src/rule-mute.ts'
import type { Windows } from '../../src/rules/mute.ts'
import type { WatchKind } from '../../src/watch.ts'
import type { NewEvent, Severity } from '../../src/words.ts'
import { down, EngineHouse, facts, judgeOf, rule } from '../support/engine-house.ts'

const second = 1000
const minute = 60 * second
const both: ChannelFacts = { ...facts, recipients: ['ann', 'bob'] }

/** A boot opens a window of five minutes; `ready` closes it early with a report that names guest `broken`. */
const boots: WatchKind<object, null> = {
  about: 'Boots.',
  options: z.strictObject({}),
  example: {},
  facts: ['boot', 'ready'],
  keys: (_options, input) => (input.kind === 'fact' ? [input.fact.key] : []),
  step(_options, _state, input, now) {
    if (input.kind !== 'fact') return {}
    const window = { kind: 'startup', host: input.key } as const
    if (input.fact.name === 'boot') return { windows: [{ ...window, until: now + 5 * minute }] }
    const event: NewEvent = { type: 'boot.report', host: input.key, title: 'Report' }
    const names = [{ source: 's', key: 'broken' }]
    return { windows: [{ ...window, until: now, lateUntil: now + 2 * minute, report: { event, names } }] }
  },
}

const startup: Mute = {
  name: 'startup',
  kind: 'startup',
  on: ['guest.*'],
  pass: ['guest.urgent'],
  where: [],
  hold: 'all',
  atEnd: 'report',
}

function judge(one: ChannelFacts = facts): Judge {
  const place = { name: 'boots', zone: 'UTC', host: 'hub' }
  const watch = { name: 'boots', kind: boots as WatchKind, options: {}, place }
  return judgeOf([rule('all', { on: ['guest.*', 'boot.report'] })], { one }, { watches: [watch], mutes: [startup] })
}

class Host {
  readonly house: EngineHouse

  constructor(house: EngineHouse) {
    this.house = house
  }

  async see(...names: readonly ('boot' | 'ready')[]): Promise<void> {
    for (const name of names) {
      const fact = { name, key: 'pve', data: {} }
      await this.house.engine.submit([{ kind: 'fact', source: 's', fact, receivedAt: this.house.clock.now() }])
      await this.house.settle()
      await this.house.pass(1)
    }
  }

  async say(title: string, event: Partial<NewEvent> = {}): Promise<void> {
    await this.house.emit({ type: 'guest.event', host: 'pve', title, ...event })
  }

  async begins(key: string, severity: Severity = 'warning', since?: number): Promise<void> {
    const condition = { key, state: 'firing', ...(since === undefined ? {} : { since }) } as const
    await this.say(`${key} is ${severity}`, { severity, condition })
  }

  async ends(key: string): Promise<void> {
    await this.say(`${key} is well`, { severity: 'info', condition: { key, state: 'resolved' } })
  }

  /** As `kind: titles`, with the recipient where there are several. */
  get told(): string[] {
    return this.house.sent
      .filter(({ ok }) => ok)
      .map(({ delivery, events }) => {
        const to = delivery.recipient === '' ? '' : `${delivery.recipient} `
        return `${to}${delivery.kind}: ${events.map(({ title }) => title).join(', ')}`
      })
  }

  async row(key: string): Promise<ConditionRow> {
    const rows = await this.house.store.states('condition')
    const found = rows.map(([, row]) => row as unknown as ConditionRow).find((row) => row.key === key)
    return found ?? assert.fail(`no condition ${key}`)
  }
}

describe('a report', () => {
  test('takes in what it names, and leaves what it does not to a message and a thread of its own', async () => {
    await using house = await EngineHouse.open(judge())
    const host = new Host(house)
    await host.see('boot')
    await host.begins('broken')
    await host.begins('other')
    await host.see('ready')
    assert.deepEqual(host.told.toSorted(), ['open: Report', 'open: other is warning'])
    await host.ends('broken')
    await host.ends('other')
    assert.deepEqual(host.told.slice(2), ['end: broken is well', 'end: other is well'])
    const threads = house.sent.map(({ delivery }) => delivery.thread)
    const [report, other] = host.told[0] === 'open: Report' ? threads : threads.slice(0, 2).toReversed()
    assert.deepEqual(threads.slice(2), [report, other])
  })

  test('is where events that have no end say that they went', async () => {
    await using house = await EngineHouse.open(judge())
    const host = new Host(house)
    await host.see('boot')
    await host.say('one')
    await host.say('two')
    await host.see('ready')
    const [report] = house.sent
    const last = (await house.verdicts()).filter(({ by, state }) => by === 'mute' && state === 'merged')
    assert.deepEqual(
      last.map(({ into, reason }) => [into, reason]),
      [0, 1].map(() => [report?.delivery.id, 'told in the report']),
    )
  })

  test('goes to each recipient of a channel, and so does the end of what it named', async () => {
    await using house = await EngineHouse.open(judge(both))
    const host = new Host(house)
    await host.see('boot')
    await host.begins('broken')
    await host.see('ready')
    const { threads } = await host.row('broken')
    const deliveries = await house.store.deliveries({ limit: 10 })
    const to = threads.map(({ recipient, state, delivery }) => {
      const own = deliveries.find(({ seq }) => seq === delivery)
      return `${recipient} ${state} by that of ${own?.recipient}`
    })
    assert.deepEqual(to.toSorted(), ['ann told by that of ann', 'bob told by that of bob'])
    await host.ends('broken')
    assert.deepEqual(host.told.toSorted(), [
      'ann end: broken is well',
      'ann open: Report',
      'bob end: broken is well',
      'bob open: Report',
    ])
  })

  test('takes in a change of what was told before, which is then as bad as that', async () => {
    await using house = await EngineHouse.open(judge())
    const host = new Host(house)
    await host.begins('broken')
    await host.see('boot')
    await host.begins('broken', 'error')
    assert.deepEqual(host.told, ['open: broken is warning'])
    await host.see('ready')
    await house.pass(10 * minute)
    assert.deepEqual(host.told, ['open: broken is warning', 'open: Report'])
    await host.begins('broken', 'critical')
    assert.equal(host.told.at(-1), 'change: broken is critical')
    assert.equal(house.sent.at(-1)?.delivery.extra.condition?.was, 'error')
  })

  test('that waits for its channel says what it said; what comes of it meanwhile follows it', async () => {
    await using house = await EngineHouse.open(judge())
    const host = new Host(house)
    await host.see('boot')
    await host.begins('broken')
    house.answers.set('one', down)
    await host.see('ready')
    await host.ends('broken')
    house.answers.clear()
    await house.pass(10 * minute)
    assert.deepEqual(host.told, ['open: Report', 'end: broken is well'])
  })

  test('takes in what was held before its window was prolonged', async () => {
    await using house = await EngineHouse.open(judge())
    const host = new Host(house)
    await host.see('boot')
    await host.begins('broken')
    await host.see('boot', 'ready')
    await house.pass(10 * minute)
    assert.deepEqual(host.told, ['open: Report'])
  })
})

test('however much is held of a host, where it is held is noted once', async () => {
  await using house = await EngineHouse.open(judge())
  const host = new Host(house)
  await host.see('boot')
  for (let time = 0; time < 3; time += 1) {
    await host.say('again')
    await host.begins('broken')
  }
  const [[, row] = assert.fail('no windows')] = await house.store.states('windows')
  assert.equal((row as unknown as Windows).held.length, 2)
})

test('what gets worse in a window that holds all waits on', async () => {
  await using house = await EngineHouse.open(judge())
  const host = new Host(house)
  await host.see('boot')
  for (const severity of ['warning', 'critical'] as const) await host.begins('other', severity)
  assert.equal(house.sent.length, 0)
  assert.equal((await house.verdicts())[0]?.by, 'mute', 'not said to be told while it is not')
  await host.see('ready')
  assert.deepEqual(host.told.toSorted(), ['open: Report', 'open: other is critical'])
})

test('what a window lets pass is told in it', async () => {
  await using house = await EngineHouse.open(judge())
  const host = new Host(house)
  await host.see('boot')
  await host.say('urgent', { type: 'guest.urgent' })
  assert.deepEqual(host.told, ['open: urgent'])
})

describe('behind the early end of a window', () => {
  test('what began in it is held on until the late end, if it is told of only now; all else is told', async () => {
    for (const hours of [0, 1, -1]) {
      await using house = await EngineHouse.open(judge())
      const host = new Host(house)
      await host.see('boot', 'ready')
      await house.stepClock(hours * 60 * minute)
      const now = house.clock.now()
      await host.begins('before', 'warning', now - minute)
      await host.begins('since', 'warning', now)
      await host.say('once')
      assert.deepEqual(host.told, ['open: Report', 'open: since is warning', 'open: once'], `${hours} h`)
      await house.pass(2 * minute - 2)
      assert.equal(host.told.length, 3, `${hours} h`)
      await house.pass(second)
      assert.deepEqual(host.told.slice(3), ['open: before is warning'], `${hours} h`)
    }
  })

  test('what began in it and is well by the late end is not told', async () => {
    await using house = await EngineHouse.open(judge())
    const host = new Host(house)
    await host.see('boot', 'ready')
    await host.begins('before', 'warning', house.clock.now() - minute)
    await house.pass(minute)
    await host.ends('before')
    await house.pass(10 * minute)
    assert.deepEqual(host.told, ['open: Report'])
  })
})
