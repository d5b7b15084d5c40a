// A job that is due again the moment it has run: our own mistake, which must neither keep a hub busy nor hold up a scenario for ever.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { createVirtualClock } from '../../src/engine/clock.ts'
import type { JudgeWatch } from '../../src/engine/judge.ts'
import { assembleText } from '../../src/cli/configuration.ts'
import { runScenario } from '../../src/hub/scenario.ts'
import type { Mute } from '../../src/rule-mute.ts'
import type { WatchKind } from '../../src/watch.ts'
import { EngineHouse, facts, judgeOf, rule } from '../support/engine-house.ts'

/** Ten minutes after the event `begin` it says so; `broken` sets its timer anew, for as long ago as `lateMs` says. */
const egg: WatchKind<object, null> = {
  about: 'An egg timer.',
  options: z.strictObject({}),
  example: {},
  events: ['begin'],
  keys: (_options, input) => (input.kind === 'event' ? [input.event.subject ?? ''] : []),
  step(_options, _state, { kind, key }, now) {
    if (kind === 'event') return { timers: [{ name: 'egg', at: now + 600_000 }] }
    if (kind !== 'timer') return {}
    const again = key.startsWith('broken') ? [{ name: 'egg', at: now - Number(key.split(' ')[1]) }] : []
    return { events: [{ type: 'ready', subject: key }], timers: again }
  },
}

const watch: JudgeWatch = {
  name: 'eggs',
  kind: egg as WatchKind,
  options: {},
  place: { name: 'eggs', zone: 'UTC', host: 'hub' },
}

/** Held whenever it is asked, by what is over at that moment. */
const endless: Mute = {
  name: 'endless',
  kind: 'quiet',
  on: ['*'],
  pass: [],
  where: [],
  hold: 'all',
  atEnd: 're-evaluate',
  covers: (now) => now,
}

for (const lateMs of [0, 5000])
  test(`a timer that is set for ${lateMs / 1000} s ago is refused, and the others go on`, async () => {
    await using house = await EngineHouse.open(
      judgeOf([rule('all', { on: ['ready'] })], { one: facts }, { watches: [watch] }),
    )
    const subjects = ['good', `broken ${lateMs}`, 'fine']
    await house.emit(...subjects.map((subject) => ({ type: 'begin', subject })))
    await house.pass(605_000)
    const told = (): string[] => house.sent.flatMap(({ events }) => events.map(({ subject }) => subject ?? ''))
    assert.deepEqual(told().toSorted(), ['fine', 'good'])
    assert.equal(house.failures.length, 1)
    assert.match(
      house.failures[0] ?? '',
      /^running jobs: Standstill: a job of kind timer ran at \S+Z and wants to run again at \S+Z: timer\|eggs\|broken/,
    )
    // It is tried again in peace; what comes meanwhile, and is due at the same time, is none the worse for it.
    await house.emit({ type: 'begin', subject: 'late' })
    await house.pass(600_000)
    assert.deepEqual(told().toSorted(), ['fine', 'good', 'late'])
    assert.ok(house.failures.length > 10 && house.failures.length < 50, `${house.failures.length} times`)
    const { jobs } = await house.store.dueJobs(house.clock.now(), 10)
    assert.deepEqual(
      jobs.map(({ key }) => key),
      [`timer|eggs|broken ${lateMs}|egg`],
    )
  })

test('a scenario in which something is held for ever by what is over fails, and says by which job', async () => {
  const text = `
config: { sources: { s: { kind: cloudevents } }, channels: { out: { kind: console } }, rules: [{ on: disk, to: out }] }
start: 2026-11-20T08:00:00Z
steps:
  - { at: +1m, event: { source: s, type: disk, severity: error, condition: { key: full, state: firing } } }
expect: [{ channel: out, from: +0s, to: +1h, count: 1 }]
`
  const assemble: typeof assembleText = async (...given) => {
    const assembly = await assembleText(...given)
    return { ...assembly, judge: { ...assembly.judge, mutes: [endless] } }
  }
  await assert.rejects(
    runScenario(text, 'endless.yaml', { assemble }),
    /^Error: running jobs failed: Standstill: a job of kind condition-still ran at 2026-11-20T08:01:00.000Z and wants to run again at 2026-11-20T08:01:00.000Z/,
  )
})

test('a virtual clock that no timer lets go on stops with an error', async () => {
  const clock = createVirtualClock(0)
  const ping = (): void => void clock.at(5, pong)
  const pong = (): void => void clock.at(5, ping)
  ping()
  await assert.rejects(
    clock.advance(10, async () => {}),
    /the clock stands still at 1970-01-01T00:00:00.005Z: 100000 timers were due at that moment, and there are more/,
  )
})
