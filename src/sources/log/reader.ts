// The pure half of the log source: bytes in, lines that match and sessions that ended out.
import { createLineSplitter, cutBytes } from '../../lib/lines.ts'
import { compilePattern, createPrefilter } from '../../lib/pattern.ts'
import type { Groups } from '../../lib/pattern.ts'
import { createStampReader } from '../../lib/stamp.ts'
import { createZone } from '../../lib/zone.ts'
import type { Reader, ReaderOutput, ReaderPlace } from '../../source.ts'
import type { NewEvent, Severity } from '../../words.ts'
import { createLogClock } from './clock.ts'
import type { Matcher } from './line.ts'
import type { LogOptions, MatchOptions } from './options.ts'
import { createSessionWatch } from './session-watch.ts'
import { addFields, boundedText } from './text.ts'

interface MatchEntry extends Matcher {
  readonly name: string
  readonly severity?: Severity | undefined
  readonly subject: string
}

const lineBytes = 4096
const subjectLength = 256

export function createLogReader(options: LogOptions, place: ReaderPlace): Reader {
  const matchers: Matcher[] = []
  const compile = (text: string): Matcher => {
    const pattern = compilePattern(text)
    const matcher = { pattern, prefilter: createPrefilter(pattern) }
    matchers.push(matcher)
    return matcher
  }
  const entries = toList(options.match).map((entry) => toEntry(entry, compile))
  const watch = options.session && createSessionWatch(options.session, place.host, place.saved ?? [], compile)
  const stampPattern = options.time?.pattern === undefined ? undefined : compile(options.time.pattern)
  const stampFormat = options.time?.format ?? 'auto'
  const clock = createLogClock(watch?.mark)
  const zone = createZone(place.zone)
  const toUtc = (local: number) => zone.toUtc(local, clock.time)
  const stamps = createStampReader(stampFormat === 'none' ? 'auto' : stampFormat, toUtc)
  const splitter = createLineSplitter()
  let lines = 0
  let events: NewEvent[] = []
  let now = 0
  let buffer: Buffer | undefined
  let start = 0
  let end = 0
  let text: string | undefined

  function groups(matcher: Matcher): Groups | undefined {
    if (!buffer || !matcher.prefilter.mayMatch(start, end)) return undefined
    text ??= buffer.toString('utf8', start, end)
    return matcher.pattern.match(text)
  }

  function readStamp(): number | undefined {
    if (!buffer || stampFormat === 'none') return undefined
    if (!stampPattern) return stamps.read(buffer, start, end, now)
    const stamp = groups(stampPattern)?.['time']
    if (stamp === undefined) return undefined
    const bytes = Buffer.from(stamp)
    return stamps.read(bytes, 0, bytes.length, now)
  }

  function onLine(bytes: Buffer, from: number, to: number, cut: boolean): void {
    lines++
    if (bytes !== buffer) {
      buffer = bytes
      for (const matcher of matchers) matcher.prefilter.begin(bytes)
    }
    start = from
    end = to
    text = undefined
    const time = clock.line(readStamp(), now)
    if (watch) {
      watch.expire(clock.steady, emit)
      watch.line({ time, groups }, clock.mark, emit)
    }
    for (const entry of entries) {
      const found = groups(entry)
      if (found) return emit(toLineEvent(entry, found, time, cut))
    }
  }

  function toLineEvent(entry: MatchEntry, found: Groups, time: number, cut: boolean): NewEvent {
    const stop = buffer ? cutBytes(buffer, start, end, lineBytes) : end
    const line = stop === end ? text : buffer?.toString('utf8', start, stop)
    const fields = {}
    addFields(fields, found)
    const subject = found[entry.subject]
    return {
      type: 'log.line',
      time,
      host: place.host,
      ...(subject && { subject: boundedText(subject, subjectLength) }),
      ...(entry.severity && { severity: entry.severity }),
      data: { pattern: entry.name, line: line ?? '', fields, ...((cut || stop !== end) && { cut: true }) },
    }
  }

  function emit(event: NewEvent): void {
    events.push(event)
  }

  function output(): ReaderOutput {
    const done = events
    events = []
    // The bytes belong to the caller, who may write other ones there.
    buffer = undefined
    text = undefined
    const changes = watch?.changes() ?? { put: [], delete: [] }
    const dueAt = watch?.dueAt() ?? Infinity
    return { events: done, ...changes, ...(dueAt !== Infinity && { due: clock.readingTimeOf(dueAt) }) }
  }

  return {
    push(bytes, at) {
      now = at
      splitter.push(bytes, onLine)
      return output()
    },
    tick(at) {
      now = at
      if (watch) watch.expire(clock.idle(at), emit)
      return output()
    },
    end(at) {
      now = at
      splitter.end(onLine)
      return output()
    },
    get pending() {
      return splitter.pending
    },
    get counts() {
      return { lines, lines_cut: splitter.cut, stamps_disbelieved: clock.disbelieved, ...watch?.counts() }
    },
  }
}

function toList(match: LogOptions['match']): readonly (string | MatchOptions)[] {
  if (match === undefined) return []
  return Array.isArray(match) ? match : [match as string | MatchOptions]
}

function toEntry(entry: string | MatchOptions, compile: (text: string) => Matcher): MatchEntry {
  const { pattern, name, severity, subject } = typeof entry === 'string' ? { pattern: entry } : entry
  return { ...compile(pattern), name: name ?? pattern, severity, subject: subject ?? 'subject' }
}
