// Reads the time stamp of a log line from its bytes: ISO 8601 and its relatives, syslog, epoch, and that of web servers.

export const stampFormats = ['auto', 'iso', 'syslog', 'epoch', 'clf'] as const
export type StampFormat = (typeof stampFormats)[number]

export interface StampReader {
  /** Milliseconds since 1970 in UTC, if a stamp begins at `start` (a `[` and a syslog priority before it are skipped). `now` tells the year where the stamp does not. */
  read(buffer: Uint8Array, start: number, end: number, now: number): number | undefined
}

/** `toUtc` turns local time (as if its fields were UTC) into UTC. */
export function createStampReader(format: StampFormat, toUtc: (local: number) => number): StampReader {
  // Neighbouring lines mostly share their second: the last one is recognised by its bytes, for a tenth of the work.
  const known = new Uint8Array(isoLength)
  let knownFields = Number.NaN
  let knownLocal = Number.NaN

  function readIso(bytes: Uint8Array, at: number, end: number): number | undefined {
    if (end - at < isoLength) return undefined
    if (!sameBytes(bytes, at, known)) {
      const fields = isoFields(bytes, at)
      if (fields === undefined) return undefined
      for (let n = 0; n < isoLength; n++) known[n] = bytes[at + n] ?? 0
      knownFields = fields
      knownLocal = Number.NaN
    }
    const next = readFraction(bytes, at + isoLength, end)
    const offset = readOffset(bytes, next.at, end)
    if (offset !== undefined) return knownFields + next.ms - offset * 60_000
    if (Number.isNaN(knownLocal)) knownLocal = toUtc(knownFields)
    return knownLocal + next.ms
  }

  function read(buffer: Uint8Array, start: number, end: number, now: number): number | undefined {
    const at = skipOpening(buffer, start, end)
    const first = buffer[at] ?? 0
    if (isDigit(first)) {
      if (format === 'iso') return readIso(buffer, at, end)
      if (format === 'epoch') return readEpoch(buffer, at, end)
      if (format === 'clf') return readClf(buffer, at, end)
      if (format === 'syslog') return undefined
      const fourth = buffer[at + 4] ?? 0
      if (fourth === hyphen || fourth === slash) return readIso(buffer, at, end)
      return buffer[at + 2] === slash ? readClf(buffer, at, end) : readEpoch(buffer, at, end)
    }
    return format === 'auto' || format === 'syslog' ? readSyslog(buffer, at, end, now, toUtc) : undefined
  }

  return { read }
}

const isoLength = '2026-11-20 13:00:00'.length
const space = 32
const hyphen = 45
const slash = 47
const colon = 58
const dayMs = 86_400_000
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `[2026-…` and `<34>Nov 20 …` */
function skipOpening(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]
  if (first === 0x5b) return start + 1
  if (first !== 0x3c) return start
  for (let at = start + 1; at < end && at < start + 5; at++) if (bytes[at] === 0x3e) return at + 1
  return start
}

/** The seconds differ first, so the comparison begins at the end. */
function sameBytes(bytes: Uint8Array, at: number, known: Uint8Array): boolean {
  for (let n = isoLength - 1; n >= 0; n--) if (bytes[at + n] !== known[n]) return false
  return true
}

function isoFields(bytes: Uint8Array, at: number): number | undefined {
  const divider = bytes[at + 4]
  if ((divider !== hyphen && divider !== slash) || bytes[at + 7] !== divider) return undefined
  const between = bytes[at + 10]
  if (between !== space && between !== 0x54 && between !== 0x74) return undefined
  const day = fieldsOf(digits(bytes, at, 4), digits(bytes, at + 5, 2), digits(bytes, at + 8, 2))
  return plus(day, readClock(bytes, at + 11))
}

/** hh:mm:ss in milliseconds. A leap second counts as the next one. */
function readClock(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at + 2] !== colon || bytes[at + 5] !== colon) return undefined
  const hours = digits(bytes, at, 2)
  const minutes = digits(bytes, at + 3, 2)
  const seconds = digits(bytes, at + 6, 2)
  if (!(hours < 24 && minutes < 60 && seconds <= 60)) return undefined
  return ((hours * 60 + minutes) * 60 + seconds) * 1000
}

