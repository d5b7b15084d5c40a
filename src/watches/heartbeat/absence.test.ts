// Heartbeats when the hub was away, its clock was set or its config changed: no silence is told that we did not hear.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeartbeatHouse } from '../../../test/support/heartbeat-house.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** At 02:30 in Rome, which in November is 01:30 in UTC; missing from 03:30 on. */
const nightly = { schedule: '30 2 * * *', grace: '1h' }

describe('our own absence', () => {
  for (const [from, until] of [
    ['2026-11-21T01:00Z', '2026-11-21T01:45Z'],
    ['2026-11-21T02:00Z', '2026-11-21T02:10Z'],
    ['2026-11-21T02:20Z', '2026-11-21T09:00Z'],
    ['2026-11-20T20:00Z', '2026-11-21T20:00Z'],
  ] as const) {
    test(`from ${from} until ${until} tells nothing of that night, and the next night is watched as ever`, async () => {
      await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
      await house.until('2026-11-20T01:42Z')
      await house.ping('backup')
      await house.until(from)
      await house.away(Date.parse(until) - Date.parse(from))
      await house.until('2026-11-22T02:29Z')
      assert.deepEqual(house.heard(), [])
      await house.until('2026-11-22T02:31Z')
      assert.match(house.told[0]?.text ?? '', /I was not running once since it last came/)
      assert.deepEqual(house.heard(), ['11-22 02:30 No sign of life from backup'])
    })
  }

  test('at another time of the day puts nothing off', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:42Z')
    await house.ping('backup')
    await house.until('2026-11-20T12:00Z')
    await house.away(5 * hour)
    await house.until('2026-11-22T00:00Z')
    assert.deepEqual(house.heard(), ['11-21 02:30 No sign of life from backup'])
  })

  for (const [from, told] of [
    ['02:29:00', '02:40'],
    ['02:29:50', '02:41'],
  ] as const) {
    test(`of less than a minute at the end of the grace, at ${from}, puts it off by minutes only`, async () => {
      await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
      await house.until(`2026-11-20T${from}Z`)
      for (let count = 0; count < 3; count += 1) await house.away(19_000)
      await house.until('2026-11-20T02:39Z')
      assert.deepEqual(house.heard(), [])
      await house.until('2026-11-20T02:42Z')
      assert.deepEqual(house.heard(), [`11-20 ${told} backup has never reported`])
    })
  }

  test('at its time, night after night, is told with what to do about it', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
    for (const night of ['2026-11-20', '2026-11-21', '2026-11-22']) {
      await house.until(`${night}T01:29Z`)
      assert.deepEqual(house.heard(), [])
      await house.away(3 * minute)
    }
    await house.until('2026-11-22T03:00Z')
    assert.match(house.told[0]?.text ?? '', /I was not running 3 times since it last came.*--retry/s)
    assert.deepEqual(house.heard(), ['11-22 02:33 backup has never reported'])
  })

  test('has what comes every so often waited for a full period anew', async () => {
    await using house = await HeartbeatHouse.open({ beat: { every: '6h', grace: '1h' } }, '2026-11-20T00:00Z')
    await house.ping('beat')
    await house.pass(3 * hour)
    await house.away(2 * hour)
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(house.heard(), [])
    await house.until('2026-11-20T12:02Z')
    assert.deepEqual(house.heard(), ['11-20 12:01 No sign of life from beat'])
    await house.pass(hour)
    await house.ping('beat')
    assert.deepEqual(house.heard(), ['11-20 13:02 beat is back after 13 h 2 min'])
  })

  test('every day does not hide for ever that what comes every week is gone', async () => {
    await using house = await HeartbeatHouse.open({ beat: { every: '7d', grace: '1d' } }, '2026-11-01T00:00Z')
    await house.ping('beat')
    for (let count = 0; count < 23; count += 1) {
      await house.pass(day - 2 * minute)
      await house.away(2 * minute)
    }
    assert.deepEqual(house.heard(), [])
    await house.pass(2 * day)
    // When it has been listened to for three full periods, and a minute.
    assert.deepEqual(house.heard(), ['11-25 00:47 No sign of life from beat'])
  })

  test('lets a run that was on be: its end may have been said to nobody', async () => {
    const job = { ...nightly, maxRun: '2h' }
    await using house = await HeartbeatHouse.open({ backup: job }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:31Z')
    await house.ping('backup', 'start')
    await house.until('2026-11-20T03:00Z')
    await house.away(2 * minute)
    await house.until('2026-11-21T01:00Z')
    assert.deepEqual(house.heard(), [])
  })

  test('while it is missing leaves its end as it is, without a number', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
    await house.ping('backup')
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(house.heard(), ['11-20 02:30 No sign of life from backup'])
    await house.away(2 * day)
    await house.ping('backup')
    assert.deepEqual(house.heard(), ['11-22 12:00 backup is back after 2 d 11 h'])
  })
})

