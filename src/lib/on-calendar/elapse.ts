// When an OnCalendar expression elapses, as systemd 252 reckons it: by the clock on the wall of a zone.
import { createZone, type Zone } from '../zone.ts'
import { firstYear, lastYear, type OnCalendar } from './calendar.ts'
import { seekBack, seekForward } from './seek.ts'

/**
 * The first elapse after `after`, both in milliseconds since 1970; undefined when there is none before the year 2200.
 * `zone` is an IANA name, a RangeError if there is none such; it yields to a zone in the expression.
 *
 * The clock on the wall decides. What falls into an hour that never comes is left out, and not made up for. An hour that
 * comes twice counts once: who is before it or in its first coming meets the first, who is in its second the second.
 *
 * An elapse in a fraction of a millisecond is that of the next whole one.
 */
export function nextElapse(calendar: OnCalendar, after: number, zone: string): number | undefined {
  const clock = clockOf(calendar.zone ?? zone)
  // Whatever is before 1970 is the same to all expressions, and so is all beyond their end.
  const afterMs = Math.floor(Math.max(after, earliest))
  if (!(afterMs < latest)) return undefined
  let wall: number | undefined = (afterMs + clock.offsetAt(afterMs)) * msUs + 1
  while ((wall = seekForward(calendar, wall)) !== undefined) {
    const span = clock.spanAt(Math.floor(wall / msUs))
    if (!span.never) {
      const first = wall - span.first * msUs
      return Math.ceil((first > afterMs * msUs ? first : wall - span.second * msUs) / msUs)
    }
    wall = span.until * msUs
  }
  return undefined
}

/**
 * The last elapse at or before `atOrBefore`; undefined when there is none since 1970. All as in `nextElapse`, except that
 * in an hour that comes twice only the first coming has elapses.
 */
export function previousElapse(calendar: OnCalendar, atOrBefore: number, zone: string): number | undefined {
  const clock = clockOf(calendar.zone ?? zone)
  const atMs = Math.floor(Math.min(atOrBefore, latest))
  if (!(atMs >= earliest)) return undefined
  let wall: number | undefined = lastWallAt(clock, atMs)
  while ((wall = seekBack(calendar, wall)) !== undefined) {
    const span = clock.spanAt(Math.floor(wall / msUs))
    if (!span.never) return Math.ceil((wall - span.first * msUs) / msUs)
    wall = span.from * msUs - 1
  }
  return undefined
}

/** The latest time that the wall has shown; in the second coming of an hour that is the end of the first. */
function lastWallAt(clock: Zone, at: number): number {
  const offset = clock.offsetAt(at)
  let span = clock.spanAt(at + offset)
  if (!span.twice || offset !== span.second) return (at + offset) * msUs
  while (span.twice) span = clock.spanAt(span.until)
  return span.from * msUs - 1
}

const msUs = 1000
/** Reckoned with a day to spare, for zones. */
const earliest = Date.UTC(firstYear, 0, 0)
const latest = Date.UTC(lastYear + 1, 0, 2)

/** A clock remembers what it has looked up, so the same one serves again. */
function clockOf(zone: string): Zone {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  if (clocks.size >= 1000) clocks.clear()
  const made = createZone(zone)
  clocks.set(zone, made)
  return made
}

const clocks = new Map<string, Zone>()
