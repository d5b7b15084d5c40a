// Lengths of time in words: the unit that says enough, rounded down, and no nonsense for nonsense.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toFineSpan, toSpan } from './span.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

test('one unit, rounded down', () => {
  const cases: readonly [number, string][] = [
    [0, '0 s'],
    [59_999, '59 s'],
    [minute, '1 min'],
    [hour - 1, '59 min'],
    [hour, '1 h'],
    [day + 9 * minute, '24 h'],
    [2 * day - 1, '47 h'],
    [2 * day, '2 d'],
    [40.5 * day, '40 d'],
  ]
  assert.deepEqual(
    cases.map(([ms]) => toSpan(ms)),
    cases.map(([, text]) => text),
  )
})

test('two units where one is coarse', () => {
  const cases: readonly [number, string][] = [
    [42_000, '42 s'],
    [7 * minute + 23_000, '7 min'],
    [hour + 11_000, '1 h 0 min'],
    [27 * hour + 5 * minute, '27 h 5 min'],
    [3 * day + 4.9 * hour, '3 d 4 h'],
  ]
  assert.deepEqual(
    cases.map(([ms]) => toFineSpan(ms)),
    cases.map(([, text]) => text),
  )
})

test('what is no length is none', () => {
  for (const ms of [-5, Number.NaN, Infinity]) assert.equal(toFineSpan(ms), '0 s')
})
