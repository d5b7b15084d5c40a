// What a hub with its built-in default takes while nothing happens, and how soon it is ready.
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { makeFolder, startBenchHub } from './support/hub.ts'
import { residentBytes, ticksPerSecond, usedTicks, usedTicksOfChildren } from './support/process.ts'
import { type BenchRow, median, round } from './support/row.ts'

const minuteMs = 60_000
const measuredMinutes = 2
const lookMs = 1000
/** So long behind a full minute its sample is stored, and the thread of the upkeep of the first minute is gone. */
const behindSampleMs = 20_000
const starts = 5

/**
 * Takes four minutes: from well behind the second full minute on, when start, first upkeep and first samples are over,
 * for whole minutes, so that exactly as many samples of this machine are in it.
 */
export async function benchIdle(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  await using hub = await startBenchHub({ folder: folder.path, launcher: true })
  const { pid } = hub.process
  await holdToBundle(pid)
  await wait(2 * minuteMs - (Date.now() % minuteMs) + behindSampleMs)
  const [ticks, ticksOfChildren, startedAt] = [await usedTicks(pid), await usedTicksOfChildren(pid), performance.now()]
  const memory: number[] = []
  for (let at = lookMs; at <= measuredMinutes * minuteMs; at += lookMs) {
    await wait(startedAt + at - performance.now())
    memory.push(await residentBytes(pid))
  }
  const seconds = (performance.now() - startedAt) / 1000
  const perTick = 100 / ticksPerSecond() / seconds
  const own = ((await usedTicks(pid)) - ticks) * perTick
  const ofChildren = ((await usedTicksOfChildren(pid)) - ticksOfChildren) * perTick
  const what = `${measuredMinutes} whole minutes with ${measuredMinutes} samples of this machine, built-in default, from the third minute on`
  return [
    {
      name: 'idle, memory',
      value: round(Math.max(...memory) / 1e6),
      unit: 'MB',
      note: `at most 100; the most that was resident in ${what}`,
    },
    {
      name: 'idle, processor',
      value: round(own + ofChildren, 2),
      unit: '% of a core',
      note: `at most 0.3; over ${what}; ${round(ofChildren, 2)} of it programs it started; steps of ${round(perTick, 3)}`,
    },
  ]
}

/** What is shipped is measured: the launcher takes the sources when they are newer. */
async function holdToBundle(pid: number): Promise<void> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
  if (!words.some((word) => word.endsWith('dist/sereno.js')))
    throw new Error('bin/sereno runs the sources, which are newer than dist/; build first')
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
