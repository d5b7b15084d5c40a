// A server that no public authority vouches for is believed by its own authority or its fingerprint, and gets nothing else.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { testCertificate, testKey } from '../../test/support/certificate.ts'
import { request } from './http.ts'
import { readFingerprint, type Trust } from './http-trust.ts'

const right = new X509Certificate(testCertificate).fingerprint256

async function serve(t: TestContext): Promise<{ readonly port: number; readonly heard: string[] }> {
  const heard: string[] = []
  const server = createServer({ key: testKey, cert: testCertificate }, (incoming, response) => {
    heard.push(incoming.headers.authorization ?? '-')
    response.end('well')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, heard }
}

function ask(port: number, trust?: Trust, host = 'localhost') {
  const headers = { authorization: 'secret' }
  return request({
    url: `https://${host}:${port}/`,
    headers,
    ...(trust === undefined ? {} : { trust }),
    timeoutMs: 5000,
  })
}

describe('a server with a certificate of its own', () => {
  const believed: readonly [string, Trust, string?][] = [
    ['its authority', { ca: testCertificate }],
    ['its fingerprint', { fingerprint: right }],
    ['its fingerprint in small letters', { fingerprint: right.replaceAll(':', '').toLowerCase() }],
    ['its fingerprint, by an address that is not in it', { fingerprint: right }, '127.0.0.1'],
  ]
  for (const [what, trust, host] of believed) {
    test(`is believed by ${what}, on one connection for all requests`, async (t) => {
      const { port, heard } = await serve(t)
      for (let times = 0; times < 3; times += 1) {
        const answer = await ask(port, trust, host)
        assert.ok(answer.answered && answer.body === 'well')
      }
      assert.deepEqual(heard, ['secret', 'secret', 'secret'])
    })
  }

  const refused: readonly [string, Trust | undefined, string?][] = [
    ['nothing is known of it', undefined],
    ['the fingerprint is another', { fingerprint: right.replace(/^../, right.startsWith('00') ? '01' : '00') }],
    ['the fingerprint is none', { fingerprint: 'abc' }],
    ['its authority counts, and its name is not in it', { ca: testCertificate }, '127.0.0.1'],
  ]
  for (const [what, trust, host] of refused) {
    test(`is sent nothing where ${what}`, async (t) => {
      const { port, heard } = await serve(t)
      // One that was believed before changes nothing.
      await ask(port, { fingerprint: right })
      const answer = await ask(port, trust, host)
      assert.ok(!answer.answered)
      assert.deepEqual([answer.reason, answer.maybeDelivered, heard.length], ['tls', false, 1])
    })
  }
})

test('a port that nobody listens on is unreachable, whatever is believed', async () => {
  const answer = await ask(1, { fingerprint: right })
  assert.ok(!answer.answered && answer.reason === 'unreachable')
})

test('a fingerprint is read with and without colons, and nothing else is', () => {
  assert.equal(readFingerprint(`sha256:${right.replaceAll(':', '').toLowerCase()}`), right)
  for (const text of ['', 'AB:CD', `${right}:00`, right.replace(/^../, 'GG')])
    assert.equal(readFingerprint(text), undefined)
})
