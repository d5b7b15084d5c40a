// Reads a point in the past as people type it: 90s, 5m, 1h, 7d, or a date.
import { Refusal } from './terminal.ts'

const unitMs: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Milliseconds since 1970. A date without an offset is this machine's. */
export function readSince(text: string, now: number): number {
  const span = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text.trim())
  const at = span === null ? Date.parse(asLocal(text.trim())) : now - Number(span[1]) * (unitMs[span[2] ?? ''] ?? 0)
  // A number alone would be read as a year or a month by Date.
  if (Number.isNaN(at) || (span === null && !/^\d{4}-\d\d-\d\d/.test(text.trim()))) {
    throw new Refusal(`--since ${text} is no time; give one such as 1h, 7d or 2026-05-10T13:00:00Z`, 2)
  }
  return at
}

/** A bare date is midnight here, not in London. */
function asLocal(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text
}
