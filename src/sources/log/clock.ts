// The time of a log's lines, and a clock made of them that only runs forward: what session timeouts are counted on.

export interface LogClock {
  /**
   * The time of a line: its stamp if it has a believable one, else that of the line before it, else the time of reading.
   * `now` of 0 (a replay): there is no time of reading, all is counted on log time.
   */
  line(stamp: number | undefined, now: number): number
  /** No line came: log time goes on as the time of reading does. */
  idle(now: number): number
  /** Of the latest line, if there was one. */
  readonly time: number | undefined
  /** Log time that never goes back. */
  readonly steady: number
  /** The time of reading at which `steady` will have got to `at`, if no line comes. */
  readingTimeOf(at: number): number
  /** What a row must keep so that a clock can go on from it. */
  readonly mark: ClockMark
  /** Stamps too far ahead of the time of reading to be true. */
  readonly disbelieved: number
}

export interface ClockMark {
  readonly steady: number
  /** Steady time less line time; not 0 after the stamps have gone back, as in autumn. */
  readonly shift: number
  /** Time of reading less line time; not 0 while old lines are read, or when the log's zone is another than we think. */
  readonly lag: number
}

/** Lines of several writers arrive out of order by less than this; anything longer is a clock that was set back. */
const jitterMs = 5 * 60_000
/** No zone is further off. */
const aheadMs = 48 * 3_600_000
/** A trace of so many lines may follow a stamped one; beyond it the log is taken for one without stamps. */
const unstampedRun = 1000

export function createLogClock(saved?: ClockMark): LogClock {
  let time = saved && saved.steady - saved.shift
  let steady = saved?.steady ?? 0
  let shift = saved?.shift ?? 0
  let lag = saved?.lag ?? 0
  let unstamped = 0
  let disbelieved = 0

  function line(stamp: number | undefined, now: number): number {
    if (stamp === undefined || !believable(stamp, now)) {
      if (now <= 0) return time ?? 0
      if (++unstamped > unstampedRun) lag = 0
      return advance(now - lag)
    }
    unstamped = 0
    lag = now <= 0 ? 0 : now - stamp
    return advance(stamp)
  }

  function believable(stamp: number, now: number): boolean {
    if (now <= 0 || stamp <= now + aheadMs) return true
    disbelieved++
    return false
  }

  function advance(to: number): number {
    if (to + shift < steady - jitterMs) shift = steady - to
    steady = Math.max(steady, to + shift)
    time = to
    return to
  }

  return {
    line,
    idle: (now) => {
      steady = Math.max(steady, now - lag + shift)
      return steady
    },
    readingTimeOf: (at) => at - shift + lag,
    get time() {
      return time
    },
    get steady() {
      return steady
    },
    get mark() {
      return { steady, shift, lag }
    },
    get disbelieved() {
      return disbelieved
    },
  }
}
