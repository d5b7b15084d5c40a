// Heartbeats over days: what is told and when, and what is not, in a whole engine on a virtual clock.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeartbeatHouse } from '../../../test/support/heartbeat-house.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** At 02:30 in Rome, which in November is 01:30 in UTC. */
const nightly = { schedule: '30 2 * * *', grace: '1h' }

describe('by a schedule', () => {
  test('what comes in time is only recorded', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-19T12:00Z')
    for (const night of ['2026-11-20', '2026-11-21']) {
      await house.until(`${night}T01:42Z`)
      await house.ping('backup')
    }
    await house.until('2026-11-22T02:29Z')
    assert.deepEqual(house.heard(), [])
    const events = await house.events('heartbeat.ok')
    assert.deepEqual(
      events.map(({ source, subject, severity, condition }) => [source, subject, severity, condition]),
      [
        ['backup', 'backup', 'info', undefined],
        ['backup', 'backup', 'info', undefined],
      ],
    )
  })

  test('what does not come is told at the end of its grace, once, and its end with how long and how often', async () => {
    await using house = await HeartbeatHouse.open({ backup: { ...nightly, host: 'nas' } }, '2026-11-19T12:00Z')
    await house.until('2026-11-20T01:42Z')
    await house.ping('backup', 'ok', { message: '1.2 GiB added' })
    await house.until('2026-11-23T12:00Z')
    assert.deepEqual(
      house.told.map(({ title, at }) => [title, new Date(at).toISOString()]),
      [['No sign of life from backup', '2026-11-21T02:30:00.000Z']],
    )
    const text = house.told[0]?.text ?? ''
    for (const line of [
      'Host: nas',
      'Expected: 2026-11-21 02:30 (1 h of grace)',
      'Last success: 2026-11-20 02:42',
      'Last heard: ok, 2026-11-20 02:42',
      'It said: 1.2 GiB added',
      'See whether its machine is up, whether it ran, and whether it can reach this hub.',
    ])
      assert.ok(text.replace(/ {2,}/g, ': ').includes(line), `${line} in ${text}`)
    house.heard()
    await house.until('2026-11-24T01:42Z')
    await house.ping('backup')
    assert.deepEqual(house.heard(), ['11-24 01:42 backup is back after 4 d; 3 runs were missed'])
  })

  test('what comes late is told with how late it was', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-19T12:00Z')
    await house.until('2026-11-20T01:42Z')
    await house.ping('backup')
    await house.until('2026-11-21T03:00Z')
    await house.ping('backup')
    assert.deepEqual(house.heard(), [
      '11-21 02:30 No sign of life from backup',
      '11-21 03:00 backup has come, 1 h 30 min after it was expected',
    ])
  })

  test('what comes too early does not count for the time after it, but for a minute', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-19T12:00Z')
    await house.until('2026-11-20T01:29:10Z')
    await house.ping('backup')
    await house.until('2026-11-21T01:28:50Z')
    await house.ping('backup')
    await house.until('2026-11-21T12:00Z')
    assert.deepEqual(house.heard(), ['11-21 02:30 No sign of life from backup'])
  })

  test('a run that began before the time is not the one of that time', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-19T12:00Z')
    await house.until('2026-11-20T00:50Z')
    await house.ping('backup', 'start')
    await house.until('2026-11-20T01:45Z')
    await house.ping('backup')
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(house.heard(), ['11-20 02:30 No sign of life from backup'])
  })

  test('one that never came is told as such, not before its first time', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:31Z')
    await house.until('2026-11-22T00:00Z')
    assert.match(
      house.told[0]?.text ?? '',
      /Nothing has come since it is watched, 2026-11-20 02:31\. .*api\/v1\/heartbeat\/backup/,
    )
    assert.deepEqual(house.heard(), ['11-21 02:30 backup has never reported'])
    await house.ping('backup')
    assert.deepEqual(house.heard(), ['11-22 00:00 backup has come for the first time'])
  })

  test('a calendar of one day ends with it', async () => {
    const once = { once: { schedule: '2026-11-20 02:30', grace: '1h' } }
    await using house = await HeartbeatHouse.open(once, '2026-11-19T12:00Z')
    await house.until('2026-11-20T01:42Z')
    await house.ping('once')
    await house.until('2027-11-20T12:00Z')
    assert.deepEqual(house.heard(), [])
  })

  test('runs on through the nights on which clocks change', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-03-28T12:00Z')
    // That hour does not come on the 29th: cron runs at 03:00, which is 01:00 in UTC.
    for (const at of ['03-29T01:05', '03-30T00:35', '10-25T00:35', '10-26T01:35']) {
      await house.until(`2026-${at}Z`)
      await house.ping('backup')
      house.heard()
    }
    await house.until('2026-10-27T02:29Z')
    assert.deepEqual(house.heard(), [])
    await house.until('2026-10-27T02:31Z')
    assert.deepEqual(house.heard(), ['10-27 02:30 No sign of life from backup'])
  })
})

