// What the outcome of a send means: the delivery's next state, the channel's outage, and who else must hear; pure.
import { toKey } from '../lib/key.ts'
import { type Delivery, finalDeliveries, type Verdict } from '../words.ts'
import { readRow } from './condition-row.ts'
import type { Draft } from './draft.ts'
import type { ReportInput } from './input.ts'
import type { Judge } from './judge.ts'
import { nextDelivery, retryWaitMs } from './next-delivery.ts'
import { tellFallback } from './fallback.ts'
import { noteOutcome } from './thread-outcome.ts'
import type { ThreadTools } from './thread-tools.ts'
import { tell } from './tell.ts'

/** A channel between its first failed send and the next delivered one. */
export type Outage = {
  readonly since: number
  readonly failures: number
  /** Nothing but one probe is sent before this. */
  readonly pausedUntil: number
  readonly reason: string
  readonly detail: string
  readonly announced: boolean
  /** Messages that were given up. */
  readonly died: number
  /** Channels that were told of it. */
  readonly toldOn?: readonly string[]
}

/** An outage this long is announced even while every message is still waiting. */
const announceAfterMs = 15 * 60_000

const outageRule = '(outage)'

export function channelStateKey(channel: string): string {
  return toKey('channel', channel)
}

type Dead = {
  readonly type: string
  readonly subject: string
  readonly data: { readonly [name: string]: string | number }
  readonly not: string
  readonly also: readonly string[]
}

/** Records the outcome; returns events that the hub has to report of it. */
export function stepReport(judge: Judge, draft: Draft, report: ReportInput): Dead[] {
  const { delivery, result, startedAt, endedAt } = report
  const tools = { judge, draft, now: endedAt }
  const next = noteOutcome(nextDelivery(judge, report), tools)
  draft.deliveries.set(delivery.seq, next)
  if (!('givenUp' in result)) {
    draft.attempts.push({
      delivery: delivery.id,
      number: delivery.attempts,
      startedAt,
      endedAt,
      result: result.ok ? 'ok' : result.reason,
      maybeDelivered: !result.ok && result.maybeDelivered,
      detail: result.ok ? (result.note ?? '') : result.detail,
    })
  }
  settleVerdicts(next, tools)
  const died = next.state === 'dead' || next.state === 'expired'
  // Notes of an outage are not news themselves: their own death would be announced for ever.
  const isNote = delivery.rule === outageRule
  if (died && !isNote) tellFallback(next, tools)
  if (report.interrupted === true || isGone(result)) return []
  const key = channelStateKey(delivery.channel)
  const outage = draft.get(key) as Outage | undefined
  if (result.ok) {
    if (outage !== undefined) recover(judge, draft, delivery.channel, outage, endedAt)
    return []
  }
  const worse = worsen(outage, next, report, died && !isNote)
  const announce = !worse.announced && ((died && !isNote) || endedAt - worse.since >= announceAfterMs)
  draft.put(key, { ...worse, announced: worse.announced || announce })
  return announce ? [deadChannel(judge, delivery.channel, worse)] : []
}

/** Who was told that the channel is dead is told when it works again. */
export function noteTold(draft: Draft, channel: string, event: number): void {
  const outage = draft.get(channelStateKey(channel)) as Outage | undefined
  if (outage === undefined) return
  const told = draft.verdicts.filter((verdict) => verdict.event === event && verdict.state === 'queued')
  draft.put(channelStateKey(channel), { ...outage, toldOn: [...new Set(told.map((verdict) => verdict.channel))] })
}

const verdictOf = {
  delivered: ['delivered', 'delivered'],
  unknown: ['unknown', 'sent twice without an answer; counts as told'],
  expired: ['expired', 'could not be sent in time'],
  dead: ['dead', 'the channel refused it for good'],
} as const satisfies { readonly [state: string]: readonly [Verdict['state'], string] }

/** The verdict of an event with several recipients waits for all of them, and is the best of theirs. */
function settleVerdicts(delivery: Delivery, { draft, now }: ThreadTools): void {
  if (delivery.extra.settled === true || delivery.state === 'replaced') return
  const { channel } = delivery
  for (const [index, event] of delivery.events.entries()) {
    const rule = delivery.extra.rules?.[index] ?? delivery.rule
    const all = carriersOf(event, rule, delivery, draft)
    const best = all.toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state))[0] ?? delivery
    const waiting = all.find((one) => !finalDeliveries.includes(one.state))
    if (waiting !== undefined && all.length === 1) continue
    noteHeard(event, best, all, draft)
    const heard = delivery.extra.heard?.[event]
    if (waiting === undefined && heard !== undefined && !hasArrived(best)) {
      const reason = `another recipient was told; ${all.map(recipientWords).join(', ')}`
      draft.verdicts.push({ event, rule, channel, state: 'delivered', by: 'outbox', reason, into: heard, at: now })
      continue
    }
    const [state, words] = waiting === undefined ? verdictOf[best.state as keyof typeof verdictOf] : queued
    const others = all.length === 1 ? '' : `${all.map(recipientWords).join(', ')}; `
    const why = best.lastDetail === undefined || waiting !== undefined ? words : `${words}: ${best.lastDetail}`
    const reason = `${others}${why}`
    draft.verdicts.push({ event, rule, channel, state, by: 'outbox', reason, into: best.id, at: now })
  }
}

