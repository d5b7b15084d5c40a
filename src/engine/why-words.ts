// The words for each state a verdict or a message can be in.
import type { Attempt, DeliveryDetail } from '../store/store.ts'
import type { Delivery, Verdict, VerdictState } from '../words.ts'

export interface Times {
  full(at: number): string
  /** Without the date when it is that of the event. */
  beside(at: number): string
}

const shownAttempts = 10

/** What became of the event on this channel; `delivery` is the message it went into, if it is still kept. */
export function verdictWords(verdict: Verdict, delivery: Delivery | undefined, times: Times): string {
  return words[verdict.state](verdict, delivery, times)
}

const words: Record<VerdictState, (verdict: Verdict, delivery: Delivery | undefined, times: Times) => string> = {
  queued: (verdict, delivery, times) => own(verdict, delivery, times, 'waits to be sent'),
  held: (verdict, _, times) => {
    const until = verdict.until === undefined ? '' : ` until ${times.beside(verdict.until)}`
    return `held ${by(verdict)}${until}${because(verdict)}`
  },
  delivered: (verdict, delivery, times) => own(verdict, delivery, times, `was delivered ${times.beside(verdict.at)}`),
  unknown: (verdict, delivery, times) =>
    own(verdict, delivery, times, 'was sent, but no answer came; it may have arrived and counts as told'),
  merged: (verdict, delivery, times) => {
    const until = verdict.until === undefined ? '' : ` (until ${times.beside(verdict.until)})`
    if (verdict.into === undefined) return `merged ${by(verdict)}${because(verdict)}${until}`
    const fate = delivery === undefined ? 'is no longer kept' : deliveryWords(delivery, times)
    return `merged ${by(verdict)} into message ${verdict.into}${because(verdict)}${until}; message ${verdict.into} ${fate}`
  },
  suppressed: (verdict, _, times) => {
    const until = verdict.until === undefined ? '' : `, which lasted until ${times.beside(verdict.until)}`
    return `suppressed ${by(verdict)}${until}${because(verdict)}; this channel is not told of it`
  },
  expired: (verdict, delivery, times) =>
    own(verdict, delivery, times, `expired ${times.beside(verdict.at)} before it could be sent`),
  dead: (verdict, delivery, times) => own(verdict, delivery, times, `was given up ${times.beside(verdict.at)}`),
}

/** Goes on from "message <id>". */
export function deliveryWords(delivery: Delivery, times: Times): string {
  const ended = times.beside(delivery.endedAt ?? delivery.dueAt)
  switch (delivery.state) {
    case 'queued':
      return `waits to be sent (due ${times.beside(delivery.dueAt)}, not tried yet)`
    case 'sending':
      return `is being sent now (attempt ${delivery.attempts})`
    case 'retrying':
      return `failed ${count(delivery.attempts, 'time')}${last(delivery)} and is tried again ${times.beside(delivery.dueAt)}${delivery.kind === 'end' ? '' : `, for the last time by ${times.beside(delivery.expireAt)}`}`
    case 'delivered':
      return `was delivered ${ended} after ${count(delivery.attempts, 'attempt')}${last(delivery)}`
    case 'unknown':
      return `was sent ${ended}, but no answer came after ${count(delivery.attempts, 'attempt')}: it may have arrived, and counts as told`
    case 'dead':
      return `was given up ${ended} after ${count(delivery.attempts, 'attempt')}${last(delivery)}; 'sereno deliveries retry ${delivery.id}' sends it again`
    case 'replaced':
      return `was replaced ${ended}: what it had to say went out with a newer message`
    case 'expired':
      return `expired ${ended} after ${count(delivery.attempts, 'attempt')}${last(delivery)}: nobody was told`
  }
}

/** What the message said beyond the event's own words. */
export function extraWords(delivery: Delivery, event: number, times: Times): string {
  const { held, heldSince, heldBy, unnamed = 0, fallbackFor, ended = {} } = delivery.extra
  const parts: string[] = []
  if (held !== undefined && held > 0) {
    const since = heldSince === undefined ? '' : ` since ${times.beside(heldSince)}`
    parts.push(`it also tells of ${count(held, 'repeat')} held back${since}`)
  }
  if (delivery.kind === 'digest') {
    const why = heldBy === undefined ? '' : ` ${digestWords[heldBy] ?? `held by ${heldBy}`}`
    // An end stands there beside its beginning.
    const told = delivery.events.length - Object.keys(ended).length + unnamed
    parts.push(`it is a digest of ${count(told, 'event')}${why}`)
    if (!delivery.events.includes(event)) parts.push('this event is counted there, not named')
  }
  if (fallbackFor !== undefined) parts.push(`it was sent in place of ${fallbackFor}, which could not be told`)
  return parts.join('; ')
}

const digestWords: { readonly [stage: string]: string } = {
  throttle: 'that came faster than the throttle allows',
  late: 'that were old news when they came',
  mute: 'that a mute window held',
  group: 'that came together',
}

/** Empty when one attempt succeeded: there is nothing to add to that. */
export function attemptLines(detail: DeliveryDetail, times: Times): string[] {
  const { tried } = detail
  if (tried.length === 0 || (tried.length === 1 && tried[0]?.result === 'ok')) return []
  const shown = tried.slice(-shownAttempts).map((attempt) => attemptWords(attempt, times))
  const hidden = tried.length - shown.length
  return hidden === 0 ? shown : [`${count(hidden, 'earlier attempt')} not shown`, ...shown]
}

function attemptWords(attempt: Attempt, times: Times): string {
  const head = `${times.beside(attempt.startedAt)} attempt ${attempt.number}:`
  if (attempt.result === 'ok') return `${head} delivered`
  const detail = attempt.detail === '' ? '' : `: ${attempt.detail}`
  return `${head} ${attempt.result}${detail}${attempt.maybeDelivered ? ' (it may have arrived)' : ''}`
}

/** The event's own message: what the message says of itself, or, when it is no longer kept, what the verdict knows. */
function own(verdict: Verdict, delivery: Delivery | undefined, times: Times, otherwise: string): string {
  if (verdict.into === undefined) return `${otherwise}${because(verdict)}`
  if (delivery === undefined) return `message ${verdict.into} ${otherwise}${because(verdict)}; it is no longer kept`
  return `message ${verdict.into} ${deliveryWords(delivery, times)}`
}

const stageWords: { readonly [stage: string]: string } = {
  throttle: 'by the throttle',
  late: 'as late news',
  owner: 'with what another rule tells',
  outbox: 'by the outbox',
  condition: 'with its condition',
  flapping: 'as flapping',
}

function by(verdict: Verdict): string {
  return stageWords[verdict.by] ?? `by ${verdict.by}`
}

function because(verdict: Verdict): string {
  return verdict.reason === '' ? '' : `: ${verdict.reason}`
}

function last(delivery: Delivery): string {
  if (delivery.lastReason === undefined) return delivery.lastDetail === undefined ? '' : ` (${delivery.lastDetail})`
  const detail = delivery.lastDetail === undefined || delivery.lastDetail === '' ? '' : `: ${delivery.lastDetail}`
  return ` (${delivery.lastReason}${detail})`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
