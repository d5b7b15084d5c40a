// Schedules over days in a whole engine on a virtual clock: when they run, what they tell, and what stops them not.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeartbeatHouse } from '../../../test/support/heartbeat-house.ts'
import { sample } from '../../../test/support/presence-house.ts'
import { assembleSchedules } from '../../../test/support/schedule-house.ts'
import { loadMetrics } from '../../source-host.ts'
import type { HubEvent, JsonObject } from '../../words.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const report = { at: '0 8 * * *', action: 'report' }

async function open(schedules: { readonly [name: string]: JsonObject }, start: string): Promise<HeartbeatHouse> {
  return HeartbeatHouse.open(await assembleSchedules(schedules), start)
}

/** When each of these ran, in UTC. */
async function runs(house: HeartbeatHouse, type = 'host.report'): Promise<string[]> {
  return (await house.events(type)).map(({ time }) => new Date(time).toISOString().slice(5, 16))
}

function hostsIn(event: HubEvent | undefined): unknown[] {
  return ((event?.data['hosts'] ?? []) as readonly JsonObject[]).map(({ host }) => host)
}

describe('a schedule runs at its time on the wall', () => {
  for (const [about, at, start, until, want] of [
    [
      'in spring',
      '30 2 * * *',
      '2026-03-28T00:00Z',
      '2026-03-31T00:00Z',
      ['03-28T01:30', '03-29T01:00', '03-30T00:30'],
    ],
    [
      'in autumn',
      '30 2 * * *',
      '2026-10-24T00:00Z',
      '2026-10-27T00:00Z',
      ['10-24T00:30', '10-25T00:30', '10-26T01:30'],
    ],
    [
      'in spring, as systemd has it',
      '*-*-* 02:30',
      '2026-03-28T00:00Z',
      '2026-03-31T00:00Z',
      ['03-28T01:30', '03-30T00:30'],
    ],
    [
      'in autumn, as systemd has it',
      '*-*-* 02:30',
      '2026-10-24T00:00Z',
      '2026-10-27T00:00Z',
      ['10-24T00:30', '10-25T00:30', '10-26T01:30'],
    ],
    [
      'in the morning of the change',
      '0 8 * * *',
      '2026-03-28T00:00Z',
      '2026-03-30T00:00Z',
      ['03-28T07:00', '03-29T06:00'],
    ],
  ] as const) {
    test(`${about}: ${at}`, async () => {
      await using house = await open({ daily: { at, action: 'report' } }, start)
      await house.until(until)
      assert.deepEqual(await runs(house), want)
    })
  }

  test('and of its own zone, where it has one', async () => {
    await using house = await open({ daily: { ...report, zone: 'UTC' } }, '2026-11-20T00:00Z')
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(await runs(house), ['11-20T08:00'])
  })

  test('whatever the clock is set to, and not twice', async () => {
    await using house = await open({ daily: report }, '2026-11-20T00:00Z')
    await house.until('2026-11-20T06:50Z')
    await house.stepClock(-30 * minute)
    await house.until('2026-11-20T07:05Z')
    await house.stepClock(-20 * minute)
    await house.until('2026-11-21T06:00Z')
    await house.stepClock(2 * hour)
    await house.until('2026-11-22T00:00Z')
    assert.deepEqual(await runs(house), ['11-20T07:00', '11-21T08:00'])
  })

  test('put off by the same for a name and a day, and by something else for others', async () => {
    const times: string[][] = []
    for (let run = 0; run < 2; run += 1) {
      await using house = await open(
        { one: { ...report, jitter: '50m' }, other: { ...report, jitter: '50m' } },
        '2026-11-20T00:00Z',
      )
      await house.until('2026-11-22T12:00Z')
      times.push((await house.events('host.report')).map(({ time }) => new Date(time).toISOString().slice(5, 19)))
    }
    const [first = [], second = []] = times
    assert.deepEqual(first, second)
    assert.equal(first.length, 6)
    assert.equal(new Set(first.map((time) => time.slice(6))).size, 6)
    assert.ok(first.every((time) => time.slice(6) >= '07:00' && time.slice(6) <= '07:50:00'))
  })
})

describe('our own absence', () => {
  for (const [about, awayMs] of [
    ['an hour', hour],
    ['five days', 5 * day],
  ] as const) {
    test(`of ${about} is caught up with once, and says so`, async () => {
      await using house = await open({ daily: report }, '2026-11-20T00:00Z')
      await house.until('2026-11-20T06:30Z')
      await house.away(awayMs)
      await house.pass(minute)
      assert.equal((await runs(house)).length, 1)
      assert.match(house.told[0]?.text ?? '', /It was to come at .*08:00, when I was not running/)
      await house.pass(2 * day)
      assert.equal((await runs(house)).length, 3)
    })
  }

  test('in which nothing was due runs nothing', async () => {
    await using house = await open({ daily: report }, '2026-11-20T00:00Z')
    await house.until('2026-11-20T07:30Z')
    await house.away(20 * hour)
    await house.pass(hour)
    assert.deepEqual(await runs(house), ['11-20T07:00'])
  })
})

