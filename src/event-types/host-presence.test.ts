// What people read of hosts that fall silent, boot, stop or share a name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HubEvent, NewEvent } from '../words.ts'
import types from './host-presence.ts'

const at = Date.UTC(2026, 10, 21, 2, 13)

function wordsOf({ severity = 'info', ...event }: NewEvent) {
  const type = types.find(({ name }) => name === event.type)
  if (type === undefined) throw new Error(event.type)
  const full: HubEvent = {
    seq: 1,
    id: '1',
    receivedAt: at,
    source: 'hosts',
    time: at,
    labels: {},
    data: {},
    severity,
    ...event,
  }
  return type.message(full)
}

test('a silent host is told with when it was heard, in its zone', () => {
  const { title, fields } = wordsOf({
    type: 'host.silent',
    host: 'nas',
    data: { lastHeardAt: '2026-11-21T02:10:00.000Z', everySeconds: 60, timezone: 'Europe/Rome' },
    condition: { key: 'nas', state: 'firing' },
  })
  assert.equal(title, 'nas is silent')
  assert.deepEqual(fields, [
    { name: 'Last heard', value: '2026-11-21 03:10' },
    { name: 'Expected', value: 'every minute' },
  ])
})

test('how often a host is expected is said as people say it', () => {
  const expected = (everySeconds: number): string | undefined =>
    wordsOf({ type: 'host.silent', host: 'nas', data: { everySeconds } }).fields?.[0]?.value
  assert.deepEqual([1, 30, 60, 300, 3600, 5400, 86_400].map(expected), [
    'every second',
    'every 30 s',
    'every minute',
    'every 5 min',
    'every hour',
    'every 1 h 30 min',
    'every day',
  ])
})

test('blindness names the first hosts and counts the others', () => {
  const { title, fields } = wordsOf({
    type: 'host.silent',
    data: { lastHeardAt: '2026-11-21T02:10:00.000Z', hosts: ['a', 'b'], hostCount: 40, timezone: 'Europe/Rome' },
    condition: { key: '*', state: 'firing' },
  })
  assert.equal(title, 'I am blind: no other host has been heard since 03:10')
  assert.deepEqual(fields?.[1], { name: '40 hosts', value: 'a, b and 38 more' })
})

test('a boot says whether it was shut down in order, or that this is not known', () => {
  const how = (clean?: boolean) =>
    wordsOf({ type: 'host.booted', host: 'nas', data: clean === undefined ? {} : { clean } })
  assert.deepEqual(
    [how(true), how(false), how()].map(({ title, fields }) => [title, fields?.at(-1)?.value]),
    [
      ['nas has booted', 'yes'],
      ['nas has booted without having said that it stops', 'no'],
      ['nas has booted', 'not known, since I was not running'],
    ],
  )
})

test('hostile names and values do not break the words, nor the line', () => {
  for (const type of types) {
    const { title, lines = [] } = wordsOf({
      type: type.name,
      host: 'a\nb\u202e'.padEnd(5000, 'x'),
      data: { lastHeardAt: 'soon', timezone: 'Mars/Base', hosts: [1, null], hostCount: 'x', machineIds: 'no' },
    })
    assert.doesNotMatch(title, /\n/)
    assert.ok(title.length < 300, title)
    assert.ok(lines.every((line) => typeof line === 'string'))
  }
})
