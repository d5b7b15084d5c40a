// Reads the OnCalendar expressions of systemd: "Mon..Fri *-*-* 22:00", "*-*~07/1 02:30:00 Europe/Rome", "daily".
//
// The grammar: https://www.freedesktop.org/software/systemd/man/systemd.time.html#Calendar%20Events
// What it leaves open is as systemd-analyze 252 has it, with these exceptions: abbreviations such as CEST, which systemd
// takes on machines of that zone only, are refused unless they are names of their own such as CET, and so are
// `posixrules` and what lies under `right/` and `posix/`.
import { cut, printable } from '../printable.ts'
import { suggest } from '../suggest.ts'
import { isZoneName } from '../zone.ts'
import { everyWeekday, lastYear, weekdayNames, type Items, type OnCalendar } from './calendar.ts'
import { Mistake, readItems, show } from './items.ts'

export function parseOnCalendar(text: string): OnCalendar | { readonly error: string } {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    return { error: `'${cut(printable(text), 60)}' is no calendar expression of systemd: ${error.message}` }
  }
}

interface Times {
  readonly hours: Items
  readonly minutes: Items
  readonly seconds: Items
}

type Dates = Pick<OnCalendar, 'years' | 'months' | 'days' | 'fromEnd'>

const shorthands: { readonly [name: string]: string } = {
  minutely: '*-*-* *:*:00',
  hourly: '*-*-* *:00:00',
  daily: '*-*-* 00:00:00',
  weekly: 'Mon *-*-* 00:00:00',
  monthly: '*-*-01 00:00:00',
  quarterly: '*-01,04,07,10-01 00:00:00',
  semiannually: '*-01,07-01 00:00:00',
  'semi-annually': '*-01,07-01 00:00:00',
  biannually: '*-01,07-01 00:00:00',
  'bi-annually': '*-01,07-01 00:00:00',
  annually: '*-01-01 00:00:00',
  // systemd has this slip for good.
  anually: '*-01-01 00:00:00',
  yearly: '*-01-01 00:00:00',
}

function read(text: string): OnCalendar {
  if (text.trim() === '') throw new Mistake("it is empty; write one such as 'daily' or 'Mon..Fri *-*-* 22:00'")
  if (text.startsWith(' ')) throw new Mistake('it begins with a blank; remove that')
  const { body, zone } = splitZone(text)
  const name = body.toLowerCase()
  const plain = Object.hasOwn(shorthands, name) ? (shorthands[name] ?? body) : body
  const { weekdays, rest } = readWeekdays(plain)
  if (rest.startsWith('@')) return { weekdays, ...readTimestamp(rest), zone: 'UTC' }
  const [found, date] = /^([^ :]+)(?: +|$)/.exec(rest) ?? ['', undefined]
  const time = rest.slice(found.length)
  return {
    weekdays,
    ...readDate(date ?? '*-*-*'),
    ...readTime(time === '' && rest.length === found.length ? '00:00:00' : time),
    ...(zone !== undefined && { zone }),
  }
}

/** The zone is the last word, with one blank before it. */
function splitZone(text: string): { readonly body: string; readonly zone: string | undefined } {
  const at = text.lastIndexOf(' ')
  const word = text.slice(at + 1)
  const zone = word.toUpperCase() === 'UTC' ? 'UTC' : word
  return at > 0 && isZoneName(zone) ? { body: text.slice(0, at), zone } : { body: text, zone: undefined }
}

const longNames = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const shortNames = weekdayNames.map((name) => name.toLowerCase())

function readWeekdays(text: string): { readonly weekdays: number; readonly rest: string } {
  const [found, list] = /^([A-Za-z][^ ]*)(?: +|$)/.exec(text) ?? ['', undefined]
  if (list === undefined) return { weekdays: everyWeekday, rest: text }
  let weekdays = 0
  for (const part of list.replace(/,$/, '').split(',')) weekdays |= readWeekdayRange(part, list)
  return { weekdays, rest: text.slice(found.length) }
}

