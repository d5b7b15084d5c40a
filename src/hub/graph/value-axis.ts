// The axis of values: where it begins and ends, and which round values are written beside it.
import { type MetricUnit, spokenValue, unitOf } from '../../source-sample-words.ts'
import { readSeries } from '../../source-sample.ts'

export interface ValueAxis {
  readonly low: number
  readonly high: number
  readonly ticks: readonly { readonly value: number; readonly label: string }[]
}

const wantedTicks = 4
/** Beyond, sums of what is drawn are no numbers any more. */
const most = 1e300

export function toValueAxis(series: string, least: number, greatest: number): ValueAxis {
  const unit = unitOf(readSeries(series).metric)
  const [from, to] = [Math.min(clamp(least), clamp(greatest)), Math.max(clamp(least), clamp(greatest))]
  const [low, high] = boundsOf(unit, from, to)
  const step = stepOf(unit, (high - low) / wantedTicks)
  const first = Math.floor(low / step)
  const last = Math.max(first + 1, Math.ceil(high / step))
  const ticks = Array.from({ length: Math.min(12, last - first + 1) }, (_, index) => (first + index) * step)
  return {
    low: first * step,
    high: last * step,
    ticks: ticks.map((value) => ({ value, label: spokenValue(series, value) })),
  }
}

/** For what cannot be drawn. */
export function clamp(value: number): number {
  return Math.min(Math.max(value, -most), most)
}

/** What has a natural zero begins there; temperatures and the like are shown from near. */
function boundsOf(unit: MetricUnit, from: number, to: number): [number, number] {
  if (unit === 'percent' && from >= 0 && to <= 100) return [0, to > 40 ? 100 : Math.max(to * 1.1, 5)]
  if (from >= 0 && (unit === 'bytes' || unit === 'number' || unit === 'percent')) return [0, to === 0 ? 1 : to]
  // Half empty is better than a beginning that means nothing.
  if (unit === 'seconds' && from >= 0 && from < to / 2) return [0, to]
  const room = (to - from) * 0.05
  return from === to ? [from - Math.abs(from) * 0.1 - 1, to + Math.abs(to) * 0.1 + 1] : [from - room, to + room]
}

/** The next round step: of sizes a power of two, of times one of the clock, else 1, 2 or 5 before zeros. */
function stepOf(unit: MetricUnit, atLeast: number): number {
  // Beneath, powers of ten are no longer exact, and nobody measures it.
  if (!(atLeast > 1e-280)) return 1
  if (unit === 'percent') return percentSteps.find((step) => step >= atLeast * 0.999) ?? 100
  if (unit === 'bytes') return 2 ** Math.ceil(Math.log2(Math.max(1, atLeast)))
  const clock = unit === 'seconds' ? clockSteps.find((step) => step >= atLeast) : undefined
  if (clock !== undefined) return clock
  if (unit === 'seconds' && atLeast < 1e12) return Math.ceil(roundStep(atLeast / daySeconds)) * daySeconds
  return roundStep(atLeast)
}

function roundStep(atLeast: number): number {
  const scale = 10 ** Math.floor(Math.log10(atLeast))
  return (steps.find((step) => step * scale >= atLeast * 0.999) ?? 10) * scale
}

const steps = [1, 2, 5, 10] as const
const percentSteps = [0.5, 1, 2, 5, 10, 25, 50] as const
const daySeconds = 86_400
const clockSteps = [60, 300, 900, 1800, 3600, 7200, 21_600, 43_200, daySeconds] as const
