// Conditions move first, always: what one event means for its condition, whoever is told of it; pure.
import { toId } from '../lib/id.ts'
import { type ConditionEnd, type HubEvent, severities } from '../words.ts'
import { titleOf } from './compose.ts'
import { type ConditionRow, jobKeys, keyOfEvent, keyOfRow, pastOf, putRow, readRow } from './condition-row.ts'
import type { Draft } from './draft.ts'
import type { Judge } from './judge.ts'

export type Move =
  | { readonly kind: 'opened' | 'changed' | 'refreshed' | 'resolved'; readonly row: ConditionRow }
  | { readonly kind: 'reopened'; readonly row: ConditionRow; readonly before: ConditionRow }
  /** An end without a beginning. */
  | { readonly kind: 'none' }

/** One that begins again so soon after its end is the same trouble: told once more, then only when it has been calm for so long. */
export const flapMs = 600_000

/** Longer than a send takes. */
const onItsWayMs = 60_000

export interface MoveTools {
  readonly judge: Judge
  readonly draft: Draft
  readonly now: number
  /** The watch in whose name it is said. */
  readonly watch?: string | undefined
  readonly endedBy?: ConditionEnd | undefined
}

/**
 * Moves the condition of an event, stores its row and the job that ends it, and says what happened. The event's own
 * state becomes what it turned out to be: firing once more with something new is a change.
 */
export function moveCondition(event: HubEvent, tools: MoveTools): { readonly event: HubEvent; readonly move: Move } {
  const { draft, now } = tools
  const key = keyOfEvent(event)
  const { condition } = event
  if (key === undefined || condition === undefined) return { event, move: { kind: 'none' } }
  const before = readRow(draft, key)
  const isOpen = before?.state === 'open'
  if (condition.state === 'resolved') {
    if (before === undefined || !isOpen) return { event, move: { kind: 'none' } }
    const row = ended(before, event, tools)
    putRow(draft, row, now)
    draft.cancel(jobKeys.ends(key))
    return { event, move: { kind: 'resolved', row } }
  }
  if (before === undefined || !isOpen) {
    const begun = { ...event, condition: { ...condition, state: 'firing' as const } }
    if (before !== undefined && before.threads.length > 0 && isBack(before, now)) {
      const row = reopened(before, event, tools)
      store(row, tools)
      return { event: begun, move: { kind: 'reopened', row, before } }
    }
    const row = opened(event, before, tools)
    store(row, tools)
    return { event: begun, move: { kind: 'opened', row } }
  }
  const title = titleOf(event, tools.judge.types)
  const isChange = condition.state === 'changed' || event.severity !== before.severity || title !== before.title
  const row = seen(before, event, title, isChange, now)
  store(row, tools)
  if (!isChange) return { event, move: { kind: 'refreshed', row } }
  return { event: { ...event, condition: { ...condition, state: 'changed' } }, move: { kind: 'changed', row } }
}

/**
 * As long as its end is held back it has not ended for those who were told, whatever its sender's clock says; nor as
 * long as the message is on its way into which the end was put.
 */
function isBack({ endedAt = 0, flapping, seenAt, threads }: ConditionRow, now: number): boolean {
  const isOnItsWay = now - seenAt < onItsWayMs && threads.some(({ folded }) => folded !== undefined)
  return flapping === true || now - endedAt < flapMs || isOnItsWay
}

/** The same event once more, known by its identity: only when it was last heard of moves. */
export function refreshCondition(
  event: Pick<HubEvent, 'source' | 'condition'>,
  tools: MoveTools,
): ConditionRow | undefined {
  const key = keyOfEvent(event)
  const row = key === undefined ? undefined : readRow(tools.draft, key)
  if (row?.state !== 'open' || event.condition?.state === 'resolved') return row
  const { endsAt } = event.condition ?? {}
  const next = { ...row, seenAt: tools.now, repeats: row.repeats + 1, ...(endsAt === undefined ? {} : { endsAt }) }
  store(next, tools)
  return next
}

