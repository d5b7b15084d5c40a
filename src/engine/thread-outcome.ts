// What the outcome of a send means for the conditions it told of: who has been told, and what is still to be said; pure.
import type { Delivery } from '../words.ts'
import { type ConditionRow, jobKeys, keyOfRow, putRow, readRow, type Thread } from './condition-row.ts'
import { endOf, noteOf, say, type ThreadTools, verdict } from './thread-tools.ts'

/** Moves the threads of the conditions that a message told of; returns the delivery with what has to be added to it. */
export function noteOutcome(delivery: Delivery, tools: ThreadTools): Delivery {
  let next = delivery
  for (const key of delivery.extra.conditions ?? []) {
    const row = readRow(tools.draft, key)
    if (row !== undefined) next = noteFor(row, next, tools)
  }
  return next
}

function noteFor(row: ConditionRow, delivery: Delivery, tools: ThreadTools): Delivery {
  const index = row.threads.findIndex(
    ({ channel, recipient }) => channel === delivery.channel && recipient === delivery.recipient,
  )
  const thread = row.threads[index]
  if (thread === undefined) return delivery
  const { draft, now } = tools
  const missed = thread.folded?.into === delivery.seq && !delivery.events.includes(thread.folded.event)
  switch (delivery.state) {
    case 'delivered':
    case 'unknown': {
      const { folded: _folded, ...settled } = thread
      const isFirst = thread.delivery === delivery.seq && thread.state === 'pending'
      const told: Thread = isFirst ? { ...settled, state: 'told' } : settled
      const after = missed ? saidToo(row, told, thread.folded?.event ?? row.latest, tools) : told
      putRow(draft, { ...row, threads: row.threads.with(index, after) }, now)
      if (isFirst && row.state === 'open') remindLater(row, thread, tools)
      return delivery
    }
    case 'queued':
    case 'sending':
    case 'retrying':
      return again(row, thread, index, delivery, missed, tools)
    case 'dead':
    case 'expired':
    case 'replaced':
      if (thread.delivery !== delivery.seq || thread.state !== 'pending') return delivery
      putRow(draft, { ...row, threads: row.threads.with(index, { ...thread, state: 'lost' }) }, now)
      replaceEnd(row, thread, delivery, tools, false)
      // The fallback hears of it as it is by now.
      return row.state === 'ended' ? withEnd(row, delivery) : delivery
  }
}

/** The message left without what was put into it at the last moment: that is said behind it. */
function saidToo(row: ConditionRow, thread: Thread, event: number, tools: ThreadTools): Thread {
  if (row.state === 'open') {
    say(row, 'change', event, [thread], row.severity, noteOf(row), tools)
    return thread
  }
  const [end] = say(row, 'end', row.ending ?? event, [thread], 'info', noteOf(row, endOf(row)), tools)
  return end === undefined ? thread : { ...thread, end: end.seq }
}

/** It goes out once more, and says what has become of it meanwhile. */
function again(
  row: ConditionRow,
  thread: Thread,
  index: number,
  delivery: Delivery,
  missed: boolean,
  tools: ThreadTools,
): Delivery {
  if (delivery.unanswered > 0 || thread.delivery !== delivery.seq || thread.state !== 'pending') return delivery
  if (row.state === 'ended' && replaceEnd(row, thread, delivery, tools, true)) {
    const folded = { into: delivery.seq, event: row.ending ?? row.latest }
    const { draft, now } = tools
    putRow(draft, { ...row, threads: row.threads.with(index, { ...thread, end: delivery.seq, folded }) }, now)
    return withEnd(row, delivery)
  }
  if (!missed || thread.folded === undefined) return delivery
  const next = { ...delivery, events: [...delivery.events, thread.folded.event] }
  return row.state === 'ended' ? withEnd(row, next) : next
}

/** A message on the end that waits behind that on the beginning is not needed any more. */
function replaceEnd(row: ConditionRow, thread: Thread, by: Delivery, tools: ThreadTools, willBeTold: boolean): boolean {
  const end = thread.end === undefined || thread.end === by.seq ? undefined : tools.draft.delivery(thread.end)
  if (end === undefined || (end.state !== 'queued' && end.state !== 'retrying') || end.attempts > 0) return false
  tools.draft.deliveries.set(end.seq, { ...end, state: 'replaced', endedAt: tools.now })
  if (row.ending !== undefined) {
    if (willBeTold) verdict(tools, row.ending, thread, ['queued', 'outbox', 'told together with its beginning', by.id])
    else verdict(tools, row.ending, thread, ['suppressed', 'condition', 'this channel could not be told that it began'])
  }
  return true
}

function withEnd(row: ConditionRow, delivery: Delivery): Delivery {
  const { ending } = row
  const known = ending === undefined || delivery.events.includes(ending)
  return {
    ...delivery,
    events: known ? delivery.events : [...delivery.events, ending],
    extra: { ...delivery.extra, ...noteOf(row, endOf(row)) },
  }
}

/** Sets the first reminder of a rule that wants one. */
export function remindLater(row: ConditionRow, { rule, channel }: Thread, { judge, draft, now }: ThreadTools): void {
  const remindMs = judge.rules.find(({ name }) => name === rule)?.remindMs
  if (remindMs === undefined) return
  const condition = keyOfRow(row)
  const key = jobKeys.remind(condition, rule, channel)
  draft.job({ key, kind: 'condition-remind', dueAt: now + remindMs, clock: 'hub', body: { condition, rule, channel } })
}
