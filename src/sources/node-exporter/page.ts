// What a page of a node_exporter says of its host, under the same names as if we had looked ourselves.
// https://github.com/prometheus/node_exporter
import { type ExposedSample, readExposition } from '../../lib/exposition.ts'
import { type Mount, pickMounts } from '../../lib/mounts.ts'
import { printable } from '../../lib/printable.ts'
import {
  cpuModes,
  cpuPercent,
  type CpuTimes,
  diskMetrics,
  filesystemMetrics,
  loadMetrics,
  memoryMetrics,
  type Metrics,
  type Pressure,
  type Reading,
  round,
  type Space,
  swapMetrics,
  temperatureMetrics,
} from '../../source-host.ts'
import { type HostSample, longestSeries } from '../../source-sample.ts'

/** What the next page is compared with: counters. */
export interface Counters {
  readonly atMs: number
  readonly cpu: CpuTimes
  /** Seconds waited, by what for. */
  readonly waited: ReadonlyMap<Pressure, number>
  readonly uptimeSeconds?: number
}

export interface Page {
  readonly sample: Omit<HostSample, 'everySeconds'>
  readonly counters: Counters
}

/** `atMs` is of any clock that only goes forward. Undefined: it is not the page of a node_exporter. */
export function readPage(text: string, atMs: number, before?: Counters): Page | undefined {
  const { samples } = readExposition(text, isWanted)
  const byName = Map.groupBy(
    samples.filter(({ value }) => Number.isFinite(value)),
    ({ name }) => name,
  )
  const find: Find = (name) => byName.get(`node_${name}`) ?? []
  if (byName.size === 0) return undefined
  const uptimeSeconds = readUptime(find)
  const counters = {
    atMs,
    cpu: readCpu(find),
    waited: readWaited(find),
    ...(uptimeSeconds === undefined ? {} : { uptimeSeconds }),
  }
  const failed = readFailed(find)
  const cores = new Set(find('cpu_seconds_total').map(({ labels }) => labels['cpu'])).size
  const metrics = {
    ...(before === undefined || hasRestarted(before, counters) ? {} : rates(before, counters)),
    ...(cores === 0 ? {} : { cpu_count: cores }),
    ...readMemory(find),
    ...readLoad(find),
    ...(uptimeSeconds === undefined ? {} : { uptime_seconds: uptimeSeconds }),
    ...(failed.count === undefined ? {} : { failed_units: failed.count }),
    ...temperatureMetrics(readTemperatures(find)),
    ...readSpaces(find),
  }
  const sample = {
    // A figure near the end of what a number can be may go beyond it when it is reckoned with.
    metrics: Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value))),
    ...(uptimeSeconds === undefined ? {} : { uptimeSeconds }),
    ...(failed.names === undefined ? {} : { failedUnits: failed.names }),
  }
  return { sample, counters }
}

/** By the name without `node_`. */
type Find = (name: string) => readonly ExposedSample[]

const wanted =
  /^node_(?:boot_time_seconds|cpu_seconds_total|filesystem_(?:avail_bytes|files|files_free|free_bytes|size_bytes)|hwmon_(?:chip_names|sensor_label|temp_celsius)|load(?:1|5|15)|memory_(?:Buffers|Cached|MemAvailable|MemFree|MemTotal|SReclaimable|SwapFree|SwapTotal)_bytes|pressure_\w+_seconds_total|systemd_unit_state|systemd_units|thermal_zone_temp|time_seconds)$/

function isWanted(name: string): boolean {
  return name.startsWith('node_') && wanted.test(name)
}

function valueOf(find: Find, name: string): number | undefined {
  return find(name)[0]?.value
}

function readUptime(find: Find): number | undefined {
  const [now, bootedAt] = [valueOf(find, 'time_seconds'), valueOf(find, 'boot_time_seconds')]
  return now === undefined || bootedAt === undefined ? undefined : Math.max(0, round(now - bootedAt, 2))
}

function readCpu(find: Find): CpuTimes {
  const times = cpuModes.map(() => 0)
  for (const { labels, value } of find('cpu_seconds_total')) {
    const mode = cpuModes.findIndex((one) => one === labels['mode'])
    if (mode >= 0) times[mode] = (times[mode] ?? 0) + value
  }
  return times
}

const counterOf = {
  cpu_some: 'pressure_cpu_waiting_seconds_total',
  memory_some: 'pressure_memory_waiting_seconds_total',
  memory_full: 'pressure_memory_stalled_seconds_total',
  io_some: 'pressure_io_waiting_seconds_total',
  io_full: 'pressure_io_stalled_seconds_total',
} as const satisfies { readonly [pressure in Pressure]: string }

function readWaited(find: Find): Map<Pressure, number> {
  const waited = new Map<Pressure, number>()
  for (const [pressure, counter] of Object.entries(counterOf) as [Pressure, string][]) {
    const value = valueOf(find, counter)
    if (value !== undefined) waited.set(pressure, value)
  }
  return waited
}

