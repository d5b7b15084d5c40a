// A pace: a burst, then so many a second, for each name by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace } from './pace.ts'

test('lets a burst through and then so many a second, each name by itself', () => {
  const pace = createPace({ burst: 2, perSecond: 0.5 })
  assert.deepEqual(
    [pace.waitMs('a', 0), pace.waitMs('a', 0), pace.waitMs('a', 0), pace.waitMs('b', 0)],
    [0, 0, 2000, 0],
  )
  assert.deepEqual([pace.waitMs('a', 1000), pace.waitMs('a', 2000), pace.waitMs('a', 2000)], [1000, 0, 2000])
})

test('gains nothing while the clock goes back', () => {
  const pace = createPace({ burst: 1, perSecond: 1 })
  assert.deepEqual([pace.waitMs('a', 5000), pace.waitMs('a', 1000), pace.waitMs('a', 2000)], [0, 1000, 0])
})

test('keeps only so many names, the latest', () => {
  const pace = createPace({ burst: 1, perSecond: 0.001 })
  for (let n = 0; n < 10_001; n += 1) pace.waitMs(`name ${n}`, 0)
  assert.equal(pace.waitMs('name 10000', 0), 1_000_000)
  assert.equal(pace.waitMs('name 0', 0), 0)
})
