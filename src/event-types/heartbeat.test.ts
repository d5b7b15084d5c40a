// The words for jobs that have not come or have failed: what, since when, what it last said, what to do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HubEvent, JsonObject, MessageField } from '../words.ts'
import types from './heartbeat.ts'

function words(name: string, data: JsonObject, more: Partial<HubEvent> = {}) {
  const type = types.find((one) => one.name === `heartbeat.${name}`) ?? assert.fail(name)
  const event: HubEvent = {
    seq: 1,
    id: '1',
    type: type.name,
    time: 0,
    receivedAt: 0,
    source: 'nightly',
    subject: 'nightly',
    severity: 'error',
    labels: {},
    data,
    ...more,
  }
  const {
    title,
    fields = [],
    lines = [],
  }: { title: string; fields?: readonly MessageField[]; lines?: readonly string[] } = type.message(event)
  return { title, fields: fields.map((one) => `${one.name}: ${one.value}${one.note ? ` (${one.note})` : ''}`), lines }
}

const night = {
  expectedAt: '2026-11-21T01:30:00.000Z',
  graceSeconds: 3600,
  since: '2026-11-01T08:00:00.000Z',
  timezone: 'Europe/Rome',
}

test('what has gone silent: when it was expected, when it came and what it said', () => {
  const last = {
    lastAt: '2026-11-20T01:42:00.000Z',
    lastState: 'fail',
    lastExitCode: 11,
    lastMessage: 'locked\u001b[2J',
  }
  const data = { ...night, ...last, reason: 'silent', missedRuns: 3, lastOkAt: '2026-11-19T01:42:00.000Z' }
  assert.deepEqual(words('missed', data, { host: 'nas' }), {
    title: 'No sign of life from nightly',
    fields: [
      'Host: nas',
      'Expected: 2026-11-21 02:30 (1 h of grace)',
      'Missed: 3 runs',
      'Last success: 2026-11-19 02:42',
      'Last heard: failed, exit code 11, 2026-11-20 02:42',
      'It said: locked',
    ],
    lines: ['See whether its machine is up, whether it ran, and whether it can reach this hub.'],
  })
})

test('what has never come: where it is to call', () => {
  assert.deepEqual(words('missed', { ...night, reason: 'never', missedRuns: 1 }), {
    title: 'nightly has never reported',
    fields: ['Expected: 2026-11-21 02:30 (1 h of grace)', 'Last success: never'],
    lines: [
      'Nothing has come since it is watched, 2026-11-01 09:00. See that the job runs at all, and that it calls /api/v1/heartbeat/nightly with a token that is right.',
    ],
  })
})

test('what has not started, and what has not finished', () => {
  assert.equal(words('missed', { ...night, reason: 'not-started' }).title, 'nightly has not started')
  const started = { ...night, reason: 'not-finished', startedAt: '2026-11-21T01:31:00.000Z', maxRunSeconds: 7200 }
  assert.deepEqual(words('missed', started), {
    title: 'nightly has started and not finished',
    fields: ['Started: 2026-11-21 02:31', 'Last success: never'],
    lines: ['See whether it hangs, or died without a word. A run may take 2 h.'],
  })
})

test('our own absences are owned up to', () => {
  const { lines } = words('missed', { ...night, reason: 'silent', absences: 1 })
  assert.match(lines[1] ?? '', /^I was not running once since it last came, so what it said then may be lost/)
})

test('what failed: its exit code, how often, and the end of its log', () => {
  const data = {
    failures: 2,
    exitCode: 11,
    durationSeconds: 42,
    message: 'no space',
    log: 'a\nb',
    timezone: 'Europe/Rome',
  }
  assert.deepEqual(words('failed', data, { text: 'b' }), {
    title: 'nightly failed',
    fields: ['Exit code: 11', 'Failures in a row: 2', 'Took: 42 s', 'Last success: never'],
    lines: ['no space', 'b'],
  })
})

test('an end says no more than that', () => {
  const condition = { key: 'missed', state: 'resolved' } as const
  const ended = { ...night, reason: 'silent', silentSeconds: 90_000 }
  assert.deepEqual(words('missed', ended, { condition, host: 'nas' }), {
    title: 'No sign of life from nightly',
    fields: ['Host: nas'],
    lines: [],
  })
  assert.equal(words('failed', { endedBy: 'closed' }, { condition }).title, 'nightly failed')
})

test('what others make up under these names is said as well as it can be', () => {
  for (const data of [
    {},
    { reason: 'toString', timezone: 'Nowhere/No', expectedAt: 'soon', lastAt: '2026-11-20' },
    { failures: 'two' },
  ])
    for (const name of ['missed', 'failed', 'ok']) assert.match(words(name, data).title, /nightly/)
})
