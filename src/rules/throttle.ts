// Keeps the pace: at most `max` messages in any span of `per`; what is over waits and is told as one.
// What is critical neither waits nor takes the place of another.
import { writeDuration } from '../lib/duration.ts'
import { toKey } from '../lib/key.ts'
import { passes, type Stage, type StageResult, type StageState, type Throttle } from '../rule.ts'

/** Times of the messages of the last span, oldest first. */
type Pace = readonly number[]

/** The rule's own throttle. */
export const throttle: Stage = ({ rule, channel, severity, state, now }) =>
  rule.throttle === undefined || severity === 'critical'
    ? passes
    : pace(rule.throttle, throttleKey(rule.name, channel), state, now)

/** The channel's, over all rules. */
export const channelThrottle: Stage = ({ channelThrottle: limit, channel, severity, state, now }) =>
  limit === undefined || severity === 'critical' ? passes : pace(limit, throttleKey('', channel), state, now)

/** A rule's pace on a channel; with the empty rule, the channel's own pace over all rules. */
export function throttleKey(rule: string, channel: string): string {
  return toKey('throttle', rule, channel)
}

/** Where what is over the pace waits. */
export function bundleOf(paceKey: string): string {
  return `bundle|${paceKey}`
}

function pace(limit: Throttle, key: string, state: StageState, now: number): StageResult {
  const recent = sentWithin(limit, state.get(key) as Pace | undefined, now)
  const bundle = bundleOf(key)
  const room = recent.length < limit.max && state.get(bundle) === undefined
  if (!room) {
    const reason = `more than ${limit.max} messages in ${writeDuration(limit.perMs)}`
    return { pass: false, state: 'held', reason, bundle, at: (recent[0] ?? now) + limit.perMs }
  }
  return { pass: true, accepted: () => noteSent(limit, key, state, now) }
}

/** One more message went out at `now`. */
export function noteSent(limit: Throttle, key: string, state: StageState, now: number): void {
  const recent = sentWithin(limit, state.get(key) as Pace | undefined, now)
  state.put(key, [...recent, now].slice(-limit.max), now + limit.perMs)
}

function sentWithin(limit: Throttle, sent: Pace | undefined, now: number): Pace {
  return (sent ?? []).filter((at) => at > now - limit.perMs && at <= now)
}
