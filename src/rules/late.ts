// Late news: one-shots older than their source's `maxAge` are told as one digest, once the source has caught up.
import { toKey } from '../lib/key.ts'
import { passes, type Stage } from '../rule.ts'

/** After catching up, stragglers of the same past may still come. */
const settleMs = 5000

export const late: Stage = ({ event, channel, maxAgeMs, now }) => {
  const age = event.receivedAt - event.time
  if (age <= maxAgeMs || event.condition !== undefined) return passes
  const reason = `${Math.round(age / 60_000)} min old when it was received`
  const bundle = lateKey(event.source, channel)
  return { pass: false, state: 'held', reason, bundle, at: now + settleMs, source: event.source }
}

export function lateKey(source: string, channel: string): string {
  return toKey('bundle', 'late', source, channel)
}
