// What lists show of conditions, as JSON: the same from a running hub and from the file itself.
import type { Store } from '../store/store.ts'
import { toId } from '../lib/id.ts'
import type { ConditionEnd, Severity } from '../words.ts'
import { conditionPrefix, type ConditionRow, keyOfRow, readRows } from './condition-row.ts'

/** Times are ISO 8601 in UTC. */
export interface ConditionEntry {
  /** Of the event that began it; also the name of its thread. */
  readonly id: string
  readonly source: string
  readonly key: string
  readonly type: string
  readonly state: 'open' | 'ended'
  readonly title: string
  readonly severity: Severity
  readonly host?: string
  readonly subject?: string
  readonly since: string
  /** When it was last heard of. */
  readonly seenAt: string
  readonly endsAt?: string
  readonly endedAt?: string
  readonly endedBy?: ConditionEnd
  readonly changes: number
  readonly repeats: number
  /** How often it began within a short time. */
  readonly began: number
  /** A person looks after it. */
  readonly ackedBy?: string
  readonly threads: readonly ThreadEntry[]
}

export interface ThreadEntry {
  readonly rule: string
  readonly channel: string
  readonly recipient?: string
  readonly state: string
  /** The message that says that it began. */
  readonly delivery?: string
  readonly until?: string
}

export interface ConditionQuery {
  readonly state: 'open' | 'ended' | 'all'
  readonly source?: string
  readonly limit: number
}

export interface ConditionList {
  readonly conditions: readonly ConditionEntry[]
  /** All that fit the question, also those beyond the limit. */
  readonly total: number
}

/** The latest first. */
export async function listConditions(store: Pick<Store, 'states'>, query: ConditionQuery): Promise<ConditionList> {
  const rows = readRows(await store.states(conditionPrefix)).filter(
    (row) =>
      (query.state === 'all' || row.state === query.state) &&
      (query.source === undefined || row.source === query.source),
  )
  const newest = rows.toSorted((one, other) => other.opening - one.opening)
  return { conditions: newest.slice(0, query.limit).map(toEntry), total: rows.length }
}

/** The key of the row whose condition has this id, and whether it is open. */
export async function findCondition(
  store: Pick<Store, 'states'>,
  id: string,
): Promise<{ readonly key: string; readonly title: string; readonly isOpen: boolean } | undefined> {
  const row = readRows(await store.states(conditionPrefix)).find((one) => one.thread === id)
  return row === undefined ? undefined : { key: keyOfRow(row), title: row.title, isOpen: row.state === 'open' }
}

function toEntry(row: ConditionRow): ConditionEntry {
  const { endedBy, host, subject } = row
  return {
    id: row.thread,
    source: row.source,
    key: row.key,
    type: row.type,
    state: row.state,
    title: row.title,
    severity: row.severity,
    ...(host === undefined ? {} : { host }),
    ...(subject === undefined ? {} : { subject }),
    since: iso(row.since),
    seenAt: iso(row.seenAt),
    ...(row.endsAt === undefined ? {} : { endsAt: iso(row.endsAt) }),
    ...(row.endedAt === undefined ? {} : { endedAt: iso(row.endedAt) }),
    ...(endedBy === undefined ? {} : { endedBy }),
    changes: row.changes,
    repeats: row.repeats,
    began: row.began,
    ...(row.acked === undefined ? {} : { ackedBy: row.acked.by }),
    threads: row.threads.map(({ rule, channel, recipient, state, delivery, until }) => ({
      rule,
      channel,
      ...(recipient === '' ? {} : { recipient }),
      state,
      ...(delivery === undefined ? {} : { delivery: toId(delivery) }),
      ...(state !== 'held' && state !== 'bundled' ? {} : { until: iso(until ?? 0) }),
    })),
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
