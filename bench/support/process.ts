// What a process has used so far, as the kernel counts it.
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** User and system time of all threads. */
export async function usedTicks(pid: number): Promise<number> {
  const [user = 0, system = 0] = await readTimes(pid)
  return user + system
}

/** The same of the programs that it started and that have ended. */
export async function usedTicksOfChildren(pid: number): Promise<number> {
  const [, , user = 0, system = 0] = await readTimes(pid)
  return user + system
}

async function readTimes(pid: number): Promise<readonly number[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  // The name in brackets may contain anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).map(Number)
}

export function ticksPerSecond(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
}

export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}
