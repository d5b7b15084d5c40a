// Addresses to listen on: their forms, and which of them need protection.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenProblem, readListen, writeListen } from './listen.ts'

test('host and port are read and written', () => {
  const good = ['127.0.0.1:8723', '[::1]:8723', 'localhost:0', '0.0.0.0:65535', '[::]:80', 'hub.example.org:8723']
  for (const text of good) assert.equal(writeListen(readListen(text) ?? { host: '', port: 0 }), text)
  assert.deepEqual(readListen('[::1]:8723'), { host: '::1', port: 8723 })
  for (const text of ['', '8723', ':8723', '127.0.0.1', '::1:8723', '127.0.0.1:65536', '127.0.0.1:x', 'http://a:1'])
    assert.equal(readListen(text), undefined, text)
})

test('only this machine is reached without tls, unless that is wanted', () => {
  const asks = (text: string, hub = {}) =>
    listenProblem(readListen(text) ?? { host: '', port: 0 }, { insecure: false, ...hub }) !== undefined
  for (const text of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1']) assert.ok(!asks(text), text)
  for (const text of ['0.0.0.0:1', '[::]:1', '10.0.0.1:1', '[fe80::1%eth0]:1', 'hub:1']) {
    assert.ok(asks(text), text)
    assert.ok(!asks(text, { insecure: true }), text)
    assert.ok(!asks(text, { tls: { cert: 'c', key: 'k' } }), text)
  }
})
