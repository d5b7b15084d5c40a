// What a hub with its built-in default takes while nothing happens, and how soon it is ready.
import { setTimeout as wait } from 'node:timers/promises'
import { makeFolder, startBenchHub } from './support/hub.ts'
import { residentBytes, ticksPerSecond, usedTicks } from './support/process.ts'
import { type BenchRow, median, round } from './support/row.ts'

const idleSeconds = 20
const starts = 5

/** Takes half a minute. */
export async function benchIdle(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  await using hub = await startBenchHub({ folder: folder.path, launcher: true })
  const { pid } = hub.process
  // What only the start needed has been given back by then.
  await wait(25_000)
  const before = await usedTicks(pid)
  await wait(idleSeconds * 1000)
  const ticks = (await usedTicks(pid)) - before
  const perSecond = ticksPerSecond()
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