function hasRestarted(before: Counters, now: Counters): boolean {
  return (now.uptimeSeconds ?? 0) < (before.uptimeSeconds ?? 0)
}

function rates(before: Counters, now: Counters): Metrics {
  const percent = cpuPercent(before.cpu, now.cpu)
  const metrics: { [series: string]: number } = percent === undefined ? {} : { cpu_percent: percent }
  const seconds = (now.atMs - before.atMs) / 1000
  for (const [pressure, waited] of now.waited) {
    const was = before.waited.get(pressure)
    if (was === undefined || waited < was || !(seconds > 0)) continue
    metrics[`pressure_${pressure}`] = Math.min(100, round(((waited - was) / seconds) * 100, 2))
  }
  return metrics
}

function readMemory(find: Find): Metrics {
  const bytes = (name: string): number | undefined => valueOf(find, `memory_${name}_bytes`)
  const [total, free, available] = [bytes('MemTotal'), bytes('MemFree'), bytes('MemAvailable')]
  const [swapTotal, swapFree] = [bytes('SwapTotal'), bytes('SwapFree')]
  const swap = swapTotal === undefined || swapFree === undefined ? {} : swapMetrics(swapTotal, swapFree)
  if (total === undefined || free === undefined) return swap
  const memory = {
    total,
    free,
    ...(available === undefined ? {} : { available }),
    buffers: bytes('Buffers') ?? 0,
    cached: bytes('Cached') ?? 0,
    reclaimable: bytes('SReclaimable') ?? 0,
  }
  return { ...memoryMetrics(memory), ...swap }
}

function readLoad(find: Find): Metrics {
  const [one, five, fifteen] = [1, 5, 15].map((minutes) => valueOf(find, `load${minutes}`))
  if (one === undefined || five === undefined || fifteen === undefined) return {}
  return loadMetrics([one, five, fifteen])
}

/** Names only where the exporter tells of each unit. */
function readFailed(find: Find): { readonly count?: number; readonly names?: readonly string[] } {
  const units = find('systemd_unit_state').filter(({ labels }) => labels['state'] === 'failed')
  if (units.length > 0) {
    const names = units.filter(({ value }) => value === 1).map(({ labels }) => labels['name'] ?? '')
    return { count: names.length, names: names.slice(0, 50).map((name) => printable(name).slice(0, 256)) }
  }
  const count = find('systemd_units').find(({ labels }) => labels['state'] === 'failed')?.value
  return count === undefined ? {} : { count }
}

function readTemperatures(find: Find): readonly Reading[] {
  const chips = new Map(find('hwmon_chip_names').map(({ labels }) => [labels['chip'], labels['chip_name']]))
  const words = new Map(
    find('hwmon_sensor_label').map(({ labels }) => [`${labels['chip']} ${labels['sensor']}`, labels['label']]),
  )
  const readings = find('hwmon_temp_celsius').map(({ labels: { chip = '', sensor = '' }, value }) => ({
    chip: chips.get(chip) ?? chip,
    device: chip,
    sensor: words.get(`${chip} ${sensor}`) ?? sensor,
    celsius: value,
  }))
  const known = new Set(readings.map(({ chip }) => chip))
  const zones = find('thermal_zone_temp').map(({ labels: { type = '', zone = '' }, value }) => ({
    chip: type,
    device: `thermal_zone${zone}`,
    sensor: '',
    celsius: value,
  }))
  // Most zones are shown as a chip too, under this name.
  return [...readings, ...zones.filter(({ chip }) => !known.has(chip.replaceAll('-', '_')))]
}

const mostMounts = 64

function readSpaces(find: Find): Metrics {
  const spaces = new Map<string, Space>()
  const mounts: Mount[] = []
  const others = {
    free: byMount(find('filesystem_free_bytes')),
    available: byMount(find('filesystem_avail_bytes')),
    files: byMount(find('filesystem_files')),
    filesFree: byMount(find('filesystem_files_free')),
  }
  for (const { labels, value: total } of find('filesystem_size_bytes')) {
    const { mountpoint: point = '', device: source = '', fstype: type = '' } = labels
    const [free, available] = [others.free.get(point), others.available.get(point)]
    // A longer one makes names of series that nobody keeps.
    if (!point.startsWith('/') || point.length > longestSeries || free === undefined || available === undefined)
      continue
    const [files, filesFree] = [others.files.get(point) ?? 0, others.filesFree.get(point) ?? 0]
    spaces.set(point, { total, free, available, files, filesFree })
    mounts.push({ point, source, type, device: source })
  }
  const metrics: { [series: string]: number } = {}
  const whole = spaces.get('/')
  if (whole !== undefined) Object.assign(metrics, diskMetrics(whole))
  for (const { point } of pickMounts(mounts).slice(0, mostMounts)) {
    const space = spaces.get(point)
    if (space !== undefined) Object.assign(metrics, filesystemMetrics(point, space))
  }
  return metrics
}

function byMount(samples: readonly ExposedSample[]): Map<string, number> {
  return new Map(samples.map(({ labels, value }) => [labels['mountpoint'] ?? '', value]))
}
