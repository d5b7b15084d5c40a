// What people read of services and interfaces that are not well.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventType } from '../event-type.ts'
import type { HubEvent } from '../words.ts'
import network from './network.ts'
import service from './service.ts'

function words([type]: readonly EventType[], more: Partial<HubEvent>) {
  assert.ok(type)
  const base = {
    seq: 1,
    id: '1',
    time: 0,
    receivedAt: 0,
    source: 'here',
    severity: type.severity,
    labels: {},
    data: {},
  }
  return type.message({ ...base, type: type.name, host: 'web1', ...more })
}

const over = { key: 'x', state: 'resolved' } as const

test('a unit is named with what is wrong and how to look; its end shows only what it was', () => {
  const failed = words(service, { data: { unit: 'nginx.service', state: 'failed', reason: 'it crashed' } })
  assert.equal(failed.title, 'web1: nginx.service has failed')
  assert.equal(failed.lines?.[0], 'It crashed.')
  assert.match(failed.lines?.[1] ?? '', /systemctl status nginx\.service/)
  assert.equal(words(service, { data: { unit: 'a', state: 'inactive' } }).title, 'web1: a is inactive')
  const ended = words(service, { data: { unit: 'a' }, condition: over })
  assert.deepEqual(ended, { title: 'web1: a has failed', icon: 'white_check_mark' })
})

test('an interface is down or gone, and its end shows only what it was', () => {
  assert.equal(
    words(network, { data: { interface: 'eno1', state: 'down' } }).title,
    'web1: network interface eno1 is down',
  )
  assert.equal(
    words(network, { data: { interface: 'eno1', state: 'gone' } }).title,
    'web1: network interface eno1 is gone',
  )
  assert.equal(words(network, { data: { interface: 'eno1' }, condition: over }).lines, undefined)
  assert.deepEqual(words(network, { data: { interface: 'e', state: 'lowerlayerdown' } }).lines, [
    'The kernel calls it lowerlayerdown.',
  ])
})

test('a gateway does not answer, or loses pings', () => {
  const [, gateway] = network
  assert.ok(gateway)
  const title = (state: string): string | undefined => words([gateway], { data: { gateway: '192.0.2.1', state } }).title
  assert.equal(title('unreachable'), 'web1: the gateway 192.0.2.1 does not answer')
  assert.equal(title('losing'), 'web1: the gateway 192.0.2.1 loses pings')
})

test('names of strangers are made fit for people', () => {
  assert.equal(words(service, { data: { unit: 'a\u001b[31m\nb' } }).title, 'web1: a b has failed')
})
