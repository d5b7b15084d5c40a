// What people read in a report of hosts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HubEvent, JsonObject } from '../words.ts'
import types from './host-report.ts'

const at = Date.UTC(2026, 10, 21, 7)

function wordsOf(data: JsonObject) {
  const event: HubEvent = {
    seq: 1,
    id: '1',
    type: 'host.report',
    time: at,
    receivedAt: at,
    source: 'morning',
    severity: 'info',
    labels: {},
    data: { schedule: 'morning', since: '2026-11-20T07:00:00.000Z', timezone: 'Europe/Madrid', ...data },
  }
  const [type] = types
  if (type === undefined) throw new Error('there is no type')
  return type.message(event)
}

function host(name: string, metrics: JsonObject, seenAt = at): JsonObject {
  return { host: name, at: new Date(seenAt).toISOString(), metrics }
}

test('one host is shown in full, in the order that people know, with graphs since the last report', () => {
  const { title, lines, graphs } = wordsOf({
    hosts: [host('tatooine', { disk_usage_percent: 26.5, memory_used: 653_115_392, cpu_percent: 98.2 })],
  })
  assert.equal(title, 'Report of tatooine')
  assert.deepEqual(lines, ['tatooine\n- CPU %: 98.2\n- Memory Used: 622.86 MB\n- Disk %: 26.5'])
  assert.deepEqual(graphs, [
    { host: 'tatooine', metric: 'cpu_percent', from: at - 86_400_000, to: at },
    { host: 'tatooine', metric: 'disk_usage_percent', from: at - 86_400_000, to: at },
  ])
})

test('of many hosts each is a line, and the message may be folded away', () => {
  const hosts = ['a', 'b', 'c', 'd'].map((name) => host(name, { cpu_percent: 1, memory_percent: 2 }, at - 7_200_000))
  const { title, lines, folded, graphs } = wordsOf({ hosts })
  assert.equal(title, 'Report of 4 hosts')
  assert.equal(folded, true)
  // One paragraph, so that channels put no blank lines between hosts.
  assert.equal(lines?.length, 1)
  assert.match(lines?.[0] ?? '', /^a \(last heard 06:00\): CPU 1 %, Memory 2 %\nb /)
  assert.equal(graphs?.length, 3)
})

test('made-up data is no trouble', () => {
  for (const hosts of [undefined, 'x', [1, null, {}], [{ host: 'a\nb', at: 'x', metrics: { cpu_percent: 'much' } }]]) {
    const { title, lines } = wordsOf(hosts === undefined ? {} : { hosts: hosts as never })
    assert.doesNotMatch(title, /\n/)
    assert.ok((lines ?? []).every((line) => typeof line === 'string'))
  }
})