test('a machine that slept over its time tells nothing of that time', async () => {
  const watches = { backup: { ...nightly, startGrace: '10m' }, beat: { every: '6h', grace: '1h' } }
  await using house = await HeartbeatHouse.open(watches, '2026-11-20T00:00Z')
  await house.pass(hour)
  house.sleep(8 * hour)
  await house.until('2026-11-20T16:40Z')
  assert.deepEqual(house.heard(), [])
  await house.until('2026-11-21T01:41Z')
  assert.deepEqual(house.heard(), ['11-20 16:41 beat has never reported', '11-21 01:40 backup has not started'])
})

describe('the clock', () => {
  test('set forward past its time tells nothing of that time', async () => {
    const watches = { backup: nightly, beat: { every: '6h', grace: '1h' } }
    await using house = await HeartbeatHouse.open(watches, '2026-11-20T00:00Z')
    await house.ping('beat')
    await house.pass(minute)
    await house.stepClock(5 * hour)
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(house.heard(), [])
    await house.until('2026-11-21T03:00Z')
    assert.deepEqual(house.heard(), ['11-20 12:02 No sign of life from beat', '11-21 02:30 backup has never reported'])
  })

  test('set back makes nothing come too early', async () => {
    const watches = { backup: nightly, beat: { every: '6h', grace: '1h' } }
    await using house = await HeartbeatHouse.open(watches, '2026-11-20T01:45Z')
    await house.ping('beat')
    await house.stepClock(-3 * hour)
    await house.until('2026-11-20T05:40Z')
    assert.deepEqual(house.heard(), [])
    await house.until('2026-11-21T03:00Z')
    assert.deepEqual(house.heard(), ['11-20 05:45 No sign of life from beat', '11-21 02:30 backup has never reported'])
  })

  test('corrected by seconds changes nothing', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T02:00Z')
    await house.stepClock(20_000)
    await house.stepClock(-20_000)
    await house.until('2026-11-21T03:00Z')
    assert.deepEqual(house.heard(), ['11-21 02:30 backup has never reported'])
  })
})

describe('a reload', () => {
  test('with other times changes no condition by itself, and waits by the new ones from then on', async () => {
    await using house = await HeartbeatHouse.open({ beat: { every: '1d' } }, '2026-11-20T00:00Z')
    await house.ping('beat')
    await house.pass(12 * hour)
    await house.reload({ beat: { every: '1h', grace: '10m' } })
    await house.until('2026-11-20T13:09Z')
    assert.deepEqual(house.heard(), [])
    await house.until('2026-11-20T13:11Z')
    assert.deepEqual(house.heard(), ['11-20 13:10 No sign of life from beat'])
    await house.reload({ beat: { every: '1d' } })
    await house.pass(2 * day)
    assert.deepEqual(house.heard(), [])
    await house.ping('beat')
    assert.equal(house.heard().length, 1)
  })

  test('within the grace leaves the time that is waited for', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T02:00Z')
    await house.reload({ backup: { ...nightly, grace: '2h' } })
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(house.heard(), ['11-20 03:30 backup has never reported'])
  })

  test('to a schedule that is over for today waits until tomorrow', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:42Z')
    await house.ping('backup')
    await house.until('2026-11-20T12:00Z')
    await house.reload({ backup: { schedule: '12:30' } })
    await house.until('2026-11-21T12:29Z')
    assert.deepEqual(house.heard(), [])
    await house.until('2026-11-21T12:31Z')
    assert.deepEqual(house.heard(), ['11-21 12:30 No sign of life from backup'])
  })

  test('that takes a watch away ends what it told, and one that brings it back begins anew', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
    await house.ping('backup')
    await house.until('2026-11-20T12:00Z')
    assert.equal(house.heard().length, 1)
    await house.reload({ other: { every: '30d' } })
    assert.match(house.told[0]?.text ?? '', /No longer watched/)
    assert.deepEqual(house.heard(), ['11-20 12:00 No longer watched: No sign of life from backup'])
    await house.until('2026-11-25T12:00Z')
    await house.reload({ backup: nightly, other: { every: '30d' } })
    await house.until('2026-11-26T02:29Z')
    assert.deepEqual(house.heard(), [])
    await house.until('2026-11-26T12:00Z')
    assert.deepEqual(house.heard(), ['11-26 02:30 backup has never reported'])
    await house.ping('backup')
    assert.deepEqual(house.heard(), ['11-26 12:00 backup has come for the first time'])
  })

  test('of anything else, again and again, puts nothing off', async () => {
    await using house = await HeartbeatHouse.open({ beat: { every: '1h', grace: '10m' } }, '2026-11-20T00:00Z')
    for (let count = 0; count < 15; count += 1) {
      await house.pass(5 * minute)
      await house.reload({ beat: { every: '1h', grace: '10m', host: `host-${count}` } })
    }
    assert.deepEqual(house.heard(), ['11-20 01:10 beat has never reported'])
  })
})
