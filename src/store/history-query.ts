// Answers what a metric of a host was over a span of time: from the finest tier that reaches so far back and has not too many points.
import type { HistoryAnswer, HistoryQuery } from './store.ts'
import { type Buckets, createBuckets, cutBuckets, mergeBuckets, type SeriesBuckets } from './history-buckets.ts'
import { addFact, type HistoryFile, readChunk, readPieces, rolledUpto } from './history-roll.ts'
import { type Tier, tiers } from './history-tiers.ts'
import { number } from './rows.ts'

/** Points per answer, whatever is asked for. */
const mostPoints = 20_000

/** As it crosses to another thread: five numbers a point, which is thirty times as quick as a list of lists. */
export interface FlatHistory {
  readonly stepSeconds: number
  readonly numbers: Float64Array
}

export function toHistory({ stepSeconds, numbers }: FlatHistory): HistoryAnswer {
  const points = Array.from({ length: numbers.length / 5 }, (_, index) => {
    const [at = 0, count = 0, sum = 0, min = 0, max = 0] = numbers.subarray(index * 5, index * 5 + 5)
    return [at, count, sum, min, max] as const
  })
  return { stepSeconds, points }
}

export function queryHistory(file: HistoryFile, query: HistoryQuery): FlatHistory {
  // One moment for all of it: what is rolled up meanwhile must not be seen twice, or not at all.
  return file.transaction('deferred', () => {
    const { tier, several } = chooseTier(file, query)
    const found = createBuckets()
    addChunks(found, file, query, tier)
    for (const piece of [...readPieces(file, query.host, query.metric), readUnrolled(file, query)]) {
      const buckets = piece.get(query.metric)
      if (buckets !== undefined) mergeBuckets(found, buckets, tier.factor)
    }
    const stepSeconds = tier.stepSeconds * several
    return { stepSeconds, numbers: toNumbers(found, query, stepSeconds, several) }
  })
}

/** The coarsest, several of its buckets taken together, when even that one has too many. */
function chooseTier(file: HistoryFile, query: HistoryQuery): { readonly tier: Tier; readonly several: number } {
  const most = Math.min(Math.max(1, query.points), mostPoints)
  const bucketsOf = ({ stepSeconds }: Tier): number => spanOf(query, stepSeconds).count
  const fitting = tiers.filter((tier) => bucketsOf(tier) <= most && reaches(file, query, tier))
  const last = tiers.at(-1) as Tier
  const tier = fitting[0] ?? last
  // Where it begins within a bucket, one more is touched.
  let several = Math.max(1, Math.ceil(bucketsOf(tier) / most))
  while (spanOf(query, tier.stepSeconds * several).count > most && most > 1) several += 1
  return { tier, several }
}

/** Whether the tier goes back to the beginning of what is asked for, or of what there is. */
function reaches(file: HistoryFile, { host, from }: HistoryQuery, tier: Tier): boolean {
  if (tier === tiers.at(-1)) return true
  const sql = 'select min(start) as start from history where host = ?1 and tier = ?2'
  const start = file.get(sql, host, tier.tier)?.['start']
  const first = file.get('select first from host where name = ?1', host)
  const wanted = Math.max(from, first === undefined ? 0 : number(first['first']))
  if (typeof start === 'number') return start * tier.width * tier.stepSeconds * 1000 <= wanted
  // All that there is of it is not folded yet, or it has been pruned while coarser ones remain.
  const coarser = file.get('select 1 as there from history where host = ?1 limit 1', host)
  return coarser === undefined
}

function addChunks(into: Buckets, file: HistoryFile, query: HistoryQuery, tier: Tier): void {
  const { first, last } = spanOf(query, tier.stepSeconds)
  const rows = file.all(
    'select data from history where host = ?1 and tier = ?2 and start >= ?3 and start <= ?4 order by start',
    query.host,
    tier.tier,
    Math.floor(first / tier.width),
    Math.floor(last / tier.width),
  )
  for (const row of rows) {
    const buckets = readChunk(row, query.metric).get(query.metric)
    if (buckets !== undefined) mergeBuckets(into, buckets)
  }
}

function readUnrolled(file: HistoryFile, { host, metric }: HistoryQuery): SeriesBuckets {
  const rows = file.all(
    "select key, time, received, data from fact where name = 'host.sample' and key = ?1 and seq > ?2 order by seq",
    host,
    rolledUpto(file),
  )
  const found = new Map<string, SeriesBuckets>()
  for (const row of rows) addFact(found, row, metric)
  return found.get(host) ?? new Map()
}

function toNumbers(found: Buckets, query: HistoryQuery, stepSeconds: number, several: number): Float64Array {
  let buckets = found
  if (several > 1) mergeBuckets((buckets = createBuckets()), found, several)
  const { first, last } = spanOf(query, stepSeconds)
  const { at, count, sum, min, max } = cutBuckets(buckets, first, last + 1)
  const numbers = new Float64Array(at.length * 5)
  for (const [index, bucket] of at.entries()) {
    const values = [bucket * stepSeconds * 1000, count[index] ?? 0, sum[index] ?? 0, min[index] ?? 0, max[index] ?? 0]
    numbers.set(values, index * 5)
  }
  return numbers
}

/** Numbers of the first and the last bucket that touch the span, which ends before `to`. */
function spanOf({ from, to }: HistoryQuery, stepSeconds: number): { first: number; last: number; count: number } {
  const first = Math.floor(from / (stepSeconds * 1000))
  const last = Math.ceil(to / (stepSeconds * 1000)) - 1
  return { first, last, count: last - first + 1 }
}
