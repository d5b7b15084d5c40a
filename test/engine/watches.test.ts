// Watches in the engine: facts in, events and conditions out; timers, rechecks, a reload, our own absence.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import type { Ask } from '../../src/engine/draft.ts'
import type { ConditionRow } from '../../src/engine/condition-row.ts'
import type { Judge, JudgeWatch } from '../../src/engine/judge.ts'
import type { WatchKind } from '../../src/watch.ts'
import { recheckDeadlineMs } from '../../src/source.ts'
import { EngineHouse, facts, judgeOf, rule } from './../support/engine-house.ts'

type State = { readonly level: number; readonly unknown?: true }

/** A tank: full above 90, silent after a minute, and on request it is looked at again. */
const tank: WatchKind<{ limit: number }, State> = {
  about: 'A tank.',
  options: z.strictObject({ limit: z.number() }),
  example: { limit: 90 },
  facts: ['tank.level'],
  events: ['tank.ask'],
  keys: (_options, input) => [input.kind === 'fact' ? input.fact.key : (input.event.subject ?? '')],
  step({ limit }, state, input) {
    const condition = { key: input.key }
    if (input.kind === 'timer') {
      return {
        events: [
          { type: 'tank.silent', severity: 'error', condition: { key: `silent ${input.key}`, state: 'firing' } },
        ],
      }
    }
    if (input.kind === 'unanswered') return { state: { level: state?.level ?? 0, unknown: true } }
    if (input.kind === 'event') return { rechecks: [{ name: 'tank.level', key: input.key, body: { why: 'asked' } }] }
    if (input.kind !== 'fact') return {}
    const level = Number(input.fact.data['level'])
    const isFull = level > limit
    const wasFull = state !== undefined && state.level > limit
    const silence = { name: 'silence', at: input.fact.receivedAt + 60_000, periodMs: 60_000 }
    if (isFull === wasFull) return { state: { level }, timers: [silence] }
    const event = { type: 'tank.full', severity: 'error', title: `Tank ${input.key} at ${level}` } as const
    return {
      state: { level },
      timers: [silence],
      events: [{ ...event, condition: { ...condition, state: isFull ? 'firing' : 'resolved' } }],
    }
  },
}

const place = { name: 'tanks', zone: 'UTC', host: 'hub' }
const sources = new Map([['s', { maxAgeMs: 3_600_000, labels: {} }]])

function judge(changes: Partial<JudgeWatch> = {}, isThere = true): Judge {
  const watch = { name: 'tanks', kind: tank as WatchKind, options: { limit: 90 }, place, ...changes }
  return judgeOf([rule('all', { on: ['tank.*'] })], { one: facts }, { sources, watches: isThere ? [watch] : [] })
}

async function see(house: EngineHouse, level: number, key = 'a', source = 's'): Promise<void> {
  const receivedAt = house.clock.now()
  await house.engine.submit([{ kind: 'fact', source, fact: { name: 'tank.level', key, data: { level } }, receivedAt }])
  await house.settle()
}

async function told(house: EngineHouse): Promise<string[]> {
  const all = await house.store.deliveries({ limit: 1000 })
  const events = new Map((await house.store.events({ limit: 1000 })).map((event) => [event.seq, event]))
  return all.toReversed().map(({ kind, events: [seq = 0], state }) => `${kind} ${events.get(seq)?.type} ${state}`)
}

/** Each host has a row that tells a row for all of them; forgotten, both drop it. */
const roll: WatchKind<object, string[]> = {
  about: 'A roll of hosts.',
  options: z.strictObject({}),
  example: {},
  facts: ['roll.here'],
  keys: (_options, input) => (input.kind === 'fact' ? [input.fact.key] : []),
  forget: (_options, host) => [host],
  step(_options, state = [], input) {
    if (input.kind === 'fact') return { state: ['here'], tells: [{ row: 'all', body: 'came' }] }
    if (input.kind === 'forget') return { state: null, tells: [{ row: 'all', body: 'went' }] }
    if (input.kind !== 'told') return {}
    const line = `${input.from} ${JSON.stringify(input.body)}`
    const event = { type: 'roll.call', subject: line }
    return { state: [...state, line], events: [event], tells: [{ row: 'all', body: 'echo' }] }
  },
}

