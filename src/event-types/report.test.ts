// Stages read as what they are, whoever posts them and whatever they leave out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HubEvent, JsonObject } from '../words.ts'
import types from './report.ts'

function wordsOf(name: string, data: JsonObject, more: Partial<HubEvent> = {}) {
  const type = types.find((one) => one.name === name) ?? assert.fail()
  const event: HubEvent = {
    seq: 1,
    id: '1',
    type: name,
    time: 0,
    receivedAt: 0,
    source: 'x',
    severity: 'info',
    labels: {},
    data,
    ...more,
  }
  return type.message(event)
}

test('a finish says how it went, how long it took, and which parts did not go well', () => {
  const children = [
    { name: 'boot/a', result: 'FAIL' },
    { name: 'boot/b', result: 'SUCCESS' },
    { name: 'boot/c', result: 'WARN' },
  ]
  const files = [
    { path: '/var/log/x', content: 'eA==', cut: true },
    { path: '/none', content: null },
  ]
  const data = {
    name: 'boot',
    description: 'no network',
    result: 'FAIL',
    durationSeconds: 75,
    exitCode: 3,
    children,
    files,
  }
  const words = wordsOf('report.finish', data, { host: 'guest-1' })
  assert.equal(words.title, 'boot has failed')
  assert.deepEqual(
    words.fields?.map(({ name, value, note }) => [name, value, note].filter((word) => word !== undefined).join(' ')),
    [
      'Host guest-1',
      'Took 1 min',
      'Exit code 3',
      'Parts boot/a (FAIL), boot/c (WARN)',
      'File /var/log/x attached, its end',
      'File /none not read',
    ],
  )
  assert.deepEqual(words.lines, ['no network'])
  assert.deepEqual(words.stage, {
    type: 'finish',
    name: 'boot',
    description: 'no network',
    result: 'FAIL',
    durationSeconds: 75,
    files,
  })
})

test('a start has neither result nor duration', () => {
  const words = wordsOf('report.start', { name: 'boot', result: 'FAIL', durationSeconds: 1, origin: 'p' })
  assert.equal(words.title, 'boot has started')
  assert.deepEqual(words.stage, { type: 'start', name: 'boot', description: '', origin: 'p' })
})

test('what a script leaves out or gets wrong is made do without', () => {
  const words = wordsOf(
    'report.finish',
    { result: 7, durationSeconds: 'x', children: 'x', files: [1] },
    { subject: 's', text: 't' },
  )
  assert.equal(words.title, 's has finished')
  assert.deepEqual(words.stage, { type: 'finish', name: 's', description: 't', result: 'SUCCESS', files: [] })
  assert.equal(wordsOf('report.finish', {}).title, 'A stage has finished')
})
