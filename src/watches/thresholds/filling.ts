// When something will be full: from how it has filled in the last hours, kept as a few points.
import type { Point } from './state.ts'

const hour = 3600
const day = 24 * hour
const points = 12
/** Of each part, or there is nothing to say. */
const fewest = 2
const parts = 3

/** In seconds; looks back a quarter of what it looks ahead. */
function spanOf(within: number): number {
  return Math.min(day, Math.max(hour, within / 4))
}

/** Short, since a row is written with every sample. */
function toPoint(atMs: number, value: number): Point {
  return [Math.round(atMs / 1000), Math.round(value * 1000) / 1000]
}

/** With this value taken in; old ones go. */
export function withPoint(before: readonly Point[], atMs: number, value: number, within: number): readonly Point[] {
  const [at] = toPoint(atMs, value)
  const span = spanOf(within)
  const kept = before.filter(([time]) => time > at - span && time < at)
  const last = kept.at(-1)
  return last !== undefined && at - last[0] < span / points ? kept : [...kept, toPoint(atMs, value)]
}

/**
 * Seconds until 100 %, `Infinity` when it does not fill. It must have filled in each third of the time looked at, and
 * the slowest counts: what was written at one go and is over leads nowhere.
 */
export function fullInSeconds(past: readonly Point[], atMs: number, value: number, within: number): number {
  const newest = toPoint(atMs, value)
  const [at] = newest
  const [from] = past[0] ?? newest
  if (at - from < spanOf(within) * 0.75) return Infinity
  const all = [...past.filter(([time]) => time < at), newest]
  const partOf = (time: number): number => Math.min(parts - 1, Math.floor(((time - from) / (at - from)) * parts))
  const slopes = Array.from({ length: parts }, (_, part) => slopeOf(all.filter(([time]) => partOf(time) === part)))
  const perSecond = Math.min(...slopes)
  return perSecond > 0 ? Math.max(0, 100 - value) / perSecond : Infinity
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
