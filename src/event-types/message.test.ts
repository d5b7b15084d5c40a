// What people read of a script's message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HubEvent } from '../words.ts'
import types from './message.ts'

const [message] = types

function words(more: Partial<HubEvent>) {
  const at = Date.UTC(2026, 10, 20, 3)
  const base = { seq: 1, id: '1', time: at, receivedAt: at, source: 'scripts', severity: 'info', labels: {}, data: {} }
  return message?.message({ ...base, type: 'message', ...more } as HubEvent) ?? assert.fail()
}

test('without a summary the host is the title', () => {
  assert.deepEqual(words({ host: 'nas', text: 'all is well' }), {
    title: 'Message from nas',
    fields: [],
    lines: ['all is well'],
  })
})

test('with a summary the host stands beside it', () => {
  assert.deepEqual(words({ host: 'nas', title: 'Backup of nas', text: 'done' }), {
    title: 'Backup of nas',
    fields: [{ name: 'Host', value: 'nas', code: true }],
    lines: ['done'],
  })
})

test('without a host it is from its source, and an empty text is no line', () => {
  assert.deepEqual(words({ text: '' }), { title: 'Message from scripts', fields: [], lines: [] })
})

test('the sample has the fields that are described', () => {
  for (const name of Object.keys(message?.sample.data ?? {})) assert.ok(name in (message?.fields ?? {}), name)
})
