// What is told of a series: over its limit, worse or less so, gone, or over.
import { spanWords } from '../../lib/duration.ts'
import { type HostSample, readSeries } from '../../source-sample.ts'
import { inReportOrder, spokenHost, spokenName, spokenValue, unitOf } from '../../source-sample-words.ts'
import type { JsonObject, NewEvent } from '../../words.ts'
import { isWorse, passes, type Reason, type Said } from './judge.ts'
import type { Operator } from './options.ts'
import type { Firing, Series } from './state.ts'

export interface Saying {
  readonly key: string
  readonly series: Series
  readonly said: Said
}

export interface Context {
  readonly host: string
  readonly at: number
  /** Absent: there is none. */
  readonly sample?: HostSample
  /** Series that are over their limits. */
  readonly over: readonly string[]
}

/** Of a sample, so many values go into an event. */
const mostMetrics = 40
const mostUnits = 10
const hourMs = 3_600_000
const graphMs = 24 * hourMs

export function toEvent({ key, series, said }: Saying, context: Context): NewEvent {
  const { host, at } = context
  const { state, reason, firing } = said
  const { metric, instance } = readSeries(series.name)
  const isEnd = state === 'resolved'
  return {
    type: 'host.threshold',
    time: at,
    host,
    subject: instance === undefined ? metric : `${metric} ${instance}`,
    severity: isEnd ? 'info' : (firing?.severity ?? 'warning'),
    ...(isEnd ? { title: `${spokenHost(host)}: ${endWords(series.name, reason, firing, at)}` } : {}),
    data: {
      reason,
      metric,
      ...(instance === undefined ? {} : { instance }),
      series: series.name,
      unit: unitOf(metric),
      ...(firing === undefined ? {} : firingData(firing, at)),
      ...(series.goneAt === undefined || reason !== 'missing' ? {} : { goneAt: iso(series.goneAt) }),
      ...graphSpan(firing?.since ?? series.goneAt ?? at, at),
      ...(context.sample === undefined || isEnd ? {} : sampleData(context.sample, series.name, context.over)),
    },
    condition: { key, state, ...(state === 'firing' && firing !== undefined ? { since: firing.since } : {}) },
  }
}

function firingData(firing: Firing, at: number): JsonObject {
  const { value, limit, operator, severity, origin, peak, peakAt, since, fullInSeconds } = firing
  return {
    value,
    limit,
    operator,
    level: severity,
    origin,
    peak,
    peakAt: iso(peakAt),
    sinceAt: iso(since),
    durationSeconds: Math.max(0, Math.round((at - since) / 1000)),
    ...(fullInSeconds === undefined ? {} : { fullInSeconds }),
  }
}

/** What a graph of it shows: from an hour before it began. */
function graphSpan(since: number, at: number): JsonObject {
  return { from: iso(Math.max(since - hourMs, at - graphMs)), to: iso(at) }
}

/** What it is about and what is over its limit first, then what people know. */
function sampleData({ metrics, failedUnits }: HostSample, about: string, over: readonly string[]): JsonObject {
  const isShown = (name: string): boolean => Object.hasOwn(metrics, name)
  const first = [...new Set([about, ...over])].filter(isShown).slice(0, mostMetrics)
  const rest = inReportOrder(Object.keys(metrics).filter((name) => !first.includes(name)))
  const shown = [...first, ...rest].slice(0, mostMetrics)
  return {
    metrics: Object.fromEntries(shown.map((name) => [name, metrics[name] ?? 0])),
    over: first.filter((name) => over.includes(name)),
    ...(about !== 'failed_units' || failedUnits === undefined ? {} : { failedUnits: failedUnits.slice(0, mostUnits) }),
  }
}

function endWords(series: string, reason: Reason, firing: Firing | undefined, at: number): string {
  const name = spokenName(series)
  if (firing === undefined) return reason === 'returned' ? `${name} is sent again` : `${name} is no longer watched`
  const was = wasWords(series, firing, at)
  if (reason === 'forgotten') return `forgotten; ${name} ${was}`
  if (reason !== 'cleared') return `${name} is no longer watched, ${was}`
  const value = spokenValue(series, firing.value)
  if (firing.operator === 'fullWithin') return `${name} at ${value}, ${was}`
  const isPastOldLimit = passes(firing.operator, firing.value, firing.limit)
  return isPastOldLimit
    ? `${name} at ${value}, which is within its limit now, ${was}`
    : `${name} back to ${value}, ${was}`
}

const sides: { readonly [operator in Exclude<Operator, 'fullWithin'>]: string } = {
  above: 'over',
  atLeast: 'at least',
  below: 'under',
  atMost: 'at most',
}

function wasWords(series: string, { operator, limit, peak, since }: Firing, at: number): string {
  const span = spanWords(at - since)
  if (operator === 'fullWithin') return `was filling up for ${span}`
  const extreme = isWorse(operator, 1, 0) ? 'peak' : 'lowest'
  return `was ${sides[operator]} ${spokenValue(series, limit)} for ${span}, ${extreme} ${spokenValue(series, peak)}`
}

function iso(at: number): string {
  return new Date(Number.isFinite(at) ? Math.min(Math.max(at, -8.64e15), 8.64e15) : 0).toISOString()
}
