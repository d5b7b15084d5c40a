// Entries of systemd's journal as journalctl writes them in JSON, and the words that make it do so.
import { cleanText } from './text.ts'

/** https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format and systemd.journal-fields(7). */
export interface JournalEntry {
  /** Where it stands; absent in an export of another program. */
  readonly cursor?: string
  /** Milliseconds since 1970; absent where the entry has none, or nonsense. */
  readonly time?: number
  readonly text: string
  /** 0 emerg to 7 debug. */
  readonly priority?: number
  /** Of systemd's own words on a unit: that unit. */
  readonly unit?: string
  readonly identifier?: string
  readonly host?: string
}

/** All that `readEntry` looks at; the rest of an entry is not even written. */
const fields = ['MESSAGE', 'PRIORITY', '_SYSTEMD_UNIT', 'UNIT', '_PID', 'SYSLOG_IDENTIFIER', '_COMM', '_HOSTNAME']

/** `--all`: without it texts of more than 4096 bytes would be null. */
export const journalWords: readonly string[] = [
  '--no-pager',
  '--all',
  '--output=json',
  `--output-fields=${fields.join(',')}`,
]

/** Undefined for what is no entry. */
export function readEntry(line: string): JournalEntry | undefined {
  const found = parse(line)
  if (found === undefined) return undefined
  const { __CURSOR: cursor, __REALTIME_TIMESTAMP: stamp } = found
  const time = readTime(stamp)
  const priority = firstOf(found['PRIORITY'])
  const unit = (firstOf(found['_PID']) === '1' ? firstOf(found['UNIT']) : undefined) ?? firstOf(found['_SYSTEMD_UNIT'])
  const identifier = firstOf(found['SYSLOG_IDENTIFIER']) ?? firstOf(found['_COMM'])
  const host = firstOf(found['_HOSTNAME'])
  return {
    text: textsOf(found['MESSAGE']).join('\n'),
    ...(isCursor(cursor) ? { cursor } : {}),
    ...(time === undefined ? {} : { time }),
    ...(priority !== undefined && /^[0-7]$/.test(priority) ? { priority: Number(priority) } : {}),
    ...(unit === undefined ? {} : { unit: unit.slice(0, most) }),
    ...(identifier === undefined ? {} : { identifier: identifier.slice(0, most) }),
    ...(host === undefined ? {} : { host: host.slice(0, most) }),
  }
}

/** Of a line that was cut: what its beginning tells, as far as the text goes. */
export function salvageEntry(start: string): JournalEntry | undefined {
  const simple = (name: string): string | undefined =>
    new RegExp(`[{,]"${name}":"((?:[^"\\\\]|\\\\.){0,1024})"`).exec(start)?.[1]
  const message = /[{,]"MESSAGE":"((?:[^"\\]|\\.)*)/s.exec(start)?.[1] ?? ''
  const known = ['__CURSOR', '__REALTIME_TIMESTAMP', ...fields.slice(1)].flatMap((name) => {
    const value = simple(name)
    return value === undefined ? [] : [`"${name}":"${value}"`]
  })
  // An escape that was torn apart would spoil all: six characters hold the longest.
  for (let length = message.length; length >= Math.max(0, message.length - 6); length -= 1) {
    const entry = readEntry(`{${[...known, `"MESSAGE":"${message.slice(0, length)}"`].join(',')}}`)
    if (entry !== undefined) return entry
  }
  return undefined
}

export function isCursor(value: unknown): value is string {
  return typeof value === 'string' && /^[!-~]{1,512}$/.test(value)
}

/** No name of a unit or host is longer. */
const most = 256
/** The year 9999. */
const latest = 253_402_300_799_999

type Found = { readonly [name: string]: unknown }

function parse(line: string): Found | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Found
  } catch {
    return undefined
  }
}

function readTime(stamp: unknown): number | undefined {
  const microseconds = typeof stamp === 'string' && /^\d{1,20}$/.test(stamp) ? Number(stamp) : stamp
  if (typeof microseconds !== 'number' || !(microseconds > 0)) return undefined
  const time = Math.floor(microseconds / 1000)
  return time > 0 && time <= latest ? time : undefined
}

/** A field stands as text, as a list of bytes when it has others than printable ones, or as a list of these when it stands twice. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) return []
  if (value.every((byte) => typeof byte === 'number')) return value.length === 0 ? [] : [fromBytes(value)]
  return value.flatMap((one: unknown) => {
    if (typeof one === 'string') return [one]
    return Array.isArray(one) && one.every((byte) => typeof byte === 'number') ? [fromBytes(one)] : []
  })
}

/** Mostly colours of a terminal, which stand between people and their patterns. */
function fromBytes(bytes: readonly number[]): string {
  return cleanText(Buffer.from(bytes).toString())
}

function firstOf(value: unknown): string | undefined {
  const [first] = textsOf(value)
  return first === undefined || first === '' ? undefined : first
}
