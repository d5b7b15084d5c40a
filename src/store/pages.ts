// Reads of rows that may be large: never more of them at once than a thread's memory holds.
import { fromId } from '../lib/id.ts'
import { readAttempt, readDelivery, readEvent, readPart, number, text, type SqlRow } from './rows.ts'
import type { DeliveryDetail, WaitingDelivery } from './store.ts'
import type { HubEvent } from '../words.ts'

type Get = (sql: string, ...values: readonly (string | number)[]) => SqlRow | undefined

const eventSql = 'select * from event where seq = ?1'
/** Of the record's head: the event itself is not read for it. */
const sizeSql = 'select octet_length(data) + ifnull(octet_length(text), 0) as bytes from event where seq = ?1'
const smallSql = `select seq, type, time, received, source, host, subject, severity, labels, condition, cause,
  substr(title, 1, 1000) as title, substr(text, 1, 1000) as text,
  iif(octet_length(data) > 4096, '{}', data) as data from event where seq = ?1`

export function readOneEvent(get: Get, seq: number): HubEvent | undefined {
  const row = get(eventSql, seq)
  return row === undefined ? undefined : readEvent(row)
}

/** A page ends early when it is full; one event it always has, if there is any. */
export function readEventPage(rows: Iterable<SqlRow>, bytes: number): HubEvent[] {
  const page: HubEvent[] = []
  let size = 0
  for (const row of rows) {
    page.push(readEvent(row))
    size += text(row['data']).length + (row['text'] === null ? 0 : text(row['text']).length)
    if (size > bytes) break
  }
  return page
}

/** In the order asked for; those that are gone are left out, and when there is too much, large ones lose what makes them so. */
export function readNamedEvents(get: Get, seqs: readonly number[], bytes: number): HubEvent[] {
  let size = 0
  return seqs.flatMap((seq) => {
    size += sizeOf(get, seq)
    const row = get(size > bytes ? smallSql : eventSql, seq)
    return row === undefined ? [] : readEvent(row)
  })
}

/** Deliveries with their events, as far as these go into so many bytes together. */
export function readWaiting(get: Get, rows: readonly SqlRow[], bytes: number): WaitingDelivery[] {
  let room = bytes
  return rows.map((row) => {
    const delivery = readDelivery(row)
    const size = delivery.events.reduce((sum, seq) => sum + sizeOf(get, seq), 0)
    if (size > room) return { delivery }
    room -= size
    return { delivery, events: delivery.events.flatMap((seq) => readOneEvent(get, seq) ?? []) }
  })
}

/** A delivery with all that belongs to it; its events as far as they go into so many bytes. */
export function readDetail(
  get: Get,
  all: (sql: string, seq: number) => readonly SqlRow[],
  id: string,
  bytes: number,
): DeliveryDetail | undefined {
  const seq = fromId(id)
  const row = seq === undefined ? undefined : get('select * from delivery where seq = ?1', seq)
  if (seq === undefined || row === undefined) return undefined
  const delivery = readDelivery(row)
  return {
    delivery,
    events: readNamedEvents(get, delivery.events, bytes),
    tried: all('select * from attempt where delivery = ?1 order by number', seq).map(readAttempt),
    parts: all('select * from part where delivery = ?1 order by number', seq).map(readPart),
  }
}

function sizeOf(get: Get, seq: number): number {
  const row = get(sizeSql, seq)
  return row === undefined ? 0 : number(row['bytes'])
}
