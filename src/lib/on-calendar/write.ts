// Writes an OnCalendar expression in the normal form that `systemd-analyze calendar` prints.
import {
  everySecond,
  everyWeekday,
  secondUs,
  weekdayNames,
  type Item,
  type Items,
  type OnCalendar,
} from './calendar.ts'

/** Reads back as the same. systemd prints `*` even where a fraction of a second stands beside it; we do not. */
export function writeOnCalendar(calendar: OnCalendar): string {
  const { weekdays, years, months, days, fromEnd, hours, minutes, seconds, zone } = calendar
  const parts = [
    ...(weekdays === everyWeekday ? [] : [writeWeekdays(weekdays)]),
    `${writeItems(years)}-${writeItems(months)}${fromEnd ? '~' : '-'}${writeItems(days)}`,
    `${writeItems(hours)}:${writeItems(minutes)}:${writeSeconds(seconds)}`,
    ...(zone === undefined ? [] : [zone]),
  ]
  return parts.join(' ')
}

/** Three and more in a row are a range. */
function writeWeekdays(weekdays: number): string {
  const parts: string[] = []
  for (let day = 0; day < 7; day += 1) {
    if (!((weekdays >> day) & 1)) continue
    let last = day
    while ((weekdays >> (last + 1)) & 1) last += 1
    if (last >= day + 2) {
      parts.push(`${weekdayNames[day]}..${weekdayNames[last]}`)
      day = last
    } else parts.push(`${weekdayNames[day]}`)
  }
  return parts.join(',')
}

function writeItems(items: Items): string {
  if (items.length === 0) return '*'
  return items.map((item) => writeItem(item, (value) => String(value).padStart(2, '0'), String, 1)).join(',')
}

function writeSeconds(items: Items): string {
  const isWhole = items.every(({ from, step = 0 }) => from % secondUs === 0 && step % secondUs === 0)
  if (isWhole && items.some((item) => isEverySecond(item))) return '*'
  const long = (value: number) => writeSecond(value).padStart(value % secondUs === 0 ? 2 : 9, '0')
  return items.map((item) => writeItem(item, long, writeSecond, secondUs)).join(',')
}

function isEverySecond({ from, to, step }: Item): boolean {
  return from === everySecond.from && to === undefined && step === everySecond.step
}

function writeSecond(us: number): string {
  return us % secondUs === 0 ? String(us / secondUs) : (us / secondUs).toFixed(6)
}

function writeItem(
  { from, to, step }: Item,
  value: (value: number) => string,
  count: (value: number) => string,
  usualStep: number,
): string {
  const range = to === undefined ? value(from) : `${value(from)}..${value(to)}`
  return step === undefined || (to !== undefined && step === usualStep) ? range : `${range}/${count(step)}`
}
