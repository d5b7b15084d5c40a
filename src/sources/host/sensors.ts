// Temperatures, from /sys/class/hwmon and /sys/class/thermal. https://docs.kernel.org/hwmon/sysfs-interface.html
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Reading } from '../../source-host.ts'
import { createPatience } from './patience.ts'

export interface Sensors {
  read(nowMs: number): Promise<readonly Reading[]>
}

interface Sensor extends Omit<Reading, 'celsius'> {
  readonly path: string
}

/** What there is changes when hardware is plugged in: it is looked for only now and then. */
const lookAgainMs = 600_000
const mostSensors = 64

/** A driver may have to ask its chip over a slow bus: one at a time, never on the main thread, and not for ever. */
export function createSensors(sys: string, deadlineMs: number): Sensors {
  const patience = createPatience(deadlineMs)
  let known: readonly Sensor[] = []
  let lookAt = 0
  let readings: Reading[] = []

  async function readAll(nowMs: number): Promise<readonly Reading[]> {
    if (nowMs >= lookAt) {
      known = await findSensors(sys)
      lookAt = nowMs + lookAgainMs
    }
    readings = []
    for (const { path, ...sensor } of known) {
      const millidegrees = await readNumber(path)
      if (millidegrees !== undefined) readings.push({ ...sensor, celsius: millidegrees / 1000 })
    }
    return readings
  }

  return { read: async (nowMs) => (await patience.ask('sensors', () => readAll(nowMs))) ?? [] }
}

async function findSensors(sys: string): Promise<readonly Sensor[]> {
  const chips: Sensor[] = []
  for (const folder of await list(join(sys, 'class/hwmon'))) chips.push(...(await findOfChip(folder)))
  const names = new Set(chips.map(({ chip }) => chip))
  for (const folder of await list(join(sys, 'class/thermal'))) {
    if (!basename(folder).startsWith('thermal_zone')) continue
    const type = (await readText(join(folder, 'type'))) ?? basename(folder)
    // Most zones are shown as a chip too, under this name.
    if (names.has(type.replaceAll('-', '_'))) continue
    chips.push({ chip: type, device: basename(folder), sensor: '', path: join(folder, 'temp') })
  }
  return chips.slice(0, mostSensors)
}

async function findOfChip(folder: string): Promise<Sensor[]> {
  const chip = (await readText(join(folder, 'name'))) ?? basename(folder)
  const device = basename(await readlink(join(folder, 'device')).catch(() => folder))
  const inputs = (await list(folder)).flatMap((path) => /^(temp\d+)_input$/.exec(basename(path))?.[1] ?? [])
  return Promise.all(
    inputs.map(async (input) => {
      const sensor = (await readText(join(folder, `${input}_label`))) ?? input
      return { chip, device, sensor, path: join(folder, `${input}_input`) }
    }),
  )
}

/** In the order of their numbers; none where there is no such folder. */
async function list(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => join(folder, name))
}

async function readText(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim() === '' ? undefined : text.trim().slice(0, 64)
}

async function readNumber(path: string): Promise<number | undefined> {
  const text = await readText(path)
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined
}