describe('a watch', () => {
  test('has its rows tell each other, though never for ever, and drops what a person has forgotten', async () => {
    const watch = {
      name: 'roll',
      kind: roll as WatchKind,
      options: {},
      place: { name: 'roll', zone: 'UTC', host: 'hub' },
    }
    await using house = await EngineHouse.open(judgeOf([], {}, { watches: [watch] }))
    await house.engine.submit([
      { kind: 'fact', source: 's', fact: { name: 'roll.here', key: 'nas', data: {} }, receivedAt: 0 },
    ])
    await house.engine.command({ name: 'forget-host', host: 'nas' })
    await house.settle()
    const rows = Object.fromEntries(await house.store.states('watch|'))
    assert.deepEqual(Object.keys(rows), ['watch|roll|all'])
    const events = await house.store.events({ type: 'roll.call', limit: 100, ascending: true })
    const said = events.map(({ subject }) => subject)
    assert.ok(said.includes('nas "came"') && said.includes('nas "went"'), said.join())
    assert.equal(said.length, 14)
  })

  test('turns facts into conditions, row by row, in the name of the source', async () => {
    await using house = await EngineHouse.open(judge())
    for (const level of [80, 95, 96]) await see(house, level)
    await see(house, 10, 'b')
    await see(house, 40)
    assert.deepEqual(await told(house), ['open tank.full delivered', 'end tank.full delivered'])
    const [ended, opened] = await house.store.events({ type: 'tank.full', limit: 10 })
    assert.deepEqual([opened?.source, opened?.title, ended?.condition?.state], ['s', 'Tank a at 95', 'resolved'])
    assert.equal((await house.store.facts({ limit: 10 })).length, 5, 'facts are kept')
    assert.ok((opened?.cause ?? 0) > 0, 'and name the fact that led to it')
  })

  test('beside a source sees that source only', async () => {
    await using house = await EngineHouse.open(judge({ source: 's' }))
    await see(house, 99, 'a', 'other')
    assert.deepEqual(await told(house), [])
    await see(house, 99, 'a')
    assert.deepEqual(await told(house), ['open tank.full delivered'])
  })

  test('keeps rows and timers over a restart, and a later timer of the same name replaces', async () => {
    await using house = await EngineHouse.open(judge())
    await see(house, 95)
    await house.pass(50_000)
    await see(house, 96)
    await house.restart()
    await house.pass(55_000)
    assert.deepEqual(await told(house), ['open tank.full delivered'])
    await house.pass(80_000)
    assert.deepEqual(await told(house), ['open tank.full delivered', 'open tank.silent delivered'])
  })

  test('silence is not raised because we were away', async () => {
    await using house = await EngineHouse.open(judge())
    await see(house, 50)
    await house.away(3_600_000)
    const [blind] = await house.store.events({ type: 'sereno.blind', limit: 1 })
    const { from, until } = (blind?.data ?? {}) as { from: string; until: string }
    assert.equal(Date.parse(until) - Date.parse(from), 3_600_000)
    await house.pass(100_000)
    assert.deepEqual(await told(house), [], 'a full minute and the grace are waited for anew')
    await house.pass(30_000)
    assert.deepEqual(await told(house), ['open tank.silent delivered'])
  })

  test('that is removed ends its conditions where they were told', async () => {
    await using house = await EngineHouse.open(judge())
    await see(house, 95)
    await house.reload(judge({}, false))
    assert.deepEqual(await told(house), ['open tank.full delivered', 'end tank.full delivered'])
    const rows = (await house.store.states('condition|')).map(([, value]) => value as unknown as ConditionRow)
    assert.deepEqual(
      rows.map(({ state, endedBy }) => [state, endedBy]),
      [['ended', 'watch-removed']],
    )
    assert.deepEqual(await house.store.states('watch|'), [], 'and nothing of it stays')
    assert.deepEqual(await house.store.jobs({ kind: 'timer' }), [])
  })

  test('that is removed leaves nothing behind, also when it is removed while we are away', async () => {
    for (const remove of ['reload', 'start'] as const) {
      await using house = await EngineHouse.open(judge())
      await see(house, 95)
      await see(house, 50, 'b|c')
      await house.emit({ type: 'tank.ask', subject: 'a' })
      if (remove === 'reload') await house.reload(judge({}, false))
      else await house.away(1000, judge({}, false))
      assert.deepEqual(await house.store.states('watch|'), [], remove)
      assert.deepEqual((await house.store.dueJobs(Infinity, 10)).jobs, [], remove)
      await house.reload(judge())
      await see(house, 40)
      await house.pass(1000)
      const full = (await told(house)).filter((one) => one.includes('tank.full'))
      assert.deepEqual(full, ['open tank.full delivered', 'end tank.full delivered'], remove)
    }
  })

  test('that stays keeps its rows when another is removed', async () => {
    const other = {
      name: 'others',
      kind: tank as WatchKind,
      options: { limit: 90 },
      place: { ...place, name: 'others' },
    }
    await using house = await EngineHouse.open({ ...judge(), watches: [...judge().watches, other] })
    await see(house, 50)
    await house.reload(judge())
    assert.deepEqual(
      (await house.store.states('watch|')).map(([key]) => key),
      ['watch|tanks|a'],
    )
    assert.deepEqual(
      (await house.store.jobs({ kind: 'timer' })).map(({ key }) => key),
      ['timer|tanks|a|silence'],
    )
  })

  test('with other options judges the next fact by them, and no condition by itself', async () => {
    await using house = await EngineHouse.open(judge())
    await see(house, 95)
    await house.reload(judge({ options: { limit: 99 } }))
    assert.deepEqual(await told(house), ['open tank.full delivered'])
  })
})

