// The figures of hosts, as a schedule tells them.
import type { EventType, MessageWords } from '../event-type.ts'
import { localTimeBeside, localTime } from '../lib/local-time.ts'
import { cleanLine, cutText } from '../lib/text.ts'
import { inReportOrder, rowName, rowValue, spokenHost, spokenName, spokenValue } from '../source-sample-words.ts'
import type { Graph, HubEvent, Json, JsonObject } from '../words.ts'

export default [
  {
    name: 'host.report',
    about: 'The last figures of each host, at a time that a schedule names.',
    fields: {
      schedule: 'The name of the schedule.',
      action: 'What it does: report.',
      since: 'When it last ran.',
      dueAt: 'When it was to run, if that was some time ago.',
      hosts:
        'Each host with the time of its last sample, its metrics, and units that have failed; of many hosts few metrics.',
      timezone: 'In which times are shown.',
    },
    labels: ['schedule'],
    severity: 'info',
    message: report,
    sample: {
      type: 'host.report',
      time: Date.UTC(2026, 10, 21, 7),
      host: 'tatooine',
      subject: 'morning',
      data: {
        schedule: 'morning',
        action: 'report',
        since: '2026-11-20T07:00:00.000Z',
        timezone: 'Europe/Madrid',
        hosts: [
          {
            host: 'tatooine',
            at: '2026-11-21T06:59:30.000Z',
            metrics: {
              cpu_percent: 98.2,
              cpu_count: 4,
              memory_total: 8_192_000_000,
              memory_percent: 7.97,
              disk_usage_total: 62_555_000_000,
              disk_usage_percent: 26.5,
            },
            failedUnits: ['nginx.service'],
          },
        ],
      },
    },
  },
] satisfies EventType[]

interface Row {
  readonly host: string
  readonly at: number
  readonly metrics: { readonly [series: string]: number }
  readonly failedUnits: readonly string[]
}

/** Of more hosts than these, one line each is told. */
const hostsInFull = 3
const hostsNamed = 60
const graphMetrics = ['cpu_percent', 'memory_percent', 'disk_usage_percent']
const mostGraphs = 3
const shortestGraphMs = 3_600_000
const longestGraphMs = 31 * 86_400_000
/** An older sample is said to be so. */
const staleMs = 600_000

function report({ data, time, subject }: HubEvent): MessageWords {
  const rows = readRows(data['hosts'])
  const [only] = rows
  const name = word(data['schedule'] ?? subject)
  if (only === undefined)
    return { title: `Report ${name}: no host has sent a sample yet`, icon: 'clipboard', lines: late(data, time) }
  const title = rows.length === 1 ? `Report of ${spokenHost(only.host)}` : `Report of ${rows.length} hosts`
  const isBrief = rows.length > hostsInFull
  const named = rows.slice(0, hostsNamed)
  return {
    title,
    icon: 'clipboard',
    ...(isBrief ? { folded: true } : {}),
    lines: [
      ...(isBrief
        ? [named.map((row) => briefly(row, data, time)).join('\n')]
        : named.map((row) => inFull(row, data, time))),
      ...late(data, time),
    ],
    graphs: graphsOf(rows, data, time),
  }
}

/** The lines that the Janitor wrote. */
function inFull({ host, at, metrics, failedUnits }: Row, data: JsonObject, time: number): string {
  const lines = inReportOrder(Object.keys(metrics)).map(
    (series) => `- ${rowName(series)}: ${rowValue(series, metrics[series] ?? 0)}`,
  )
  return [
    `${spokenHost(host)}${ageOf(at, data, time)}`,
    ...lines,
    ...unitWords(failedUnits).map((one) => `- ${one}`),
  ].join('\n')
}

function briefly({ host, at, metrics, failedUnits }: Row, data: JsonObject, time: number): string {
  const figures = inReportOrder(Object.keys(metrics)).map(
    (series) => `${spokenName(series)} ${spokenValue(series, metrics[series] ?? 0)}`,
  )
  const all = [...figures, ...unitWords(failedUnits)]
  return `${spokenHost(host)}${ageOf(at, data, time)}: ${all.length === 0 ? 'no figures' : all.join(', ')}`
}

function unitWords(units: readonly string[]): string[] {
  return units.length === 0 ? [] : [`Failed units: ${units.map(word).join(', ')}`]
}

function ageOf(at: number, data: JsonObject, time: number): string {
  return time - at < staleMs ? '' : ` (last heard ${timeIn(at, time, data['timezone'])})`
}

function late(data: JsonObject, time: number): string[] {
  const dueAt = atOf(data['dueAt'])
  if (Number.isNaN(dueAt)) return []
  return [`It was to come at ${timeIn(dueAt, time, data['timezone'])}, when I was not running.`]
}

function graphsOf(rows: readonly Row[], data: JsonObject, to: number): Graph[] {
  const since = atOf(data['since'])
  const span = Math.min(longestGraphMs, Math.max(shortestGraphMs, Number.isNaN(since) ? 0 : to - since))
  const metrics = rows.length === 1 ? graphMetrics : graphMetrics.slice(0, 1)
  return rows
    .flatMap(({ host, metrics: known }) =>
      metrics.filter((metric) => Object.hasOwn(known, metric)).map((metric) => ({ host, metric, from: to - span, to })),
    )
    .slice(0, mostGraphs)
}

/** Whoever makes up an event may make up all of it. */
function readRows(value: Json | undefined): Row[] {
  const list = Array.isArray(value) ? (value as readonly Json[]) : []
  return list.flatMap((one) => {
    if (!isObject(one) || typeof one['host'] !== 'string') return []
    const { host, metrics, failedUnits } = one
    const at = atOf(one['at'])
    const entries = isObject(metrics) ? Object.entries(metrics) : []
    return [
      {
        host,
        at: Number.isNaN(at) ? Infinity : at,
        metrics: Object.fromEntries(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number')),
        failedUnits: Array.isArray(failedUnits) ? failedUnits.filter((unit) => typeof unit === 'string') : [],
      },
    ]
  })
}

function timeIn(at: number, beside: number, zone: Json | undefined): string {
  try {
    return localTimeBeside(at, beside, typeof zone === 'string' && zone !== '' ? zone : 'UTC').slice(0, -3)
  } catch {
    return `${localTime(at, 'UTC').slice(0, 16)} UTC`
  }
}

function word(value: Json | undefined): string {
  return cutText(cleanLine(typeof value === 'string' ? value : ''), 100) || '?'
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function atOf(value: Json | undefined): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}
