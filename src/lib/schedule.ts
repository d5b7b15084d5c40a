// Schedules as people write them: cron's five or six fields, or a calendar expression of systemd.
import { Cron } from 'croner'
import { nextElapse, previousElapse } from './on-calendar/elapse.ts'
import { parseOnCalendar } from './on-calendar/parse.ts'
import { writeOnCalendar } from './on-calendar/write.ts'
import { cut, printable } from './printable.ts'

export interface Schedule {
  readonly kind: 'cron' | 'OnCalendar'
  /** As it was written; systemd's in its normal form. */
  readonly text: string
  /** The first time after `after`, in milliseconds; undefined when there is none. `zone` is an IANA name. */
  next(after: number, zone: string): number | undefined
  /** The last time at or before `atOrBefore`; undefined when there is none. */
  previous(atOrBefore: number, zone: string): number | undefined
}

/**
 * Five or six words are cron: `30 2 * * *`, or with seconds first `0 30 2 * * *`. Fewer are systemd's, whose expressions
 * have four words at most: weekdays, date, time and zone.
 *
 * On the day on which clocks go forward, cron runs a single time of a day that is left out when the hour is over, and
 * systemd leaves it out. On the day on which they go back, what cron runs several times a day runs in both hours.
 */
export function parseSchedule(text: string): Schedule | { readonly error: string } {
  const words = text.trim().split(/\s+/)
  if (text.length > longest) return { error: `'${show(text)}' is longer than ${longest} characters` }
  if (words.length <= 4) return readOnCalendar(text.trim())
  if (words.length <= 6) return readCron(words.join(' '))
  return { error: `'${show(text)}' is no schedule: it has ${words.length} words, but ${difference}` }
}

const longest = 5000
const difference = "five or six are cron's, as in 30 2 * * *, and fewer are systemd's, as in Mon..Fri 22:00"

function readOnCalendar(text: string): Schedule | { readonly error: string } {
  const calendar = parseOnCalendar(text)
  if ('error' in calendar) return { error: `${calendar.error} (it was read so for its number of words: ${difference})` }
  return {
    kind: 'OnCalendar',
    text: writeOnCalendar(calendar),
    next: (after, zone) => nextElapse(calendar, after, zone),
    previous: (atOrBefore, zone) => previousElapse(calendar, atOrBefore, zone),
  }
}

function readCron(text: string): Schedule | { readonly error: string } {
  const crons = new Map<string, Cron>()
  const cronOf = (zone: string): Cron => {
    const known = crons.get(zone)
    if (known !== undefined) return known
    if (crons.size >= 100) crons.clear()
    const made = new Cron(text, { mode: '5-or-6-parts', timezone: zone, paused: true })
    crons.set(zone, made)
    return made
  }
  const refuse = (reason: string) => ({
    error: `'${show(text)}' is no schedule of cron: ${reason} (it was read so for its number of words: ${difference})`,
  })
  try {
    if (cronOf('UTC').nextRun(new Date(0)) === null) return refuse('no year has such a day, so it would never run')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return refuse(cut(printable(reason.replace(/^CronPattern: /, '').replace(/\.$/, '')), 200))
  }
  return {
    kind: 'cron',
    text,
    next: (after, zone) => (isInRange(after) ? cronOf(zone).nextRun(new Date(after))?.getTime() : undefined),
    // The library looks for runs before a time, in whole milliseconds.
    previous: (atOrBefore, zone) =>
      isInRange(atOrBefore)
        ? cronOf(zone)
            .previousRuns(1, new Date(Math.floor(atOrBefore) + 1))[0]
            ?.getTime()
        : undefined,
  }
}

/** As far as the calendars of systemd go, so that both end alike. */
function isInRange(at: number): boolean {
  return at >= 0 && at < Date.UTC(2200, 0)
}

function show(text: string): string {
  return cut(printable(text), 60)
}

const known = new Map<string, Schedule>()

/** One that was found good before, read once: the same text stands for the same schedule. Throws for any other. */
export function scheduleOf(text: string): Schedule {
  const before = known.get(text)
  if (before !== undefined) return before
  const read = parseSchedule(text)
  if ('error' in read) throw new Error(`a schedule that was found good cannot be read: ${read.error}`)
  if (known.size >= 200) known.clear()
  known.set(text, read)
  return read
}
