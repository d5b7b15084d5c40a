// Takes one sample of this machine after another; the processor's share is that of the time since the sample before.
import { join } from 'node:path'
import {
  cpuPercent,
  type CpuTimes,
  loadMetrics,
  memoryMetrics,
  type Metrics,
  swapMetrics,
  temperatureMetrics,
} from '../../source-host.ts'
import type { HostSample } from '../../source-sample.ts'
import { createFiles, type Files } from './files.ts'
import { readLoad, readMeminfo, readMountinfo, readPressure, readStat, readUptime } from './proc.ts'
import { createSensors } from './sensors.ts'
import { createSpaces } from './space.ts'
import type { Systemd } from './systemd.ts'

export interface Sampler {
  take(): Promise<HostSample>
  /** Which boot it is, and since when. */
  boot(): Pick<HostSample, 'bootId' | 'uptimeSeconds'>
}

export interface SamplerTools {
  readonly proc: string
  readonly sys: string
  /** Where the host's `/` is seen. */
  readonly root: string
  readonly everyMs: number
  readonly stat: string
  readonly systemd: Systemd
  readonly signal: AbortSignal
  /** Any clock that only goes forward. */
  nowMs(): number
  say(level: 'info' | 'warn', message: string): void
}

/** What hangs holds a sample up by so much at most. */
const deadlineMs = 2000

export function createSampler(tools: SamplerTools): Sampler {
  const { proc, sys, root, everyMs, signal, say } = tools
  const files = createFiles()
  const cpu = createCpu()
  const spaces = createSpaces({ root, stat: tools.stat, deadlineMs, signal, say })
  const sensors = createSensors(sys, deadlineMs)
  let machineId: string | undefined

  const understand = <Found>(path: string, read: (text: string) => Found | undefined): Found | undefined => {
    const text = files.read(path)
    if (text === undefined) return undefined
    const found = read(text)
    if (found === undefined) files.odd(path)
    return found
  }
  // Not by join(): its loop over each path is what would wake the optimising compiler, 6 MB of code, in a hub at rest.
  const ofProc = <Found>(name: string, read: (text: string) => Found | undefined) => understand(`${proc}/${name}`, read)

  function boot(): Pick<HostSample, 'bootId' | 'uptimeSeconds'> {
    const bootId = ofProc('sys/kernel/random/boot_id', readId)
    const uptimeSeconds = ofProc('uptime', readUptime)
    return { ...(bootId === undefined ? {} : { bootId }), ...(uptimeSeconds === undefined ? {} : { uptimeSeconds }) }
  }

  function quick(uptimeSeconds: number | undefined): Metrics {
    const stat = ofProc('stat', readStat)
    const meminfo = ofProc('meminfo', readMeminfo)
    const load = ofProc('loadavg', readLoad)
    const percent = stat === undefined ? undefined : cpu(stat.cpu, tools.nowMs())
    return {
      ...(percent === undefined ? {} : { cpu_percent: percent }),
      ...(stat === undefined || stat.cpuCount === 0 ? {} : { cpu_count: stat.cpuCount }),
      ...(meminfo === undefined ? {} : memoryMetrics(meminfo.memory)),
      ...(meminfo?.swap === undefined ? {} : swapMetrics(meminfo.swap.total, meminfo.swap.free)),
      ...(load === undefined ? {} : loadMetrics(load)),
      ...pressureMetrics(proc, files),
      ...(uptimeSeconds === undefined ? {} : { uptime_seconds: uptimeSeconds }),
    }
  }

  return {
    boot,
    async take() {
      const now = tools.nowMs()
      const started = boot()
      const known = quick(started.uptimeSeconds)
      const [space, readings, failedUnits] = await Promise.all([
        spaces.read(ofProc('self/mountinfo', readMountinfo) ?? []),
        sensors.read(now),
        tools.systemd.failedUnits(now),
      ])
      machineId ??= understand(join(root, 'etc/machine-id'), readId)
      const missing = files.missing()
      if (missing.length > 0) say('info', `cannot be read, what it says is left out: ${missing.join(', ')}`)
      return {
        metrics: {
          ...known,
          ...(failedUnits === undefined ? {} : { failed_units: failedUnits.length }),
          ...temperatureMetrics(readings),
          ...space,
        },
        ...started,
        everySeconds: everyMs / 1000,
        ...(failedUnits === undefined ? {} : { failedUnits: failedUnits.slice(0, mostUnits) }),
        ...(machineId === undefined ? {} : { machineId }),
      }
    },
  }
}

const mostUnits = 50
/** Shorter, and a single step of the kernel's counters would show. */
const shortestMs = 500

/** The first time nothing can be said; asked again too soon, it says what it said. */
function createCpu(): (times: CpuTimes, nowMs: number) => number | undefined {
  let before: { readonly times: CpuTimes; readonly atMs: number } | undefined
  let percent: number | undefined
  return (times, nowMs) => {
    if (before !== undefined && nowMs - before.atMs < shortestMs) return percent
    percent = before === undefined ? undefined : cpuPercent(before.times, times)
    before = { times, atMs: nowMs }
    return percent
  }
}

function pressureMetrics(proc: string, files: Files): Metrics {
  const metrics: { [series: string]: number } = {}
  for (const what of ['cpu', 'memory', 'io']) {
    const { some, full } = readPressure(files.read(`${proc}/pressure/${what}`) ?? '')
    if (some !== undefined) metrics[`pressure_${what}_some`] = some
    // A processor always has somebody at work: the kernel writes 0.
    if (full !== undefined && what !== 'cpu') metrics[`pressure_${what}_full`] = full
  }
  return metrics
}

/** Of a boot or a machine: hexadecimal, with dashes or without. */
function readId(text: string): string | undefined {
  const id = text.trim()
  return /^[0-9a-f-]{32,36}$/.test(id) ? id : undefined
}
