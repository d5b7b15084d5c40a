// Reads RFC 3339 times strictly: a date that exists, a time of day, and always an offset. https://www.rfc-editor.org/rfc/rfc3339

/** Milliseconds since 1970; undefined when it is none. A leap second counts as the last one before it. */
export function readRfc3339(text: string): number | undefined {
  const [, year, month, day, hour, minute, second, fraction = '', offset = ''] = pattern.exec(text) ?? []
  if (year === undefined) return undefined
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as Six
  if (mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 60) return undefined
  const offsetMinutes = readOffset(offset)
  if (offsetMinutes === undefined) return undefined
  const date = new Date(0)
  // Not Date.UTC: it takes the years 0 to 99 for those of the twentieth century.
  date.setUTCFullYear(y, mo - 1, d)
  const ms = Math.floor(Number(`0${fraction}`) * 1000)
  return date.setUTCHours(h, mi, Math.min(s, 59), ms) - offsetMinutes * 60_000
}

type Six = [number, number, number, number, number, number]

const pattern = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)$/

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

function readOffset(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0
  const hours = Number(text.slice(1, 3))
  const minutes = Number(text.slice(4))
  if (hours > 23 || minutes > 59) return undefined
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
