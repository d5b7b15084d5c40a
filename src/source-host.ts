// The figures of a host under the names of their series: whoever looks at a host, by itself or through another program, reckons alike.
import { printable } from './lib/printable.ts'
import { toSeries } from './source-sample.ts'

export type Metrics = { readonly [series: string]: number }

/** As /proc/meminfo has them, in bytes. */
export interface Memory {
  readonly total: number
  readonly free: number
  /** Absent before Linux 3.14. */
  readonly available?: number
  readonly buffers: number
  readonly cached: number
  readonly reclaimable: number
}

/** `used` is what is neither free nor buffers nor cache: as psutil had it, until it took what is not available. */
export function memoryMetrics(memory: Memory): Metrics {
  const { total, free, buffers, cached, reclaimable } = memory
  const rest = total - free - buffers - cached - reclaimable
  // In some containers the parts come from the machine and the total does not.
  const used = rest < 0 ? Math.max(0, total - free) : rest
  // Some kernels say 0: https://github.com/giampaolo/psutil/issues/1915
  const available = memory.available || Math.min(total, free + buffers + cached)
  return {
    memory_total: total,
    memory_avail: available > total ? free : available,
    memory_used: used,
    memory_free: free,
    ...(total > 0 ? { memory_percent: round((used / total) * 100, 2) } : {}),
  }
}

export function swapMetrics(total: number, free: number): Metrics {
  const used = Math.max(0, total - free)
  return { swap_total: total, swap_used: used, swap_percent: total > 0 ? round((used / total) * 100, 1) : 0 }
}

/** Time spent since boot, of all cores together: user, nice, system, idle, iowait, irq, softirq, steal; in any unit. */
export type CpuTimes = readonly number[]
export const cpuModes = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const
const restingModes = [cpuModes.indexOf('idle'), cpuModes.indexOf('iowait')]

/** Undefined when no time has passed. A counter that went back (iowait may, and a core that left) counts as none. */
export function cpuPercent(before: CpuTimes, after: CpuTimes): number | undefined {
  const passed = cpuModes.map((_, index) => Math.max(0, (after[index] ?? 0) - (before[index] ?? 0)))
  const all = passed.reduce((sum, one) => sum + one, 0)
  if (!(all > 0)) return undefined
  const resting = restingModes.reduce((sum, index) => sum + (passed[index] ?? 0), 0)
  return round(((all - resting) / all) * 100, 1)
}

export interface Space {
  readonly total: number
  /** With what is kept for root. */
  readonly free: number
  /** Without it. */
  readonly available: number
  /** Inodes; 0 where the file system does not count them. */
  readonly files: number
  readonly filesFree: number
}

/** Of the file system at `/`. */
export function diskMetrics(space: Space): Metrics {
  const { used, percent } = usedOf(space)
  return {
    disk_usage_total: space.total,
    disk_usage_used: used,
    disk_usage_free: space.available,
    ...(percent === undefined ? {} : { disk_usage_percent: percent }),
  }
}

export function filesystemMetrics(point: string, space: Space): Metrics {
  const mount = printable(point)
  const { used, percent } = usedOf(space)
  const inodes = space.files > 0 ? round(((space.files - space.filesFree) / space.files) * 100, 1) : undefined
  return {
    [toSeries('filesystem_total', 'mount', mount)]: space.total,
    [toSeries('filesystem_used', 'mount', mount)]: used,
    [toSeries('filesystem_free', 'mount', mount)]: space.available,
    ...(percent === undefined ? {} : { [toSeries('filesystem_percent', 'mount', mount)]: percent }),
    ...(inodes === undefined ? {} : { [toSeries('filesystem_inodes_percent', 'mount', mount)]: inodes }),
  }
}

export function loadMetrics([one, five, fifteen]: readonly [number, number, number]): Metrics {
  return { load_1: one, load_5: five, load_15: fifteen }
}

/** What of the pressure of a resource is told: someone waited, or all did. A processor always has someone at work. */
export const pressures = ['cpu_some', 'memory_some', 'memory_full', 'io_some', 'io_full'] as const
export type Pressure = (typeof pressures)[number]

export interface Reading {
  /** Of the driver, such as `coretemp`. */
  readonly chip: string
  /** Which one of those: told only where there are several. */
  readonly device: string
  /** Such as `Package id 0`. */
  readonly sensor: string
  readonly celsius: number
}

const mostSensors = 64

export function temperatureMetrics(readings: readonly Reading[]): Metrics {
  const metrics: { [series: string]: number } = {}
  const taken = new Map<string, number>()
  const plain = readings.map(({ chip, sensor }) => words(chip, sensor))
  for (const [index, { chip, device, sensor, celsius }] of readings.slice(0, mostSensors).entries()) {
    // Drivers of sensors that are not there answer with the ends of their range.
    if (!(celsius > -100 && celsius < 1000)) continue
    const name = plain[index] ?? ''
    const full = plain.indexOf(name) === plain.lastIndexOf(name) ? name : words(chip, device, sensor)
    const count = (taken.get(full) ?? 0) + 1
    taken.set(full, count)
    const series = toSeries('temperature_celsius', 'sensor', count === 1 ? full : `${full} ${count}`)
    metrics[series] = round(celsius, 1)
  }
  return metrics
}

export function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}

/** As df has it: the share of what others than root may use. */
function usedOf({ total, free, available }: Space): { readonly used: number; readonly percent?: number } {
  const used = Math.max(0, total - free)
  const all = used + available
  return all > 0 ? { used, percent: round((used / all) * 100, 1) } : { used }
}

function words(...parts: readonly string[]): string {
  return printable(parts.join(' ').replaceAll(/\s+/g, ' ').trim()).slice(0, 100)
}
