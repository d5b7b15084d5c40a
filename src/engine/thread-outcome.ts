// What a message's end means for the conditions it told of: who has been told, and what is still to be said; pure.
import { toId } from '../lib/id.ts'
import { type ConditionNote, type Delivery, type DeliveryExtra, finalDeliveries } from '../words.ts'
import type { Draft } from './draft.ts'
import { type ConditionRow, hasEnded, jobKeys, keyOfRow, putRow, readRow, type Thread } from './condition-row.ts'
import {
  endOf,
  isSame,
  mayHaveArrived,
  noteOf,
  release,
  say,
  superseded,
  type ThreadTools,
  verdict,
  withEnd,
} from './thread-tools.ts'
import { expireAtOf } from './tell.ts'

/** Moves the threads of the conditions that a message told of; returns the delivery with what has to be added to it. */
export function noteOutcome(delivery: Delivery, tools: ThreadTools): Delivery {
  let next = delivery
  for (const key of delivery.extra.conditions ?? []) {
    const row = readRow(tools.draft, key)
    if (row !== undefined) next = noteFor(row, next, tools)
  }
  return next
}

/** It is sent once more by hand: who could not be told may be told yet, and of what has ended since, that it has. */
export function noteRetry(delivery: Delivery, tools: ThreadTools): Delivery {
  let next = delivery
  for (const key of delivery.extra.conditions ?? []) {
    const row = readRow(tools.draft, key)
    if (row === undefined) continue
    const thread = threadFor(row, delivery)
    if (thread === undefined) {
      if (delivery.extra.keyed === true) sayPastEnd(delivery, row, tools)
      else if (delivery.extra.report !== true) next = withPastEnd(next, row)
      continue
    }
    // One that its service knows by a key stays as it is: what is new is said behind it.
    const hasEnd = isAhead(thread.end, delivery, tools.draft)
    const isLast = !hasEnd && !isAhead(thread.behind, delivery, tools.draft)
    if (isLast && delivery.extra.keyed !== true && delivery.extra.report !== true) next = asItIs(next, row, thread)
    const again = delivery.kind === 'end' ? thread : begunAgain(row, thread, delivery, tools)
    const end = isLast && saysEnd(thread, next) ? delivery.seq : hasEnd ? thread.end : again.end
    const moved = end === undefined ? again : { ...again, end }
    putRow(tools.draft, { ...row, threads: [...row.threads.filter((one) => one !== thread), moved] }, tools.now)
  }
  return next
}

/** Also one that was given up: what held it when it ended has been forgotten. */
function threadFor(row: ConditionRow, delivery: Delivery): Thread | undefined {
  const { rule, channel, recipient, severity } = delivery
  const found = row.threads.find((one) => isAbout(row, one, delivery))
  if (found !== undefined || delivery.thread !== row.thread) return found
  return { rule, channel, recipient, severity, state: 'lost' }
}

/** A message that has not been told, brought up to date. */
export function asItIs(delivery: Delivery, row: ConditionRow, thread: Thread | undefined): Delivery {
  if (hasEnded(row)) return withItsEnd(delivery, row, thread)
  if (delivery.extra.condition?.endedAt === undefined || delivery.kind === 'end') return delivery
  const events = [...delivery.events.filter((event) => event !== row.latest), row.latest]
  return { ...delivery, events, extra: { ...delivery.extra, ...noteOf(row) } }
}

function begunAgain(row: ConditionRow, thread: Thread, delivery: Delivery, tools: ThreadTools): Thread {
  const { end: _end, ...rest } = thread
  switch (thread.state) {
    case 'told':
      return thread
    case 'pending':
      return thread.delivery === delivery.seq ? rest : thread
    case 'held':
    case 'bundled':
      release(row, thread, ['merged', 'condition', 'told by hand', delivery.id], tools)
      return { ...rest, state: 'pending', delivery: delivery.seq }
    case 'lost':
      return { ...rest, state: 'pending', delivery: delivery.seq }
  }
}

/** A message that has not been told, by the time its condition is over. */
export function withItsEnd(delivery: Delivery, row: ConditionRow, thread: Thread | undefined): Delivery {
  const { kind, extra, events } = delivery
  const { ending } = row
  if (kind === 'end' || ending === undefined) return delivery
  const news = events.includes(ending) ? [] : [ending]
  if (kind === 'digest')
    return thread === undefined ? delivery : withEnd(delivery, thread, news, row.endedAt ?? delivery.createdAt)
  return { ...delivery, kind: 'open', events: [...events, ...news], extra: { ...extra, ...noteOf(row, endOf(row)) } }
}

/** A message on a time before its condition began anew: that it ended is said with it. */
export function withPastEnd(delivery: Delivery, row: ConditionRow): Delivery {
  const before = pastRow(delivery, row)
  return before === undefined ? delivery : withItsEnd(delivery, before, threadFor(before, delivery))
}

