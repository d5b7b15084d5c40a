// Turns a commit into rows of plain values, so that it crosses to the store's worker cheaply and binds as it is.
import { fromId } from '../lib/id.ts'
import { sampleFact } from '../source-sample.ts'
import type { Delivery, Fact, HubEvent, Job, Verdict } from '../words.ts'
import type { Attempt, Commit, IdentityRow, StoredPart } from './store.ts'

type Value = string | number | null
export type Row = readonly Value[]

export interface Packed {
  readonly table: keyof typeof statements
  readonly rows: readonly Row[]
}

/** A host is known by its samples; the row of the last one, by when it was taken, stays. `?1` is its position. */
const seenHost = `insert into host (name, first, last, source, sample)
  select key, ?2, min(time, received), source, data from fact where seq = ?1
  on conflict (name) do update set first = min(first, excluded.first), last = max(last, excluded.last),
    source = iif(excluded.last >= last, excluded.source, source),
    sample = iif(excluded.last >= last, excluded.sample, sample)`

/** One statement per kind of row; `?n` is the n-th value. */
export const statements = {
  event: 'insert into event values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)',
  fact: 'insert into fact values (?1,?2,?3,?4,?5,?6,?7,?8)',
  host: seenHost,
  input: 'insert into input values (?1,?2,?3,?4)',
  verdict: 'insert or replace into verdict values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)',
  delivery:
    'insert or replace into delivery values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)',
  attempt: 'insert or replace into attempt values (?1,?2,?3,?4,?5,?6,?7)',
  part: 'insert or replace into part values (?1,?2,?3,?4,?5)',
  state: 'insert or replace into state values (?1,?2,?3)',
  stateGone: 'delete from state where key = ?1',
  job: 'insert or replace into job values (?1,?2,?3,?4,?5,?6,?7)',
  jobGone: 'delete from job where key = ?1',
  jobShift: "update job set due = due + ?1 where clock <> 'calendar'",
  deliveryShift:
    "update delivery set due = due + ?1, expires = expires + ?1 where state in ('queued', 'retrying', 'sending')",
  identity: 'insert or replace into identity values (?1,?2,?3,?4)',
  newIdentity: 'insert into identity values (?1,?2,?3,?4) on conflict do nothing',
  cursor: 'insert or replace into source values (?1,?2)',
  session: 'insert or replace into session values (?1,?2,?3)',
  sessionGone: 'delete from session where source = ?1 and key = ?2',
  setting: 'insert or replace into meta values (?1,?2)',
} as const

export function pack(batch: Commit): Packed[] {
  const packed: Packed[] = []
  const add = (table: keyof typeof statements, rows: readonly Row[] | undefined): void => {
    if (rows !== undefined && rows.length > 0) packed.push({ table, rows })
  }
  // First: when one of them is not new, there is the least to take back.
  add('newIdentity', batch.newIdentities?.map(identityRow))
  add('event', batch.events?.map(eventRow))
  add('fact', batch.facts?.map(factRow))
  add('host', batch.facts === undefined ? [] : hostRows(batch.facts))
  add(
    'input',
    batch.inputs?.map((input) => [input.seq, input.at, input.kind, JSON.stringify(input.body)]),
  )
  add('verdict', batch.verdicts?.map(verdictRow))
  add('delivery', batch.deliveries?.map(deliveryRow))
  add('attempt', batch.attempts?.map(attemptRow))
  add('part', batch.parts?.map(partRow))
  const kept: Row[] = []
  const gone: Row[] = []
  for (const { key, value, expiresAt } of batch.state ?? []) {
    if (value === undefined) gone.push([key])
    else kept.push([key, JSON.stringify(value), expiresAt ?? null])
  }
  add('state', kept)
  add('stateGone', gone)
  if (batch.shiftJobsMs !== undefined) {
    add('jobShift', [[batch.shiftJobsMs]])
    add('deliveryShift', [[batch.shiftJobsMs]])
  }
  add(
    'jobGone',
    batch.jobsDone?.map((key) => [key]),
  )
  add('job', batch.jobs?.map(jobRow))
  add('identity', batch.identities?.map(identityRow))
  for (const source of batch.sources ?? []) {
    if (source.cursor !== undefined) add('cursor', [[source.name, JSON.stringify(source.cursor)]])
    add(
      'sessionGone',
      source.delete?.map((key) => [source.name, key]),
    )
    add(
      'session',
      source.put?.map(([key, value]) => [source.name, key, JSON.stringify(value)]),
    )
  }
  add(
    'setting',
    batch.settings?.map(([key, value]) => [key, JSON.stringify(value)]),
  )
  return packed
}

