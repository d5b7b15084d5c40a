// The time since boot, which nobody sets: what a clock that is stepped is compared with.
import { readFileSync } from 'node:fs'

/** Milliseconds since boot, time asleep included; undefined where the system does not say. */
export function sinceBootMs(): number | undefined {
  // faketime moves the clocks of a process and does not reach /proc: https://github.com/wolfcw/libfaketime
  if (process.env['FAKETIME'] !== undefined) return Number(process.hrtime.bigint() / 1_000_000n)
  try {
    // Seconds with two digits: https://man7.org/linux/man-pages/man5/proc_uptime.5.html
    const seconds = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])
    return Number.isFinite(seconds) ? Math.round(seconds * 1000) : undefined
  } catch {
    return undefined
  }
}

/** The kernel's name for this boot; undefined where it has none. */
export function readBootId(): string | undefined {
  return readLine('/proc/sys/kernel/random/boot_id')
}

/** The system's own id, the same on clones: https://man7.org/linux/man-pages/man5/machine-id.5.html */
export function readMachineId(): string | undefined {
  return readLine('/etc/machine-id') ?? readLine('/var/lib/dbus/machine-id')
}

function readLine(path: string): string | undefined {
  try {
    const line = readFileSync(path, 'latin1').trim()
    return line === '' ? undefined : line.slice(0, 100)
  } catch {
    return undefined
  }
}
