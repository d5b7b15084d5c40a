// What is odd about a good backup, and that it is said once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { options as schema } from './options.ts'
import { changeTrends, findTrends, type GoodRun, type ToldTrends } from './trends.ts'
import { trendWords } from './words.ts'

const { trends } = schema.parse({})
const gib = 1024 ** 3
const mib = 1024 ** 2

/** Size in bytes, duration in minutes. */
function run(size: number | null, minutes = 10, files: number | null = 100): GoodRun {
  return [0, minutes * 60, size, files]
}

function kinds(now: GoodRun, ...earlier: readonly GoodRun[]): string[] {
  return findTrends(now, earlier, trends).map(({ kind }) => kind)
}

test('half the size or less, and much in bytes', () => {
  assert.deepEqual(kinds(run(49 * gib), run(100 * gib)), ['SIZE_DROP'])
  assert.deepEqual(kinds(run(50 * gib), run(100 * gib)), [])
  assert.deepEqual(kinds(run(10 * mib), run(110 * mib)), [])
  assert.deepEqual(kinds(run(10 * mib), run(111 * mib)), ['SIZE_DROP'])
})

test('more than twice the size, and much in bytes', () => {
  assert.deepEqual(kinds(run(2.1 * gib), run(1 * gib)), ['SIZE_JUMP'])
  assert.deepEqual(kinds(run(2 * gib), run(1 * gib)), [])
  assert.deepEqual(kinds(run(1000 * mib), run(100 * mib)), [])
})

test('no file at all', () => {
  assert.deepEqual(kinds(run(0, 10, 0), run(100 * gib)), ['ZERO'])
  assert.deepEqual(kinds(run(0, 10, 0)), ['ZERO'], 'even the first time')
})

test('three times as long, and longer than a quarter of an hour', () => {
  assert.deepEqual(kinds(run(gib, 31), run(gib, 10)), ['DURATION'])
  assert.deepEqual(kinds(run(gib, 30), run(gib, 10)), [])
  assert.deepEqual(kinds(run(gib, 15), run(gib, 1)), [])
})

test('the median of the last fourteen counts, not one of them', () => {
  const usual = Array.from({ length: 13 }, () => run(100 * gib))
  assert.deepEqual(kinds(run(40 * gib), run(gib), ...usual), ['SIZE_DROP'])
  const smaller = Array.from({ length: 14 }, () => run(30 * gib))
  assert.deepEqual(kinds(run(40 * gib), ...usual, ...smaller), [])
  assert.deepEqual(findTrends(run(10 * gib), [run(30 * gib), run(50 * gib)], trends)[0]?.usual, 40 * gib)
})

test('without earlier runs, or sizes, nothing is odd; nor when nobody asks', () => {
  assert.deepEqual(kinds(run(gib)), [])
  assert.deepEqual(kinds(run(null, 10, null), run(100 * gib)), [])
  assert.deepEqual(kinds(run(gib), run(null, 10, null)), [])
  assert.deepEqual(findTrends(run(0, 10, 0), [run(100 * gib)], false), [])
})

test('a change is told once, again when it goes further, and anew when it was gone', () => {
  const big = Array.from({ length: 14 }, () => run(100 * gib))
  let told: ToldTrends = {}
  const tell = (now: GoodRun): string[] => {
    const { fresh, told: next } = changeTrends(now, big, told, trends)
    told = next
    return fresh.map(({ kind }) => kind)
  }
  assert.deepEqual(tell(run(40 * gib)), ['SIZE_DROP'])
  assert.deepEqual(tell(run(40 * gib)), [])
  assert.deepEqual(tell(run(30 * gib)), [])
  assert.deepEqual(tell(run(10 * gib)), ['SIZE_DROP'])
  assert.deepEqual(tell(run(10 * gib)), [])
  assert.deepEqual(tell(run(100 * gib)), [])
  assert.deepEqual(told, {})
  assert.deepEqual(tell(run(40 * gib)), ['SIZE_DROP'])
  assert.deepEqual([tell(run(0, 10, 0)), tell(run(0, 10, 0))], [['ZERO'], []])
})

test('it is said with the application, the percentage and both values', () => {
  const words = (now: GoodRun, earlier: GoodRun) =>
    findTrends(now, [earlier], trends).map((trend) => trendWords('mail1', trend))
  assert.deepEqual(words(run(9_000_000), run(384 * gib)), [
    'mail1 is 99.9 % smaller than usual: 8.6 MiB instead of 384.0 GiB',
  ])
  assert.deepEqual(words(run(40 * gib), run(100 * gib)), [
    'mail1 is 60 % smaller than usual: 40.0 GiB instead of 100.0 GiB',
  ])
  assert.deepEqual(words(run(35 * gib), run(10 * gib)), [
    'mail1 is 250 % larger than usual: 35.0 GiB instead of 10.0 GiB',
  ])
  assert.deepEqual(words(run(gib, 90), run(gib, 20)), ['mail1 took 350 % longer than usual: 1 h instead of 20 min'])
  assert.deepEqual(words(run(0, 10, 0), run(gib)), ['mail1 saved no file at all (usually 100)'])
})
