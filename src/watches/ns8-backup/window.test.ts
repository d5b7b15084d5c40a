// When runs are due and how long they may take, on the clocks of their nodes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPlan } from './facts.ts'
import { options as schema } from './options.ts'
import {
  alarmsOf,
  isTooOld,
  lastDue,
  nextDue,
  patienceOf,
  percentile95,
  readSchedule,
  toWindow,
  type Schedule,
} from './window.ts'

const options = schema.parse({})
const minute = 60_000
const hour = 60 * minute

function scheduleOf(schedule: string, zones: { readonly [node: string]: string } = { 1: 'UTC' }): Schedule {
  const snapshot = readPlan({
    state: 'read',
    plan: { name: '', enabled: true, schedule },
    modules: Object.keys(zones).map((node) => ({ id: `app${node}`, node })),
    nodes: Object.fromEntries(Object.entries(zones).map(([node, zone]) => [node, { zone }])),
  })
  const found = readSchedule(snapshot, 'Europe/Rome')
  return 'error' in found ? assert.fail(found.error) : found
}

function around(schedule: Schedule, at: string): (string | undefined)[] {
  const time = Date.parse(at)
  return [lastDue(schedule, time), nextDue(schedule, time)].map((due) =>
    due === undefined ? undefined : new Date(due).toISOString().slice(0, 16),
  )
}

test('runs are due by the clock on the wall of the node, through the days of summer time', () => {
  const rome = { 1: 'Europe/Rome' }
  const cases: readonly [string, { readonly [node: string]: string }, string, (string | undefined)[]][] = [
    ['*-*-* 01:00:00', rome, '2026-06-01T12:00:00Z', ['2026-05-31T23:00', '2026-06-01T23:00']],
    ['*-*-* 01:00:00', rome, '2026-12-01T12:00:00Z', ['2026-12-01T00:00', '2026-12-02T00:00']],
    // The hour from two to three does not come on 29 March, and comes twice on 25 October.
    ['*-*-* 02:30:00', rome, '2026-03-29T12:00:00Z', ['2026-03-28T01:30', '2026-03-30T00:30']],
    ['*-*-* 02:30:00', rome, '2026-10-25T12:00:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
    ['*-*-31 02:00:00', { 1: 'UTC' }, '2026-06-10T00:00:00Z', ['2026-05-31T02:00', '2026-07-31T02:00']],
    ['Sun *-*-* 00:00:00', { 1: 'UTC' }, '2026-06-03T00:00:00Z', ['2026-05-31T00:00', '2026-06-07T00:00']],
    ['Mon..Fri *-*-* 22:00', { 1: 'UTC' }, '2026-06-07T00:00:00Z', ['2026-06-05T22:00', '2026-06-08T22:00']],
    ['2026-05-01 00:00:00', { 1: 'UTC' }, '2026-06-07T00:00:00Z', ['2026-05-01T00:00', undefined]],
  ]
  for (const [schedule, zones, at, expected] of cases)
    assert.deepEqual(around(scheduleOf(schedule, zones), at), expected, `${schedule} at ${at}`)
})

test('a node without a zone, or with one that is none, has that of the source', () => {
  const { zones } = scheduleOf('daily', { 1: '', 2: 'Middle/Earth', 3: 'Asia/Tokyo' })
  assert.deepEqual(zones, { 1: 'Europe/Rome', 2: 'Europe/Rome', 3: 'Asia/Tokyo' })
})

test('with several clocks a run begins where it is one o’clock first, and each node has its own due time', () => {
  const schedule = scheduleOf('*-*-* 01:00:00', { 1: 'America/New_York', 2: 'Europe/Rome', 3: 'Europe/London' })
  const due = lastDue(schedule, Date.parse('2026-06-01T04:00:00Z')) ?? assert.fail()
  assert.equal(new Date(due).toISOString(), '2026-05-31T23:00:00.000Z')
  const { nodes, deadline } = toWindow(schedule, due, { plan: [], first: {} }, options)
  assert.deepEqual(
    Object.values(nodes).map((node) => new Date(node.due).toISOString().slice(0, 16)),
    ['2026-06-01T05:00', '2026-05-31T23:00', '2026-06-01T00:00'],
  )
  assert.equal(deadline, nodes['1']?.deadline, 'the last node decides')
})

test('a zone in the schedule itself counts everywhere', () => {
  const schedule = scheduleOf('*-*-* 01:00:00 UTC', { 1: 'America/New_York', 2: 'Europe/Rome' })
  const due = Date.parse('2026-06-01T01:00:00Z')
  const { nodes } = toWindow(schedule, due, { plan: [], first: {} }, options)
  assert.deepEqual([nodes['1']?.due, nodes['2']?.due], [due, due])
})

test('the deadline grows with what runs have taken, from an hour up', () => {
  const plain = options.startGrace + options.retryWindow
  assert.equal(patienceOf({ plan: [], first: {} }, options), plain + hour)
  assert.equal(patienceOf({ plan: [60, 120], first: {} }, options), plain + hour)
  assert.equal(patienceOf({ plan: [3600, 7200, 3600], first: {} }, options), plain + 3 * hour)
})

test('a node counts as not started by what its first application takes, if that is known, else at the deadline', () => {
  const schedule = scheduleOf('*-*-* 01:00:00')
  const due = Date.parse('2026-06-01T01:00:00Z')
  const at = (first: readonly number[]) => {
    const { nodes } = toWindow(schedule, due, { plan: [], first: { 1: first } }, options)
    return ((nodes['1']?.notStartedAt ?? 0) - due) / minute
  }
  assert.equal(at([]), 135)
  assert.equal(at([600]), 85)
  assert.equal(at([60, 600, 120]), 85)
  assert.equal(at([86_400]), 135, 'never after the deadline')
})

test('the rank of ninety-five in a hundred', () => {
  assert.equal(percentile95([]), 0)
  assert.equal(percentile95([5]), 5)
  assert.equal(percentile95([3, 1, 2]), 3)
  assert.equal(percentile95(Array.from({ length: 20 }, (_, index) => index)), 18)
})

test('alarms are in order and named once', () => {
  const schedule = scheduleOf('*-*-* 01:00:00', { 1: 'UTC', 2: 'UTC' })
  const due = Date.parse('2026-06-01T01:00:00Z')
  const window = toWindow(schedule, due, { plan: [], first: { 1: [600] } }, options)
  const alarms = alarmsOf({ ...window, again: { since: due + 5 * hour, until: due + 8 * hour, starts: {} } })
  assert.deepEqual(
    alarms.map((alarm) => (alarm - due) / minute),
    [85, 135, 480],
  )
})

test('a backup is too old when two runs have passed without one, but not within a day', () => {
  const daily = toWindow(
    scheduleOf('*-*-* 01:00:00'),
    Date.parse('2026-06-03T01:00:00Z'),
    { plan: [], first: {} },
    options,
  )
  const now = Date.parse('2026-06-03T02:00:00Z')
  assert.equal(isTooOld(daily, Date.parse('2026-06-02T01:10:00Z'), now), false)
  assert.equal(isTooOld(daily, Date.parse('2026-06-01T01:10:00Z'), now), true)
  const hourly = toWindow(scheduleOf('hourly'), Date.parse('2026-06-03T01:00:00Z'), { plan: [], first: {} }, options)
  assert.equal(isTooOld(hourly, Date.parse('2026-06-02T01:10:00Z'), now), false)
  assert.equal(isTooOld(hourly, Date.parse('2026-06-01T23:10:00Z'), now), true)
})