/** Somebody has been told of it: those who still wait for another message may no longer know by the time that theirs has an end. */
function noteHeard(event: number, best: Delivery, all: readonly Delivery[], draft: Draft): void {
  if (!hasArrived(best)) return
  for (const one of all) {
    // What is being sent is as it left.
    const isWaiting = one.state === 'queued' || one.state === 'retrying'
    if (!isWaiting || one.extra.heard?.[event] !== undefined) continue
    const heard = { ...one.extra.heard, [event]: best.id }
    draft.deliveries.set(one.seq, { ...one, extra: { ...one.extra, heard } })
  }
}

function hasArrived({ state }: Delivery): boolean {
  return state === 'delivered' || state === 'unknown'
}

/** The messages that tell recipients of the channel of this event; a thread may have got it in another one than the rest. */
function carriersOf(event: number, rule: string, delivery: Delivery, draft: Draft): Delivery[] {
  const { extra, channel } = delivery
  const inThreads = (extra.conditions ?? []).flatMap((key) => {
    const threads = readRow(draft, key)?.threads.filter((one) => one.channel === channel && one.rule === rule) ?? []
    return threads.flatMap((one) => [one.delivery, one.behind, one.end])
  })
  const seqs = new Set([delivery.seq, ...(extra.siblings ?? []), ...inThreads])
  const all = [...seqs].flatMap((seq) => (seq === undefined ? [] : (draft.delivery(seq) ?? [])))
  const carries = (one: Delivery): boolean =>
    one.state !== 'replaced' && one.extra.settled !== true && one.events.includes(event)
  return all.filter((one) => one.seq === delivery.seq || carries(one))
}

const queued = ['queued', 'some recipients are still to be told'] as const
const order: readonly Delivery['state'][] = [
  'delivered',
  'unknown',
  'sending',
  'queued',
  'retrying',
  'expired',
  'dead',
  'replaced',
]

function recipientWords({ recipient, state }: Delivery): string {
  return `${recipient}: ${state}`
}

function worsen(
  outage: Outage | undefined,
  next: Delivery,
  { result, startedAt, endedAt }: ReportInput,
  died: boolean,
): Outage {
  const failures = (outage?.failures ?? 0) + 1
  const retryAfter = !result.ok && !('givenUp' in result) ? result.retryAfterMs : undefined
  const pause = channelWide(result) ? retryWaitMs(Math.min(failures, 12), next.seq, retryAfter) : 0
  return {
    since: outage?.since ?? startedAt,
    failures,
    pausedUntil: Math.max(outage?.pausedUntil ?? 0, endedAt + pause),
    reason: next.lastReason ?? 'expired',
    detail: next.lastDetail ?? 'it waited longer than its channel allows',
    announced: outage?.announced ?? false,
    died: (outage?.died ?? 0) + (died ? 1 : 0),
    ...(outage?.toldOn === undefined ? {} : { toldOn: outage.toldOn }),
  }
}

/** Whether the refusal says something of the channel, and not of this one message. */
function channelWide(result: ReportInput['result']): boolean {
  if (result.ok || 'givenUp' in result) return false
  return result.reason !== 'rejected' && result.reason !== 'too-large'
}

function fallbackOf(judge: Judge, channel: string): string | undefined {
  const own = judge.channels.get(channel)?.fallback
  const found = own ?? judge.fallback
  return found === channel || found === undefined || !judge.channels.has(found) ? undefined : found
}

function deadChannel(judge: Judge, channel: string, outage: Outage): Dead {
  const fallback = fallbackOf(judge, channel)
  return {
    type: 'sereno.channel-dead',
    subject: channel,
    data: {
      channel,
      since: new Date(outage.since).toISOString(),
      reason: outage.reason,
      detail: outage.detail,
      died: outage.died,
    },
    not: channel,
    also: fallback === undefined ? [] : [fallback],
  }
}

/** The channel works again: it hears how many messages died, and who was told of its outage hears of its end. */
function recover(judge: Judge, draft: Draft, channel: string, outage: Outage, now: number): void {
  draft.put(channelStateKey(channel), undefined)
  const note = (to: string, title: string, lines: readonly string[]): void => {
    const extra = { title, lines }
    const thread = toKey('outage', channel, String(outage.since))
    tell(
      draft,
      judge,
      { channel: to, rule: outageRule, kind: 'note', thread, events: [], severity: 'info', extra },
      now,
    )
  }
  if (outage.died > 0) {
    const some = outage.died === 1 ? 'One message' : `${outage.died} messages`
    note(channel, `${some} did not reach this channel`, [
      `${some} could not be delivered here: ${outage.detail}.`,
      `See them with: sereno deliveries --channel ${channel} --state dead`,
    ])
  }
  const fallback = fallbackOf(judge, channel)
  const told = outage.toldOn ?? (outage.announced && fallback !== undefined ? [fallback] : [])
  for (const one of told) if (judge.channels.has(one)) note(one, `Channel ${channel} works again`, [])
}

function isGone(result: ReportInput['result']): boolean {
  return !result.ok && 'givenUp' in result && result.givenUp === 'channel-gone'
}
