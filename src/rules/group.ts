// Groups: of what comes together the first is told at once, the rest as one message when the interval is over.
import { toKey } from '../lib/key.ts'
import { passes, type Rule, type Stage, type StageState } from '../rule.ts'
import type { HubEvent } from '../words.ts'
import { valueOf } from './match.ts'

/** Of a group that is under way: what comes until then waits, in the n-th bundle since it began. */
export type Gathering = { readonly until: number; readonly n: number }

/** A storm is told in several messages, so that nothing of it is only counted. */
export const mostInGroup = 100

export const group: Stage = ({ event, rule, channel, state, now }) => {
  if (rule.group === undefined) return passes
  const { waitMs, intervalMs } = rule.group
  const key = groupKey(rule, channel, event)
  const gathering = state.get(key) as Gathering | undefined
  const isOpen = gathering !== undefined && gathering.until > now
  const known = gathering?.n ?? 0
  const waiting = state.get(bundleOfGroup(key, known)) as { readonly events: readonly unknown[] } | undefined
  const n = (waiting?.events.length ?? 0) < mostInGroup ? known : known + 1
  const bundle = bundleOfGroup(key, n)
  if (n !== known && gathering !== undefined) state.put(key, { ...gathering, n }, gathering.until + keptMs)
  // What waits already goes first.
  if (isOpen || waiting !== undefined) {
    const at = isOpen ? gathering.until : now
    return {
      pass: false,
      state: 'held',
      reason: `others of the same ${nameOf(rule)} were told a moment ago`,
      bundle,
      at,
    }
  }
  const open = (spanMs: number): void =>
    state.put(key, { until: now + spanMs, n } satisfies Gathering, now + spanMs + keptMs)
  if (waitMs > 0) {
    open(waitMs)
    return {
      pass: false,
      state: 'held',
      reason: `waits for others of the same ${nameOf(rule)}`,
      bundle,
      at: now + waitMs,
    }
  }
  return { pass: true, accepted: () => open(intervalMs) }
}

/** What was held has been told: what comes next waits for another interval, so that a storm is one message each time. */
export function goOnGathering(bundle: string, intervalMs: number, state: StageState, now: number): void {
  const key = bundle.slice('bundle|'.length, bundle.lastIndexOf('#'))
  const n = Number(bundle.slice(bundle.lastIndexOf('#') + 1))
  const known = state.get(key) as Gathering | undefined
  // A full one goes while others gather.
  if (known !== undefined && known.n > n && known.until > now) return
  const until = now + intervalMs
  state.put(key, { until, n: known?.n ?? n } satisfies Gathering, until + keptMs)
}

/** A row is of no use when its time is over; a little longer, for what was held until then. */
const keptMs = 3_600_000

/** The event type is part of the key only where it is asked for: a burst is often of several. */
export function groupKey(rule: Rule, channel: string, event: HubEvent): string {
  return toKey('group', rule.name, channel, ...(rule.group?.by ?? []).map((name) => valueOf(event, name)))
}

export function bundleOfGroup(key: string, n = 0): string {
  return `bundle|${key}#${n}`
}

function nameOf({ group: given }: Rule): string {
  return given === undefined || given.by.length === 0 ? 'rule' : given.by.join(' and ')
}