describe('a report', () => {
  test('of one host has the lines of its last sample, in order, with what has failed', async () => {
    await using house = await open({ daily: { ...report, hosts: ['nas', 'pi*'] } }, '2026-11-20T06:00Z')
    const metrics = { disk_usage_percent: 26.5, cpu_percent: 98.2, memory_total: 8_192_000_000, secret_thing: 1 }
    await house.observe('agents', [sample('web', { metrics }), sample('nas', { metrics: { cpu_percent: 5 } })])
    await house.observe('agents', [sample('nas', { metrics, failedUnits: ['nginx.service'] })])
    await house.observe('agents', [sample('nas', { metrics: { cpu_percent: 1 } }, house.now() - hour)])
    await house.until('2026-11-20T07:01Z')
    const [event] = await house.events('host.report')
    assert.equal(event?.host, 'nas')
    const text = house.told[0]?.text ?? ''
    assert.match(text, /Report of nas/)
    const rows = text.split('\n').map((row) => row.trim())
    const from = rows.indexOf('- CPU %: 98.2')
    assert.deepEqual(rows.slice(from - 1, from + 4), [
      'nas (last heard 07:00)',
      '- CPU %: 98.2',
      '- Memory Total: 7.63 GB',
      '- Disk %: 26.5',
      '- Failed units: nginx.service',
    ])
    assert.doesNotMatch(text, /secret|web/)
  })

  test('of many hosts is a line each, of fifty at most, and none is there twice', async () => {
    await using house = await open({ daily: report }, '2026-11-20T06:00Z')
    const names = Array.from({ length: 60 }, (_, index) => `host-${String(index).padStart(2, '0')}`)
    for (let round = 0; round < 2; round += 1)
      await house.observe(
        'agents',
        names.map((name) => sample(name, { metrics: { cpu_percent: 12.34, cpu_count: 4 } })),
      )
    await house.until('2026-11-21T07:01Z')
    const [event, next] = await house.events('host.report')
    const hosts = hostsIn(event)
    assert.deepEqual(hosts, names.slice(0, 50))
    assert.equal(hostsIn(next).length, 50)
    assert.match(house.told[0]?.text ?? '', /host-07 \(last heard 07:00\): CPU 12.34 %\n/)
  })

  test('has the load by the name that sources give it, of one host and of many', async () => {
    await using house = await open({ daily: report }, '2026-11-20T06:00Z')
    const metrics = { load_1: 0.41, load_5: 0.5, load_15: 0.6 }
    await house.observe('agents', [sample('a', { metrics })])
    await house.until('2026-11-20T07:01Z')
    assert.match(house.told[0]?.text ?? '', /- Load 1 min: 0\.41\n *- Load 5 min: 0\.5\n *- Load 15 min: 0\.6/)
    await house.observe(
      'agents',
      ['b', 'c', 'd'].map((name) => sample(name, { metrics })),
    )
    await house.until('2026-11-21T07:01Z')
    const [, brief] = await house.events('host.report')
    const shown = (brief?.data['hosts'] ?? []) as readonly JsonObject[]
    assert.deepEqual(
      shown.map((host) => host['metrics']),
      Array.from({ length: 4 }, () => ({ load_1: 0.41 })),
    )
  })

  test('has the load, by the names that sources give it', async () => {
    await using house = await open({ daily: report }, '2026-11-20T06:00Z')
    await house.observe('agents', [sample('nas', { metrics: loadMetrics([1.5, 2.5, 3.5]) })])
    await house.until('2026-11-20T07:01Z')
    assert.match(house.told[0]?.text ?? '', /- Load 1 min: 1.5\n *- Load 5 min: 2.5\n *- Load 15 min: 3.5/)
  })

  test('knows a host no more that was forgotten, and says when there is none', async () => {
    await using house = await open({ daily: report }, '2026-11-20T06:00Z')
    await house.observe('agents', [sample('nas')])
    await house.command({ name: 'forget-host', host: 'nas' })
    await house.until('2026-11-20T07:01Z')
    assert.deepEqual(house.heard(), ['11-20 07:00 Report daily: no host has sent a sample yet'])
  })

  test('takes up other hosts and times with its options, and keeps what it knows', async () => {
    await using house = await open({ daily: report }, '2026-11-20T06:00Z')
    await house.observe('agents', [sample('nas'), sample('web')])
    await house.reload(await assembleSchedules({ daily: { ...report, at: '0 9 * * *', hosts: 'nas' } }))
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(house.heard(), ['11-20 08:00 Report of nas'])
  })

  test('of now runs at once and moves nothing', async () => {
    await using house = await open({ daily: report }, '2026-11-20T06:00Z')
    await house.observe('agents', [sample('nas')])
    await house.command({ name: 'run', watch: 'daily' })
    await house.command({ name: 'run', watch: 'nobody' })
    await house.until('2026-11-20T12:00Z')
    assert.deepEqual(await runs(house), ['11-20T06:00', '11-20T07:00'])
  })

  test('rewrites the row of the host alone when it sends', async () => {
    await using house = await open({ daily: report }, '2026-11-20T06:00Z')
    await house.observe('agents', [sample('nas'), sample('pi')])
    const before = new Map(await house.store.states('watch|daily|'))
    await house.pass(minute)
    await house.observe('agents', [sample('nas')])
    const after = await house.store.states('watch|daily|')
    const changed = after.filter(([key, value]) => JSON.stringify(before.get(key)) !== JSON.stringify(value))
    assert.deepEqual(
      changed.map(([key]) => key),
      ['watch|daily|host:nas'],
    )
  })
})

