// When a schedule runs: at its times on the wall, put off by a little that is the same each time it is asked.
import { hashText } from '../../lib/hash.ts'
import { localTime } from '../../lib/local-time.ts'
import { parseSchedule, type Schedule } from '../../lib/schedule.ts'
import type { Setting } from './state.ts'

/** The next time after `at`; undefined: never again. */
export function nextSlot({ options, zone }: Setting, at: number): number | undefined {
  return scheduleOf(options.at).next(at, zone)
}

/** When what is due at this time runs: many hubs and schedules of one time shall not all run at once. */
export function runAt(slotAt: number, { options, place, zone }: Setting): number {
  const seconds = Math.floor(options.jitter / 1000)
  if (seconds === 0) return slotAt
  return slotAt + (hashText(`${place.host} ${place.name} ${localTime(slotAt, zone)}`) % (seconds + 1)) * 1000
}

const schedules = new Map<string, Schedule>()

/** Read once: the same text stands for the same schedule. */
function scheduleOf(text: string): Schedule {
  const known = schedules.get(text)
  if (known !== undefined) return known
  const read = parseSchedule(text)
  if ('error' in read) throw new Error(`a schedule that was found good cannot be read: ${read.error}`)
  if (schedules.size >= 200) schedules.clear()
  schedules.set(text, read)
  return read
}
