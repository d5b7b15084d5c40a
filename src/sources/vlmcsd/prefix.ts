// What stands before vlmcsd's words: its own date, and what docker compose, Kubernetes or syslog put before that.
import { type Ascii, isAt, readAscii } from '../../lib/ascii.ts'
import type { Zone } from '../../lib/zone.ts'
import type { Line } from './line.ts'

export interface Prefix {
  /** Moves `start` behind the prefixes and sets time, pid and host. */
  strip(line: Line, now: number): void
  /** The time of the last line, and whether the clock on the wall showed it twice: a restart must know it then. */
  readonly lastAt: number
  readonly ambiguous: boolean
}

export function createPrefix(zone: Zone, previousAt = 0): Prefix {
  // Most lines share the second of the line before: its date is compared, not read.
  let known: Ascii | undefined
  let knownAt = 0
  let lastAt = previousAt
  let ambiguous = false

  function strip(line: Line, now: number): void {
    line.pid = -1
    line.host = undefined
    line.stamped = false
    line.layout = 'dated'
    if (!dated(line)) {
      line.layout = 'bare'
      if (isTransport(line)) stripTransports(line, now)
    }
    if (!line.stamped) line.at = now > 0 ? now : lastAt
    if (lastAt !== line.at) lastAt = line.at
  }

  /** vlmcsd's own prefix: `2026-05-10 13:12:17: `. */
  function dated(line: Line): boolean {
    const { bytes, start, end } = line
    if (end - start < 21 || bytes[start + 19] !== colon || bytes[start + 20] !== space) return false
    if (known === undefined || !isAt(line.view, start, known)) {
      if (!isDated(bytes, start, end)) return false
      knownAt = zone.toUtc(wallOf(bytes, start), lastAt > 0 ? lastAt : undefined)
      ambiguous = zone.ambiguous
      // In an hour that comes twice the same words stand for two instants.
      known = ambiguous ? undefined : readAscii(line.view, start, 19)
    }
    line.at = knownAt
    line.stamped = true
    line.start = start + 21
    return true
  }

  function stripTransports(line: Line, now: number): void {
    const text = line.bytes.toString('latin1', line.start, Math.min(line.end, line.start + 400))
    let rest = text
    const compose = /^\S+ +\| /.exec(rest)
    if (compose) rest = rest.slice(compose[0].length)
    const cri = /^(\d{4}-\d\d-\d\dT\S+) (?:stdout|stderr) [FP] /.exec(rest)
    if (cri) {
      rest = rest.slice(cri[0].length)
      stamp(line, Date.parse(cri[1] ?? ''))
    }
    const syslog =
      /^(?:([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)|(\d{4}-\d\d-\d\dT\S+)) (\S+) [^\s[:]+(?:\[(\d+)\])?: /.exec(
        rest,
      )
    if (syslog) {
      rest = rest.slice(syslog[0].length)
      stamp(line, syslog[6] === undefined ? syslogTime(syslog, now) : Date.parse(syslog[6]))
      line.host = syslog[7]
      if (syslog[8] !== undefined) line.pid = Number(syslog[8])
    }
    if (rest.length === text.length) return
    line.layout = 'wrapped'
    line.start += text.length - rest.length
    dated(line)
  }

  /** RFC 3164 says no year: it is the one that brings the line closest to, and not much behind, the time of reading. */
  function syslogTime(parts: RegExpExecArray, now: number): number {
    const month = months.indexOf(parts[1] ?? '')
    if (month < 0) return Number.NaN
    const by = now > 0 ? now : lastAt > 0 ? lastAt : Date.UTC(2000, 6, 1)
    const year = new Date(by).getUTCFullYear()
    const wall = (of: number): number =>
      Date.UTC(of, month, Number(parts[2]), Number(parts[3]), Number(parts[4]), Number(parts[5]))
    const at = [year + 1, year, year - 1].map((of) => wall(of)).find((candidate) => candidate <= by + 2 * dayMs)
    return zone.toUtc(at ?? wall(year), lastAt > 0 ? lastAt : undefined)
  }

  function stamp(line: Line, at: number): void {
    if (Number.isNaN(at)) return
    line.at = Math.floor(at / 1000) * 1000
    line.stamped = true
  }

  return {
    strip,
    get lastAt() {
      return lastAt
    },
    get ambiguous() {
      return ambiguous
    },
  }
}

/** Part of a line that the container runtime tore apart; its rest follows with an F. */
export function isPartial(line: Line): boolean {
  if (line.bytes[line.start + 10] !== 0x54) return false
  return /^\d{4}-\d\d-\d\dT\S+ (?:stdout|stderr) P /.test(line.bytes.toString('latin1', line.start, line.start + 60))
}

const colon = 0x3a
const space = 0x20
const dayMs = 86_400_000
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const digits = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]

function isDated(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 21 || bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d || bytes[start + 10] !== space)
    return false
  if (bytes[start + 13] !== colon || bytes[start + 16] !== colon) return false
  return digits.every((at) => (bytes[start + at] ?? 0) >= 0x30 && (bytes[start + at] ?? 0) <= 0x39)
}

function wallOf(bytes: Buffer, start: number): number {
  const two = (at: number): number => ((bytes[start + at] ?? 0) - 0x30) * 10 + (bytes[start + at + 1] ?? 0) - 0x30
  return Date.UTC(two(0) * 100 + two(2), two(5) - 1, two(8), two(11), two(14), two(17))
}

/** Cheap: whether the line may begin with a transport's prefix. vlmcsd's own words never do. */
function isTransport(line: Line): boolean {
  const { bytes, start, end } = line
  if (end - start < 16) return false
  if (bytes[start + 10] === 0x54 && bytes[start + 4] === 0x2d) return true
  if (bytes[start + 3] === space && bytes[start + 6] === space && bytes[start + 9] === colon) return true
  for (let at = start; at < Math.min(end - 2, start + 80); at++) {
    if (bytes[at] === 0x7c && bytes[at + 1] === space && bytes[at - 1] === space) return true
  }
  return false
}
