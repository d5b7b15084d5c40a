// When something will be full: from how it has filled in the last hours, kept as a few points.
import type { Point } from './state.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const points = 24
/** Of each part, or there is nothing to say. */
const fewest = 3
const parts = 3

/** Looks back a quarter of what it looks ahead. */
function spanOf(withinMs: number): number {
  return Math.min(dayMs, Math.max(hourMs, withinMs / 4))
}

/** With this value taken in; old ones go. */
export function withPoint(before: readonly Point[], at: number, value: number, withinMs: number): readonly Point[] {
  const span = spanOf(withinMs)
  const kept = before.filter(([time]) => time > at - span && time < at)
  const last = kept.at(-1)
  return last !== undefined && at - last[0] < span / points ? kept : [...kept, [at, value]]
}

/**
 * Seconds until 100 %, `Infinity` when it does not fill. It must have filled in each third of the time looked at, and
 * the slowest counts: what was written at one go and is over leads nowhere.
 */
export function fullInSeconds(past: readonly Point[], at: number, value: number, withinMs: number): number {
  const span = spanOf(withinMs)
  const [first] = past
  if (first === undefined || at - first[0] < span * 0.75) return Infinity
  const [from] = first
  const all: readonly Point[] = (past.at(-1)?.[0] ?? 0) < at ? [...past, [at, value]] : past
  const partOf = (time: number): number => Math.min(parts - 1, Math.floor(((time - from) / (at - from)) * parts))
  const slopes = Array.from({ length: parts }, (_, part) => slopeOf(all.filter(([time]) => partOf(time) === part)))
  const perMs = Math.min(...slopes)
  return perMs > 0 ? Math.max(0, 100 - value) / perMs / 1000 : Infinity
}

/** Least squares. */
function slopeOf(line: readonly Point[]): number {
  if (line.length < fewest) return 0
  const meanAt = line.reduce((sum, [at]) => sum + at, 0) / line.length
  const mean = line.reduce((sum, [, value]) => sum + value, 0) / line.length
  let [over, under] = [0, 0]
  for (const [at, value] of line) {
    over += (at - meanAt) * (value - mean)
    under += (at - meanAt) ** 2
  }
  return under === 0 || !Number.isFinite(over) ? 0 : over / under
}
