// What a hub with its built-in default takes while nothing happens, and how soon it is ready.
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { makeFolder, startBenchHub } from './support/hub.ts'
import { type BenchRow, median, round } from './support/row.ts'

const idleSeconds = 20
const starts = 5

/** Takes half a minute. */
export async function benchIdle(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  await using hub = await startBenchHub({ folder: folder.path, launcher: true })
  const { pid } = hub.process
  // What only the start needs is over by then.
  await wait(5000)
  const before = await usedTicks(pid)
  await wait(idleSeconds * 1000)
  const ticks = (await usedTicks(pid)) - before
  const perSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  const share = (ticks / perSecond / idleSeconds) * 100
  const what = `${idleSeconds} s with the built-in default`
  return [
    {
      name: 'idle, memory',
      value: round((await residentBytes(pid)) / 1e6),
      unit: 'MB',
      note: `at most 100; resident after ${what}`,
    },
    {
      name: 'idle, processor',
      value: round(share, 2),
      unit: '% of a core',
      note: `at most 0.3; over ${what}, counted in steps of ${round(100 / perSecond / idleSeconds, 2)}`,
    },
  ]
}

/** Takes a few seconds. */
export async function benchStart(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  const took: number[] = []
  for (let round = 0; round < starts; round++) {
    await using hub = await startBenchHub({ folder: folder.path, launcher: true })
    took.push(hub.readyMs)
  }
  const note = `at most 1,000; from bin/sereno to the line that names the page, median of ${starts}`
  return [{ name: 'ready', value: Math.round(median(took)), unit: 'ms', note }]
}

/** User and system time of all threads. */
async function usedTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  // The name in brackets may contain anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}
