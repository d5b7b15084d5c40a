// Which addresses are private, in every way they can be written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { LookupAddress } from 'node:dns'
import { isPrivateAddress, publicLookup } from './private-address.ts'

test('private, loopback, link-local and special addresses are found', () => {
  const hosts = [
    '10.0.0.1',
    '127.0.0.1',
    '127.9.9.9',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
  ]
  const more = [
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '[fd00::1]',
    'ff02::1',
    '::ffff:10.0.0.1',
  ]
  for (const host of [...hosts, ...more]) assert.ok(isPrivateAddress(host), host)
})

test('public addresses and names are not', () => {
  for (const host of [
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
    'localhost',
    'example.org',
    '',
  ]) {
    assert.ok(!isPrivateAddress(host), host)
  }
})

test('a name with a private address is not looked up for the connection', async () => {
  const look = promisify<string, object, string | LookupAddress[]>(publicLookup)
  await assert.rejects(look('localhost', {}), { code: 'EPRIVATE' })
  await assert.rejects(look('localhost', { all: true }), { code: 'EPRIVATE' })
})
