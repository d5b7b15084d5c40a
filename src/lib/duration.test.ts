// Durations: what people write and what it means.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readDuration, spanWords, writeDuration } from './duration.ts'

test('a number and a unit, or several from the longest to the shortest', () => {
  const cases: readonly [string, number | undefined][] = [
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['2y', 63_072_000_000],
    ['1y1d', 31_622_400_000],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['1d12h', 129_600_000],
    ['0', 0],
    ['0s', 0],
    ['', undefined],
    ['5', undefined],
    ['5 m', undefined],
    ['m', undefined],
    ['1.5h', undefined],
    ['-1h', undefined],
    ['30m1h', undefined],
    ['1h1h', undefined],
    ['1h 30m', undefined],
    ['1H', undefined],
    ['999999999999w', undefined],
  ]
  for (const [text, ms] of cases) assert.equal(readDuration(text), ms, JSON.stringify(text))
})

test('what is written is read as the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (ms) => assert.equal(readDuration(writeDuration(ms)), ms)),
  )
  assert.equal(writeDuration(5_400_000), '1h30m')
  assert.equal(writeDuration(604_800_000), '7d')
})

test('a span is said in at most two units', () => {
  const said = [0, 45_000, 60_000, 59 * 60_000, 3_600_000, 7_380_000, 26 * 3_600_000, 48 * 3_600_000].map(spanWords)
  assert.deepEqual(said, ['0 s', '45 s', '1 min', '59 min', '1 h', '2 h 3 min', '1 d 2 h', '2 d'])
  assert.equal(spanWords(-5), '0 s')
  assert.equal(spanWords(59.6 * 60_000), '1 h')
})
