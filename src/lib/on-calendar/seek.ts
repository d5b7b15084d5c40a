// Searches the clock on the wall for the times that an OnCalendar expression matches, in either direction.
//
// Times on the wall are microseconds since 1970 as if the wall were in UTC.
import {
  atLeast,
  atMost,
  daysOf,
  firstYear,
  lastYear,
  secondUs,
  type Item,
  type Items,
  type OnCalendar,
} from './calendar.ts'

/**
 * The first time at or after `wall` that systemd 252 comes to.
 *
 * That may not be the first that matches. A step without an end that does not fill its unit goes on counting into the
 * next one, unless only the unit above changes: `0/7` after 22:56 is 23:00, but after 23:56 it is 00:07, since 00:03 is
 * where the step leads to. So seconds may lack the start of an hour, minutes that of a day, hours that of a month and
 * days that of a year. The fraction of a second even stays when only the minute changes. Who expects systemd to elapse there would wait in vain.
 */
export function seekForward(calendar: OnCalendar, wall: number): number | undefined {
  for (let from = wall; ;) {
    const day = Math.floor(from / dayUs)
    const found = seekDay(calendar, day)
    if (found === undefined) return undefined
    const time = seekTime(calendar, 0, found === day ? from - day * dayUs : 0, isMonthEnd(found))
    from = found * dayUs + time
    if (time < dayUs) return from
  }
}

/** The last time at or before `wall` to which `seekForward` comes from a time before it. */
export function seekBack(calendar: OnCalendar, wall: number): number | undefined {
  let found = seekMatchBack(calendar, wall)
  while (found !== undefined) {
    const from = startOfSkipped(calendar, found)
    if (from === undefined) return found
    found = seekMatchBack(calendar, from - 1)
  }
  return undefined
}

/** The first matching day from `from` on, in days since 1970. */
function seekDay(calendar: OnCalendar, from: number): number | undefined {
  let [year, month, day] = dateOf(from)
  for (;;) {
    const nextYear = atLeast(calendar.years, Math.max(year, firstYear), lastYear)
    if (nextYear === undefined) return undefined
    if (nextYear !== year) [year, month, day] = [nextYear, 1, 1]
    const nextMonth = atLeast(calendar.months, month, 12)
    if (nextMonth === undefined) {
      ;[year, month, day] = [year + 1, 1, 1]
      continue
    }
    if (nextMonth !== month) [month, day] = [nextMonth, 1]
    const { before, length } = monthOf(year, month)
    const items = daysOf(calendar, length)
    let found = atLeast(items, day, Infinity)
    while (found !== undefined && found <= length) {
      if (isWeekday(calendar, before + found)) return before + found
      found = found === length ? undefined : atLeast(items, found + 1, Infinity)
    }
    if (month < 12 || found === undefined) [month, day] = [month + 1, 1]
    else [year, month, day] = [year + 1, 1, found - length]
  }
}

/**
 * The first matching time from `from` on within the unit above, in microseconds since that began. When there is none the
 * answer is beyond it, where the search goes on. `isEdge` says that the unit above is the last in the one above it.
 */
function seekTime(calendar: OnCalendar, place: number, from: number, isEdge: boolean): number {
  const unit = units[place]
  if (unit === undefined) return 0
  const { size, count } = unit
  let time = from
  while (time < size * count) {
    const now = Math.floor(time / size)
    const value = atLeast(calendar[unit.name], now, Infinity)
    if (value === undefined) return size * count
    if (value >= count) return isEdge ? value * size : size * count + (size === 1 ? value % secondUs : 0)
    const rest = seekTime(calendar, place + 1, value === now ? time - now * size : 0, value === count - 1)
    time = value * size + rest
    if (rest < size) return time
  }
  return time
}

