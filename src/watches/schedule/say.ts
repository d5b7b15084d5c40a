// The events of a schedule: a report, a digest, a sample that did not come.
import { inReportOrder } from '../../source-sample-words.ts'
import type { JsonObject, NewEvent } from '../../words.ts'
import type { Figures, MainState, Setting, Tally } from './state.ts'

/** Of more hosts than these, one line each is told. */
const hostsInFull = 3
const mostSeries = 24
const briefly = ['cpu_percent', 'memory_percent', 'disk_usage_percent', 'swap_percent', 'load_1']

export function report({ gathered = [], since }: MainState, more: JsonObject, setting: Setting): NewEvent {
  const sorted = gathered.toSorted((one, other) => (one.host < other.host ? -1 : 1))
  const isBrief = sorted.length > hostsInFull
  const hosts = sorted.map(({ host, at, metrics, failedUnits = [] }) => ({
    host,
    at: iso(at),
    metrics: shown(metrics, isBrief),
    ...(failedUnits.length === 0 ? {} : { failedUnits: [...failedUnits] }),
  }))
  const [only] = sorted
  return {
    type: 'host.report',
    subject: setting.place.name,
    ...(sorted.length === 1 && only !== undefined ? { host: only.host } : {}),
    data: { ...about(setting), ...more, since: iso(since), hosts },
  }
}

export function digest(
  { tally, since }: { tally: Tally; since: number },
  more: JsonObject,
  setting: Setting,
): NewEvent {
  const { events, severities, types, otherTypes, begun, ended, open, otherOpen } = tally
  const named = Object.values(open).toSorted((one, other) => one.since - other.since)
  return {
    type: 'sereno.digest',
    subject: setting.place.name,
    data: {
      ...about(setting),
      ...more,
      since: iso(since),
      events,
      severities,
      types: byCount(types).slice(0, typesShown),
      otherEvents: otherTypes + sum(byCount(types).slice(typesShown)),
      begun,
      ended,
      open: named.slice(0, openShown).map((one) => ({ ...one, since: iso(one.since) })),
      openCount: named.length + otherOpen,
    },
  }
}

const typesShown = 20
const openShown = 20

export function noSample(host: string, reason: 'timeout' | 'unanswered', setting: Setting): NewEvent {
  const { options, place } = setting
  return {
    type: 'sereno.schedule-failed',
    subject: place.name,
    host,
    data: {
      ...about(setting),
      source: options.source ?? '',
      reason,
      ...(reason === 'timeout' ? { timeoutSeconds: options.timeout / 1000 } : {}),
    },
  }
}

function about({ place, zone, options }: Setting): JsonObject {
  return { schedule: place.name, action: options.action, timezone: zone }
}

function shown(metrics: Figures['metrics'], isBrief: boolean): { readonly [series: string]: number } {
  const names = isBrief ? briefly.filter((name) => Object.hasOwn(metrics, name)) : inReportOrder(Object.keys(metrics))
  return Object.fromEntries(names.slice(0, mostSeries).map((name) => [name, metrics[name] ?? 0]))
}

function byCount(types: Tally['types']): readonly (readonly [type: string, count: number])[] {
  return Object.entries(types).toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
}

function sum(counts: readonly (readonly [string, number])[]): number {
  return counts.reduce((total, [, count]) => total + count, 0)
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
