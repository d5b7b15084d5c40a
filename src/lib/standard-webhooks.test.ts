// Signatures against the published example and an independent computation.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webcrypto } from 'node:crypto'
import fc from 'fast-check'
import { isWebhookSecret, signWebhook } from './standard-webhooks.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

test('the published example has the published signature', () => {
  const signable = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', now: 1_614_265_330_000, body: '{"test": 2432232314}' }
  assert.deepEqual(signWebhook(signable, [secret]), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('any body and time is signed as another implementation of HMAC signs it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary' }),
      fc.nat(),
      fc.uint8Array({ minLength: 24, maxLength: 64 }),
      async (body, now, key) => {
        const text = body.toWellFormed()
        const shared = `whsec_${Buffer.from(key).toString('base64')}`
        const headers = signWebhook({ id: 'a-1', now, body: text }, [shared])
        const imported = await webcrypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, [
          'sign',
        ])
        const content = new TextEncoder().encode(`a-1.${Math.floor(now / 1000)}.${text}`)
        const signature = Buffer.from(await webcrypto.subtle.sign('HMAC', imported, content)).toString('base64')
        assert.equal(headers['webhook-signature'], `v1,${signature}`)
      },
    ),
    { numRuns: 50 },
  )
})

test('while a secret is replaced, both signatures are sent', () => {
  const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const signable = { id: 'a', now: 0, body: 'b' }
  const [first, second] = [secret, other].map((one) => signWebhook(signable, [one])['webhook-signature'])
  assert.equal(signWebhook(signable, [secret, other])['webhook-signature'], `${first} ${second}`)
})

test('without a secret there is no signature, but still an id and a time', () => {
  assert.deepEqual(signWebhook({ id: 'a', now: 1999, body: '' }, []), { 'webhook-id': 'a', 'webhook-timestamp': '1' })
})

test('a secret is whsec_ and 24 to 64 bytes in base64', () => {
  const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`
  for (const text of [secret, of(24), of(32), of(64)]) assert.ok(isWebhookSecret(text), text)
  for (const text of ['', 'whsec_', 'secret', of(23), of(65), `${secret}!`, secret.slice(6), `${secret}A`]) {
    assert.ok(!isWebhookSecret(text), text)
  }
})
