// The threads of a condition: who is told of its beginning hears of its changes and its end, whatever the rules say by then; pure.
import { toId } from '../lib/id.ts'
import {
  type ConditionNote,
  type Delivery,
  type DeliveryExtra,
  type HubEvent,
  severities,
  type Severity,
} from '../words.ts'
import { type ConditionRow, fallbackRule, jobKeys, keyOfRow, putRow, type Thread } from './condition-row.ts'
import { flapMs, type Move } from './conditions.ts'
import { hold } from './tell.ts'
import { remindLater } from './thread-outcome.ts'
import { endOf, type Ending, fold, isSame, noteOf, say, type ThreadTools, verdict } from './thread-tools.ts'

/** The end of what was told is told; of what is still on its way, it is said in the same message. */
export function endThreads(ended: ConditionRow, event: HubEvent, tools: ThreadTools): void {
  const { draft, now } = tools
  const key = keyOfRow(ended)
  for (const { rule, channel } of ended.threads) {
    draft.cancel(jobKeys.remind(key, rule, channel))
    draft.cancel(jobKeys.still(key, rule, channel))
  }
  const row = dropHeld(ended, event, tools)
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
  const results = row.threads.map((thread) => endThread(row, thread, event, note, tools))
  const told: Thread[] = []
  for (const group of byChannel(row.threads, (thread) => results[row.threads.indexOf(thread)] === 'tell')) {
    const [first] = group
    if (first === undefined) continue
    const deliveries = say(row, 'end', event.seq, group, 'info', note, tools)
    told.push(...group.map((thread, index) => ({ ...thread, ...sentBy(deliveries[index], 'end') })))
  }
  const threads = row.threads.map((thread, index) => {
    const result = results[index]
    if (result === 'tell') return told.find((one) => isSame(one, thread)) ?? thread
    return result === undefined ? thread : result.thread
  })
  putRow(tools.draft, { ...row, threads }, tools.now)
  for (const one of channelsOf(row)) {
    const own = threads.flatMap((thread, index) => (isOf(thread, one) ? (results[index] ?? []) : []))
    if (own.includes('tell')) continue
    const [quiet] = own.filter((result) => result !== 'tell')
    if (quiet !== undefined) verdict(tools, event.seq, one, quiet.ending)
  }
}

type Ended = 'tell' | { readonly thread: Thread; readonly ending: Ending }

function endThread(
  row: ConditionRow,
  thread: Thread,
  event: Pick<HubEvent, 'seq'>,
  note: DeliveryExtra,
  tools: ThreadTools,
): Ended {
  const { draft } = tools
  if (thread.end !== undefined) {
    return { thread, ending: ['suppressed', 'condition', 'nobody was told here that it began again'] }
  }
  switch (thread.state) {
    case 'told':
    case 'pending': {
      const first = thread.state === 'pending' ? fold(draft, thread.delivery, event.seq, note) : undefined
      const folded = first ?? fold(draft, thread.behind, event.seq, note, 'end', 'info')
      if (folded === undefined) return 'tell'
      const next = { ...thread, folded: { into: folded.seq, event: event.seq }, end: folded.seq }
      const reason =
        first === undefined ? 'told in place of what was to be said before' : 'told together with its beginning'
      return { thread: next, ending: ['queued', 'outbox', reason, folded.id] }
    }
    case 'bundled': {
      const { rule, channel, bundle = '', by = 'throttle' } = thread
      const named = { seq: event.seq, source: row.source, time: row.endedAt ?? tools.now, severity: 'info' as const }
      const reason = thread.reason ?? 'waits with its beginning'
      const at = thread.until ?? tools.now
      hold(
        draft,
        { bundle, at, by, channel, rule, event: named, repeats: 0, condition: keyOfRow(row), reason },
        tools.now,
      )
      return { thread, ending: ['held', by, reason, undefined, thread.until] }
    }
    case 'held':
    case 'lost':
      return { thread, ending: ['suppressed', 'condition', 'this channel could not be told that it began'] }
  }
}

/** Whose threads took the event in; nobody's: tell it as a beginning, past every hold when it got worse than what is held. */
export type Continued = { readonly rule: string } | 'begins' | 'worse'

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
    verdict(tools, event.seq, to, ['merged', 'condition', reason])
    return to
  }
  const threads = onChannel.filter((thread) => thread.rule === first.rule)
  const escalates = rank(to.severity) > Math.max(...threads.map((thread) => rank(thread.severity)))
  const owner = { rule: first.rule, channel: first.channel }
  // The last that was heard of it here is that it ended.
  const isOver = threads.some((thread) => thread.end !== undefined)
  const flaps = (move.kind === 'reopened' ? move.before : row).flapping === true
  if (move.kind === 'refreshed' && !isOver) {
    const into = first.delivery === undefined ? undefined : toId(first.delivery)
    verdict(tools, event.seq, owner, ['merged', 'condition', 'it was known already', into])
  } else if (first.state === 'held' || first.state === 'bundled') {
    if (escalates) {
      letGo(row, threads, tools)
      return 'worse'
    }
    const by = first.by ?? 'condition'
    verdict(tools, event.seq, owner, ['merged', by, 'it waits with its beginning', undefined, first.until])
  } else if (flaps && !isOver && !escalates) {
    // The first time it comes back is told, with the word that it flaps; then it is quiet until it has been calm.
    verdict(tools, event.seq, owner, ['merged', 'flapping', 'it begins and ends again and again'])
  } else sayChange(row, event, threads, { ...to, isNews: move.kind === 'changed', isOver }, tools)
  return owner
}