describe('every so often', () => {
  test('it is counted from when it last came, and a fifth of that is its grace', async () => {
    await using house = await HeartbeatHouse.open({ beat: { every: '1h' } }, '2026-11-20T00:00Z')
    await house.until('2026-11-20T00:40Z')
    await house.ping('beat')
    await house.until('2026-11-20T01:51Z')
    assert.deepEqual(house.heard(), [])
    await house.until('2026-11-20T06:00Z')
    assert.deepEqual(house.heard(), ['11-20 01:52 No sign of life from beat'])
    await house.ping('beat')
    assert.deepEqual(house.heard(), ['11-20 06:00 beat is back after 5 h 20 min; 4 runs were missed'])
  })

  test('what stays away is told once, and looked at ever more rarely, once a day in the end', async () => {
    await using house = await HeartbeatHouse.open({ beat: { every: '1m' } }, '2026-11-20T00:00Z')
    await house.ping('beat')
    await house.pass(30 * day)
    assert.deepEqual(house.heard(), ['11-20 00:02 No sign of life from beat'])
    const events = await house.events('heartbeat.missed')
    const looks = events.map(({ time }) => Math.round((time - Date.UTC(2026, 10, 20)) / hour))
    assert.deepEqual(looks.slice(0, 8), [0, 1, 2, 4, 8, 16, 33, 57])
    assert.equal(looks.length, 35)
    assert.equal(events[3]?.data['missedRuns'], 4 * 60 + 4)
  })
})

describe('what failed', () => {
  test('is told with its log, counted, and ends when all is well', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:35Z')
    await house.ping('backup', 'start', { runId: 'a' })
    await house.until('2026-11-20T01:42Z')
    const log = `${'many lines before\n'.repeat(200)}Fatal: repository is locked\n`
    await house.ping('backup', 'fail', { exitCode: 11, log, runId: 'a', remote: '192.0.2.7' })
    const text = house.told[0]?.text ?? ''
    for (const line of ['Exit code: 11', 'Took: 7 min', 'Last success: never', 'Fatal: repository is locked'])
      assert.ok(text.replace(/ {2,}/g, ': ').includes(line), `${line} in ${text}`)
    assert.ok(text.length < 2000, 'a message shows the end of a log')
    const [event] = await house.events('heartbeat.failed')
    assert.equal(event?.data['log'], log, 'and the event has all that was kept')
    await house.until('2026-11-21T01:42Z')
    await house.ping('backup', 'fail', { exitCode: 11 })
    await house.until('2026-11-22T01:42Z')
    await house.ping('backup')
    assert.deepEqual(house.heard(), ['11-20 01:42 backup failed', '11-22 01:42 backup works again after 2 failures'])
  })

  test('counts from the failures in a row that are asked for, and is a sign of life all the same', async () => {
    await using house = await HeartbeatHouse.open({ backup: { ...nightly, failAfter: 3 } }, '2026-11-20T01:00Z')
    for (const [night, state] of ['fail', 'fail', 'ok', 'fail', 'fail', 'fail', 'fail'].entries()) {
      await house.until(`2026-11-${20 + night}T01:42Z`)
      await house.ping('backup', state)
    }
    assert.deepEqual(house.heard(), ['11-25 01:42 backup failed'])
    assert.equal((await house.events('heartbeat.failed')).length, 2)
  })

  test('and is missing the night after is told as both, and ends as both', async () => {
    await using house = await HeartbeatHouse.open({ backup: nightly }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:42Z')
    await house.ping('backup', 'fail')
    await house.until('2026-11-21T12:00Z')
    await house.ping('backup')
    assert.deepEqual(house.heard(), [
      '11-20 01:42 backup failed',
      '11-21 02:30 No sign of life from backup',
      '11-21 12:00 backup has come, 10 h 30 min after it was expected',
      '11-21 12:00 backup works again after 1 failure',
    ])
  })

  test('repeated under the same key is counted once', async () => {
    await using house = await HeartbeatHouse.open({ backup: { ...nightly, failAfter: 2 } }, '2026-11-20T01:00Z')
    await house.ping('backup', 'fail', { key: 'a' })
    await house.ping('backup', 'fail', { key: 'a' })
    assert.deepEqual(house.heard(), [])
    await house.ping('backup', 'fail', { key: 'b' })
    assert.deepEqual(house.heard(), ['11-20 01:00 backup failed'])
  })
})

