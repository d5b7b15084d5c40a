// What people call the metrics of a sample, and how their values read; shared by watches and event types.
import { spanWords } from './lib/duration.ts'
import { humanSize } from './lib/human-size.ts'
import { cleanLine, cutText } from './lib/text.ts'
import { readSeries } from './source-sample.ts'

export type MetricUnit = 'percent' | 'bytes' | 'celsius' | 'seconds' | 'number'

/** Names of the Janitor's report, then ours; what stands here first is shown first. */
const names: ReadonlyMap<string, string> = new Map([
  ['cpu_percent', 'CPU %'],
  ['cpu_count', 'CPU count'],
  ['memory_total', 'Memory Total'],
  ['memory_avail', 'Memory Available'],
  ['memory_used', 'Memory Used'],
  ['memory_free', 'Memory Free'],
  ['memory_percent', 'Memory %'],
  ['disk_usage_total', 'Disk Total'],
  ['disk_usage_used', 'Disk Used'],
  ['disk_usage_free', 'Disk Free'],
  ['disk_usage_percent', 'Disk %'],
  ['filesystem_percent', 'Filesystem %'],
  ['filesystem_inodes_percent', 'Inodes %'],
  ['filesystem_total', 'Filesystem Total'],
  ['filesystem_used', 'Filesystem Used'],
  ['filesystem_avail', 'Filesystem Available'],
  ['filesystem_free', 'Filesystem Free'],
  ['swap_percent', 'Swap %'],
  ['swap_total', 'Swap Total'],
  ['swap_used', 'Swap Used'],
  ['swap_free', 'Swap Free'],
  ['load_1', 'Load 1 min'],
  ['load_5', 'Load 5 min'],
  ['load_15', 'Load 15 min'],
  ['temperature_celsius', 'Temperature'],
  ['pressure_cpu_some', 'Pressure CPU'],
  ['pressure_memory_some', 'Pressure Memory'],
  ['pressure_memory_full', 'Pressure Memory full'],
  ['pressure_io_some', 'Pressure I/O'],
  ['pressure_io_full', 'Pressure I/O full'],
  ['uptime_seconds', 'Uptime'],
  ['failed_units', 'Failed units'],
])
const order: ReadonlyMap<string, number> = new Map(Array.from(names.keys(), (metric, index) => [metric, index]))

const sizes = /^(?:memory|swap|disk_usage|filesystem)_(?:total|avail|available|used|free|cached|buffers)$|_bytes$/
const longestWord = 80

export function unitOf(metric: string): MetricUnit {
  if (metric.endsWith('_percent')) return 'percent'
  if (metric.endsWith('_celsius')) return 'celsius'
  if (metric.endsWith('_seconds')) return 'seconds'
  return sizes.test(metric) ? 'bytes' : 'number'
}

/** As a row of a report is called: `CPU %`, `Filesystem % /data`. */
export function rowName(series: string): string {
  const { metric, instance } = readSeries(series)
  return withInstance(names.get(metric) ?? word(metric), instance)
}

/** As it is called within a sentence: `CPU`, `Filesystem /data`. */
export function spokenName(series: string): string {
  const { metric, instance } = readSeries(series)
  return withInstance((names.get(metric) ?? word(metric)).replace(/ %$/, ''), instance)
}

/** As it stands in a report, where the name says that it is a percentage: `98.2`, `622.86 MB`. */
export function rowValue(series: string, value: number): string {
  return unitOf(readSeries(series).metric) === 'percent' ? digits(value) : spokenValue(series, value)
}

/** As it stands in a sentence: `98.2 %`, `61 °C`, `622.86 MB`, `3 h 20 min`. */
export function spokenValue(series: string, value: number): string {
  switch (unitOf(readSeries(series).metric)) {
    case 'percent':
      return `${digits(value)} %`
    case 'celsius':
      return `${digits(value)} °C`
    case 'bytes':
      return cutText(humanSize(value), longestWord)
    case 'seconds':
      return cutText(spanWords(value * 1000), longestWord)
    case 'number':
      return digits(value)
  }
}

/** A host as it is called in a sentence; whoever sends samples may call itself anything. */
export function spokenHost(host: string | undefined): string {
  return word(host ?? '') || 'unknown host'
}

/** In the order in which people know them: what has a name first, each mount or sensor by its name. */
export function inReportOrder(series: readonly string[]): string[] {
  const placed = series.map((name) => ({ name, place: order.get(readSeries(name).metric) ?? order.size }))
  return placed
    .toSorted((one, other) => one.place - other.place || (one.name < other.name ? -1 : Number(one.name > other.name)))
    .map(({ name }) => name)
}

function withInstance(name: string, instance: string | undefined): string {
  return instance === undefined ? name : `${name} ${word(instance) || '?'}`
}

function word(text: string): string {
  return cutText(cleanLine(text.slice(0, 1000)), longestWord)
}

function digits(value: number): string {
  return String(Number(value.toFixed(2)))
}
