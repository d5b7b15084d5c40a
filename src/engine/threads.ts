// The threads of a condition: who is told of its beginning hears of its changes and its end, whatever the rules say by then; pure.
import { type ConditionNote, type DeliveryExtra, type HubEvent, severities, type Severity } from '../words.ts'
import { quietBy } from '../rules/mute.ts'
import { noteEnd } from './bundle.ts'
import { type ConditionRow, fallbackRule, jobKeys, keyOfRow, putRow, type Thread } from './condition-row.ts'
import { flapMs, type Move } from './conditions.ts'
import { dropMuted, holdChange, sayChange } from './thread-change.ts'
import { remindLater } from './thread-outcome.ts'
import {
  endOf,
  fold,
  heardIn,
  isSame,
  noteOf,
  release,
  say,
  type ThreadTools,
  verdict,
  sentBy,
} from './thread-tools.ts'

/** The end of what was told is told; of what is still on its way, it is said in the same message. */
export function endThreads(ended: ConditionRow, event: HubEvent, tools: ThreadTools): void {
  const { draft, now } = tools
  const key = keyOfRow(ended)
  for (const { rule, channel } of ended.threads) {
    draft.cancel(jobKeys.remind(key, rule, channel))
    draft.cancel(jobKeys.still(key, rule, channel))
  }
  const row = dropMuted(dropHeld(ended, event, tools), tools)
  if (row.flapping === true) {
    const until = now + flapMs
    draft.job({ key: jobKeys.calm(key), kind: 'condition-calm', dueAt: until, clock: 'hub', body: { condition: key } })
    const reason = `it begins and ends again and again (${row.began} times)`
    for (const one of channelsOf(row)) verdict(tools, event.seq, one, ['held', 'flapping', reason, undefined, until])
    return
  }
  sayEnd(row, event, tools)
}

/** Nobody was told of these, nor need be: should it begin again, the stages decide anew. */
function dropHeld(row: ConditionRow, event: HubEvent, tools: ThreadTools): ConditionRow {
  const held = row.threads.filter(({ state }) => state === 'held')
  if (held.length === 0) return row
  for (const thread of held) {
    const by = thread.by ?? 'condition'
    verdict(tools, thread.event ?? row.opening, thread, ['suppressed', by, 'it ended before it was to be told of'])
    verdict(tools, event.seq, thread, ['suppressed', by, 'nobody was told here that it began'])
  }
  const next = { ...row, threads: row.threads.filter((thread) => !held.includes(thread)) }
  putRow(tools.draft, next, tools.now)
  return next
}

/** Also once a flapping condition has been calm: then with the word how often it began. */
export function sayEnd(
  row: ConditionRow,
  event: Pick<HubEvent, 'seq'>,
  tools: ThreadTools,
  more: Partial<ConditionNote> = {},
): void {
  const note = noteOf(row, { ...endOf(row), ...more })
  for (const thread of row.threads) {
    const why = quietWords(thread)
    if (why !== undefined) verdict(tools, event.seq, thread, ['suppressed', 'condition', why])
  }
  const results = row.threads.map((thread) =>
    quietWords(thread) === undefined ? endThread(row, thread, event, note, tools) : thread,
  )
  const told: Thread[] = []
  for (const group of byChannel(row.threads, (_thread, index) => results[index] === undefined)) {
    const deliveries = say(row, 'end', event.seq, group, 'info', note, tools)
    told.push(...group.map((thread, index) => ({ ...thread, ...sentBy(deliveries[index], 'end') })))
  }
  const threads = row.threads.map(
    (thread, index) => results[index] ?? told.find((one) => isSame(one, thread)) ?? thread,
  )
  putRow(tools.draft, { ...row, threads }, tools.now)
}

/** Why a thread hears nothing of an end. */
function quietWords({ state, end, reason }: Thread): string | undefined {
  if (end !== undefined) return 'nobody was told here that it began again'
  if (state === 'lost') return reason ?? 'this channel could not be told that it began'
  return undefined
}

/** Says it in a message that waits; undefined: it needs one of its own. */
function endThread(
  row: ConditionRow,
  thread: Thread,
  { seq: event }: Pick<HubEvent, 'seq'>,
  note: DeliveryExtra,
  tools: ThreadTools,
): Thread | undefined {
  if (thread.state === 'bundled') {
    const { since, title, endedAt = tools.now, endedBy = 'resolved' } = row
    noteEnd(tools.draft, thread, { seq: event, at: endedAt, by: endedBy, since, title })
    const { by = 'throttle', until } = thread
    verdict(tools, event, thread, ['held', by, 'waits with its beginning', undefined, until])
    return thread
  }
  const first = { event, note, reason: 'told together with its beginning' }
  const other = {
    event,
    note,
    reason: 'told in place of what was to be said before',
    kind: 'end',
    severity: 'info',
  } as const
  const told =
    fold(thread, thread.behind, other, tools) ??
    (thread.state === 'pending' ? fold(thread, thread.delivery, first, tools) : undefined)
  return told === undefined ? undefined : { ...told, end: told.folded?.into ?? event }
}

