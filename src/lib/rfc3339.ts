// Reads RFC 3339 times strictly: a date that exists, a time of day, and always an offset. https://www.rfc-editor.org/rfc/rfc3339

/** Milliseconds since 1970; undefined when it is none. A leap second counts as the last one before it. */
export function readRfc3339(text: string): number | undefined {
  // Digits are read by their place: lists of the pattern's parts would take several times as long, for every event.
  if (!pattern.test(text)) return undefined
  const [y, mo, d] = [100 * two(text, 0) + two(text, 2), two(text, 5), two(text, 8)]
  const [h, mi, s] = [two(text, 11), two(text, 14), two(text, 17)]
  if (mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 60) return undefined
  const offsetAt = text.endsWith('Z') || text.endsWith('z') ? text.length - 1 : text.length - 6
  const offsetMinutes = readOffset(text, offsetAt)
  if (offsetMinutes === undefined) return undefined
  const ms = offsetAt === 19 ? 0 : Math.floor(Number(`0${text.slice(19, offsetAt)}`) * 1000)
  // 400 years later, and back: the years 0 to 99 would be taken for those of the twentieth century.
  return Date.UTC(y + 400, mo - 1, d, h, mi, Math.min(s, 59), ms) - fourCenturiesMs - offsetMinutes * 60_000
}

const pattern = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:[Zz]|[+-]\d\d:\d\d)$/
const fourCenturiesMs = 146_097 * 86_400_000

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function readOffset(text: string, at: number): number | undefined {
  const sign = text[at]
  if (sign === 'Z' || sign === 'z') return 0
  const [hours, minutes] = [two(text, at + 1), two(text, at + 4)]
  if (hours > 23 || minutes > 59) return undefined
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}

/** Two digits. */
function two(text: string, at: number): number {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528
}