function readFraction(bytes: Uint8Array, at: number, end: number): { readonly ms: number; readonly at: number } {
  const sign = bytes[at]
  if (at >= end || (sign !== 0x2e && sign !== 0x2c) || !isDigit(bytes[at + 1] ?? 0)) return { ms: 0, at }
  let ms = 0
  let scale = 100
  let next = at + 1
  for (; next < end && isDigit(bytes[next] ?? 0); next++) {
    ms += ((bytes[next] ?? 0) - 48) * scale
    scale /= 10
  }
  return { ms: Math.floor(ms + 1e-6), at: next }
}

/** Minutes east of UTC: `Z`, `+02:00`, `+0200`, ` +0200`, ` UTC`, ` GMT`. */
function readOffset(bytes: Uint8Array, from: number, end: number): number | undefined {
  if (from >= end) return undefined
  if (bytes[from] === 0x5a || bytes[from] === 0x7a) return 0
  const at = bytes[from] === space ? from + 1 : from
  const sign = bytes[at]
  if ((sign === 0x55 || sign === 0x47) && at > from && end - at >= 3 && /^(?:UTC|GMT)$/.test(textOf(bytes, at, 3)))
    return 0
  if ((sign !== 0x2b && sign !== hyphen) || end - at < 5) return undefined
  const gap = bytes[at + 3] === colon ? 1 : 0
  const hours = digits(bytes, at + 1, 2)
  const minutes = at + 5 + gap <= end ? digits(bytes, at + 3 + gap, 2) : Number.NaN
  if (!(hours <= 14 && minutes < 60) || isDigit(at + 5 + gap < end ? (bytes[at + 5 + gap] ?? 0) : 0)) return undefined
  return (hours * 60 + minutes) * (sign === hyphen ? -1 : 1)
}

/** Ten digits are seconds, perhaps with a fraction; thirteen are milliseconds. */
function readEpoch(bytes: Uint8Array, at: number, end: number): number | undefined {
  let next = at
  while (next < end && next - at < 14 && isDigit(bytes[next] ?? 0)) next++
  if (next - at === 13) return digits(bytes, at, 13)
  if (next - at !== 10) return undefined
  return digits(bytes, at, 10) * 1000 + readFraction(bytes, next, end).ms
}

/** `20/Nov/2026:13:00:00 +0100` */
function readClf(bytes: Uint8Array, at: number, end: number): number | undefined {
  if (end - at < 26 || bytes[at + 2] !== slash || bytes[at + 6] !== slash || bytes[at + 11] !== colon) return undefined
  const day = fieldsOf(digits(bytes, at + 7, 4), months.indexOf(textOf(bytes, at + 3, 3)) + 1, digits(bytes, at, 2))
  const fields = plus(day, readClock(bytes, at + 12))
  const offset = readOffset(bytes, at + 20, end)
  return fields === undefined || offset === undefined ? undefined : fields - offset * 60_000
}

/** `Nov 20 13:00:00`, `Nov  2 13:00:00`: the year is the latest that is not more than a day ahead of now. */
function readSyslog(
  bytes: Uint8Array,
  at: number,
  end: number,
  now: number,
  toUtc: (local: number) => number,
): number | undefined {
  if (end - at < 15 || bytes[at + 3] !== space || bytes[at + 6] !== space) return undefined
  const month = months.indexOf(textOf(bytes, at, 3)) + 1
  const day = bytes[at + 4] === space ? digits(bytes, at + 5, 1) : digits(bytes, at + 4, 2)
  const clock = readClock(bytes, at + 7)
  if (month === 0 || clock === undefined) return undefined
  const year = new Date(now).getUTCFullYear()
  for (let tried = year + 1; tried > year - 9; tried--) {
    const fields = plus(fieldsOf(tried, month, day), clock)
    const time = fields === undefined ? undefined : toUtc(fields)
    if (time !== undefined && time <= now + dayMs) return time
  }
  return undefined
}

/** Midnight of a day that exists. */
function fieldsOf(year: number, month: number, day: number): number | undefined {
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31)) return undefined
  const at = Date.UTC(year, month - 1, day)
  return new Date(at).getUTCDate() === day ? at : undefined
}

function plus(day: number | undefined, clock: number | undefined): number | undefined {
  return day === undefined || clock === undefined ? undefined : day + clock
}

/** NaN when one is no digit. */
function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let n = at; n < at + count; n++) {
    const byte = bytes[n] ?? 0
    if (!isDigit(byte)) return Number.NaN
    value = value * 10 + byte - 48
  }
  return value
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

function textOf(bytes: Uint8Array, at: number, count: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + count))
}
