// Reads a point in the past as people type it: 90s, 5m, 1h, 7d, or a date.
import { readDuration } from '../lib/duration.ts'
import { Refusal } from './terminal.ts'

/** Milliseconds since 1970. A date without an offset is this machine's. */
export function readSince(text: string, now: number): number {
  const span = readDuration(text)
  if (span !== undefined) return now - span
  // A number alone would be read as a year or a month by Date.
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(asLocal(text)) : Number.NaN
  if (!Number.isNaN(at)) return at
  throw new Refusal(`--since ${text} is no time; give one such as 1h, 7d or 2026-05-10T13:00:00Z`, 2)
}

/** A bare date is midnight here, not in London. */
function asLocal(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text
}
