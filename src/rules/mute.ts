// Mute windows: spans in which some events are held, and told as their policy says when the span is over.
import { toKey } from '../lib/key.ts'
import { globMatches } from '../lib/glob.ts'
import { passes, type Stage, type StageState } from '../rule.ts'
import type { Mute } from '../rule-mute.ts'
import type { HubEvent } from '../words.ts'
import { valueOf } from './match.ts'
import { type Seen, silenceOf, wordsOf } from './silence.ts'

/** Of one host: the windows that watches have opened, and what is held until they end. */
export type Windows = {
  readonly v: 1
  readonly open: readonly Window[]
  /** Keys of the jobs that look at what is held, so that an early end need not search for them. */
  readonly held: readonly string[]
  /** What `clockKey` said when it was written: its times move with the clock. */
  readonly steppedMs?: number
}

export type Window = {
  readonly kind: Mute['kind']
  readonly from: number
  readonly until: number
  /** Behind its end it still holds conditions that began in it, until then. */
  readonly lateUntil?: number
}

export function windowsKey(host: string): string {
  return toKey('windows', host)
}

/** A row with the sum of all steps of the wall clock, in milliseconds: what lasts for a span is not longer or shorter by them. */
export const clockKey = 'clock'

export function steppedMs(state: Pick<StageState, 'get'>): number {
  const sum = state.get(clockKey)
  return typeof sum === 'number' ? sum : 0
}

/** As they are by the clock of now. */
export function readWindows(state: Pick<StageState, 'get'>, host: string): Windows | undefined {
  const windows = state.get(windowsKey(host)) as Windows | undefined
  if (windows === undefined) return undefined
  const byMs = steppedMs(state) - (windows.steppedMs ?? 0)
  if (byMs === 0) return windows
  const open = windows.open.map(({ lateUntil, ...one }) => ({
    ...one,
    from: one.from + byMs,
    until: one.until + byMs,
    ...(lateUntil === undefined ? {} : { lateUntil: lateUntil + byMs }),
  }))
  return { ...windows, open, steppedMs: steppedMs(state) }
}

/** What is held of one host for its report, on one channel. */
export function reportBundle(host: string, channel: string): string {
  return toKey('bundle', 'mute', host, channel)
}

function digestBundle(mute: Mute, channel: string): string {
  return toKey('bundle', 'mute-digest', mute.name, channel)
}

export interface Muted {
  readonly mute: Mute
  readonly until: number
  /** For `why`: each window that covers it. */
  readonly reason: string
}

export const mute: Stage = ({ event, channel, state, now, mutes }) => {
  const muted = mutedBy(event, mutes, state, now)
  if (muted === undefined) return passes
  const { until, reason } = muted
  const { atEnd } = muted.mute
  const isCondition = event.condition !== undefined
  if (isCondition ? atEnd !== 'digest' : atEnd === 'silent') return { pass: false, state: 'suppressed', reason, until }
  const isReport = atEnd === 'report' && event.host !== undefined
  const bundle = isReport ? reportBundle(event.host, channel) : digestBundle(muted.mute, channel)
  const isOpened = muted.mute.covers === undefined
  return {
    pass: false,
    state: 'held',
    reason,
    bundle,
    at: until,
    ...(isReport ? { host: event.host } : {}),
    ...(isOpened ? { endsEarly: true as const } : {}),
  }
}

/** Of the windows that cover it now, the one that lasts longest decides; all are named. */
export function mutedBy(
  seen: Seen & Partial<Pick<HubEvent, 'data' | 'condition'>>,
  mutes: readonly Mute[],
  state: Pick<StageState, 'get'>,
  now: number,
): Muted | undefined {
  if (mutes.length === 0) return undefined
  const found: { readonly mute: Mute; readonly until: number }[] = []
  for (const one of mutes) {
    if (!meets(one, seen)) continue
    const until = one.covers === undefined ? openUntil(one.kind, seen, state, now) : one.covers(now)
    if (until !== undefined) found.push({ mute: one, until })
  }
  const longest = found.toSorted((one, other) => other.until - one.until)[0]
  return longest === undefined ? undefined : { ...longest, reason: found.map((one) => one.mute.name).join(' and ') }
}

/** A silence or a window that covers it, for what is said in threads that are there already. */
export function quietBy(
  seen: Seen,
  mutes: readonly Mute[],
  state: Pick<StageState, 'get'>,
  now: number,
): { readonly by: 'silence' | 'mute'; readonly until: number; readonly reason: string } | undefined {
  const silenced = silenceOf(seen, state, now)
  const muted = mutedBy(seen, mutes, state, now)
  if (silenced !== undefined && (muted === undefined || silenced.until >= muted.until))
    return { by: 'silence', until: silenced.until, reason: wordsOf(silenced) }
  return muted === undefined ? undefined : { by: 'mute', until: muted.until, reason: muted.reason }
}

function meets({ on, pass, where, hold }: Mute, seen: Seen & Partial<Pick<HubEvent, 'data'>>): boolean {
  if (hold === 'below-critical' && seen.severity === 'critical') return false
  const isNamed = (pattern: string): boolean => globMatches(pattern, seen.type)
  if (!on.some(isNamed) || pass.some(isNamed)) return false
  const event = { ...seen, data: seen.data ?? {} }
  return where.every((matcher) => matcher.matches(valueOf(event, matcher.name)))
}

function openUntil(
  kind: Mute['kind'],
  { host, condition }: Seen & Partial<Pick<HubEvent, 'condition'>>,
  state: Pick<StageState, 'get'>,
  now: number,
): number | undefined {
  const windows = host === undefined ? undefined : readWindows(state, host)
  const open = windows?.open.find((one) => one.kind === kind && one.from <= now)
  if (open === undefined || open.until > now) return open?.until
  const { until, lateUntil = 0 } = open
  // Had the window not ended early, it would be held.
  return lateUntil > now && condition?.since !== undefined && condition.since < until ? lateUntil : undefined
}
