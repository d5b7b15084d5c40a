// What lists and pages show of hosts and their metrics, as JSON: the same from a running hub and from the file itself.
import { readSeries } from '../source-sample.ts'
import { inReportOrder } from '../source-sample-words.ts'
import type { HostRow, Store } from '../store/store.ts'
import { severities, type Severity } from '../words.ts'
import { conditionPrefix, type ConditionRow, readRows } from './condition-row.ts'
import { type ConditionEntry, listConditions } from './look-conditions.ts'

export type HostStore = Pick<Store, 'hosts' | 'host' | 'history' | 'states'>

/** Times are ISO 8601 in UTC. */
export interface HostEntry {
  readonly name: string
  readonly firstSeenAt: string
  /** When its last sample was taken. */
  readonly lastSeenAt: string
  readonly source: string
  readonly cpuPercent?: number
  readonly memoryPercent?: number
  /** Of all that are mounted. */
  readonly fullestDisk?: { readonly mount: string; readonly percent: number }
  readonly load?: number
  readonly uptimeSeconds?: number
  /** Open ones that are about it. */
  readonly conditions: number
  /** The worst of those. */
  readonly severity?: Severity
}

export interface HostList {
  readonly hosts: readonly HostEntry[]
}

export interface HostPage extends HostEntry {
  readonly bootId?: string
  readonly everySeconds?: number
  readonly failedUnits?: readonly string[]
  /** Of the last sample, in the order in which people know them. */
  readonly series: readonly { readonly series: string; readonly value: number }[]
  readonly open: readonly ConditionEntry[]
}

export interface MetricQuery {
  readonly host: string
  readonly metric: string
  readonly from: number
  readonly to: number
  readonly points: number
}

export interface MetricPage {
  readonly host: string
  readonly metric: string
  readonly from: string
  readonly to: string
  /** How long each point stands for; it is chosen so that there are not more points than were asked for. */
  readonly stepSeconds: number
  readonly points: readonly {
    readonly at: string
    readonly count: number
    readonly mean: number
    readonly min: number
    readonly max: number
  }[]
}

/** By name. */
export async function listHosts(store: HostStore): Promise<HostList> {
  const [hosts, open] = await Promise.all([store.hosts(), openByHost(store)])
  return { hosts: hosts.map((host) => toEntry(host, open.get(host.name) ?? [])) }
}

/** Undefined: none by that name is known. */
export async function lookUpHost(store: HostStore, name: string): Promise<HostPage | undefined> {
  const host = await store.host(name)
  if (host === undefined) return undefined
  const { metrics, bootId, everySeconds, failedUnits } = host.sample
  const { conditions } = await listConditions(store, { state: 'open', limit: Infinity })
  const open = conditions.filter((condition) => condition.host === name)
  return {
    ...toEntry(host, open),
    ...(bootId === undefined ? {} : { bootId }),
    ...(everySeconds === undefined ? {} : { everySeconds }),
    ...(failedUnits === undefined ? {} : { failedUnits }),
    series: inReportOrder(Object.keys(metrics)).map((series) => ({ series, value: metrics[series] ?? 0 })),
    open,
  }
}

export async function readMetric(store: Pick<Store, 'history'>, query: MetricQuery): Promise<MetricPage> {
  const { stepSeconds, points } = await store.history(query)
  return {
    host: query.host,
    metric: query.metric,
    from: iso(query.from),
    to: iso(query.to),
    stepSeconds,
    points: points.map(([at, count, sum, min, max]) => ({ at: iso(at), count, mean: sum / count, min, max })),
  }
}

function toEntry(host: HostRow, open: readonly { readonly severity: Severity }[]): HostEntry {
  const { metrics } = host.sample
  const uptime = host.sample.uptimeSeconds ?? metrics['uptime_seconds']
  const worst = severities.findLast((severity) => open.some((condition) => condition.severity === severity))
  return {
    name: host.name,
    firstSeenAt: iso(host.firstSeenAt),
    lastSeenAt: iso(host.lastSeenAt),
    source: host.source,
    ...given('cpuPercent', metrics['cpu_percent']),
    ...given('memoryPercent', metrics['memory_percent']),
    ...given('fullestDisk', fullest(metrics)),
    ...given('load', metrics['load_1']),
    ...given('uptimeSeconds', uptime),
    conditions: open.length,
    ...given('severity', worst),
  }
}

function fullest(metrics: HostRow['sample']['metrics']): HostEntry['fullestDisk'] {
  const root = metrics['disk_usage_percent']
  let found = root === undefined ? undefined : { mount: '/', percent: root }
  for (const [series, percent] of Object.entries(metrics)) {
    const { metric, instance } = readSeries(series)
    if (metric !== 'filesystem_percent' || instance === undefined) continue
    if (found === undefined || percent > found.percent) found = { mount: instance, percent }
  }
  return found
}

async function openByHost(store: HostStore): Promise<ReadonlyMap<string, readonly ConditionRow[]>> {
  const rows = readRows(await store.states(conditionPrefix))
  return Map.groupBy(
    rows.filter((row) => row.state === 'open' && row.host !== undefined),
    (row) => row.host ?? '',
  )
}

function given<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value })
}

function iso(at: number): string {
  return new Date(Math.min(Math.max(at, -8.64e15), 8.64e15)).toISOString()
}
