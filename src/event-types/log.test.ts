// What people read about lines and sessions of a log.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import type { EventType } from '../event-type.ts'
import type { HubEvent, JsonObject } from '../words.ts'
import { gap, line, session } from './log.ts'

function words(type: EventType, data: JsonObject, subject?: string) {
  const event: HubEvent = {
    seq: 1,
    id: '1',
    type: type.name,
    time: 0,
    receivedAt: 0,
    source: 'web',
    severity: type.severity,
    labels: {},
    data,
    ...(subject !== undefined && { subject }),
  }
  return type.message(event)
}

test('a line names its pattern and log, and shows the line and its fields', () => {
  const message = words(line, { pattern: 'error', line: 'ERROR no db', fields: { what: 'no db' } })
  assert.equal(message.title, 'error in the log web')
  assert.deepEqual(message.lines, ['ERROR no db'])
  assert.deepEqual(message.fields, [{ name: 'what', value: 'no db', code: true }])
  assert.equal(words(line, { pattern: 'error', line: 'x', cut: true }, 'db1').title, 'db1: error in the log web')
  assert.deepEqual(words(line, { pattern: 'error', line: 'x', cut: true }).lines, ['x …'])
})

test('a session says how it ended', () => {
  const title = (data: JsonObject) => words(session, data, '7').title
  assert.equal(title({ outcome: 'closed' }), 'Session 7 has ended')
  assert.equal(title({ outcome: 'timed-out', reason: 'idle' }), 'Session 7 has gone silent without an end')
  assert.equal(title({ outcome: 'timed-out', reason: 'total' }), 'Session 7 has taken too long')
  assert.equal(title({ outcome: 'orphan-end' }), 'Session 7 has ended, though its beginning was not seen')
  assert.equal(title({ outcome: 'evicted', reason: 'full' }), 'Session 7 was given up, because too many were open')
  assert.equal(title({ outcome: 'evicted', reason: 'opened-again' }), 'Session 7 began again before its end was seen')
})

test('a session shows its fields, its beginning and how long it took', () => {
  const data = {
    outcome: 'closed',
    fields: { user: 'ann' },
    openedAt: '2026-11-20T13:00:00.000Z',
    durationSeconds: 600,
  }
  assert.deepEqual(
    words(session, data, '7').fields?.map((field) => `${field.name}: ${field.value}`),
    ['user: ann', 'Began: 2026-11-20T13:00:00.000Z', 'Took: 10 min', 'Log: web'],
  )
})

test('words are found for the sample and for data of any shape', () => {
  for (const type of [line, session]) {
    assert.ok(words(type, type.sample.data ?? {}, type.sample.subject).title.length > 10)
    for (const odd of [
      {},
      { fields: null },
      { fields: ['x'] },
      { outcome: 7, pattern: [], line: {}, durationSeconds: 'x' },
    ])
      assert.ok(words(type, odd).title.length > 10)
  }
})

test('a gap says how much was passed over', () => {
  const title = (data: JsonObject) => words(gap, data).title
  assert.equal(title({ entries: 1 }), '1 entry of the journal web was passed over')
  assert.equal(title({ entries: 12 }), '12 entries of the journal web were passed over')
  assert.equal(title({ entries: 10_000, more: true }), '10000 and more entries of the journal web were passed over')
  assert.equal(title({}), 'Some entries of the journal web were passed over')
})
