// When a heartbeat is to come: counted from when it last came, or by the clock on the wall.
import { scheduleOf } from '../../lib/schedule.ts'
import { graceOf, type HeartbeatOptions } from './options.ts'

export interface Timing {
  /** By a schedule, times are of the wall clock; else they are counted. */
  readonly isScheduled: boolean
  readonly everyMs: number
  readonly graceMs: number
  /** The first time after `at` at which it is to come; undefined: never again. */
  next(at: number): number | undefined
  /** When it is to come next, once it has come at `at`: somewhat too early counts for the time it was meant for. */
  after(at: number): number | undefined
  /** All of it as text, to notice that it has changed. */
  readonly text: string
}

/** Clocks of two machines may differ by so much, or by a tenth of the time between two runs if that is less. */
const skewMs = 60_000
const hourMs = 3_600_000

/** `hubZone` is that of a schedule that names none. */
export function timingOf(options: HeartbeatOptions, hubZone: string): Timing {
  const { every = hourMs, schedule, timezone: zone = hubZone, grace, startGrace, maxRun } = options
  const text = JSON.stringify([schedule ?? every, schedule === undefined ? null : zone, grace, startGrace, maxRun])
  if (schedule === undefined) {
    const next = (at: number): number => at + every
    return { isScheduled: false, everyMs: every, graceMs: graceOf(options), next, after: next, text }
  }
  const read = scheduleOf(schedule)
  const next = (at: number): number | undefined => read.next(at, zone)
  return { isScheduled: true, everyMs: 0, graceMs: graceOf(options), next, after: (at) => after(at, next), text }
}

/** More runs than these are not counted one by one. */
const mostRuns = 200

/** How many times it was to come from `first` on, up to `until`, `first` itself not counted; undefined: very often. */
export function countRuns({ isScheduled, everyMs, next }: Timing, first: number, until: number): number | undefined {
  if (!isScheduled) return Math.max(0, Math.floor((until - first) / everyMs))
  let count = 0
  for (let at = next(first); at !== undefined && at <= until; at = next(at)) {
    if (count === mostRuns) return undefined
    count += 1
  }
  return count
}

function after(at: number, next: Timing['next']): number | undefined {
  const coming = next(at)
  if (coming === undefined) return undefined
  const following = next(coming)
  const early = Math.min(skewMs, ((following ?? Infinity) - coming) / 10)
  return coming - at <= early ? following : coming
}
