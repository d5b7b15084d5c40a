// What waited together under a bundle key is told as one; pure.
import { toId } from '../lib/id.ts'
import { bundleOf, noteSent, throttleKey } from '../rules/throttle.ts'
import type { DeliveryExtra } from '../words.ts'
import { readRow } from './condition-row.ts'
import type { Draft } from './draft.ts'
import type { Judge } from './judge.ts'
import { type Bundle, type BundledEvent, tell } from './tell.ts'
import { addThreads, endOf, noteOf, pendingThreads } from './thread-tools.ts'

export function tellBundle(judge: Judge, draft: Draft, key: string, now: number): void {
  const bundle = draft.get(key) as Bundle | undefined
  if (bundle === undefined) return
  draft.put(key, undefined)
  const { channel, rule, severity, by, unnamed, since } = bundle
  // What got worse meanwhile was told at once and waits here no more.
  const events = bundle.events.filter((named) => isWaiting(draft, key, channel, named))
  if (events.length === 0 && unnamed === 0) return
  const conditions = [...new Set(events.flatMap((named) => named.condition ?? []))]
  const begun = events.filter(({ seq }) => !isEnding(draft, events, seq))
  const only = begun.length === 1 && unnamed === 0 ? begun[0] : undefined
  const counted = unnamed === 0 ? {} : { unnamed }
  const extra: DeliveryExtra =
    only === undefined
      ? { heldBy: by, heldSince: since, ...counted, ...endedIn(draft, conditions) }
      : alone(draft, only)
  const thread = only === undefined ? key : threadOf(draft, only)
  const kind = only === undefined ? 'digest' : 'open'
  const ends = by === 'late' ? ({ verdict: 'merged', by: 'late' } as const) : {}
  const told = conditions.length === 0 ? extra : { ...extra, conditions }
  const deliveries = tell(draft, judge, { channel, rule, kind, thread, events, severity, extra: told, ...ends }, now)
  for (const condition of conditions) addThreads(condition, pendingThreads(deliveries, rule), { judge, draft, now })
  if (by === 'throttle') noteBundleSent(judge, draft, key, bundle, now)
}

function noteBundleSent(judge: Judge, draft: Draft, key: string, { channel, rule }: Bundle, now: number): void {
  const owner = judge.rules.find(({ name }) => name === rule)
  const ofChannel = throttleKey('', channel)
  const ofRule = throttleKey(rule, channel)
  const channelLimit = judge.channels.get(channel)?.throttle
  if (channelLimit !== undefined) noteSent(channelLimit, ofChannel, draft, now)
  if (key === bundleOf(ofRule) && owner?.throttle !== undefined) noteSent(owner.throttle, ofRule, draft, now)
}

function isWaiting(draft: Draft, key: string, channel: string, { condition }: BundledEvent): boolean {
  if (condition === undefined) return true
  const threads = readRow(draft, condition)?.threads.filter((thread) => thread.channel === channel) ?? []
  return threads.some((thread) => thread.state === 'bundled' && thread.bundle === key)
}

/** The end of a condition that is named here too. */
function isEnding(draft: Draft, events: readonly BundledEvent[], seq: number): boolean {
  return events.some(({ condition }) => condition !== undefined && readRow(draft, condition)?.ending === seq)
}

function endedIn(draft: Draft, conditions: readonly string[]): DeliveryExtra {
  const ended: Record<string, number> = {}
  for (const condition of conditions) {
    const row = readRow(draft, condition)
    if (row?.endedAt !== undefined) ended[row.opening] = row.endedAt
  }
  return Object.keys(ended).length === 0 ? {} : { ended }
}

function alone(draft: Draft, { condition }: BundledEvent): DeliveryExtra {
  const row = condition === undefined ? undefined : readRow(draft, condition)
  return row === undefined ? {} : noteOf(row, endOf(row))
}

function threadOf(draft: Draft, { seq, condition }: BundledEvent): string {
  return (condition === undefined ? undefined : readRow(draft, condition)?.thread) ?? toId(seq)
}