function eventRow(event: HubEvent): Row {
  return [
    event.seq,
    event.type,
    event.time,
    event.receivedAt,
    event.source,
    event.host ?? null,
    event.subject ?? null,
    event.severity,
    JSON.stringify(event.labels),
    JSON.stringify(event.data),
    event.title ?? null,
    event.text ?? null,
    event.condition === undefined ? null : JSON.stringify(event.condition),
    event.cause ?? null,
  ]
}

function factRow({ seq, source, name, key, time, receivedAt, host, data }: Fact): Row {
  return [seq, source, name, key, time, receivedAt, host ?? null, JSON.stringify(data)]
}

/** Of each host the position of its last sample, and the time of its first. */
function hostRows(facts: readonly Fact[]): Row[] {
  const hosts = new Map<string, { seq: number; first: number; last: number }>()
  for (const { seq, name, key, time, receivedAt } of facts) {
    if (name !== sampleFact) continue
    const at = Math.min(time, receivedAt)
    const known = hosts.get(key)
    if (known === undefined) hosts.set(key, { seq, first: at, last: at })
    else {
      known.first = Math.min(known.first, at)
      if (at >= known.last) Object.assign(known, { seq, last: at })
    }
  }
  return Array.from(hosts.values(), ({ seq, first }) => [seq, first])
}

function verdictRow(verdict: Verdict): Row {
  return [
    verdict.event,
    verdict.rule,
    verdict.channel,
    verdict.state,
    verdict.by,
    verdict.reason,
    verdict.into ?? null,
    verdict.until ?? null,
    verdict.at,
    verdict.follows?.event ?? null,
    verdict.follows?.rule ?? null,
  ]
}

function deliveryRow(delivery: Delivery): Row {
  return [
    delivery.seq,
    delivery.channel,
    delivery.recipient,
    delivery.thread,
    delivery.kind,
    delivery.rule,
    JSON.stringify(delivery.events),
    delivery.severity,
    JSON.stringify(delivery.extra),
    delivery.state,
    delivery.attempts,
    delivery.unanswered,
    delivery.createdAt,
    delivery.dueAt,
    delivery.expireAt,
    delivery.endedAt ?? null,
    delivery.lastReason ?? null,
    delivery.lastDetail ?? null,
    delivery.handle ?? null,
  ]
}

function attemptRow(attempt: Attempt): Row {
  return [
    seqOf(attempt.delivery),
    attempt.number,
    attempt.startedAt,
    attempt.endedAt,
    attempt.result,
    attempt.maybeDelivered ? 1 : 0,
    attempt.detail,
  ]
}

function partRow(part: StoredPart): Row {
  return [seqOf(part.delivery), part.number, part.text, part.handle ?? null, part.sentAt ?? null]
}

function jobRow(job: Job): Row {
  return [job.key, job.kind, job.dueAt, job.clock, job.source ?? null, JSON.stringify(job.body), job.periodMs ?? null]
}

function identityRow({ key, seq, digest, at }: IdentityRow): Row {
  return [key, seq, digest, at]
}

function seqOf(id: string): number {
  const seq = fromId(id)
  if (seq === undefined) throw new Error(`not an id: ${id}`)
  return seq
}
