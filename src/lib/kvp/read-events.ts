// Finds the events in the records of a pool, of all generations of cloud-init and our own, and joins those that were sliced.
import { results, type KvpEvent, type Result } from './event.ts'
import { type KeyParts, parseKey } from './key.ts'
import type { PoolRecord } from './record.ts'

export interface FoundEvent extends KvpEvent {
  readonly prefix: string
  readonly incarnation: string
  readonly vmId?: string
  readonly uuid?: string
  /** Of how many records it was made; absent: of one. */
  readonly slices?: number
  /** Numbers of slices that are not there. */
  readonly missing?: readonly number[]
}

export interface Found {
  /** By the index of the record that completes the event. */
  readonly events: ReadonlyMap<number, FoundEvent>
  /** By the index of the record: keys of events whose values are none. */
  readonly problems: ReadonlyMap<number, string>
}

/** What a value says, its text as it stands there: a cut may have fallen inside of an escape. */
interface Value {
  readonly meta: { readonly [name: string]: unknown }
  /** Undefined: `meta` has the whole message. */
  readonly raw?: string
  readonly index?: number
  readonly count?: number
}

interface Slice extends Value {
  readonly record: number
}

interface Group {
  readonly parts: KeyParts
  readonly slices: Map<number, Slice>
}

export function readEvents(records: readonly PoolRecord[]): Found {
  const events = new Map<number, FoundEvent>()
  const problems = new Map<number, string>()
  const groups = new Map<string, Group[]>()
  for (const record of records) {
    const parts = record.problem === undefined ? parseKey(record.key) : undefined
    if (parts === undefined) continue
    const value = readValue(record.value)
    if (value === undefined) problems.set(record.index, 'its value is no event')
    else if (value.index === undefined) events.set(record.index, toEvent(parts, value.meta, String(value.meta['msg'])))
    else addSlice(groups, record, parts, { ...value, index: value.index, record: record.index })
  }
  for (const { parts, slices } of [...groups.values()].flat()) {
    const joined = join(parts, slices)
    events.set(Math.max(...Array.from(slices.values(), ({ record }) => record)), joined)
  }
  return { events, problems }
}

function addSlice(
  groups: Map<string, Group[]>,
  record: PoolRecord,
  parts: KeyParts,
  slice: Slice & { readonly index: number },
): void {
  const id = parts.slice === undefined ? record.key : record.key.slice(0, record.key.lastIndexOf('|'))
  // Before there was a uuid, all events of one name had one key.
  const whole = parts.uuid === undefined ? `${id}\n${String(slice.meta['ts'])}` : id
  const known = groups.get(whole) ?? []
  const last = known.at(-1)
  if (last !== undefined && !last.slices.has(slice.index)) last.slices.set(slice.index, slice)
  else known.push({ parts, slices: new Map([[slice.index, slice]]) })
  groups.set(whole, known)
}

function join(parts: KeyParts, slices: ReadonlyMap<number, Slice>): FoundEvent {
  const sorted = [...slices].sort(([a], [b]) => a - b)
  const count = Math.max(...sorted.map(([index, slice]) => Math.max(index + 1, slice.count ?? 0)))
  const missing = Array.from({ length: count }, (_, index) => index).filter((index) => !slices.has(index))
  let description = ''
  let run = ''
  let next = 0
  for (const [index, { raw = '' }] of sorted) {
    if (index !== next) {
      description += unescapeText(run)
      run = ''
    }
    run += raw
    next = index + 1
  }
  description += unescapeText(run)
  const [first] = sorted
  return {
    ...toEvent(parts, first?.[1].meta ?? {}, description),
    slices: sorted.length,
    ...(missing.length === 0 ? {} : { missing }),
  }
}

function readValue(text: string): Value | undefined {
  const meta = parseObject(text)
  const index = meta?.['msg_i']
  if (meta !== undefined && index === undefined) return typeof meta['msg'] === 'string' ? { meta } : undefined
  // A slice of cloud-init need not be JSON: what stands before its text is.
  const mark = ',"msg":"'
  const start = text.indexOf(mark)
  const whole = text.endsWith('"}')
  if (start < 0 || !whole) return undefined
  const head = parseObject(`${text.slice(0, start)}}`)
  const number = head?.['msg_i']
  if (head === undefined || !isIndex(number)) return undefined
  const count = head['msg_n']
  return {
    meta: head,
    raw: text.slice(start + mark.length, -2),
    index: number,
    ...(isIndex(count) ? { count } : {}),
  }
}

function toEvent(parts: KeyParts, meta: Value['meta'], description: string): FoundEvent {
  const { prefix, incarnation, vmId, uuid } = parts
  const result = results.find((known) => known === meta['result']) satisfies Result | undefined
  const duration = meta['duration']
  return {
    prefix,
    incarnation,
    type: textOr(meta['type'], parts.type),
    name: textOr(meta['name'], parts.name),
    at: readIsoTime(textOr(meta['ts'], '')),
    ...(result === undefined ? {} : { result }),
    ...(typeof duration === 'number' ? { durationSeconds: duration } : {}),
    description,
    ...(vmId === undefined ? {} : { vmId }),
    ...(uuid === undefined ? {} : { uuid }),
  }
}

/** Milliseconds with the microseconds as fraction; NaN when it is none. */
export function readIsoTime(text: string): number {
  const [, seconds = '', fraction = ''] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)$/.exec(text) ?? []
  return seconds === '' ? Number.NaN : Date.parse(`${seconds}Z`) + Number(fraction.slice(0, 6).padEnd(6, '0')) / 1000
}

/** Where slices are missing, an escape may be cut in two: its rest is dropped. */
function unescapeText(raw: string): string {
  const whole = parseText(raw)
  if (whole !== undefined) return whole
  return raw.replace(
    /\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt])|u[0-9a-fA-F]{0,3}|$)/g,
    (_, hex?: string, letter?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      return letter === undefined ? '\ufffd' : (parseText(`\\${letter}`) ?? '')
    },
  )
}

function parseText(raw: string): string | undefined {
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return undefined
  }
}

function parseObject(text: string): { readonly [name: string]: unknown } | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as { readonly [name: string]: unknown }
  } catch {
    return undefined
  }
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1_000_000
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}