describe('a digest', () => {
  test('counts what came since the last one, and says what is open', async () => {
    await using house = await open({ daily: { at: '0 8 * * *', action: 'digest' } }, '2026-11-20T06:00Z')
    for (let index = 0; index < 3; index += 1) await house.emit('events', { type: 'job.done', subject: 'x' })
    const firing = { type: 'disk.full', host: 'nas', severity: 'error' } as const
    await house.emit('events', { ...firing, condition: { key: 'a', state: 'firing' } })
    await house.emit('events', { ...firing, condition: { key: 'a', state: 'firing' } })
    await house.emit('events', { ...firing, host: 'pi', condition: { key: 'b', state: 'firing' } })
    await house.emit('events', { ...firing, host: 'pi', condition: { key: 'b', state: 'resolved' } })
    await house.until('2026-11-20T07:01Z')
    const text = house.told[0]?.text ?? ''
    assert.match(text, /7 events, 1 condition open/)
    assert.match(text, /By type {6}disk.full 4, job.done 3/)
    assert.match(text, /Conditions {3}2 began, 1 ended/)
    assert.match(text, /- disk.full nas, since 07:00/)
    house.heard()
    await house.until('2026-11-21T07:01Z')
    assert.deepEqual(house.heard(), ['11-21 07:00 Since 2026-11-20 08:00: no events, 1 condition open'])
    await house.emit('events', { ...firing, condition: { key: 'a', state: 'resolved' } })
    await house.until('2026-11-22T07:01Z')
    assert.deepEqual(house.heard(), ['11-22 07:00 Since 2026-11-21 08:00: 1 event, nothing open'])
  })

  test('is bounded, however many types and conditions there are', async () => {
    await using house = await open({ daily: { at: '0 8 * * *', action: 'digest' } }, '2026-11-20T06:00Z')
    for (let index = 0; index < 250; index += 1)
      await house.emit('events', { type: `t.${index}`, condition: { key: `k${index}`, state: 'firing' } })
    await house.until('2026-11-20T07:01Z')
    const [event] = await house.events('sereno.digest')
    const { events, types, otherEvents, open: named, openCount } = event?.data ?? {}
    assert.deepEqual(
      [events, (types as []).length, otherEvents, (named as []).length, openCount],
      [250, 20, 230, 20, 250],
    )
    assert.match(house.told[0]?.text ?? '', /- and 230 more/)
  })
})

describe('a sample', () => {
  const hourly = { at: '0 * * * *', action: 'sample', source: 'this', hosts: ['nas'], timeout: '30s' }

  test('that comes is waited for no longer', async () => {
    await using house = await open({ hourly, daily: report }, '2026-11-20T06:30Z')
    await house.until('2026-11-20T07:00Z')
    await house.observe('this', [sample('nas')])
    await house.pass(30 * minute)
    assert.deepEqual(house.heard(), ['11-20 07:00 Report daily: no host has sent a sample yet'])
  })

  test('that does not come is told once per run, and stops no other schedule', async () => {
    await using house = await open({ hourly, daily: report }, '2026-11-20T06:30Z')
    await house.until('2026-11-20T08:30Z')
    assert.deepEqual(house.heard().sort(), [
      '11-20 07:00 Report daily: no host has sent a sample yet',
      '11-20 07:00 Schedule hourly got no sample of nas',
      '11-20 08:00 Schedule hourly got no sample of nas',
    ])
    assert.deepEqual(await runs(house, 'sereno.schedule-failed'), ['11-20T07:00', '11-20T08:00'])
  })

  test('of a source that is not there is told at once', async () => {
    await using house = await open({ hourly }, '2026-11-20T06:30Z')
    await house.until('2026-11-20T07:00Z')
    await house.command({ name: 'unanswered', source: 'this', fact: 'host.sample', key: 'nas' })
    assert.match(house.told[0]?.text ?? '', /Source this does not run, or takes no samples when asked/)
    await house.pass(10 * minute)
    assert.equal(house.told.length, 1)
  })
})
