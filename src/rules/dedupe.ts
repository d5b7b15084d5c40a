// Calms repeats: within `for` after a key's message, further events of that key are merged into it and counted.
import { toKey } from '../lib/key.ts'
import { passes, type Stage } from '../rule.ts'
import type { HubEvent, Json } from '../words.ts'
import type { Rule } from '../rule.ts'
import { valueOf } from './match.ts'

/** What is remembered of a key: the last message accepted for delivery, and the repeats since. */
export type Window = {
  /** Judge time of the message: windows count from the last one told and do not slide. */
  readonly at: number
  /** Hub time of the same: later than now means that the clock was set back since. */
  readonly hubAt: number
  readonly into?: string
  /** The event of that message, which may have to wait for it. */
  readonly event?: number
  readonly held: number
  readonly heldSince?: number
}

/** Counts of repeats outlive their window this long, for the key's next message. */
const countKeptMs = 7 * 86_400_000
/** Events may arrive late by their own clock; a window is forgotten only well after its end. */
const windowKeptMs = 86_400_000

/** The event type is part of every key, and so are rule and channel: each channel's owner decides alone. */
export function dedupeKey(rule: Rule, channel: string, event: HubEvent): string {
  const values = (rule.dedupe?.by ?? []).map((name) => valueOf(event, name))
  return toKey('dedupe', rule.name, channel, event.type, ...values)
}

export const dedupe: Stage = ({ event, rule, channel, state, now, judgeNow, isEach }) => {
  if (rule.dedupe === undefined || isEach) return passes
  const { forMs, tell } = rule.dedupe
  const key = dedupeKey(rule, channel, event)
  const window = rebase(state.get(key) as Window | undefined, now, judgeNow)
  if (window !== undefined && judgeNow - window.at < forMs) {
    const until = window.at + forMs
    // It is told by itself, should it still be open then: it is no repeat.
    if (event.condition !== undefined) {
      return {
        pass: false,
        state: 'merged',
        reason: `another of the same ${nameOf(rule)} was told within its window`,
        until,
      }
    }
    const held = window.held + 1
    const since = window.heldSince ?? event.time
    state.put(key, { ...window, held, heldSince: since } satisfies Json, now + forMs + countKeptMs)
    if (tell === 'end' && window.held === 0) {
      const body = { rule: rule.name, channel, event: event.seq, severity: rule.severity ?? event.severity }
      state.job({ key, kind: 'dedupe-end', dueAt: until, clock: 'judge', source: event.source, body })
    }
    const reason = `a repeat of the same ${nameOf(rule)} within its window`
    const first = window.event === undefined ? undefined : { event: window.event, rule: rule.name }
    const into = window.into ?? first
    return { pass: false, state: 'merged', reason, until, ...(into === undefined ? {} : { into }) }
  }
  const told = (into: string | undefined): void => {
    state.put(
      key,
      { at: judgeNow, hubAt: now, event: event.seq, held: 0, ...(into === undefined ? {} : { into }) },
      now + forMs + windowKeptMs,
    )
  }
  if (window === undefined || window.held === 0) return { pass: true, accepted: told }
  const extra = { held: window.held, ...(window.heldSince === undefined ? {} : { heldSince: window.heldSince }) }
  return { pass: true, extra, accepted: told }
}

/** After the clock went back, a window that began in what is now the future counts from now on. */
function rebase(window: Window | undefined, now: number, judgeNow: number): Window | undefined {
  if (window === undefined || now >= window.hubAt) return window
  return { ...window, at: Math.min(window.at, judgeNow), hubAt: now }
}

function nameOf(rule: Rule): string {
  return rule.dedupe === undefined || rule.dedupe.by.length === 0 ? 'type' : rule.dedupe.by.join(' and ')
}