/** Or behind it. */
function sayPastEnd(delivery: Delivery, row: ConditionRow, tools: ThreadTools): void {
  const before = pastRow(delivery, row)
  const thread = before === undefined ? undefined : threadFor(before, delivery)
  if (before?.ending === undefined || thread === undefined || delivery.kind === 'end') return
  say(before, 'end', before.ending, [thread], 'info', noteOf(before, endOf(before)), tools)
}

function pastRow(delivery: Delivery, row: ConditionRow): ConditionRow | undefined {
  const past = row.past?.find(
    ({ thread, threads }) => thread === delivery.thread || threads.some((one) => one.delivery === delivery.seq),
  )
  return past === undefined ? undefined : { ...row, ...past, state: 'ended' }
}

function noteFor(row: ConditionRow, delivery: Delivery, tools: ThreadTools): Delivery {
  const thread = row.threads.find((one) => isAbout(row, one, delivery))
  if (thread === undefined) return delivery
  const put = (next: Thread): void =>
    putRow(tools.draft, { ...row, threads: row.threads.map((one) => (one === thread ? next : one)) }, tools.now)
  switch (delivery.state) {
    case 'delivered':
    case 'unknown':
      put(noteTold(row, thread, delivery, tools))
      return delivery
    case 'queued':
    case 'sending':
    case 'retrying': {
      const [next, moved] = absorb(row, thread, delivery, tools)
      if (next !== delivery) put(moved)
      return next
    }
    case 'dead':
    case 'expired': {
      if (thread.delivery !== delivery.seq || thread.state !== 'pending') {
        put(noteMissed(row, thread, delivery, tools))
        return delivery
      }
      // The fallback hears of it as it is by now.
      const [next, { folded, behind: _behind, ...lost }] = absorb(row, thread, delivery, tools)
      put({ ...lost, state: 'lost' })
      // It may have arrived as it was, and could not be changed: what was put into it as it left is given up with it.
      if (folded?.into === delivery.seq && !next.events.includes(folded.event))
        verdict(tools, folded.event, thread, [delivery.state, 'outbox', 'its message was given up', delivery.id])
      return next
    }
    case 'replaced':
      return delivery
  }
}

/** A row has begun anew since, when the message is of another thread. */
function isAbout(row: ConditionRow, thread: Thread, delivery: Delivery): boolean {
  const { channel, recipient, seq } = delivery
  if (thread.channel !== channel || thread.recipient !== recipient) return false
  return thread.delivery === seq || (isSame(thread, delivery) && delivery.thread === (thread.in ?? row.thread))
}

function noteTold(row: ConditionRow, thread: Thread, delivery: Delivery, tools: ThreadTools): Thread {
  const next = noteMissed(row, thread, delivery, tools)
  // Who could not be told before may be told later: by hand, or of a change.
  const begins = thread.state === 'lost' ? delivery.kind !== 'end' : thread.delivery === delivery.seq
  if (thread.state === 'told' || !begins) return next
  if (row.state === 'open') remindLater(row, thread, tools)
  const told = { ...next, state: 'told' } as const
  const isSaid = next.end !== undefined || saysEnd(thread, delivery)
  return hasEnded(row) && !isSaid ? sayToo(row, told, row.ending ?? row.latest, tools) : told
}

function saysEnd({ event = 0 }: Thread, { extra }: Delivery): boolean {
  return extra.condition?.endedAt !== undefined || extra.ended?.[event] !== undefined
}

/** The message may have left without what was put into it at the last moment: that is said behind it. */
function noteMissed(row: ConditionRow, thread: Thread, delivery: Delivery, tools: ThreadTools): Thread {
  const { folded, ...settled } = thread
  if (folded?.into !== delivery.seq) return thread
  if (delivery.events.includes(folded.event)) return settled
  if (thread.end === delivery.seq && !hasEnded(row)) {
    const { end: _none, ...open } = settled
    verdict(tools, folded.event, thread, ['merged', 'flapping', 'it came back at once', delivery.id])
    return open
  }
  const behind = waits(tools.draft, thread.behind, delivery)
  const isOld = behind !== undefined || (thread.end !== undefined && thread.end !== delivery.seq)
  if (!isOld) return sayToo(row, settled, folded.event, tools)
  const told = behind?.id ?? (thread.end === undefined ? undefined : toId(thread.end))
  verdict(tools, folded.event, thread, ['merged', 'condition', 'told with what came after it', told])
  return settled
}

function sayToo(row: ConditionRow, thread: Thread, event: number, tools: ThreadTools): Thread {
  if (!hasEnded(row)) {
    const [change] = say(row, 'change', event, [thread], thread.severity, noteOf(row), tools)
    return change === undefined ? thread : { ...thread, behind: change.seq }
  }
  const [end] = say(row, 'end', row.ending ?? event, [thread], 'info', noteOf(row, endOf(row)), tools)
  return end === undefined ? thread : { ...thread, behind: end.seq, end: end.seq }
}