/** Whose threads took the event in; nobody's: tell it as a beginning, past every hold when it got worse than what is held. */
export type Continued = { readonly rule: string } | 'begins' | 'worse'

/** What got worse long ago is old news as well; and a silence or a mute window holds what it covers, however bad that is. */
function isPatient({ by = '' }: Thread, event: HubEvent, { judge, draft, now }: ThreadTools): boolean {
  if (by === 'late') return true
  return (by === 'silence' || by === 'mute') && quietBy(event, judge.mutes, draft, now) !== undefined
}

/** What this event adds to the threads that the channel has already, whatever rule has begun them. */
export function continueThreads(
  row: ConditionRow,
  event: HubEvent,
  move: Exclude<Move, { readonly kind: 'opened' | 'resolved' | 'none' }>,
  to: { readonly rule: string; readonly channel: string; readonly severity: Severity },
  tools: ThreadTools,
): Continued {
  const onChannel = row.threads.filter((thread) => thread.channel === to.channel && thread.state !== 'lost')
  const first = onChannel.find((thread) => thread.rule === to.rule) ?? onChannel[0]
  if (first === undefined) {
    if (move.kind !== 'refreshed' || !isToldInstead(row, to.channel)) return 'begins'
    const reason = 'it was told elsewhere, as this channel could not be told'
    const elsewhere = row.threads.find((thread) => thread.rule === fallbackRule)
    verdict(tools, event.seq, to, ['merged', 'condition', reason, elsewhere && heardIn(elsewhere)])
    return to
  }
  const threads = onChannel.filter((thread) => thread.rule === first.rule)
  const escalates = rank(to.severity) > Math.max(...threads.map((thread) => rank(thread.severity)))
  const owner = { rule: first.rule, channel: first.channel }
  // The last that was heard of it here is that it ended.
  const isOver = threads.some((thread) => thread.end !== undefined)
  const flaps = (move.kind === 'reopened' ? move.before : row).flapping === true
  if (move.kind === 'refreshed' && !isOver) {
    verdict(tools, event.seq, owner, ['merged', 'condition', 'it was known already', heardIn(first)])
  } else if (first.state === 'held' || first.state === 'bundled') {
    if (escalates && !isPatient(first, event, tools)) {
      letGo(row, threads, to.rule, tools)
      return 'worse'
    }
    const by = first.by ?? 'condition'
    verdict(tools, event.seq, owner, ['merged', by, 'it waits with its beginning', heardIn(first), first.until])
  } else if (flaps && !isOver && !escalates) {
    // The first time it comes back is told, with the word that it flaps; then it is quiet until it has been calm.
    verdict(tools, event.seq, owner, ['merged', 'flapping', 'it begins and ends again and again', heardIn(first)])
  } else if (!holdChange(row, event, threads, tools)) {
    sayChange(row, event, threads, { ...to, isNews: move.kind === 'changed', isOver }, tools)
  }
  return owner
}

/** That it still is so is no reason to try a channel again whose fallback has heard of it. */
function isToldInstead(row: ConditionRow, channel: string): boolean {
  const isLost = row.threads.some((thread) => thread.channel === channel && thread.state === 'lost')
  return isLost && row.threads.some(({ rule, state, end }) => rule === fallbackRule && state !== 'lost' && !end)
}

/** It came back: the end that was to be said is none, and it must be calm for a while to be believed again. */
export function flap(row: ConditionRow, before: ConditionRow, tools: ThreadTools): void {
  const condition = keyOfRow(row)
  const dueAt = tools.now + flapMs
  tools.draft.job({ key: jobKeys.calm(condition), kind: 'condition-calm', dueAt, clock: 'hub', body: { condition } })
  for (const thread of row.threads) {
    if (thread.state === 'told') remindLater(row, thread, tools)
    const ended = thread.state === 'bundled' ? noteEnd(tools.draft, thread) : undefined
    if (ended !== undefined)
      verdict(tools, ended.seq, thread, ['merged', 'flapping', 'it came back at once', heardIn(thread)])
  }
  if (before.flapping !== true || before.ending === undefined) return
  for (const one of channelsOf(row))
    verdict(tools, before.ending, one, ['merged', 'flapping', 'it came back at once', heardIn(one)])
}

/** What held these no longer does. */
function letGo(row: ConditionRow, threads: readonly Thread[], rule: string, tools: ThreadTools): void {
  for (const thread of threads) {
    const worse = { event: row.latest, rule }
    release(row, thread, ['merged', 'condition', 'it got worse, and was told then', worse], tools)
  }
  putRow(tools.draft, { ...row, threads: row.threads.filter((thread) => !threads.includes(thread)) }, tools.now)
}

function channelsOf(row: ConditionRow): Thread[] {
  return [...new Map(row.threads.map((thread) => [`${thread.rule}\n${thread.channel}`, thread])).values()]
}

/** The chosen threads, those of one rule and channel together. */
function byChannel(threads: readonly Thread[], chosen: (thread: Thread, index: number) => boolean): Thread[][] {
  return [...Map.groupBy(threads.filter(chosen), ({ rule, channel }) => `${rule}\n${channel}`).values()]
}

function rank(severity: Severity): number {
  return severities.indexOf(severity)
}