function readWeekdayRange(text: string, list: string): number {
  // A hyphen is how old versions of systemd wrote a range.
  const [first = '', last = first, ...more] = text.split(/\.\.|-/)
  const from = readWeekday(first, list)
  const to = readWeekday(last, list)
  if (more.length > 0) throw new Mistake(`the range ${show(text)} has more than two ends`)
  if (to < from) {
    const names = [from === 6 ? 'Sun' : `${weekdayNames[from]}..Sun`, to === 0 ? 'Mon' : `Mon..${weekdayNames[to]}`]
    throw new Mistake(`a week begins with Monday, so ${show(text)} runs backwards; write ${names.join(',')}`)
  }
  let weekdays = 0
  for (let day = from; day <= to; day += 1) weekdays |= 1 << day
  return weekdays
}

function readWeekday(name: string, list: string): number {
  const folded = name.toLowerCase()
  const day = Math.max(shortNames.indexOf(folded), longNames.indexOf(folded))
  if (day >= 0) return day
  if (name === '') throw new Mistake(`${show(list)} lacks a weekday beside a comma or dots; write Mon,Fri or Mon..Fri`)
  if (Object.hasOwn(shorthands, folded))
    throw new Mistake(`${show(name)} must stand alone, or with one blank and a time zone behind it`)
  const meant = suggest(folded, [...longNames, ...Object.keys(shorthands)])
  throw new Mistake(
    `${show(name)} is no weekday; write ${meant ?? 'Mon or Monday, Tue and so on, or a word such as daily'}`,
  )
}

function readDate(text: string): Dates {
  const [first = '', second, third, ...more] = text.split(/[-~]/)
  const marks = text.replace(/[^-~]/g, '')
  if (second === undefined)
    throw new Mistake(`${show(text)} alone is neither a date nor a time; write a date as *-*-10 and a time as 10:00`)
  if (more.length > 0 || (third !== undefined && marks.startsWith('~')))
    throw new Mistake(`the date ${show(text)} must be year-month-day, month-day, or with a ~ before the day`)
  if (third === undefined && /^\d{4}$/.test(first) && Number(first) > 12)
    throw new Mistake(`the date ${show(text)} lacks its day; write ${text.replace(/-$/, '-*')}-*`)
  const [year, month, day] = third === undefined ? ['*', first, second] : [first, second, third]
  const fromEnd = marks.endsWith('~') && day !== '*'
  return {
    years: readItems(year, 'year'),
    months: readItems(month, 'month'),
    days: readItems(day, fromEnd ? 'day from the end' : 'day'),
    fromEnd,
  }
}

function readTime(text: string): Times {
  const [time = '', ...words] = text.split(' ')
  if (words.length > 0) throw new Mistake(aboutRest(words))
  const [hour = '', minute, second = '0', ...more] = time.split(':')
  if (/^[^:]*-.*T/.test(time)) throw new Mistake('there must be a blank between date and time, not a T')
  if (minute === undefined || more.length > 0)
    throw new Mistake(`the time ${show(time)} must be hour:minute or hour:minute:second`)
  return {
    hours: readItems(hour, 'hour'),
    minutes: readItems(minute, 'minute'),
    seconds: readItems(second, 'second'),
  }
}

function aboutRest(words: readonly string[]): string {
  const word = words.at(-1) ?? ''
  if (word === '') return 'behind the time there is a blank too many; remove it'
  if (!/^[A-Za-z]/.test(word)) return `${show(word)} must not stand behind the time; a date stands before it`
  return `${show(word)} is no time zone; write UTC or an IANA name such as Europe/Rome, with one blank before it`
}

/** Seconds since 1970; blanks and a plus as strtoul takes them. */
function readTimestamp(text: string): Dates & Times {
  const seconds = Number(/^@[ \t\n\v\f\r]*\+?(\d+)$/.exec(text)?.[1] ?? NaN)
  if (Number.isNaN(seconds)) {
    const name = text.slice(1).toLowerCase()
    if (Object.hasOwn(shorthands, name)) throw new Mistake(`an @ stands before seconds since 1970; write ${name}`)
    throw new Mistake('behind an @ there must be whole seconds since 1970 and nothing else')
  }
  if (seconds * 1000 >= Date.UTC(lastYear + 1, 0))
    throw new Mistake(`the year ${lastYear} is the last that can be told`)
  const date = new Date(seconds * 1000)
  return {
    years: [{ from: date.getUTCFullYear() }],
    months: [{ from: date.getUTCMonth() + 1 }],
    days: [{ from: date.getUTCDate() }],
    fromEnd: false,
    hours: [{ from: date.getUTCHours() }],
    minutes: [{ from: date.getUTCMinutes() }],
    seconds: readItems(String(date.getUTCSeconds()), 'second'),
  }
}
