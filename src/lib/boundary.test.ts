// Whole multiples of a duration on the clock.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextBoundary, untilBoundary } from './boundary.ts'

test('the next one is later, at most one turn away, and a whole multiple', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 86_400_000 }), fc.integer({ min: 0, max: 4e12 }), (every, now) => {
      const next = nextBoundary(every, now)
      assert.ok(next > now && next <= now + every)
      assert.equal(next % every, 0)
    }),
  )
})

test('it is waited for by the clock that is given', async () => {
  const before = Math.floor(Date.now() / 50)
  await untilBoundary(50, Date.now, new AbortController().signal)
  assert.ok(Math.floor(Date.now() / 50) > before)
})

test('nobody waits whose work is called off', async () => {
  const abort = new AbortController()
  const waiting = untilBoundary(86_400_000, () => 1, abort.signal)
  abort.abort()
  await waiting
  await untilBoundary(86_400_000, () => 1, abort.signal)
})

test('a clock that is set back, or stands still, does not make it wait for ever', async () => {
  let now = 1_000_000
  const waiting = untilBoundary(40, () => now, new AbortController().signal)
  now = 5
  await waiting
  await untilBoundary(40, () => 1, new AbortController().signal)
})
