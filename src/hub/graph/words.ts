// What a graph is called and what it shows, in words.
import { localTime } from '../../lib/local-time.ts'
import { toSpan } from '../../lib/span.ts'
import { spokenHost, spokenName, spokenValue } from '../../source-sample-words.ts'
import type { Graph } from '../../words.ts'
import type { CurvePoint } from './svg.ts'

export interface GraphTime {
  readonly stepSeconds: number
  readonly now: number
  readonly zone: string
  /** The last that is known of it by itself, where that lies in the span. */
  readonly latest?: { readonly at: number; readonly value: number }
}

export interface GraphWords {
  readonly title: string
  readonly note: string
  readonly alt: string
}

/** `CPU of pi4, 24 h to 14:05: between 3 % and 98 %, now 12 %, limit 80 %`. */
export function describeGraph(
  { host, metric, from, to, limit }: Graph,
  points: readonly CurvePoint[],
  { stepSeconds, now, zone, latest }: GraphTime,
): GraphWords {
  const said = (value: number): string => spokenValue(metric, value)
  const name = `${spokenName(metric)} of ${spokenHost(host)}`
  const title = `${name}, ${toSpan(to - from)} to ${shortTime(to, now, zone)}`
  const known = points.filter((point) => point.every(Number.isFinite) && point[1] > 0)
  const last = known.at(-1)
  if (last === undefined) return { title, note: '', alt: `${title}: nothing is known` }
  const least = known.reduce((low, [, , , min]) => Math.min(low, min), Infinity)
  const most = known.reduce((high, [, , , , max]) => Math.max(high, max), -Infinity)
  const range = said(least) === said(most) ? `always ${said(most)}` : `between ${said(least)} and ${said(most)}`
  const end = latest ?? { at: last[0] + stepSeconds * 1000, value: last[2] / last[1] }
  // Samples may come every few minutes, and the last step is not over.
  const isNow = end.at >= now - Math.max(latest === undefined ? 3000 * stepSeconds : 0, nowMs) && to >= now - 60_000
  const note = `${isNow ? 'now' : `at ${shortTime(latest?.at ?? last[0], now, zone)}`} ${said(end.value)}`
  const behind = limit === undefined ? '' : `, ${limitWords(metric, limit)}`
  return { title, note, alt: `${title}: ${range}, ${note}${behind}` }
}

export function limitWords(metric: string, limit: number): string {
  return `limit ${spokenValue(metric, limit)}`
}

/** What is older is no news of now. */
const nowMs = 6 * 60_000

/** Without the date where it is that of today. */
function shortTime(at: number, now: number, zone: string): string {
  const text = localTime(at, zone)
  return text.slice(0, 10) === localTime(now, zone).slice(0, 10) ? text.slice(11, 16) : text.slice(0, 16)
}
