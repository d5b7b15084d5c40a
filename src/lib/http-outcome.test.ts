// What statuses mean, how long to wait, and which words may be repeated.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { hide, readRetryAfter, toOutcome } from './http-outcome.ts'
import type { HttpAnswer } from './http.ts'

const now = Date.UTC(2026, 10, 20, 12)

function answer(status: number, body = '', headers: { readonly [name: string]: string } = {}): HttpAnswer {
  return { answered: true, status, headers, body }
}

describe('an outcome', () => {
  test('is told by the status alone', () => {
    const expected: readonly [number, string, boolean][] = [
      [301, 'misconfigured', false],
      [400, 'rejected', false],
      [401, 'unauthorised', false],
      [403, 'unauthorised', false],
      [404, 'gone', false],
      [405, 'rejected', false],
      [407, 'misconfigured', false],
      [408, 'timeout', true],
      [410, 'gone', false],
      [413, 'too-large', false],
      [422, 'rejected', false],
      [425, 'rate-limited', true],
      [429, 'rate-limited', true],
      [500, 'server-error', true],
      [503, 'server-error', true],
      [599, 'server-error', true],
    ]
    for (const [status, reason, retry] of expected) {
      const outcome = toOutcome(answer(status), { now })
      assert.ok(!outcome.ok)
      assert.deepEqual([outcome.reason, outcome.retry, outcome.maybeDelivered], [reason, retry, false], `${status}`)
    }
    for (const status of [200, 201, 202, 204, 299]) assert.deepEqual(toOutcome(answer(status), { now }), { ok: true })
  })

  test('of a service where another status means gone', () => {
    const outcome = toOutcome(answer(404), { now, gone: [410] })
    assert.equal(!outcome.ok && outcome.reason, 'rejected')
  })

  test('without an answer keeps what is known of it, and is tried again unless the request cannot be made', () => {
    for (const reason of ['timeout', 'unreachable', 'tls', 'misconfigured'] as const) {
      for (const maybeDelivered of [true, false]) {
        const outcome = toOutcome({ answered: false, reason, maybeDelivered, detail: 'why' }, { now })
        assert.deepEqual(outcome, {
          ok: false,
          reason,
          retry: reason !== 'misconfigured',
          maybeDelivered,
          detail: 'why',
        })
      }
    }
  })

  test('says how long to wait only where trying again makes sense', () => {
    const waits = (status: number) => {
      const outcome = toOutcome(answer(status, '', { 'retry-after': '7' }), { now })
      return outcome.ok ? undefined : outcome.retryAfterMs
    }
    assert.deepEqual(
      [429, 503, 400].map((status) => waits(status)),
      [7000, 7000, undefined],
    )
  })
})

describe('Retry-After', () => {
  test('is seconds or a date', () => {
    assert.equal(readRetryAfter('30', now), 30_000)
    assert.equal(readRetryAfter(' 0 ', now), 0)
    assert.equal(readRetryAfter('Fri, 20 Nov 2026 12:02:00 GMT', now), 120_000)
  })

  test('in the past is now, and never more than a day', () => {
    assert.equal(readRetryAfter('Fri, 20 Nov 2026 11:00:00 GMT', now), 0)
    assert.equal(readRetryAfter('99999999999999999999', now), 86_400_000)
  })

  test('that says nothing is nothing', () => {
    for (const text of ['', 'soon', '-5', '1.5']) assert.equal(readRetryAfter(text, now), undefined, text)
    assert.equal(readRetryAfter(undefined, now), undefined)
  })
})

describe('the detail', () => {
  const detail = (given: HttpAnswer, secrets: readonly string[] = []) => {
    const outcome = toOutcome(given, { now, secrets })
    return outcome.ok ? '' : outcome.detail
  }

  test('has the status and the words of the service on one line', () => {
    assert.equal(detail(answer(404, 'no_service')), 'The service answered 404 Not Found: no_service')
    assert.equal(
      detail(answer(400, ' {"error":\n\t"bad\u001b[31m"}\u202e ')),
      'The service answered 400 Bad Request: {"error": "bad [31m"}',
    )
    assert.equal(detail(answer(502, '<html>long page')), 'The service answered 502 Bad Gateway')
    assert.ok(detail(answer(500, 'x'.repeat(9000))).length < 300)
  })

  test('of a redirect names the other host and nothing more of the address', () => {
    const words = detail(answer(302, '', { location: 'https://other.example/token?x=1' }))
    assert.match(words, /a redirect to https:\/\/other\.example, which is not followed/)
    assert.doesNotMatch(words, /token/)
  })

  test('repeats no part of a secret address', () => {
    const url = 'https://me:pa55word@hooks.example/services/T0/B0/aSecret%20Token?key=querySecret'
    const words = detail(
      answer(404, 'Cannot POST /services/T0/B0/aSecret%20Token?key=querySecret (aSecret Token, pa55word)'),
      [url],
    )
    assert.doesNotMatch(words, /aSecret|querySecret|pa55word/)
    assert.match(words, /Cannot POST …/)
  })

  test('repeats no secret, whatever stands around it', () => {
    const word = fc.string({ minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(word, word, word, (before, secret, after) => {
        fc.pre(secret.trim().length > 3 && !'…The service answered 400 Bad Request: '.includes(secret))
        assert.ok(!hide(before + secret + after, [secret]).includes(secret))
      }),
    )
  })
})
