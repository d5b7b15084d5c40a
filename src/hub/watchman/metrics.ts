// The watchman's command `metrics`: how a metric of a host went, in a sentence and as a graph.
import { readDuration, writeDuration } from '../../lib/duration.ts'
import { readSeries } from '../../source-sample.ts'
import { inReportOrder, rowName, spokenValue } from '../../source-sample-words.ts'
import type { HostRow } from '../../store/store.ts'
import type { Graph } from '../../words.ts'
import { describeGraph } from '../graph/words.ts'
import type { CommandTools } from './commands.ts'
import type { Said } from './watchman.ts'

const longestMs = 2 * 366 * 86_400_000
const shortestMs = 60_000
const shownSeries = 30
const points = 400

/** What people call them for short. */
const short: { readonly [word: string]: readonly string[] } = {
  cpu: ['cpu_percent'],
  memory: ['memory_percent'],
  disk: ['disk_usage_percent', 'filesystem_percent'],
  swap: ['swap_percent'],
  load: ['load_1'],
  uptime: ['uptime_seconds'],
  temperature: ['temperature_celsius'],
}

export async function metrics(
  [name, metric, span = '24h']: readonly string[],
  _by: string,
  { store, now, zone }: CommandTools,
): Promise<Said> {
  const hosts = await store.hosts()
  if (name === undefined) return { ok: false, lines: ['Say of which host, and what: metrics nas cpu 24h.'] }
  const host = findHost(hosts, name)
  if (host === undefined) {
    const known = hosts.slice(0, shownSeries).map((one) => one.name)
    return { ok: false, lines: [`I know no host ${name}; I know ${known.join(', ') || 'none'}.`] }
  }
  const series = inReportOrder(Object.keys(host.sample.metrics))
  if (metric === undefined) return { ok: true, lines: [`Last sample of ${host.name}:`, ...lastValues(host, series)] }
  const found = findSeries(series, metric)
  if (found === undefined) {
    const names = [...new Set(series.map((one) => readSeries(one).metric))]
    return { ok: false, lines: [`I know no ${metric} of ${host.name}; I know ${names.join(', ') || 'nothing'}.`] }
  }
  const spanMs = readDuration(span)
  if (spanMs === undefined || spanMs < shortestMs || spanMs > longestMs) {
    const most = `at most ${writeDuration(longestMs)}`
    return { ok: false, lines: [`"${span}" is no span that I know; say 1h, 24h, 7d or the like, ${most}.`] }
  }
  const graph: Graph = { host: host.name, metric: found, from: now() - spanMs, to: now() }
  const { stepSeconds, points: known } = await store.history({ ...graph, points })
  const value = host.sample.metrics[found]
  const isLast = value !== undefined && host.lastSeenAt >= graph.from && host.lastSeenAt <= graph.to
  const latest = isLast ? { latest: { at: host.lastSeenAt, value } } : {}
  const { alt } = describeGraph(graph, known, { stepSeconds, now: now(), zone, ...latest })
  return { ok: true, lines: [`${alt}.`], ...(known.length === 0 ? {} : { graphs: [graph] }) }
}

/** As it is called, or the only one that begins so. */
export function findHost(hosts: readonly HostRow[], name: string): HostRow | undefined {
  const exact = hosts.find((host) => host.name === name)
  if (exact !== undefined) return exact
  const alike = hosts.filter((host) => host.name.toLowerCase().startsWith(name.toLowerCase()))
  return alike.length === 1 ? alike[0] : undefined
}

/** A series, a metric, what people call it for short, or which one of several: `/data`. */
function findSeries(series: readonly string[], word: string): string | undefined {
  if (series.includes(word)) return word
  const wanted = short[word.toLowerCase()] ?? [word, `${word}_percent`]
  return (
    wanted.flatMap((metric) => series.filter((one) => readSeries(one).metric === metric))[0] ??
    series.find((one) => readSeries(one).metric === 'filesystem_percent' && readSeries(one).instance === word) ??
    series.find((one) => readSeries(one).instance === word)
  )
}

function lastValues({ sample }: HostRow, series: readonly string[]): string[] {
  const lines = series.map((one) => `${rowName(one)}: ${spokenValue(one, sample.metrics[one] ?? 0)}`)
  const more = lines.length - shownSeries
  return more > 0 ? [...lines.slice(0, shownSeries), `and ${more} more`] : lines
}
