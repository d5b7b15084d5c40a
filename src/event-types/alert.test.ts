// What people read of an alert, with and without the words of its rule, and of its end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HubEvent } from '../words.ts'
import types from './alert.ts'

const [type] = types
assert.ok(type)

function words(more: Partial<HubEvent>) {
  const base = { seq: 1, id: '1', type: 'alert', time: 0, receivedAt: 0, source: 'am', severity: 'warning' as const }
  return type!.message({ ...base, labels: {}, data: {}, ...more })
}

test('an alert with words of its own is told in them, with what tells it from its like', () => {
  const { sample } = type
  assert.deepEqual(words(sample as Partial<HubEvent>), {
    title: 'Backup job BB daily (ID: 1) has failed.',
    fields: [
      { name: 'Host', value: '10.5.4.1', code: true },
      { name: 'Alert', value: 'BackupFailed', code: true },
      { name: 'id', value: '1', code: true },
      { name: 'name', value: 'BB daily', code: true },
      { name: 'node', value: '1', code: true },
    ],
    lines: ['Backup job BB daily (ID: 1) has failed and requires attention.'],
  })
})

test('an alert without words is told by its name and labels', () => {
  const labels = {
    alertname: 'DiskFull',
    device: 'sda1',
    fstype: 'ext4',
    job: 'node',
    mountpoint: '/',
    rack: '7',
    __uid__: 'x',
    empty: '',
  }
  assert.equal(words({ subject: 'DiskFull', labels }).title, 'DiskFull: device=sda1, fstype=ext4, mountpoint=/')
  assert.equal(words({ subject: 'Watchdog' }).title, 'Watchdog')
  assert.equal(words({}).title, 'An alert without a name')
})

test('many labels are counted, and what helps is linked', () => {
  const labels = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`l${at}`, 'v'.repeat(300)]))
  const fields = words({ labels, data: { runbookUrl: 'https://wiki.example.org/x', dashboardUrl: 7 } }).fields ?? []
  assert.equal(fields[0]?.value.length, 200)
  assert.deepEqual(fields.slice(8), [
    { name: 'More labels', value: '4' },
    { name: 'Runbook', value: 'https://wiki.example.org/x' },
  ])
})

test('an end says that it is one, and no longer what was wrong', () => {
  const over = words({ subject: 'DiskFull', text: 'No room', data: { status: 'resolved' } })
  assert.deepEqual([over.title, over.icon, over.lines], ['Resolved: DiskFull', 'white_check_mark', []])
  assert.match(
    words({ data: { status: 'resolved', ended: 'gone' } }).lines?.[0] ?? '',
    /no longer in the list of alerts/,
  )
})

test('every field of the sample is described', () => {
  for (const field of Object.keys(type.sample.data ?? {})) assert.ok(field in type.fields, field)
})
