// What is told of a host whose metric has passed a limit, in the form of the Janitor's report: the row at fault first.
import type { EventType, MessageWords } from '../event-type.ts'
import { spanWords } from '../lib/duration.ts'
import { cleanLine, cutText } from '../lib/text.ts'
import { rowName, rowValue, spokenHost, spokenName, spokenValue } from '../source-sample-words.ts'
import type { Graph, HubEvent, Json, MessageField } from '../words.ts'

export default [
  {
    name: 'host.threshold',
    about: 'A metric of a host has passed a limit, for as long as it had to; ends when it is back.',
    fields: {
      metric: 'Such as `cpu_percent`.',
      instance: 'Which one, where there are several: a mount, a sensor.',
      series: 'Both, as in the sample: `filesystem_percent{mount="/data"}`.',
      value: 'The newest.',
      unit: 'Of value, limit and peak: percent, bytes, celsius, seconds or number.',
      limit: 'That was passed. Of fullWithin, in seconds.',
      operator: 'above, atLeast, below, atMost, or fullWithin: it will be full within so long.',
      level: 'Severity of the limit.',
      origin: 'Where the limit stands: `host pi4`, `tag db`, `all hosts`, or `default`.',
      peak: 'The worst value since it began: the highest, or the lowest where the limit is a lower one.',
      peakAt: 'When that was.',
      sinceAt: 'When the limit was first passed.',
      durationSeconds: 'How long that has been.',
      fullInSeconds: 'When it will be full, if it goes on as in the last hours.',
      reason:
        'over: a limit, or a worse one, was passed. eased: the worse one no longer. missing: the host no longer sends the metric. returned: it sends it again. Of the end also cleared: back within its limit; unwatched: the limit is gone; forgotten: the host is.',
      goneAt: 'Of what is missing: since when.',
      from: 'What a graph of it shows: from an hour before it began, at most a day.',
      to: 'Until when.',
      metrics: 'The sample, by series; at most 40, those over their limits first.',
      over: 'Those of them that are over their limits.',
      failedUnits: 'Where it is about `failed_units`: their names, at most ten.',
    },
    labels: ['metric', 'instance'],
    severity: 'warning',
    message: tell,
    sample: {
      type: 'host.threshold',
      time: Date.UTC(2026, 10, 20, 3, 10),
      host: 'pi4',
      subject: 'cpu_percent',
      severity: 'warning',
      data: {
        reason: 'over',
        metric: 'cpu_percent',
        series: 'cpu_percent',
        unit: 'percent',
        value: 98.2,
        limit: 80,
        operator: 'above',
        level: 'warning',
        origin: 'host pi4',
        peak: 99.1,
        peakAt: '2026-11-20T03:04:00.000Z',
        sinceAt: '2026-11-20T03:00:00.000Z',
        durationSeconds: 600,
        from: '2026-11-20T02:00:00.000Z',
        to: '2026-11-20T03:10:00.000Z',
        metrics: { cpu_percent: 98.2, cpu_count: 4, memory_total: 8192000000, memory_percent: 8.1 },
        over: ['cpu_percent'],
      },
      condition: { key: 'pi4 cpu_percent', state: 'firing' },
    },
  },
] satisfies EventType[]

const mark = '❗️'
const mostRows = 40

function tell(event: HubEvent): MessageWords {
  const { data, host, condition } = event
  const series = textOf(data['series']) ?? textOf(data['metric']) ?? 'a metric'
  const title = `${spokenHost(host)}: ${saidOf(data, series)}`
  const graphs = graphsOf(event, series)
  if (condition?.state === 'resolved') return { title, icon: 'white_check_mark', ...graphs }
  return {
    title,
    fields: rowsOf(data, series),
    lines: [...linesOf(data), ...unitLines(data['failedUnits'])],
    ...graphs,
  }
}

function saidOf(data: HubEvent['data'], series: string): string {
  const name = spokenName(series)
  const { value, limit, fullInSeconds, reason, operator } = data
  const now = typeof value === 'number' ? spokenValue(series, value) : undefined
  const end = typeof limit === 'number' && operator !== 'fullWithin' ? spokenValue(series, limit) : undefined
  const isLower = operator === 'below' || operator === 'atMost'
  const behind = end === undefined ? '' : ` (${isLower ? 'lower limit' : 'limit'} ${end})`
  if (reason === 'missing')
    return `no values of ${name} any more${now === undefined ? '' : `, the last was ${now}${behind}`}`
  if (operator === 'fullWithin' && typeof fullInSeconds === 'number')
    return `${name} full in about ${spanWords(fullInSeconds * 1000)}${now === undefined ? '' : ` (now ${now})`}`
  return now === undefined ? name : `${name} ${now}${behind}`
}

/** The Janitor's lines, each channel in its own way. */
function rowsOf({ metrics, over, reason }: HubEvent['data'], series: string): MessageField[] {
  if (!isObject(metrics)) return []
  const marked = new Set(Array.isArray(over) ? over : [])
  const shown = Object.entries(metrics).filter(([, value]) => typeof value === 'number')
  const isFirst = (name: string): boolean => name === series && reason !== 'missing'
  const rows = [
    ...shown.filter(([name]) => isFirst(name)),
    ...shown.filter(([name]) => !isFirst(name) && marked.has(name)),
    ...shown.filter(([name]) => !isFirst(name) && !marked.has(name)),
  ]
  return rows.slice(0, mostRows).map(([name, value]) => ({
    name: rowName(name),
    value: `${rowValue(name, Number(value))}${isFirst(name) || marked.has(name) ? ` ${mark}` : ''}`,
  }))
}

function linesOf({ durationSeconds, fullInSeconds, operator, origin, reason, goneAt, to }: HubEvent['data']): string[] {
  const goneMs = Date.parse(textOf(to) ?? '') - Date.parse(textOf(goneAt) ?? '')
  const sentences = [
    ...(reason === 'missing'
      ? [`The host goes on sending other values${goneMs > 0 ? `, this one not for ${spanWords(goneMs)}` : ''}.`]
      : []),
    ...(reason === 'returned' ? ['It is sent again, and still past its limit.'] : []),
    ...(reason === 'eased' ? ['Less bad than before.'] : []),
    ...(typeof durationSeconds === 'number' && durationSeconds > 0
      ? [`For ${spanWords(durationSeconds * 1000)} now.`]
      : []),
    ...(typeof fullInSeconds === 'number' && operator !== 'fullWithin'
      ? [`Going on like this, it is full in about ${spanWords(fullInSeconds * 1000)}.`]
      : []),
    ...originWords(textOf(origin)),
  ]
  return sentences.length === 0 ? [] : [sentences.join(' ')]
}

function unitLines(units: Json | undefined): string[] {
  const names = (Array.isArray(units) ? units : []).filter((name): name is string => typeof name === 'string')
  return names.length === 0 ? [] : [`Failed: ${names.map((name) => cutText(cleanLine(name), 100)).join(', ')}`]
}

function originWords(origin: string | undefined): string[] {
  if (origin === undefined) return []
  return [origin === 'default' ? 'The limit is the default.' : `Limit of ${origin}.`]
}

function graphsOf({ host, data, time }: HubEvent, metric: string): { readonly graphs?: readonly Graph[] } {
  const from = Date.parse(textOf(data['from']) ?? '')
  const to = Date.parse(textOf(data['to']) ?? '')
  if (host === undefined || Number.isNaN(from)) return {}
  const { limit, operator } = data
  const line = typeof limit === 'number' && operator !== 'fullWithin' ? { limit } : {}
  return { graphs: [{ host, metric, from, to: Number.isNaN(to) ? time : to, ...line }] }
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
