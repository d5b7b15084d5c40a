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

test('with a summary the host stands before it, and the text is folded away behind both', () => {
  const summary = 'Backup of nas'
  assert.deepEqual(words({ host: 'nas', title: summary, text: 'done', data: { summary } }), {
    title: 'nas: Backup of nas',
    folded: true,
    fields: [],
    lines: ['done'],
  })
})

test('a title that names its host already does so once, and one that is no summary folds nothing', () => {
  assert.deepEqual(words({ host: 'nas', title: 'nas: full', text: 'at 91 %' }), {
    title: 'nas: full',
    fields: [],
    lines: ['at 91 %'],
  })
})

test('without a text there is nothing to fold away', () => {
  assert.equal(words({ host: 'nas', title: 'full', text: '', data: { summary: 'full' } }).folded, undefined)
})

test('each sort of message has its icon at the beginning', () => {
  const icons = ['none', 'info', 'warning', 'error', 'alarm', 'alert', 'critical', 'page'].map((messageType) => {
    return words({ host: 'nas', severity: 'error', data: { messageType } }).icon
  })
  const alarm = 'rotating_light'
  assert.deepEqual(icons, [undefined, 'information_source', 'warning', 'fire', alarm, alarm, alarm, alarm])
})

test('who knows only severities gets the icon of that', () => {
  const icons = (['info', 'warning', 'error', 'critical'] as const).map((severity) => words({ severity }).icon)
  assert.deepEqual(icons, [undefined, 'warning', 'fire', 'rotating_light'])
  assert.equal(words({ severity: 'error', data: { messageType: 'constructor' } }).icon, 'fire')
})

test('without a host it is from its source, and an empty text is no line', () => {
  assert.deepEqual(words({ text: '' }), { title: 'Message from scripts', fields: [], lines: [] })
})

test('the sample has the fields that are described', () => {
  for (const name of Object.keys(message?.sample.data ?? {})) assert.ok(name in (message?.fields ?? {}), name)
})
