// Says what has changed in the threads of a condition, at once or when a silence that held it is over; pure.
import { quietBy } from '../rules/mute.ts'
import type { Seen } from '../rules/silence.ts'
import type { DeliveryExtra, HubEvent, Severity } from '../words.ts'
import { type ConditionRow, jobKeys, keyOfRow, putRow, type Thread } from './condition-row.ts'
import { remindLater } from './thread-outcome.ts'
import { fold, isSame, noteOf, say, sentBy, type ThreadTools, verdict, without } from './thread-tools.ts'
import { noteHeld } from './windows.ts'

/** Tells it in these threads, which are of one rule and channel: in a message that waits, else behind what has been said. */
export function sayChange(
  row: ConditionRow,
  event: Pick<HubEvent, 'seq'>,
  threads: readonly Thread[],
  { severity, isNews, isOver }: { readonly severity: Severity; readonly isNews: boolean; readonly isOver: boolean },
  tools: ThreadTools,
): void {
  const reason = 'told with the message before it'
  const changed = threads.map((thread): Thread => ({ ...without(thread, 'end'), severity }))
  const results = threads.map((thread, index): Thread | undefined => {
    // A newer revision takes the place of what has not been sent.
    const first = { event: event.seq, note: noteOf(row), severity, reason }
    const other = { ...first, note: noteFor(thread), kind: 'change' } as const
    const next = changed[index] ?? thread
    return (
      (thread.state === 'pending' ? fold(next, thread.delivery, first, tools) : undefined) ??
      fold(next, thread.behind, other, tools)
    )
  })
  const late = changed.filter((_thread, index) => results[index] === undefined)
  const [one] = threads.filter((_thread, index) => results[index] === undefined)
  const deliveries = one === undefined ? [] : say(row, 'change', event.seq, late, severity, noteFor(one), tools)
  const told = late.map((thread, index): Thread => ({ ...thread, ...sentBy(deliveries[index], 'change') }))
  const next = row.threads.map((thread) => {
    const index = threads.indexOf(thread)
    return index < 0 ? thread : (results[index] ?? told.find((other) => isSame(other, thread)) ?? thread)
  })
  putRow(tools.draft, { ...row, threads: next }, tools.now)
  // The next reminder counts from the last that was said.
  const heard = threads.find((thread) => thread.state === 'told')
  if (heard !== undefined) remindLater(row, heard, tools)

  function noteFor(thread: Thread): DeliveryExtra {
    const was = isNews ? severityTold(thread, tools) : severity
    return noteOf(row, { ...(was === severity ? {} : { was }), ...(isOver ? { began: row.began } : {}) })
  }
}

/** Whatever waits to be sent, it is one from this. */
function severityTold({ behind, severity }: Thread, { draft }: ThreadTools): Severity {
  const waiting = behind === undefined ? undefined : draft.delivery(behind)
  const isWaiting = waiting?.state === 'queued' || waiting?.state === 'retrying'
  return (isWaiting ? waiting.extra.condition?.was : undefined) ?? severity
}

/** A silence or a mute window covers it: the change waits until that is over. False: none does. */
export function holdChange(
  row: ConditionRow,
  seen: Seen & { readonly seq: number },
  threads: readonly Thread[],
  tools: ThreadTools,
): boolean {
  const { judge, draft, now } = tools
  const quiet = quietBy(seen, judge.mutes, draft, now)
  const [first] = threads
  if (quiet === undefined || first === undefined) return false
  const { by, until, reason } = quiet
  const { rule, channel, muted: before } = first
  const newer = { event: seen.seq, rule }
  if (before !== undefined && before.event !== seen.seq)
    verdict(tools, before.event, first, ['merged', before.by, 'something newer waits in its place', newer])
  const muted = { event: seen.seq, by, until }
  const next = row.threads.map((thread): Thread => (threads.includes(thread) ? { ...thread, muted } : thread))
  putRow(draft, { ...row, threads: next }, now)
  const condition = keyOfRow(row)
  const job = { key: jobKeys.still(condition, rule, channel), kind: 'condition-still', dueAt: until } as const
  draft.job({ ...job, clock: 'hub', body: { condition, rule, channel } })
  if (by === 'mute') noteHeld(draft, row.host, job.key)
  verdict(tools, seen.seq, first, ['held', by, reason, undefined, until])
  return true
}

/** What held it is over, or something else goes on: the newest change that it held is told, if the condition is still as it was. */
export function sayHeldChange(row: ConditionRow, rule: string, channel: string, tools: ThreadTools): void {
  const isHere = (thread: Thread): boolean => thread.rule === rule && thread.channel === channel
  const { muted, severity } = row.threads.find((thread) => isHere(thread) && thread.muted !== undefined) ?? {}
  if (muted === undefined) return
  const free = { ...row, threads: row.threads.map((thread) => (isHere(thread) ? without(thread, 'muted') : thread)) }
  const threads = free.threads.filter((thread) => isHere(thread) && thread.state !== 'lost')
  const seen = { ...row, labels: row.labels ?? {}, seq: muted.event }
  if (threads.length === 0) {
    const reason = 'this channel could not be told that it began'
    verdict(tools, muted.event, { rule, channel }, ['suppressed', 'condition', reason])
  }
  if (holdChange(free, seen, threads, tools)) return
  putRow(tools.draft, free, tools.now)
  const { judge } = tools
  const told = judge.rules.find(({ name }) => name === rule)?.severity ?? row.severity
  const isOver = threads.some((thread) => thread.end !== undefined)
  sayChange(free, { seq: muted.event }, threads, { severity: told, isNews: told !== severity, isOver }, tools)
}

/** It has ended, whatever else there was to say of it. */
export function dropMuted(row: ConditionRow, tools: ThreadTools): ConditionRow {
  if (row.threads.every((thread) => thread.muted === undefined)) return row
  for (const { muted, rule, channel } of row.threads) {
    if (muted === undefined) continue
    verdict(tools, muted.event, { rule, channel }, ['suppressed', muted.by, 'it ended before it was to be told of'])
  }
  const next = { ...row, threads: row.threads.map((thread): Thread => without(thread, 'muted')) }
  putRow(tools.draft, next, tools.now)
  return next
}
