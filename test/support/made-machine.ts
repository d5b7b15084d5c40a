// A /proc made of files, of a machine with four cores that does as it is told: for the source `host` to look at.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface MadeMachine {
  /** What the source needs to know, as YAML. */
  readonly options: string
  /** From then until then it computes with all that it has. */
  busy(from: number, until: number): void
  /** Its files as they are at this time. */
  show(at: number): void
}

const minuteMs = 60_000
const cores = 4
const kibibytes = 3_884_000

/** `id` in hexadecimal; its clock begins at `bootedAt`. */
export function createMadeMachine(folder: string, id: string, bootedAt: number): MadeMachine {
  const [proc, root, sys] = ['proc', 'root', 'sys'].map((name) => join(folder, name)) as [string, string, string]
  const spans: { readonly from: number; readonly until: number }[] = []
  for (const path of ['proc/self', 'proc/sys/kernel/random', 'proc/pressure', 'root/etc', 'sys'])
    mkdirSync(join(folder, path), { recursive: true })
  const put = (path: string, text: string): void => {
    // At once, as the kernel shows it.
    writeFileSync(join(folder, 'draft'), text)
    renameSync(join(folder, 'draft'), join(folder, path))
  }
  put('proc/sys/kernel/random/boot_id', `${id.repeat(36).slice(0, 8)}-1111-4222-8333-444455556666\n`)
  put('root/etc/machine-id', `${id.repeat(32).slice(0, 32)}\n`)
  put('proc/self/mountinfo', '')
  for (const name of ['cpu', 'memory', 'io'])
    put(`proc/pressure/${name}`, 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n')
  let shownAt = bootedAt
  let busyMs = 0

  function shareAt(at: number): number {
    const minute = Math.floor(at / minuteMs)
    if (spans.some(({ from, until }) => at >= from && at < until)) return (93 + (minute % 5)) / 100
    return (8 + ((minute * 7) % 9)) / 100
  }

  /** Steps of a second: what is asked of it begins and ends with one. */
  function work(until: number): void {
    for (; shownAt + 1000 <= until; shownAt += 1000) busyMs += 1000 * shareAt(shownAt)
  }

  return {
    options: `proc: ${proc}, root: ${root}, sys: ${sys}`,
    busy: (from, until) => void spans.push({ from, until }),
    show(at) {
      work(at)
      const allMs = shownAt - bootedAt
      const [busy, idle] = [busyMs, allMs - busyMs].map((ms) => Math.round((ms * cores) / 10)) as [number, number]
      const free = Math.round(kibibytes * (0.9 - shareAt(at) / 2))
      const load = (shareAt(at) * cores * 1.1).toFixed(2)
      const lines = Array.from({ length: cores }, (_, core) => `cpu${core} ${busy >> 2} 0 0 ${idle >> 2} 0 0 0 0 0 0`)
      put('proc/stat', [`cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0`, ...lines, ''].join('\n'))
      put('proc/meminfo', `MemTotal: ${kibibytes} kB\nMemFree: ${free} kB\nMemAvailable: ${free} kB\n`)
      put('proc/loadavg', `${load} ${load} ${load} 2/345 6789\n`)
      put('proc/uptime', `${(allMs / 1000).toFixed(2)} ${(allMs / 1000).toFixed(2)}\n`)
    },
  }
}
