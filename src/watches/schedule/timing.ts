// When a schedule runs: at its times on the wall, put off by a little that is the same each time it is asked.
import { hashText } from '../../lib/hash.ts'
import { localTime } from '../../lib/local-time.ts'
import { scheduleOf } from '../../lib/schedule.ts'
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
