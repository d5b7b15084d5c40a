// The pure half of the journal source: JSON lines of journalctl in, events out, and how far they reach.
import { isCursor, type JournalEntry, readEntry, salvageEntry } from '../../lib/journal.ts'
import { createLineSplitter, type LineSplitter } from '../../lib/lines.ts'
import type { Reader, ReaderOutput, ReaderPlace } from '../../source.ts'
import type { Json } from '../../words.ts'
import { createMatching } from './matching.ts'
import type { JournalOptions } from './options.ts'

/** Up to where the journal was read. */
export interface JournalPlace {
  /** Of the last entry. */
  readonly cursor?: string
  /** Its time; before the first entry, since when the journal is read. Absent: from its beginning. */
  readonly time?: number
}

export interface JournalReader extends Reader {
  /** Of the last whole entry that was pushed. */
  readonly reached: JournalPlace
  /** Another journalctl begins to speak, at this place; what the one before had begun to say is not counted. */
  begin(place: JournalPlace): void
}

/** Longer ones than any service writes; of a longer one the beginning is looked at. */
const entryBytes = 1024 * 1024
/** No clock is further ahead of ours by its zone. */
const aheadMs = 48 * 3_600_000

export function createJournalReader(options: JournalOptions, place: ReaderPlace): JournalReader {
  const toEvent = createMatching(options, place.host)
  const counts = { entries: 0, entries_cut: 0, unparsed: 0, stamps_disbelieved: 0 }
  let splitter: LineSplitter = createLineSplitter(entryBytes)
  let reached: JournalPlace = {}
  /** The one that was taken last, with which journalctl begins. */
  let known: string | undefined
  let lastTime: number | undefined

  function read(buffer: Buffer, start: number, end: number, cut: boolean): JournalEntry | undefined {
    const line = buffer.toString('utf8', start, end)
    if (line.trim() === '') return undefined
    const entry = cut ? salvageEntry(line) : readEntry(line)
    if (entry === undefined) counts.unparsed += 1
    else if (cut) counts.entries_cut += 1
    return entry
  }

  /** An entry without a time has that of the one before it; one without a believable time, that of its reading. */
  function timeOf({ time }: JournalEntry, now: number): number {
    if (time === undefined) return lastTime ?? now
    if (time <= now + aheadMs) return time
    counts.stamps_disbelieved += 1
    return now
  }

  function take(work: (onLine: Parameters<LineSplitter['push']>[1]) => void, now: number): ReaderOutput {
    const events: ReaderOutput['events'][number][] = []
    work((buffer, start, end, cut) => {
      const entry = read(buffer, start, end, cut)
      if (entry === undefined) return
      const { cursor } = entry
      const repeats = cursor !== undefined && cursor === known
      known = undefined
      if (repeats) return
      counts.entries += 1
      const time = timeOf(entry, now)
      lastTime = time
      if (cursor !== undefined) reached = { cursor, time }
      const event = toEvent(entry, cut)
      if (event !== undefined) events.push({ ...event, time })
    })
    return { events, put: [], delete: [] }
  }

  return {
    push: (bytes, now) => take((onLine) => splitter.push(bytes, onLine), now),
    tick: () => ({ events: [], put: [], delete: [] }),
    end: (now) => take((onLine) => splitter.end(onLine), now),
    begin(from) {
      splitter = createLineSplitter(entryBytes)
      reached = from
      known = from.cursor
    },
    get reached() {
      return reached
    },
    get pending() {
      return splitter.pending
    },
    get counts() {
      return { ...counts }
    },
  }
}

/** As `toCursor` wrote it; undefined for what is none. */
export function readPlace(stored: Json | undefined): (JournalPlace & { readonly storedAt: number }) | undefined {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return undefined
  const { cursor, time, storedAt } = stored as { readonly [key: string]: Json }
  if (typeof storedAt !== 'number') return undefined
  return {
    storedAt,
    ...(isCursor(cursor) ? { cursor } : {}),
    ...(typeof time === 'number' ? { time } : {}),
  }
}

export function toCursor({ cursor, time }: JournalPlace, storedAt: number): Json {
  return { v: 1, storedAt, ...(cursor === undefined ? {} : { cursor }), ...(time === undefined ? {} : { time }) }
}
