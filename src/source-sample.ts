// What sources that look at hosts and watches that judge them share: one sample of a host's metrics, as a fact.
import type { Fact, Json, JsonObject, NewFact } from './words.ts'

/** The name of the fact; its key and its host are the host. */
export const sampleFact = 'host.sample'

/** The name of the fact with which a host says that it is about to stop; its key and its host are the host. */
export const stoppingFact = 'host.stopping'

/**
 * Series are named as Prometheus writes them: a metric, with one label where there are several of a sort, such as
 * `cpu_percent` or `filesystem_percent{mount="/data"}`. Sizes are bytes, percentages 0 to 100.
 */
export interface HostSample {
  readonly metrics: { readonly [series: string]: number }
  /** The kernel's, new at each boot. */
  readonly bootId?: string
  readonly uptimeSeconds?: number
  /** When the next sample is to be expected; absent: nobody said. */
  readonly everySeconds?: number
  /** systemd units in state failed, by name. */
  readonly failedUnits?: readonly string[]
  /** Of the system, for what differs between hosts that say they are the same. */
  readonly machineId?: string
}

/** Series of one host beyond these are dropped, so that nobody fills the store with names. */
export const mostSeries = 500
export const longestSeries = 200
const longestWord = 100
const mostUnits = 50

export function toSampleFact(host: string, sample: HostSample, time?: number): NewFact {
  // What no reader would take is not stored either: names may come from a page of megabytes.
  const data = { ...sample, metrics: readMetrics(sample.metrics) }
  return { name: sampleFact, key: host, host, data, ...(time === undefined ? {} : { time }) }
}

/** What a fact says, with everything that is no finite number left out; undefined: it is no sample. */
export function readSample({ name, data }: Pick<Fact, 'name' | 'data'>): HostSample | undefined {
  if (name !== sampleFact) return undefined
  return readHostSample(data)
}

/** The same from what a sender wrote. */
export function readHostSample(data: JsonObject): HostSample | undefined {
  const { metrics, bootId, uptimeSeconds, everySeconds, failedUnits, machineId } = data
  if (!isObject(metrics)) return undefined
  return {
    metrics: readMetrics(metrics),
    ...word('bootId', bootId),
    ...amount('uptimeSeconds', uptimeSeconds),
    ...amount('everySeconds', everySeconds),
    ...(Array.isArray(failedUnits) ? { failedUnits: readUnits(failedUnits) } : {}),
    ...word('machineId', machineId),
  }
}

/** A series' metric and, where there are several of a sort, which one: `/data`. */
export function readSeries(series: string): { readonly metric: string; readonly instance?: string } {
  const [, metric, instance] = /^([^{]+)\{[A-Za-z_]\w*="(.*)"\}$/s.exec(series) ?? []
  if (metric === undefined || instance === undefined) return { metric: series }
  return { metric, instance: instance.replaceAll(/\\(["\\n])/g, (_, char: string) => (char === 'n' ? '\n' : char)) }
}

/** The other way round. */
export function toSeries(metric: string, label: string, instance: string): string {
  const escaped = instance.replaceAll(/["\\\n]/g, (char) => (char === '\n' ? String.raw`\n` : `\\${char}`))
  return `${metric}{${label}="${escaped}"}`
}

function readMetrics(metrics: JsonObject): { [series: string]: number } {
  const kept: [string, number][] = []
  for (const [series, value] of Object.entries(metrics)) {
    if (typeof value !== 'number' || !Number.isFinite(value) || series.length > longestSeries) continue
    if (kept.push([series, value]) >= mostSeries) break
  }
  return Object.fromEntries(kept)
}

function readUnits(units: readonly Json[]): string[] {
  return units.filter((unit) => typeof unit === 'string').slice(0, mostUnits)
}

function word(name: 'bootId' | 'machineId', value: Json | undefined): { [key in typeof name]?: string } {
  return typeof value === 'string' && value !== '' && value.length <= longestWord ? { [name]: value } : {}
}

function amount(name: 'uptimeSeconds' | 'everySeconds', value: Json | undefined): { [key in typeof name]?: number } {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? { [name]: value } : {}
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