describe('a recheck', () => {
  async function ask(house: EngineHouse): Promise<void> {
    await house.emit({ type: 'tank.ask', subject: 'a' })
    await house.pass(0)
  }

  test('is asked once it is on disk, and ends with the fact that answers it', async () => {
    await using house = await EngineHouse.open(judge())
    await ask(house)
    assert.deepEqual(house.asked, [
      { source: 's', name: 'tank.level', key: 'a', body: { why: 'asked' } },
    ] satisfies Ask[])
    assert.equal((await house.store.jobs({ kind: 'recheck' })).length, 1)
    await see(house, 95)
    assert.equal((await house.store.jobs({ kind: 'recheck' })).length, 0)
    await house.pass(recheckDeadlineMs * 2)
    assert.equal(house.asked.length, 1)
  })

  test('that nobody answers is told to be unknown', async () => {
    await using house = await EngineHouse.open(judge())
    await ask(house)
    await house.pass(recheckDeadlineMs + 1000)
    assert.equal((await house.store.jobs({ kind: 'recheck' })).length, 0)
    const [[, row] = []] = await house.store.states('watch|tanks|a')
    assert.deepEqual(row, { source: 's', state: { level: 0, unknown: true } })
  })

  test('is asked again after a restart', async () => {
    await using house = await EngineHouse.open(judge())
    await ask(house)
    await house.restart()
    assert.equal(house.asked.length, 2)
    assert.deepEqual(house.asked[1], house.asked[0])
  })

  test('that its source could not look up at all ends at once', async () => {
    await using house = await EngineHouse.open(judge())
    await ask(house)
    await house.engine.command({ name: 'unanswered', source: 's', fact: 'tank.level', key: 'a' })
    assert.equal((await house.store.jobs({ kind: 'recheck' })).length, 0)
    await house.engine.command({ name: 'unanswered', source: 's', fact: 'tank.level', key: 'a' })
    assert.equal((await house.store.states('watch|tanks|a')).length, 1)
  })
})
