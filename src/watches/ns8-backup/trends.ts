// Whether a good backup is as large and as quick as the ones before: too small, too large, empty or slow is worth a word.
import type { Options } from './options.ts'
import { memory } from './window.ts'

/** Start and end in seconds since 1970, bytes, files; as a list, since many are kept. */
export type GoodRun = readonly [start: number, end: number, size: number | null, files: number | null]

export const trendKinds = ['ZERO', 'SIZE_DROP', 'SIZE_JUMP', 'DURATION'] as const
export type TrendKind = (typeof trendKinds)[number]

export interface Trend {
  readonly kind: TrendKind
  /** Bytes, files or seconds. */
  readonly now: number
  /** The median. */
  readonly usual: number
  /** Of the median: -0.5 is half of it. */
  readonly change?: number
}

/** What has been told of an application and still holds, with the run it was told of. */
export type ToldTrends = { readonly [kind in TrendKind]?: GoodRun }

export interface TrendChange {
  readonly fresh: readonly Trend[]
  readonly told: ToldTrends
}

/** Each change is told once: again only when it is gone and back, or when it goes further by as much. */
export function changeTrends(
  run: GoodRun,
  earlier: readonly GoodRun[],
  told: ToldTrends,
  options: Options['trends'],
): TrendChange {
  const found = findTrends(run, earlier, options)
  const fresh = found.filter(({ kind }) => {
    const before = told[kind]
    if (before === undefined || kind === 'ZERO') return before === undefined
    return findTrends(run, [before], options).some((again) => again.kind === kind)
  })
  const still = found.map(({ kind }) => [kind, fresh.some((one) => one.kind === kind) ? run : (told[kind] ?? run)])
  return { fresh, told: Object.fromEntries(still) as ToldTrends }
}

/** `earlier` are good runs only: a failed one carries the size of the snapshot before. */
export function findTrends(run: GoodRun, earlier: readonly GoodRun[], options: Options['trends']): Trend[] {
  if (options === false) return []
  const [start, end, size, files] = run
  const past = earlier.slice(-memory)
  const found: Trend[] = []
  if (files === 0) found.push(toTrend('ZERO', 0, median(past.map((one) => one[3])) ?? 0))
  const usualSize = median(past.map((one) => one[2]))
  if (size !== null && usualSize !== undefined) {
    if (files !== 0 && size < usualSize * options.sizeDrop && usualSize - size > options.sizeDropAtLeast)
      found.push(toTrend('SIZE_DROP', size, usualSize))
    if (size > usualSize * options.sizeJump && size - usualSize > options.sizeJumpAtLeast)
      found.push(toTrend('SIZE_JUMP', size, usualSize))
  }
  const seconds = end - start
  const usualSeconds = median(past.map((one) => one[1] - one[0]))
  if (
    usualSeconds !== undefined &&
    seconds > usualSeconds * options.duration &&
    seconds * 1000 > options.durationAtLeast
  )
    found.push(toTrend('DURATION', seconds, usualSeconds))
  return found
}

function toTrend(kind: TrendKind, now: number, usual: number): Trend {
  return { kind, now, usual, ...(usual > 0 ? { change: now / usual - 1 } : {}) }
}

function median(values: readonly (number | null)[]): number | undefined {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b)
  const middle = Math.floor(known.length / 2)
  const upper = known[middle]
  if (upper === undefined || known.length % 2 === 1) return upper
  return (upper + (known[middle - 1] ?? upper)) / 2
}