/** The last time at or before `wall` that matches. */
function seekMatchBack(calendar: OnCalendar, wall: number): number | undefined {
  const day = Math.floor(wall / dayUs)
  const found = seekDayBack(calendar, day)
  if (found === undefined) return undefined
  const time = seekTimeBack(calendar, 0, found === day ? wall - day * dayUs : dayUs - 1)
  if (time !== undefined) return found * dayUs + time
  const other = seekDayBack(calendar, found - 1)
  const last = seekTimeBack(calendar, 0, dayUs - 1)
  return other === undefined || last === undefined ? undefined : other * dayUs + last
}

function seekDayBack(calendar: OnCalendar, from: number): number | undefined {
  let [year, month, day] = dateOf(from)
  for (;;) {
    const nextYear = atMost(calendar.years, Math.min(year, lastYear), firstYear)
    if (nextYear === undefined) return undefined
    if (nextYear !== year) [year, month, day] = [nextYear, 12, 31]
    const nextMonth = atMost(calendar.months, month, 1)
    if (nextMonth === undefined) {
      ;[year, month, day] = [year - 1, 12, 31]
      continue
    }
    if (nextMonth !== month) [month, day] = [nextMonth, 31]
    const { before, length } = monthOf(year, month)
    const items = daysOf(calendar, length)
    let found = atMost(items, Math.min(day, length), 1)
    while (found !== undefined) {
      if (isWeekday(calendar, before + found)) return before + found
      found = atMost(items, found - 1, 1)
    }
    ;[month, day] = [month - 1, 31]
  }
}

function seekTimeBack(calendar: OnCalendar, place: number, from: number): number | undefined {
  const unit = units[place]
  if (unit === undefined) return 0
  const { name, size } = unit
  const now = Math.floor(from / size)
  let value = atMost(calendar[name], now, 0)
  if (value === now) {
    const rest = seekTimeBack(calendar, place + 1, from - now * size)
    if (rest !== undefined) return now * size + rest
    value = atMost(calendar[name], now - 1, 0)
  }
  const rest = value === undefined ? undefined : seekTimeBack(calendar, place + 1, size - 1)
  return value === undefined || rest === undefined ? undefined : value * size + rest
}

/** If who comes from before an hour, day, month or year passes over this time in it, the start of that. */
function startOfSkipped(calendar: OnCalendar, wall: number): number | undefined {
  const [year, month] = dateOf(Math.floor(wall / dayUs))
  const starts = [
    ...(stepsOut(calendar.seconds, minuteUs) ? [wall - (wall % minuteUs), wall - (wall % hourUs)] : []),
    ...(stepsOut(calendar.minutes, 60) ? [wall - (wall % dayUs)] : []),
    ...(stepsOut(calendar.hours, 24) ? [Date.UTC(year, month - 1) * 1000] : []),
    ...(stepsOut(calendar.days, Infinity) ? [Date.UTC(year, 0) * 1000] : []),
  ]
  return starts.find((start) => (seekForward(calendar, start - 1) ?? Infinity) > wall)
}

function stepsOut(items: Items, count: number): boolean {
  return items.some(({ from, to, step }: Item) => step !== undefined && to === undefined && (count - from) % step !== 0)
}

function dateOf(day: number): [year: number, month: number, day: number] {
  const date = new Date(day * dayMs)
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
}

/** `before` is the day before its first, in days since 1970. */
function monthOf(year: number, month: number): { readonly before: number; readonly length: number } {
  const before = Date.UTC(year, month - 1, 0) / dayMs
  return { before, length: Date.UTC(year, month, 0) / dayMs - before }
}

function isMonthEnd(day: number): boolean {
  return new Date((day + 1) * dayMs).getUTCDate() === 1
}

/** 1 January 1970 was a Thursday. */
function isWeekday({ weekdays }: OnCalendar, day: number): boolean {
  return ((weekdays >> ((day + 3) % 7)) & 1) === 1
}

const minuteUs = 60 * secondUs
const hourUs = 60 * minuteUs
const dayUs = 24 * hourUs
const dayMs = dayUs / 1000

const units = [
  { name: 'hours', size: hourUs, count: 24 },
  { name: 'minutes', size: minuteUs, count: 60 },
  { name: 'seconds', size: 1, count: minuteUs },
] as const