describe('runs that say start', () => {
  const watched = { ...nightly, grace: '2h', startGrace: '10m', maxRun: '3h' }

  test('have until their longest time, whatever the grace', async () => {
    await using house = await HeartbeatHouse.open({ backup: watched }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:31Z')
    await house.ping('backup', 'start')
    await house.until('2026-11-20T04:30Z')
    assert.deepEqual(house.heard(), [])
    await house.ping('backup')
    await house.until('2026-11-21T00:00Z')
    assert.deepEqual(house.heard(), [])
  })

  test('are told when they do not end, and when they have ended after all', async () => {
    await using house = await HeartbeatHouse.open({ backup: watched }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:31Z')
    await house.ping('backup', 'start')
    await house.until('2026-11-20T05:00Z')
    assert.match(house.told[0]?.text ?? '', /Started +2026-11-20 02:31.*A run may take 3 h\./s)
    await house.ping('backup')
    await house.until('2026-11-21T00:00Z')
    assert.deepEqual(house.heard(), [
      '11-20 04:31 backup has started and not finished',
      '11-20 05:00 backup has finished after all',
    ])
  })

  test('are told when they do not start', async () => {
    await using house = await HeartbeatHouse.open({ backup: watched }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(house.heard(), ['11-20 01:40 backup has not started'])
    await house.until('2026-11-21T01:32Z')
    await house.ping('backup', 'start')
    await house.until('2026-11-21T02:00Z')
    await house.ping('backup')
    assert.deepEqual(house.heard(), ['11-21 02:00 backup has come for the first time'])
  })

  test('that start again and again without an end get no more time', async () => {
    await using house = await HeartbeatHouse.open({ job: { every: '1h', maxRun: '90m' } }, '2026-11-20T00:00Z')
    for (let count = 0; count < 4; count += 1) {
      await house.ping('job', 'start')
      await house.pass(hour)
    }
    assert.deepEqual(house.heard(), ['11-20 01:30 job has started and not finished'])
    await house.ping('job', 'start', { runId: 'x' })
    await house.ping('job', 'ok', { runId: 'x' })
    assert.equal(house.heard().length, 1)
  })

  test('are told apart by their ids', async () => {
    await using house = await HeartbeatHouse.open({ job: { every: '1d', maxRun: '1h' } }, '2026-11-20T00:00Z')
    await house.ping('job', 'start', { runId: 'one' })
    await house.pass(10 * minute)
    await house.ping('job', 'start', { runId: 'two' })
    await house.pass(10 * minute)
    await house.ping('job', 'ok', { runId: 'two' })
    await house.pass(hour)
    assert.deepEqual(house.heard(), ['11-20 01:00 job has started and not finished'])
    const [ok] = await house.events('heartbeat.ok')
    assert.equal(ok?.data['durationSeconds'], 600)
  })

  test('that died without a word leave the next night as it is', async () => {
    await using house = await HeartbeatHouse.open({ backup: { ...nightly, startGrace: '10m' } }, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:30Z')
    await house.ping('backup', 'start')
    await house.until('2026-11-21T01:30Z')
    await house.ping('backup', 'start')
    await house.until('2026-11-21T01:42Z')
    await house.ping('backup')
    assert.deepEqual(house.heard(), [
      '11-20 02:30 backup has started and not finished',
      '11-21 01:42 backup has come for the first time',
    ])
    const [ok] = await house.events('heartbeat.ok')
    assert.equal(ok?.data['durationSeconds'], 720)
    await house.until('2026-11-22T01:30Z')
    await house.ping('backup', 'start')
    await house.until('2026-11-24T12:00Z')
    assert.deepEqual(house.heard(), [
      '11-22 02:30 backup has started and not finished',
      '11-23 01:40 backup has not started',
    ])
  })

  test('however many are on, are watched', async () => {
    await using house = await HeartbeatHouse.open({ job: { every: '1d', maxRun: '1h' } }, '2026-11-20T00:00Z')
    for (let count = 0; count < 100; count += 1) {
      await house.ping('job', 'start', { runId: `${count}` })
      await house.pass(minute)
    }
    assert.deepEqual(house.heard(), ['11-20 01:00 job has started and not finished'])
  })

  test('without a longest time are to end by time and grace', async () => {
    const watches = { backup: nightly, job: { every: '2h', grace: '1h' } }
    await using house = await HeartbeatHouse.open(watches, '2026-11-20T01:00Z')
    await house.until('2026-11-20T01:31Z')
    await house.ping('backup', 'start')
    await house.ping('job', 'start')
    await house.until('2026-11-20T20:00Z')
    assert.deepEqual(house.heard(), [
      '11-20 02:30 backup has started and not finished',
      '11-20 04:00 job has started and not finished',
    ])
    await house.ping('backup')
    assert.deepEqual(house.heard(), ['11-20 20:00 backup has finished after all'])
  })
})
