// What bounds the row of silences, which is read with each event.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSilence, readSilences } from '../../src/engine/look-silences.ts'
import { EngineHouse, facts, judgeOf, rule } from '../support/engine-house.ts'

test('silences that are over are kept, the last two hundred', async () => {
  await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }))
  for (let count = 0; count < 300; count += 1) {
    const now = house.clock.now()
    const given = { matchers: 'host="nas"', until: now + 60_000, by: 'script', comment: '' }
    const silence = readSilence(given, `s${count}`, now, await readSilences(house.store))
    if (typeof silence === 'string') assert.fail(silence)
    await house.engine.command({ name: 'silence', silence })
    await house.engine.command({ name: 'unsilence', silence: silence.id, held: [] })
  }
  const ids = (await readSilences(house.store)).map(({ id }) => id)
  assert.deepEqual([ids.length, ids.includes('s0'), ids.includes('s299')], [200, false, true])
})

test('a matcher of many thousand characters is refused', () => {
  const given = { until: 60_000, by: 'script', comment: '' }
  for (const matchers of [
    `host="${'a'.repeat(1001)}"`,
    `${'a'.repeat(1001)}="b"`,
    ['host="nas"', `x=~"${'a'.repeat(1001)}"`],
  ])
    assert.equal(readSilence({ ...given, matchers }, 'a', 0, []), 'A matcher of a silence has 1000 characters at most.')
  assert.equal(typeof readSilence({ ...given, matchers: `host="${'a'.repeat(1000)}"` }, 'a', 0, []), 'object')
})

for (const [matchers, told] of [
  ['host="nas"', []],
  [['host="nas"', 'severity="warning"'], ['open critical']],
] as const)
  test(`what it holds and gets worse is ${told.length === 0 ? 'held on' : 'told'} by ${JSON.stringify(matchers)}`, async () => {
    await using house = await EngineHouse.open(judgeOf([rule('r')], { one: facts }))
    const now = house.clock.now()
    const silence = readSilence({ matchers, until: now + 60_000, by: 'ann', comment: '' }, 's', now, [])
    if (typeof silence === 'string') assert.fail(silence)
    await house.engine.command({ name: 'silence', silence })
    for (const severity of ['warning', 'critical'] as const)
      await house.emit({ host: 'nas', severity, condition: { key: 'k', state: 'firing' } })
    assert.deepEqual(
      house.sent.map(({ delivery: { kind, severity } }) => `${kind} ${severity}`),
      told,
    )
    const [first] = await house.verdicts()
    assert.equal(first?.by, told.length === 0 ? 'silence' : 'condition', 'not said to be told while it is not')
    await house.pass(600_000)
    assert.deepEqual(
      house.sent.map(({ delivery: { kind, severity } }) => `${kind} ${severity}`),
      ['open critical'],
    )
  })
