// What becomes of a delivery by the outcome of its send: delivered, tried again, given up; pure.
import type { Delivery } from '../words.ts'
import type { ReportInput } from './input.ts'
import type { Judge } from './judge.ts'

/** "An unanswered send that may have arrived is retried once after 30 s, then ends as unknown." */
const unansweredRetryMs = 30_000

/** The wait before the n-th further attempt: 5 s doubled up to 5 min, spread by a fifth so that peers do not march in step. */
function backoffMs(attempt: number, seed: number): number {
  const base = Math.min(5000 * 2 ** Math.min(attempt - 1, 10), 300_000)
  const spread = (((Math.imul(seed, 0x9e3779b1) + attempt * 40_503) >>> 8) % 400) / 1000
  return Math.round(base * (0.8 + spread))
}

/** A service may ask us to come later; it may say "at once" for ever, or a time that is over by our clock, so each time we wait longer all the same. */
export function retryWaitMs(attempt: number, seed: number, retryAfterMs: number | undefined): number {
  const usual = backoffMs(attempt, seed)
  return retryAfterMs === undefined ? usual : Math.max(retryAfterMs, Math.round(usual / 5))
}

export function nextDelivery(judge: Judge, { delivery, result, endedAt, interrupted }: ReportInput): Delivery {
  if (result.ok) {
    const handle = result.handle ?? delivery.handle
    const { lastReason: _reason, lastDetail: _detail, ...sent } = delivery
    const note = result.note === undefined ? {} : { lastDetail: result.note }
    return { ...sent, state: 'delivered', endedAt, ...(handle === undefined ? {} : { handle }), ...note }
  }
  if ('givenUp' in result) {
    if (result.givenUp === 'expired') return { ...delivery, state: 'expired', endedAt }
    return channelGone(delivery, endedAt)
  }
  // It was in flight while a reload took its channel away: nobody would send it again.
  if (!judge.channels.has(delivery.channel)) return channelGone(delivery, endedAt)
  const failed = { ...delivery, lastReason: result.reason, lastDetail: result.detail }
  const isKeyed = judge.channels.get(delivery.channel)?.idempotency === true
  if (result.maybeDelivered && !isKeyed) {
    return interrupted === true ? sendAgain(failed, endedAt) : unanswered(failed, endedAt)
  }
  if (!result.retry) return { ...failed, state: 'dead', endedAt }
  const again = retryAt(failed, endedAt + retryWaitMs(delivery.attempts, delivery.seq, result.retryAfterMs), endedAt)
  return result.maybeDelivered ? { ...again, extra: { ...again.extra, keyed: true } } : again
}

function channelGone(delivery: Delivery, endedAt: number): Delivery {
  const lastDetail = 'the channel is no longer configured'
  return { ...delivery, state: 'dead', endedAt, lastReason: 'gone', lastDetail }
}

/** We stopped, perhaps before the request left: giving it up as told would lose it, however often we stop. */
function sendAgain(delivery: Delivery, now: number): Delivery {
  return { ...retryAt(delivery, now + unansweredRetryMs, now), unanswered: Math.max(delivery.unanswered, 1) }
}

function unanswered(delivery: Delivery, now: number): Delivery {
  const count = delivery.unanswered + 1
  const urgent = delivery.severity === 'error' || delivery.severity === 'critical'
  if (count >= 2 && !urgent) return { ...delivery, unanswered: count, state: 'unknown', endedAt: now }
  const wait = count === 1 ? unansweredRetryMs : backoffMs(delivery.attempts, delivery.seq)
  return { ...retryAt(delivery, now + wait, now), unanswered: count }
}

function retryAt(delivery: Delivery, dueAt: number, now: number): Delivery {
  if (now >= delivery.expireAt) return { ...delivery, state: 'expired', endedAt: now }
  return { ...delivery, state: 'retrying', dueAt: Math.min(dueAt, delivery.expireAt) }
}
