// Late news: what is older than its source's `maxAge` waits until the source has caught up. One-shots and conditions that have
// ended by then are told as one digest, a condition that is still open as such.
import { toKey } from '../lib/key.ts'
import { passes, type Stage } from '../rule.ts'

/** After catching up, stragglers of the same past may still come. */
const settleMs = 5000

export const late: Stage = ({ event, channel, maxAgeMs, now }) => {
  const age = event.receivedAt - event.time
  if (age <= maxAgeMs) return passes
  const reason = `${Math.round(age / 60_000)} min old when it was received`
  const bundle = lateKey(event.source, channel)
  return { pass: false, state: 'held', reason, bundle, at: now + settleMs, source: event.source }
}

export function lateKey(source: string, channel: string): string {
  return toKey('bundle', 'late', source, channel)
}