/** That it still is so is no reason to try a channel again whose fallback has heard of it. */
function isToldInstead(row: ConditionRow, channel: string): boolean {
  const isLost = row.threads.some((thread) => thread.channel === channel && thread.state === 'lost')
  return isLost && row.threads.some(({ rule, state, end }) => rule === fallbackRule && state !== 'lost' && !end)
}

/** Tells it in these threads, which are of one rule and channel: in a message that waits, else behind what has been said. */
function sayChange(
  row: ConditionRow,
  event: HubEvent,
  threads: readonly Thread[],
  { severity, isNews, isOver }: { readonly severity: Severity; readonly isNews: boolean; readonly isOver: boolean },
  tools: ThreadTools,
): void {
  const [owner] = threads
  if (owner === undefined) return
  const { draft } = tools
  const note = noteOf(row, {
    ...(isNews && severity !== owner.severity ? { was: owner.severity } : {}),
    ...(isOver ? { began: row.began } : {}),
  })
  const next: Thread[] = []
  const late: Thread[] = []
  for (const thread of threads) {
    // A newer revision takes the place of what has not been sent.
    const first =
      thread.state === 'pending' ? fold(draft, thread.delivery, event.seq, noteOf(row), undefined, severity) : undefined
    const folded = first ?? fold(draft, thread.behind, event.seq, note, 'change', severity)
    if (folded === undefined) late.push(thread)
    else {
      verdict(tools, event.seq, owner, ['queued', 'outbox', 'told with the message before it', folded.id])
      next.push({
        ...without(thread, 'end'),
        severity,
        folded: { into: folded.seq, event: event.seq },
      })
    }
  }
  if (late.length > 0) {
    const deliveries = say(row, 'change', event.seq, late, severity, note, tools)
    next.push(
      ...late.map((thread, index) => ({
        ...without(thread, 'end'),
        severity,
        ...sentBy(deliveries[index], 'change'),
      })),
    )
  }
  const others = row.threads.filter((thread) => !threads.includes(thread))
  putRow(draft, { ...row, threads: [...others, ...next] }, tools.now)
}

/** It came back: the end that was to be said is none, and it must be calm for a while to be believed again. */
export function flap(row: ConditionRow, before: ConditionRow, tools: ThreadTools): void {
  const condition = keyOfRow(row)
  const dueAt = tools.now + flapMs
  tools.draft.job({ key: jobKeys.calm(condition), kind: 'condition-calm', dueAt, clock: 'hub', body: { condition } })
  for (const thread of row.threads) if (thread.state === 'told') remindLater(row, thread, tools)
  if (before.flapping !== true || before.ending === undefined) return
  for (const one of channelsOf(row)) verdict(tools, before.ending, one, ['merged', 'flapping', 'it came back at once'])
}

/** What held these no longer does. */
function letGo(row: ConditionRow, threads: readonly Thread[], tools: ThreadTools): void {
  const key = keyOfRow(row)
  const [first] = threads
  if (first === undefined) return
  tools.draft.cancel(jobKeys.still(key, first.rule, first.channel))
  verdict(tools, first.event ?? row.opening, first, ['merged', 'condition', 'it got worse, and was told then'])
  putRow(tools.draft, { ...row, threads: row.threads.filter((thread) => !threads.includes(thread)) }, tools.now)
}

function sentBy(delivery: Delivery | undefined, kind: 'change' | 'end'): Partial<Thread> {
  if (delivery === undefined) return {}
  return kind === 'end' ? { behind: delivery.seq, end: delivery.seq } : { behind: delivery.seq }
}

function channelsOf(row: ConditionRow): Pick<Thread, 'rule' | 'channel'>[] {
  return [...new Map(row.threads.map((thread) => [`${thread.rule}\n${thread.channel}`, thread])).values()]
}

/** The chosen threads, those of one rule and channel together. */
function byChannel(threads: readonly Thread[], chosen: (thread: Thread) => boolean): Thread[][] {
  return [...Map.groupBy(threads.filter(chosen), ({ rule, channel }) => `${rule}\n${channel}`).values()]
}

function isOf(thread: Thread, { rule, channel }: Pick<Thread, 'rule' | 'channel'>): boolean {
  return thread.rule === rule && thread.channel === channel
}

function rank(severity: Severity): number {
  return severities.indexOf(severity)
}

function without<Key extends keyof Thread>(thread: Thread, key: Key): Omit<Thread, Key> {
  const { [key]: _gone, ...rest } = thread
  return rest
}
