// Wall clocks: the instant that a local date and time of an IANA zone stands for, fast enough for every line of a log.

export interface ZoneTime {
  /** Milliseconds since 1970 in UTC. */
  readonly at: number
  /** The wall clock showed this time twice (the earlier instant is taken) or never (read as if the clock had not moved yet). */
  readonly ambiguous: boolean
}

export interface Zone {
  /** `wallMs` is what `Date.UTC` makes of the date and time on the wall. */
  read(wallMs: number): ZoneTime
  /**
   * The instant alone, without an object. An hour that comes twice is taken as the one that follows `previousAt`,
   * the instant of the line before: lines are in order, and a clock that fell back shows it by going back.
   */
  toUtc(wallMs: number, previousAt?: number): number
  /** Whether the last `toUtc` met an hour that comes twice or never. */
  readonly ambiguous: boolean
  /** The stretch of wall time around `wallMs` through which the offsets stay the same. */
  spanAt(wallMs: number): Span
  /** Wall time minus UTC, in milliseconds, at an instant. */
  offsetAt(at: number): number
}

/**
 * Whether the time zone database has this name. ICU knows more, such as `BST` for Dhaka, `PST` and `+01:00`, and takes
 * any case; a wrong case passes here only in names that ICU takes for an alias of another.
 */
export function isZoneName(name: string): boolean {
  if (goodNames.has(name)) return true
  if (!/^(?!SystemV)[A-Z][A-Za-z]+(?:\/[A-Z][\w+-]*)+$/.test(name)) return false
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions()
    if (timeZone !== name && timeZone.toLowerCase() === name.toLowerCase()) return false
    if (goodNames.size < 2000) goodNames.add(name)
    return true
  } catch {
    return false
  }
}

/** Throws a RangeError for a name the system does not know. */
export function createZone(name: string): Zone {
  // Most servers keep UTC, and the first of these takes longer to make than a small log to read.
  const format = name === 'UTC' ? undefined : createFormat(name)
  const spans = new Map<number, Span>()
  let current: Span = { from: 0, until: 0, first: 0, second: 0, twice: false, never: false }

  function offsetAt(at: number): number {
    if (format === undefined) return 0
    const parts: { [type: string]: string } = {}
    for (const { type, value } of format.formatToParts(at)) parts[type] = value
    const year = parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year'])
    const wall = new Date(0)
    wall.setUTCFullYear(year, Number(parts['month']) - 1, Number(parts['day']))
    wall.setUTCHours(Number(parts['hour']), Number(parts['minute']), Number(parts['second']))
    return wall.getTime() - Math.floor(at / 1000) * 1000
  }

  const offsets = new Map<number, number>()

  /** One look a day, except on the days on which the clock is moved. */
  function cachedOffsetAt(at: number): number {
    const day = Math.floor(at / dayMs)
    const known = offsets.get(day) ?? offsets.get(0.5 + Math.floor(at / quarterMs))
    if (known !== undefined) return known
    if (offsets.size > 4096) offsets.clear()
    const offset = offsetAt(at)
    const isPlain = offsetAt(day * dayMs) === offset && offsetAt((day + 1) * dayMs) === offset
    offsets.set(isPlain ? day : 0.5 + Math.floor(at / quarterMs), offset)
    return offset
  }

  /** A whole day if the zone keeps one offset around it, else a quarter of an hour: no zone moves its clock between quarters. */
  function spanOf(wallMs: number): Span {
    const day = Math.floor(wallMs / dayMs) * dayMs
    const known = spans.get(day) ?? spans.get(Math.floor(wallMs / quarterMs) * quarterMs + 1)
    if (known) return known
    if (spans.size > 4096) spans.clear()
    const before = offsetAt(day - dayMs)
    const after = offsetAt(day + 2 * dayMs)
    if (before === after) return keep(day, { from: day, until: day + dayMs, first: before, second: before, ...plain })
    const from = Math.floor(wallMs / quarterMs) * quarterMs
    return keep(from + 1, { from, until: from + quarterMs, ...offsetsOf(from, before, after) })
  }

  function offsetsOf(wallMs: number, before: number, after: number): Omit<Span, 'from' | 'until'> {
    const early = offsetAt(wallMs - before) === before
    const late = offsetAt(wallMs - after) === after
    if (early && late) return { first: before, second: after, twice: true, never: false }
    if (early || late) return { first: early ? before : after, second: early ? before : after, ...plain }
    return { first: before, second: before, twice: false, never: true }
  }

  function keep(key: number, span: Span): Span {
    spans.set(key, span)
    return span
  }

  function find(wallMs: number): Span {
    if (wallMs < current.from || wallMs >= current.until) current = spanOf(wallMs)
    return current
  }

  return {
    read(wallMs) {
      const span = find(wallMs)
      return { at: wallMs - span.first, ambiguous: span.twice || span.never }
    },
    toUtc(wallMs, previousAt) {
      const span = find(wallMs)
      const at = wallMs - span.first
      return span.twice && previousAt !== undefined && at < previousAt - slackMs ? wallMs - span.second : at
    },
    get ambiguous() {
      return current.twice || current.never
    },
    spanAt: find,
    offsetAt: cachedOffsetAt,
  }
}

function createFormat(name: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  })
}

interface Span {
  /** Wall time from which and before which the offsets hold. */
  readonly from: number
  readonly until: number
  /** Wall time minus UTC; `second` is that of the later instant when the time comes twice. */
  readonly first: number
  readonly second: number
  readonly twice: boolean
  readonly never: boolean
}

const plain = { twice: false, never: false }
const dayMs = 86_400_000
const quarterMs = 900_000
/** A clock that is set back by less than this was corrected, not moved to winter time. */
const slackMs = 5 * 60_000
/** Names without an area, for the most part from the `backward` file of the database, and others that were looked up. */
const goodNames = new Set(
  (
    'CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran ' +
    'Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK ' +
    'Singapore Turkey UCT UTC Universal W-SU WET Zulu'
  ).split(' '),
)