function store(row: ConditionRow, { draft, now }: MoveTools): void {
  putRow(draft, row, now)
  const key = keyOfRow(row)
  const job = jobKeys.ends(key)
  const silentAt = row.expireAfterMs === undefined ? Infinity : row.seenAt + row.expireAfterMs
  const dueAt = Math.min(row.endsAt ?? Infinity, silentAt)
  if (dueAt === Infinity) return
  const periodMs = Math.max(dueAt - row.seenAt, 1)
  const body = { condition: key }
  // Not while its source reads old input, in which it may be heard of.
  draft.job({ key: job, kind: 'condition-ends', dueAt, clock: 'hub', source: row.source, periodMs, body })
}

function opened(event: HubEvent, before: ConditionRow | undefined, { judge, now, watch }: MoveTools): ConditionRow {
  const { condition } = event
  if (condition === undefined) throw new Error('an event without a condition opens none')
  return {
    v: 1,
    source: event.source,
    key: condition.key,
    type: event.type,
    ...(watch === undefined ? {} : { watch }),
    state: 'open',
    thread: toId(event.seq),
    opening: event.seq,
    latest: event.seq,
    title: titleOf(event, judge.types),
    severity: event.severity,
    ...(event.subject === undefined ? {} : { subject: event.subject }),
    ...(event.host === undefined ? {} : { host: event.host }),
    ...labelsOf(event),
    // Its sender's clock may be ahead of ours.
    since: Math.min(condition.since ?? event.time, now),
    seenAt: now,
    repeats: 0,
    changes: 0,
    ...spans(event),
    began: 1,
    threads: [],
    ...pastOf(before),
  }
}

/** The same trouble again: its threads go on, and it counts as flapping until it has been calm. */
function reopened(before: ConditionRow, event: HubEvent, tools: MoveTools): ConditionRow {
  const { endedAt: _at, endedBy: _by, ending: _ending, endsAt: _ends, acked: _acked, ...row } = before
  return {
    ...row,
    state: 'open',
    latest: event.seq,
    title: titleOf(event, tools.judge.types),
    severity: event.severity,
    ...labelsOf(event),
    seenAt: tools.now,
    began: before.began + 1,
    flapping: true,
    ...spans(event),
  }
}

function seen(known: ConditionRow, event: HubEvent, title: string, isChange: boolean, now: number): ConditionRow {
  const { acked, ...before } = known
  const isWorse = severities.indexOf(event.severity) > severities.indexOf(before.severity)
  return {
    ...before,
    ...(acked === undefined || isWorse ? {} : { acked }),
    latest: event.seq,
    title,
    severity: event.severity,
    ...labelsOf(event),
    ...(event.subject === undefined ? {} : { subject: event.subject }),
    seenAt: now,
    repeats: before.repeats + (isChange ? 0 : 1),
    changes: before.changes + (isChange ? 1 : 0),
    ...spans(event),
  }
}

function ended(before: ConditionRow, event: HubEvent, { now, endedBy = 'resolved' }: MoveTools): ConditionRow {
  const endedAt = Math.max(event.condition?.since ?? event.time, before.since)
  // A sender's clock may be wrong; what has been received has ended.
  const seen = endedBy === 'resolved' ? { seenAt: now } : {}
  return { ...before, ...seen, state: 'ended', endedAt: Math.min(endedAt, now), endedBy, ending: event.seq }
}

function labelsOf({ labels }: HubEvent): Pick<ConditionRow, 'labels'> {
  return Object.keys(labels).length === 0 ? {} : { labels }
}

function spans({ condition }: HubEvent): Pick<ConditionRow, 'endsAt' | 'expireAfterMs'> {
  const { endsAt, expireAfterMs } = condition ?? {}
  return {
    ...(endsAt === undefined ? {} : { endsAt }),
    ...(expireAfterMs === undefined ? {} : { expireAfterMs }),
  }
}
