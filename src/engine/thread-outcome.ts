// What the outcome of a send means for the conditions it told of: who has been told, and what is still to be said; pure.
import type { Delivery } from '../words.ts'
import type { Draft } from './draft.ts'
import { type ConditionRow, jobKeys, keyOfRow, putRow, readRow, type Thread } from './condition-row.ts'
import { endOf, isSame, noteOf, say, type ThreadTools, verdict } from './thread-tools.ts'

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
  const index = row.threads.findIndex((one) => isSame(one, delivery))
  const thread = row.threads[index]
  if (thread === undefined) return delivery
  const { draft, now } = tools
  const isFirst = thread.delivery === delivery.seq && thread.state === 'pending'
  const missed = thread.folded?.into === delivery.seq && !delivery.events.includes(thread.folded.event)
  const put = (next: Thread): void => putRow(draft, { ...row, threads: row.threads.with(index, next) }, now)
  switch (delivery.state) {
    case 'delivered':
    case 'unknown': {
      const { folded: _folded, ...settled } = thread
      const told: Thread = isFirst ? { ...settled, state: 'told' } : settled
      const isSaid = !missed || waits(draft, thread.behind, delivery) !== undefined
      put(isSaid ? told : saidToo(row, told, thread.folded?.event ?? row.latest, tools))
      if (isFirst && row.state === 'open') remindLater(row, thread, tools)
      return delivery
    }
    case 'queued':
    case 'sending':
    case 'retrying': {
      // One that may have arrived is repeated as it was.
      if (delivery.unanswered > 0) return delivery
      const next = absorb(row, thread, delivery, missed, tools)
      const { folded: _folded, behind: _behind, ...rest } = thread
      if (next !== delivery) {
        const folded = { into: delivery.seq, event: next.events.at(-1) ?? row.latest }
        put({ ...rest, folded, ...(thread.end === undefined ? {} : { end: delivery.seq }) })
      }
      return next
    }
    case 'dead':
    case 'expired':
      if (!isFirst) return delivery
      put({ ...thread, state: 'lost' })
      // The fallback hears of it as it is by now.
      return absorb(row, thread, delivery, missed, tools)
    case 'replaced':
      return delivery
  }
}

/** The message left without what was put into it at the last moment: that is said behind it. */
function saidToo(row: ConditionRow, thread: Thread, event: number, tools: ThreadTools): Thread {
  if (row.state === 'open') {
    const [change] = say(row, 'change', event, [thread], row.severity, noteOf(row), tools)
    return change === undefined ? thread : { ...thread, behind: change.seq }
  }
  const [end] = say(row, 'end', row.ending ?? event, [thread], 'info', noteOf(row, endOf(row)), tools)
  return end === undefined ? thread : { ...thread, behind: end.seq, end: end.seq }
}

/** It goes out once more, and says what has become of it meanwhile: what waits behind it is not needed any more. */
function absorb(row: ConditionRow, thread: Thread, delivery: Delivery, missed: boolean, tools: ThreadTools): Delivery {
  const { draft, now } = tools
  const behind = waits(draft, thread.behind, delivery)
  const news = [...(missed && thread.folded !== undefined ? [thread.folded.event] : []), ...(behind?.events ?? [])]
  if (behind !== undefined) {
    draft.deliveries.set(behind.seq, { ...behind, state: 'replaced', endedAt: now })
    const into = 'told with the message before it'
    for (const event of behind.events) verdict(tools, event, thread, ['queued', 'outbox', into, delivery.id])
  }
  if (news.length === 0) return delivery
  const isEnd = behind?.kind === 'end' && delivery.kind !== 'open'
  return {
    ...delivery,
    kind: isEnd ? 'end' : delivery.kind,
    ...(isEnd ? { expireAt: behind.expireAt } : {}),
    events: [...delivery.events.filter((event) => !news.includes(event)), ...new Set(news)],
    severity: row.state === 'open' ? row.severity : delivery.severity,
    extra: { ...delivery.extra, ...noteOf(row, row.state === 'ended' ? endOf(row) : {}) },
  }
}

/** The message behind this one, if nobody has tried to send it yet. */
function waits(draft: Draft, seq: number | undefined, before: Delivery): Delivery | undefined {
  const found = seq === undefined || seq === before.seq ? undefined : draft.delivery(seq)
  return found?.state === 'queued' && found.attempts === 0 ? found : undefined
}

/** Sets the first reminder of a rule that wants one. */
export function remindLater(row: ConditionRow, { rule, channel }: Thread, { judge, draft, now }: ThreadTools): void {
  const remindMs = judge.rules.find(({ name }) => name === rule)?.remindMs
  if (remindMs === undefined) return
  const condition = keyOfRow(row)
  const key = jobKeys.remind(condition, rule, channel)
  draft.job({ key, kind: 'condition-remind', dueAt: now + remindMs, clock: 'hub', body: { condition, rule, channel } })
}
