// Limits as people write them, and the words for those that cannot be meant.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultLimits, thresholdOptions } from './options.ts'

const level = { operator: 'above', limit: 80, clear: 80, forMs: 0, samples: 1, severity: 'warning' }

function read(limit: unknown): unknown {
  return thresholdOptions.parse({ limits: { filesystem_percent: limit } }).limits?.['filesystem_percent']
}

function mistake(options: unknown): string {
  const { error } = thresholdOptions.safeParse(options)
  return JSON.stringify(error?.issues ?? 'none')
}

describe('a limit', () => {
  test('is a number, a level, a list of them, or off', () => {
    assert.deepEqual(read(80), [level])
    assert.deepEqual(read({ above: 80 }), [level])
    assert.deepEqual(read({ above: 80, for: '10m', clear: 70 }), [{ ...level, forMs: 600_000, clear: 70 }])
    assert.deepEqual(read([80]), [level])
    assert.deepEqual([read('off'), read(false), read([])], [[], [], []])
  })

  test('in sizes is read as bytes', () => {
    assert.deepEqual(read({ below: '200MB', clear: '1GiB' }), [
      { ...level, operator: 'below', limit: 200_000_000, clear: 1_073_741_824 },
    ])
  })

  test('in several levels has the worst last, however they are written', () => {
    const list = read([{ above: 95, severity: 'critical' }, 80]) as { limit: number }[]
    assert.deepEqual(
      list.map(({ limit }) => limit),
      [80, 95],
    )
  })

  test('with a forecast is two levels', () => {
    assert.deepEqual(read({ above: 80, fullWithin: '8h' }), [
      { ...level, operator: 'fullWithin', limit: 28_800, clear: 172_800 },
      level,
    ])
  })
})

describe('a mistake is named', () => {
  for (const [what, limit, words] of [
    ['two limits in one level', { above: 80, below: 10 }, /one limit; write two levels for above and below/],
    ['no limit', { for: '5m' }, /nothing says what the limit is/],
    ['an unknown word', { over: 80 }, /over/],
    ['the wrong side', { above: 80, clear: 90 }, /well again is on the other side of the limit: at most 80/],
    ['the other wrong side', { below: 10, clear: 5 }, /at least 10/],
    ['two ways of waiting', { above: 80, for: '5m', samples: 3 }, /either for a time or for a number of samples/],
    ['something to come back from that is not there', { fullWithin: '8h', clear: 3 }, /no limit to come back from/],
    ['no number', { above: 'much' }, /neither a number nor a size/],
  ] as const) {
    test(what, () => assert.match(mistake({ limits: { filesystem_percent: limit } }), words))
  }

  test('a forecast of what is never full', () => {
    assert.match(mistake({ limits: { memory_avail: { below: 5, fullWithin: '8h' } } }), /full at 100 %/)
    assert.equal(mistake({ limits: { 'filesystem_percent{mount="/"}': { fullWithin: '8h' } } }), '"none"')
  })
})

test('what is missing may be told, or not', () => {
  const missing = (given: unknown): unknown => thresholdOptions.parse(given).missing
  assert.deepEqual(missing({}), { afterMs: 900_000, tell: 'firing' })
  assert.deepEqual(missing({ missing: '1h' }), { afterMs: 3_600_000, tell: 'firing' })
  assert.deepEqual(missing({ missing: { tell: 'always' } }), { afterMs: 900_000, tell: 'always' })
  assert.deepEqual(missing({ missing: 'off' }), { afterMs: Infinity, tell: 'firing' })
})

test('the limits without a word are good ones', () => {
  assert.deepEqual(Object.keys(defaultLimits).slice(0, 3), ['cpu_percent', 'memory_percent', 'disk_usage_percent'])
  for (const levels of Object.values(defaultLimits))
    for (const { clear, limit } of levels) assert.ok(clear <= limit || clear === limit * 6)
})
