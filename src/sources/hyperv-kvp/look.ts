// What is new in a pool since the last look, as events; pure.
import { createHash } from 'node:crypto'
import { readEvents, type FoundEvent } from '../../lib/kvp/read-events.ts'
import { parseKey } from '../../lib/kvp/key.ts'
import type { PoolRecord } from '../../lib/kvp/record.ts'
import type { Json, JsonObject, NewEvent, Severity } from '../../words.ts'

export interface Look {
  readonly events: readonly NewEvent[]
  /** One row for each record that is there, so that a restart tells none again. */
  readonly put: readonly (readonly [key: string, value: Json])[]
  readonly delete: readonly string[]
  /** Events of which slices were not there yet. */
  readonly waiting?: ReadonlySet<string>
}

const origins: { readonly [prefix: string]: string } = { CLOUD_INIT: 'cloud-init' }
const severities: { readonly [result: string]: Severity } = { WARN: 'warning', FAIL: 'error' }
const mostRecords = 20_000

/** `rows` are those of all pools. An event whose slices are not all there waits for one more look. */
export function lookAt(
  pool: string,
  records: readonly PoolRecord[],
  rows: ReadonlySet<string>,
  last: Look | undefined,
): Look {
  const some = records.slice(-mostRecords)
  const { events: found } = readEvents(some)
  const events: NewEvent[] = []
  const put: [string, Json][] = []
  const waiting = new Set<string>()
  const present = new Set<string>()
  for (const record of some) {
    if (record.problem !== undefined) continue
    const row = rowOf(pool, record)
    present.add(row)
    if (rows.has(row)) continue
    const event = found.get(record.index)
    if (event?.missing !== undefined && last?.waiting?.has(row) !== true) {
      waiting.add(row)
      continue
    }
    put.push([row, 1])
    if (event !== undefined) events.push(...toReport(pool, record, event))
    else if (parseKey(record.key) === undefined) events.push(toChange(pool, record))
  }
  const prefix = `${pool}\n`
  const gone = [...rows].filter((row) => row.startsWith(prefix) && !present.has(row))
  return { events, put, delete: gone, waiting }
}

function rowOf(pool: string, { key, value }: PoolRecord): string {
  return `${pool}\n${createHash('sha256').update(`${key}\n${value}`).digest('base64url').slice(0, 22)}`
}

/** Not what Sereno itself has written: it would be told to the pool again. */
function toReport(pool: string, record: PoolRecord, event: FoundEvent): NewEvent[] {
  const { prefix, type, name, description, at, result, durationSeconds, missing, uuid } = event
  if (prefix === 'SERENO' || isOurs(uuid)) return []
  const data: JsonObject = {
    pool,
    name,
    event: type,
    description,
    origin: origins[prefix] ?? prefix,
    ...(result === undefined ? {} : { result }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(missing === undefined ? {} : { missing }),
  }
  const severity = severities[result ?? '']
  return [
    {
      type: 'kvp.event',
      ...(Number.isFinite(at) ? { time: at } : {}),
      subject: name.slice(0, 1024),
      ...(severity === undefined ? {} : { severity }),
      data,
      identity: { producer: pool, id: `${record.key}\n${event.at}`.slice(0, 1024) },
    },
  ]
}

/** The channel makes its keys of what it sends, by version 8, which nobody else here uses. */
function isOurs(uuid: string | undefined): boolean {
  return uuid?.charAt(14) === '8'
}

function toChange(pool: string, { key, value }: PoolRecord): NewEvent {
  return { type: 'kvp.value', subject: key.slice(0, 1024), data: { pool, key, value } }
}
