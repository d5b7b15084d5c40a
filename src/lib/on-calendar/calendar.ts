// What an OnCalendar expression of systemd stands for once it is read, and how one of its lists is searched.

/**
 * A value, or the first of several: `from`, `from + step` and so on, up to `to`, or to the unit's last value when it is
 * missing. Without a step it is that one value. Seconds are counted in microseconds.
 */
export interface Item {
  readonly from: number
  readonly to?: number
  readonly step?: number
}

/** Sorted; an empty list stands for every value. */
export type Items = readonly Item[]

export interface OnCalendar {
  /** Monday is bit 0. */
  readonly weekdays: number
  readonly years: Items
  readonly months: Items
  readonly days: Items
  /** Days are counted from the end of the month: 1 is its last. */
  readonly fromEnd: boolean
  readonly hours: Items
  readonly minutes: Items
  readonly seconds: Items
  /** `UTC` or an IANA name, if the expression says one. */
  readonly zone?: string
}

export const weekdayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
export const everyWeekday = 0b111_1111
export const firstYear = 1970
/** systemd looks no further, and refuses a year beyond. */
export const lastYear = 2199
export const secondUs = 1_000_000
/** As it stands for `*` in the place of the seconds: whole seconds only. */
export const everySecond: Item = { from: 0, step: secondUs }

/** The least value of the list from `value` up to `last`; with `Infinity` a step without an end goes on beyond its unit. */
export function atLeast(items: Items, value: number, last: number): number | undefined {
  if (items.length === 0) return value <= last ? value : undefined
  let best = Infinity
  for (const { from, to, step } of items) {
    if (from >= value) best = Math.min(best, from)
    else if (step !== undefined) {
      const next = from + Math.ceil((value - from) / step) * step
      if (next <= (to ?? last)) best = Math.min(best, next)
    }
  }
  return best <= last && best < Infinity ? best : undefined
}

/** The greatest value of the list from `value` down to `first`. */
export function atMost(items: Items, value: number, first: number): number | undefined {
  if (items.length === 0) return value >= first ? value : undefined
  let best = -Infinity
  for (const { from, to = value, step } of items) {
    if (from > value) continue
    best = Math.max(best, step === undefined ? from : from + Math.floor((Math.min(value, to) - from) / step) * step)
  }
  return best >= first ? best : undefined
}

/** The list of days of a month of this length. */
export function daysOf({ days, fromEnd }: OnCalendar, length: number): Items {
  if (!fromEnd) return days
  return days.map(({ from, to, step }) => ({
    from: length + 1 - (to ?? from),
    ...(to !== undefined && { to: length + 1 - from }),
    ...(step !== undefined && { step }),
  }))
}
