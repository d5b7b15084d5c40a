// Reads rows back into the words of the domain.
import { toId } from '../lib/id.ts'
import type { Delivery, Fact, HubEvent, Job, Json } from '../words.ts'
import type { Attempt, InputRow, StoredPart } from './store.ts'

export type SqlRow = Record<string, unknown>

/** Column values are what `pack` wrote; a row that is not is our bug or a damaged file, and throws. */
export function readEvent(row: SqlRow): HubEvent {
  const seq = number(row['seq'])
  return {
    seq,
    id: toId(seq),
    type: text(row['type']),
    time: number(row['time']),
    receivedAt: number(row['received']),
    source: text(row['source']),
    ...optional('host', row['host'], text),
    ...optional('subject', row['subject'], text),
    severity: text(row['severity']) as HubEvent['severity'],
    labels: json(row['labels']) as HubEvent['labels'],
    data: json(row['data']) as HubEvent['data'],
    ...optional('title', row['title'], text),
    ...optional('text', row['text'], text),
    ...optional('condition', row['condition'], (value) => json(value) as NonNullable<HubEvent['condition']>),
    ...optional('cause', row['cause'], number),
  }
}

export function readFact(row: SqlRow): Fact {
  return {
    seq: number(row['seq']),
    source: text(row['source']),
    name: text(row['name']),
    key: text(row['key']),
    time: number(row['time']),
    receivedAt: number(row['received']),
    ...optional('host', row['host'], text),
    data: json(row['data']) as Fact['data'],
  }
}

export function readInput(row: SqlRow): InputRow {
  return {
    seq: number(row['seq']),
    at: number(row['at']),
    kind: text(row['kind']) as InputRow['kind'],
    body: json(row['body']) as Json,
  }
}

export function readDelivery(row: SqlRow): Delivery {
  const seq = number(row['seq'])
  return {
    seq,
    id: toId(seq),
    channel: text(row['channel']),
    recipient: text(row['recipient']),
    thread: text(row['thread']),
    kind: text(row['kind']) as Delivery['kind'],
    rule: text(row['rule']),
    events: json(row['events']) as number[],
    severity: text(row['severity']) as Delivery['severity'],
    extra: json(row['extra']) as Delivery['extra'],
    state: text(row['state']) as Delivery['state'],
    attempts: number(row['attempts']),
    unanswered: number(row['unanswered']),
    createdAt: number(row['created']),
    dueAt: number(row['due']),
    expireAt: number(row['expires']),
    ...optional('endedAt', row['ended'], number),
    ...optional('lastReason', row['reason'], (value) => text(value) as NonNullable<Delivery['lastReason']>),
    ...optional('lastDetail', row['detail'], text),
    ...optional('handle', row['handle'], text),
  }
}

export function readAttempt(row: SqlRow): Attempt {
  return {
    delivery: toId(number(row['delivery'])),
    number: number(row['number']),
    startedAt: number(row['started']),
    endedAt: number(row['ended']),
    result: text(row['result']) as Attempt['result'],
    maybeDelivered: row['maybe'] === 1,
    detail: text(row['detail']),
  }
}

export function readPart(row: SqlRow): StoredPart {
  return {
    delivery: toId(number(row['delivery'])),
    number: number(row['number']),
    text: text(row['text']),
    ...optional('handle', row['handle'], text),
    ...optional('sentAt', row['sent'], number),
  }
}

export function readJob(row: SqlRow): Job {
  return {
    key: text(row['key']),
    kind: text(row['kind']),
    dueAt: number(row['due']),
    clock: text(row['clock']) as Job['clock'],
    ...optional('source', row['source'], text),
    ...optional('periodMs', row['period'], number),
    body: json(row['body']) as Job['body'],
  }
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`a damaged row: text expected, ${typeof value} found`)
  return value
}

export function number(value: unknown): number {
  if (typeof value !== 'number') throw new Error(`a damaged row: number expected, ${typeof value} found`)
  return value
}

export function json(value: unknown): unknown {
  return JSON.parse(text(value))
}

export function optional<Key extends string, Value>(
  key: Key,
  value: unknown,
  read: (value: unknown) => Value,
): { [K in Key]?: Value } {
  return value === null ? {} : ({ [key]: read(value) } as { [K in Key]?: Value })
}
