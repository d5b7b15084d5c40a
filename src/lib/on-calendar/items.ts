// Reads the lists of values in an OnCalendar expression: `*`, `1,15`, `8..18/2`, `0/15`.
import { cut, printable } from '../printable.ts'
import { everySecond, firstYear, lastYear, secondUs, type Item, type Items } from './calendar.ts'

/** Says what is wrong and what would be right; it does not leave this folder. */
export class Mistake extends Error {
  override readonly name = 'Mistake'
}

export type Unit = keyof typeof units

/** Fit to stand within a sentence. */
export function show(text: string): string {
  return `'${cut(printable(text), 30)}'`
}

export function readItems(text: string, unit: Unit): Items {
  if (text === '*') return unit === 'second' ? [everySecond] : []
  const parts = text.split(',')
  if (parts.includes('*'))
    throw new Mistake(`a * stands for every ${units[unit].name} and must stand alone, not as in ${show(text)}`)
  if (parts.length > mostItems) throw new Mistake(`a list may have ${mostItems} values at most`)
  const items = parts
    .map((part) => readItem(part, unit))
    .sort(compare)
    .filter((item, index, all) => index === 0 || compare(item, all[index - 1] ?? item) !== 0)
  if (unit === 'day from the end') items.forEach(checkPlace)
  return items
}

/** Days from the end of a month go as far as the shortest month. */
const units = {
  year: { name: 'year', first: firstYear, last: lastYear },
  month: { name: 'month', first: 1, last: 12 },
  day: { name: 'day', first: 1, last: 31 },
  'day from the end': { name: 'day from the end of every month', first: 1, last: 28 },
  hour: { name: 'hour', first: 0, last: 23 },
  minute: { name: 'minute', first: 0, last: 59 },
  second: { name: 'second', first: 0, last: 60 * secondUs - 1 },
} as const

/** The limits of systemd. */
const mostItems = 241
const greatest = 2 ** 31 - 1

function readItem(text: string, unit: Unit): Item {
  const [, first, last, every] = (unit === 'second' ? fractions : whole).exec(text) ?? []
  if (first === undefined) throw new Mistake(aboutItem(text, unit))
  const from = readValue(first, unit)
  const to = last === undefined ? undefined : readValue(last, unit)
  const given = every === undefined ? undefined : readNumber(every, unit)
  if (given === 0) throw new Mistake(`the step behind the / in ${show(text)} must not be 0`)
  if (to !== undefined && to < from)
    throw new Mistake(`the range ${show(text)} runs backwards; write the lesser value first`)
  const item = narrow(from, to, given, unit)
  checkBounds(item, text, unit)
  return item
}

const whole = /^(\d+)(?:\.\.(\d+))?(?:\/(\d+))?$/
const fractions = /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?(?:\/(\d+(?:\.\d+)?))?$/

function readValue(text: string, unit: Unit): number {
  const value = readNumber(text, unit)
  // As systemd reads years of two digits: 70 is 1970, 69 is 2069.
  if (unit !== 'year' || value >= 100) return value
  return value + (value < 70 ? 2000 : 1900)
}

function readNumber(text: string, unit: Unit): number {
  const [digits = '', fraction = ''] = text.split('.')
  // The seventh digit decides alone how the sixth is rounded.
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0')) + (fraction.charAt(6) >= '5' ? 1 : 0)
  const value = unit === 'second' ? Number(digits) * secondUs + micros : Number(digits)
  if (value > greatest) throw new Mistake(`the number ${show(text)} is too great`)
  return value
}

/** A range that its step leaves after one value is that value; others end at the last value that they have. */
function narrow(from: number, to: number | undefined, given: number | undefined, unit: Unit): Item {
  if (to === undefined) return given === undefined ? { from } : { from, step: given }
  const step = given ?? (unit === 'second' ? secondUs : 1)
  if (from + step <= to) return { from, to: to - ((to - from) % step), step }
  if (given === undefined && unit === 'second')
    throw new Mistake(
      'a range of seconds counts whole ones, and its ends are less than one apart; write a step, as in 0.1..0.9/0.2',
    )
  return { from }
}

function checkBounds({ from, to, step }: Item, text: string, unit: Unit): void {
  const { name, first, last } = units[unit]
  for (const value of [from, to ?? from])
    if (value < first || value > last) {
      const [shown, end] = unit === 'second' ? [value / secondUs, 'below 60'] : [value, `to ${last}`]
      throw new Mistake(`${shown} is no ${name}; write one from ${first} ${end}`)
    }
  if (to !== undefined || step === undefined) return
  const next = unit === 'day from the end' ? from - step : from + step
  if (next < first || next > last)
    throw new Mistake(`the step in ${show(text)} is too long to come to another ${name}; shorten it or leave it out`)
}

/** An oddity of systemd: with each place in the list the days end three earlier. */
function checkPlace({ from, to = from }: Item, index: number): void {
  const last = units['day from the end'].last - 3 * index
  if (to > last)
    throw new Mistake(`systemd refuses a day ~${to} as number ${index + 1} of a list; there it must be ${last} or less`)
}

function aboutItem(text: string, unit: Unit): string {
  const { name, first } = units[unit]
  if (/^\*\/\d+$/.test(text)) return `a * has no step; write ${first}${text.slice(1)} for ${show(text)}`
  if (text === '') return `the ${name} is missing, or a comma is too many`
  const example = unit === 'year' ? '2030, 2030,2032 or 2030..2040/2' : `${first}, 5,15, 8..18, 8..18/2 or ${first}/5`
  const fraction = /\d\.\d/.test(text) && unit !== 'second' ? ', without a fraction' : ''
  return `${show(text)} is no ${name}; write ${example}${fraction}`
}

/** By the first value, then single values before ranges, the shorter and closer ones first. */
function compare(a: Item, b: Item): number {
  return a.from - b.from || (a.to ?? -1) - (b.to ?? -1) || (a.step ?? 0) - (b.step ?? 0)
}
