// The texts of /proc, understood; what is not there, or is not as the kernel writes it, is undefined.
// https://docs.kernel.org/filesystems/proc.html, https://docs.kernel.org/accounting/psi.html
import type { Mount } from '../../lib/mounts.ts'
import { type CpuTimes, cpuModes, type Memory } from '../../source-host.ts'

export interface Stat {
  readonly cpu: CpuTimes
  /** Cores that are online. */
  readonly cpuCount: number
}

/** /proc/stat */
export function readStat(text: string): Stat | undefined {
  const [, first = ''] = /^cpu +([\d ]+)$/m.exec(text) ?? []
  const times = first.trim().split(/ +/).map(Number).slice(0, cpuModes.length)
  // Before Linux 2.6.11 there were fewer; what is missing counts as none.
  if (times.length < 4 || !times.every(Number.isSafeInteger)) return undefined
  return { cpu: times, cpuCount: text.match(/^cpu\d+ /gm)?.length ?? 0 }
}

export interface Meminfo {
  readonly memory: Memory
  readonly swap?: { readonly total: number; readonly free: number }
}

/** /proc/meminfo */
export function readMeminfo(text: string): Meminfo | undefined {
  const values = new Map<string, number>()
  for (const [, name = '', kibibytes] of text.matchAll(/^([\w()]+): +(\d{1,13}) kB$/gm))
    values.set(name, Number(kibibytes) * 1024)
  const [total, free, available] = ['MemTotal', 'MemFree', 'MemAvailable'].map((name) => values.get(name))
  if (total === undefined || free === undefined) return undefined
  const memory = {
    total,
    free,
    ...(available === undefined ? {} : { available }),
    buffers: values.get('Buffers') ?? 0,
    cached: values.get('Cached') ?? 0,
    reclaimable: values.get('SReclaimable') ?? 0,
  }
  const [swapTotal, swapFree] = [values.get('SwapTotal'), values.get('SwapFree')]
  if (swapTotal === undefined || swapFree === undefined) return { memory }
  return { memory, swap: { total: swapTotal, free: swapFree } }
}

/** /proc/loadavg */
export function readLoad(text: string): readonly [number, number, number] | undefined {
  const [, one, five, fifteen] = /^(\d{1,9}\.\d+) (\d{1,9}\.\d+) (\d{1,9}\.\d+) /.exec(text) ?? []
  return fifteen === undefined ? undefined : [Number(one), Number(five), Number(fifteen)]
}

/** /proc/uptime, in seconds. */
export function readUptime(text: string): number | undefined {
  const [, seconds] = /^(\d{1,12}\.\d+)(?:\s|$)/.exec(text) ?? []
  return seconds === undefined ? undefined : Number(seconds)
}

/** /proc/pressure/cpu, memory or io: the share of the last minute in which some, or all, waited. */
export function readPressure(text: string): { readonly some?: number; readonly full?: number } {
  const found: { some?: number; full?: number } = {}
  for (const [, who, share] of text.matchAll(/^(some|full) avg10=[\d.]+ avg60=(\d{1,3}\.\d+) /gm))
    if (who === 'some' || who === 'full') found[who] = Number(share)
  return found
}

/** /proc/self/mountinfo; lines that are none are left out. */
export function readMountinfo(text: string): readonly Mount[] {
  const mounts: Mount[] = []
  for (const line of text.split('\n')) {
    // Optional fields of any number stand before the dash.
    const dash = line.indexOf(' - ')
    if (dash < 0) continue
    const [, , device = '', root = '', point = ''] = line.slice(0, dash).split(' ')
    const [type = '', source = ''] = line.slice(dash + 3).split(' ')
    if (!/^\d+:\d+$/.test(device) || !point.startsWith('/')) continue
    mounts.push({ device, root: unescape(root), point: unescape(point), type, source: unescape(source) })
  }
  return mounts
}

/** Blanks, tabs, line feeds and backslashes are written in octal. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text
  return text.replaceAll(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
