// Rolled up samples: per series, what was seen in each stretch of time as count, sum, min and max, so that parts of a stretch add up in any order.
import { mostSeries } from '../source-sample.ts'

/** Parallel lists, by time upwards. `at` is the number of the bucket: time divided by the width of the buckets. */
export interface Buckets {
  readonly at: number[]
  readonly count: number[]
  readonly sum: number[]
  readonly min: number[]
  readonly max: number[]
}

export type SeriesBuckets = Map<string, Buckets>

export function createBuckets(): Buckets {
  return { at: [], count: [], sum: [], min: [], max: [] }
}

/** Adds a sample; that it is late costs time only. */
export function addSample(series: SeriesBuckets, name: string, at: number, value: number): void {
  const found = series.get(name)
  if (found !== undefined) return addBucket(found, at, 1, value, value, value)
  if (series.size >= mostSeries) return
  series.set(name, { at: [at], count: [1], sum: [value], min: [value], max: [value] })
}

/** Takes over all of `from`, its buckets made `factor` times as wide. Beyond the most series a host may have, new ones are dropped. */
export function mergeSeries(into: SeriesBuckets, from: SeriesBuckets, factor = 1): void {
  for (const [name, buckets] of from) {
    let target = into.get(name)
    if (target === undefined) {
      if (into.size >= mostSeries) continue
      target = createBuckets()
      into.set(name, target)
    }
    mergeBuckets(target, buckets, factor)
  }
}

export function mergeBuckets(into: Buckets, from: Buckets, factor = 1): void {
  const { at, count, sum, min, max } = from
  for (let index = 0; index < at.length; index += 1) {
    const bucket = Math.floor((at[index] ?? 0) / factor)
    addBucket(into, bucket, count[index] ?? 0, sum[index] ?? 0, min[index] ?? 0, max[index] ?? 0)
  }
}

/** The buckets from `from` up to and without `to`. */
export function cutBuckets({ at, count, sum, min, max }: Buckets, from: number, to: number): Buckets {
  const [first, last] = [placeOf(at, from), placeOf(at, to)]
  const cut = (list: readonly number[]): number[] => list.slice(first, last)
  return { at: cut(at), count: cut(count), sum: cut(sum), min: cut(min), max: cut(max) }
}

/** By the number that `width` buckets share. */
export function splitSeries(series: SeriesBuckets, width: number): Map<number, SeriesBuckets> {
  const parts = new Map<number, SeriesBuckets>()
  for (const [name, buckets] of series) {
    const { at } = buckets
    for (let index = 0; index < at.length;) {
      const part = Math.floor((at[index] ?? 0) / width)
      let of = parts.get(part)
      if (of === undefined) parts.set(part, (of = new Map()))
      of.set(name, cutBuckets(buckets, part * width, (part + 1) * width))
      index = placeOf(at, (part + 1) * width)
    }
  }
  return parts
}

function addBucket(to: Buckets, at: number, count: number, sum: number, min: number, max: number): void {
  const last = to.at.length - 1
  let place = last
  if (last < 0 || (to.at[last] ?? 0) < at) {
    to.at.push(at)
    to.count.push(count)
    to.sum.push(sum)
    to.min.push(min)
    to.max.push(max)
    return
  }
  if (to.at[last] !== at) {
    place = placeOf(to.at, at)
    if (to.at[place] !== at) {
      to.at.splice(place, 0, at)
      to.count.splice(place, 0, count)
      to.sum.splice(place, 0, sum)
      to.min.splice(place, 0, min)
      to.max.splice(place, 0, max)
      return
    }
  }
  to.count[place] = (to.count[place] ?? 0) + count
  to.sum[place] = finite((to.sum[place] ?? 0) + sum)
  to.min[place] = Math.min(to.min[place] ?? min, min)
  to.max[place] = Math.max(to.max[place] ?? max, max)
}

/** The first place whose value is not below. */
function placeOf(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Two samples of 1e308 add up to no number. */
function finite(value: number): number {
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE)
}