/** It goes out once more, and says what has become of it meanwhile: what waits behind it is not needed any more. */
function absorb(row: ConditionRow, thread: Thread, delivery: Delivery, tools: ThreadTools): [Delivery, Thread] {
  const { draft, now } = tools
  const isOver = hasEnded(row)
  // A digest names others too: of this one it says no more than that it has ended.
  if (mayHaveArrived(delivery) || (delivery.kind === 'digest' && !isOver)) return [delivery, thread]
  const behind = waits(draft, thread.behind, delivery)
  const missed = thread.folded?.into === delivery.seq ? [thread.folded.event] : []
  // A reminder brings nothing new.
  const waiting = behind === undefined || behind.extra.settled === true ? [] : behind.events
  const news = [...new Set([...missed, ...waiting])].filter((event) => !delivery.events.includes(event))
  if (behind !== undefined) {
    draft.deliveries.set(behind.seq, { ...behind, state: 'replaced', endedAt: now })
    const state = delivery.extra.settled === true && delivery.kind === 'digest' ? 'merged' : 'queued'
    const into = 'told with the message before it'
    for (const event of waiting) verdict(tools, event, thread, [state, 'outbox', into, delivery.id])
  }
  if (news.length === 0) return [delivery, thread]
  const isFirst = thread.delivery === delivery.seq
  const { behind: _behind, ...rest } = thread
  const folded = { into: delivery.seq, event: news.at(-1) ?? row.latest }
  const end = thread.end === undefined ? {} : { end: delivery.seq }
  const moved = { ...rest, folded, ...end, ...(isFirst ? {} : { behind: delivery.seq }) }
  if (delivery.kind === 'digest') return [withEnd(delivery, thread, news, row.endedAt ?? now), moved]
  const { folded: before } = thread
  const old = !isOver && before?.into === delivery.seq && before.event !== delivery.events[0] ? before.event : undefined
  if (old !== undefined && !news.includes(old)) verdict(tools, old, thread, superseded(delivery))
  const isEnd = isOver && delivery.kind !== 'open'
  // A reminder that has news to tell is one no more, and what it told of before is none of its business.
  const { settled, ...extra } = absorbedExtra(row, thread, delivery, behind)
  const known = settled === true ? [] : delivery.events.filter((event) => event !== old)
  const next: Delivery = {
    ...delivery,
    ...(delivery.kind === 'remind' ? { kind: 'change' } : {}),
    // An end waits for as long as it takes, whatever it was put into.
    ...(isEnd ? { kind: 'end', expireAt: expireAtOf('end', undefined, delivery.createdAt) } : {}),
    events: [...known, ...news],
    severity: isEnd ? 'info' : isOver ? delivery.severity : thread.severity,
    extra,
  }
  return [next, moved]
}

function absorbedExtra(
  row: ConditionRow,
  thread: Thread,
  delivery: Delivery,
  behind: Delivery | undefined,
): DeliveryExtra {
  const { extra, kind } = delivery
  if (hasEnded(row)) return { ...extra, ...noteOf(row, endOf(row)) }
  if (kind === 'open') return { ...extra, ...noteOf(row) }
  const { was, began }: Partial<ConditionNote> = { ...behind?.extra.condition, ...extra.condition }
  const isNews = was !== undefined && was !== thread.severity
  return {
    ...extra,
    ...noteOf(row, { ...(isNews ? { was } : {}), ...(began === undefined ? {} : { began }) }),
  }
}

/** The message behind this one, if nobody has tried to send it yet. */
function waits(draft: Draft, seq: number | undefined, before: Delivery): Delivery | undefined {
  const found = seq === undefined || seq === before.seq ? undefined : draft.delivery(seq)
  return found?.state === 'queued' && found.attempts === 0 ? found : undefined
}

/** Something newer is to be said behind this one. */
function isAhead(behind: number | undefined, { seq }: Delivery, draft: Draft): boolean {
  const found = behind === undefined || behind <= seq ? undefined : draft.delivery(behind)
  return found !== undefined && !finalDeliveries.includes(found.state)
}

/** Sets the first reminder of a rule that wants one. */
export function remindLater(row: ConditionRow, { rule, channel }: Thread, { judge, draft, now }: ThreadTools): void {
  const remindMs = judge.rules.find(({ name }) => name === rule)?.remindMs
  if (remindMs === undefined) return
  const condition = keyOfRow(row)
  const key = jobKeys.remind(condition, rule, channel)
  draft.job({ key, kind: 'condition-remind', dueAt: now + remindMs, clock: 'hub', body: { condition, rule, channel } })
}
