// A span of the day such as 22:00 to 06:30 by the wall clock of a zone: whether it covers an instant, and until when.
import type { Zone } from './zone.ts'

/** Minutes after midnight. */
export interface DailySpan {
  readonly from: number
  readonly until: number
}

const dayMs = 86_400_000

/** `22:00` in minutes; undefined: it is no time of day. 24:00 is the end of a day. */
export function readTimeOfDay(text: string): number | undefined {
  const [, hours = '', minutes = ''] = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(text) ?? []
  const total = Number(hours) * 60 + Number(minutes)
  return hours === '' || total > 24 * 60 ? undefined : total
}

/**
 * When the span that covers `at` ends; undefined: none does. From is inside, until is not. Where the clock leaves out
 * a time, the span begins or ends as if it had not moved yet; a time that comes twice counts the first time.
 */
export function coveredUntil({ from, until }: DailySpan, zone: Zone, at: number): number | undefined {
  // Of yesterday, one that crosses midnight may still go on; a day of 25 hours is why tomorrow is not looked at.
  const today = dateOf(at, zone)
  for (const day of [today, today - dayMs]) {
    const begins = instantOf(day, from, zone)
    const ends = instantOf(until > from ? day : day + dayMs, until, zone)
    if (begins <= at && at < ends) return ends
  }
  return undefined
}

/** The local date as its midnight would be in UTC. */
function dateOf(at: number, zone: Zone): number {
  return Math.floor((at + zone.offsetAt(at)) / dayMs) * dayMs
}

function instantOf(day: number, minutes: number, zone: Zone): number {
  return zone.read(day + minutes * 60_000).at
}
