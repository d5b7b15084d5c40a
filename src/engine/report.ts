// What the outcome of a send means: the delivery's next state, the channel's outage, and who else must hear; pure.
import { toKey } from '../lib/key.ts'
import { type Delivery, type DeliveryExtra, finalDeliveries, type Verdict } from '../words.ts'
import { fallbackRule, readRow } from './condition-row.ts'
import type { Draft } from './draft.ts'
import type { ReportInput } from './input.ts'
import type { Judge } from './judge.ts'
import { backoffMs, nextDelivery } from './next-delivery.ts'
import { noteOutcome } from './thread-outcome.ts'
import { addThreads, isSame, pendingThreads, type ThreadTools } from './thread-tools.ts'
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
      detail: result.ok ? '' : result.detail,
    })
  }
  settleVerdicts(next, tools)
  const died = next.state === 'dead' || next.state === 'expired'
  // Notes of an outage are not news themselves: their own death would be announced for ever.
  const isNote = delivery.rule === outageRule
  if (died && !isNote) tellFallback(judge, draft, next, endedAt)
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
  const all = (delivery.extra.siblings ?? [delivery.seq]).flatMap((seq) => draft.delivery(seq) ?? [])
  for (const [index, event] of delivery.events.entries()) {
    // What was said to one recipient with other news counts for those it was said to.
    const naming = all.filter((one) => one.seq === delivery.seq || one.events.includes(event))
    const best = naming.toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state))[0] ?? delivery
    const isWaiting = naming.some((one) => !finalDeliveries.includes(one.state))
    if (isWaiting && naming.length === 1) continue
    const [verdict, reason] = isWaiting ? queued : verdictOf[best.state as keyof typeof verdictOf]
    const others = naming.length === 1 ? '' : `${naming.map(recipientWords).join(', ')}; `
    const why = best.lastDetail === undefined || isWaiting ? reason : `${reason}: ${best.lastDetail}`
    draft.verdicts.push({
      event,
      rule: delivery.extra.rules?.[index] ?? delivery.rule,
      channel: delivery.channel,
      state: verdict,
      by: 'outbox',
      reason: `${others}${why}`,
      into: best.id,
      at: now,
    })
  }
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
  const pause = channelWide(result) ? (retryAfter ?? backoffMs(Math.min(failures, 12), next.seq)) : 0
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

/** The dead message itself goes to the channel's fallback, else the hub's; with none it stays on the page and in the metrics. */
function tellFallback(judge: Judge, draft: Draft, dead: Delivery, now: number): void {
  const tried = [...(dead.extra.tried ?? []), dead.channel]
  const ways = [judge.channels.get(dead.channel)?.fallback, judge.fallback]
  const channel = ways.find((way) => way !== undefined && judge.channels.has(way) && !tried.includes(way))
  if (channel === undefined) return
  const { kind, severity, thread } = dead
  const rule = fallbackRule
  const events = dead.events.map((seq) => ({ seq, rule }))
  const extra = { ...without(dead.extra), fallbackFor: dead.extra.fallbackFor ?? dead.channel, tried }
  const told = tell(draft, judge, { channel, rule, kind, thread, events, severity, extra }, now)
  if (kind === 'end') return
  // Who is told in its place that something is wrong is told of the end as well.
  for (const key of extra.conditions ?? []) {
    const known = readRow(draft, key)?.threads ?? []
    // What a digest says of it, and how bad it is, is not what the digest as a whole says.
    const lost = known.find((one) => one.delivery === dead.seq)
    const own = { severity: lost?.severity ?? severity, ...(lost?.event === undefined ? {} : { event: lost.event }) }
    const fresh = pendingThreads(told, rule)
      .filter((one) => !known.some((old) => isSame(old, one) && old.state !== 'lost' && old.end === undefined))
      .map((one) => ({ ...one, ...own }))
    addThreads(key, fresh, { judge, draft, now })
  }
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

function without({
  rules: _rules,
  settled: _settled,
  siblings: _siblings,
  keyed: _keyed,
  ...extra
}: DeliveryExtra): DeliveryExtra {
  return extra
}
