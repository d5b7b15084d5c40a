// When a sample counts as taken, and whether it still says how things are now.
import type { HostSample } from '../../source-sample.ts'
import type { Fact } from '../../words.ts'
import type { Heard } from './state.ts'

const minuteMs = 60_000
/** Later than this, or than three intervals, it tells of the past. */
const freshMs = 5 * minuteMs
const intervals = 3
/** A clock further ahead of ours is not believed. */
const aheadMs = 5 * minuteMs
const hourMs = 60 * minuteMs
const longestMs = 24 * hourMs

export interface Timed {
  readonly at: number
  readonly heard: Heard
  /** So much came between it and the one before that nothing is known of the time between. */
  readonly isAfterGap: boolean
}

/** Undefined: it is late, came before, or is older than the one that was judged last. */
export function timeOf(
  { time, receivedAt }: Fact,
  { everySeconds }: HostSample,
  last: Heard | undefined,
): Timed | undefined {
  const said = everySeconds === undefined ? undefined : Math.min(everySeconds * 1000, longestMs)
  const lateMs = Math.max(freshMs, intervals * (said ?? Math.min(last?.everyMs ?? 0, hourMs)))
  if (receivedAt - time > lateMs) return undefined
  const at = Math.min(time, receivedAt + aheadMs)
  // One that was taken in our future was judged by a clock that has been set since.
  const before = last !== undefined && last.at > receivedAt + aheadMs ? undefined : last
  if (before !== undefined && at <= before.at) return undefined
  const passedMs = before === undefined ? undefined : Math.min(at - before.at, longestMs)
  const everyMs = said ?? passedMs
  const gapMs = Math.max(freshMs, intervals * (said ?? before?.everyMs ?? 0))
  return {
    at,
    heard: { at, ...(everyMs === undefined ? {} : { everyMs }) },
    isAfterGap: passedMs === undefined || passedMs > gapMs,
  }
}
