// Takes one event past its rules: for each rule and channel through the stages, to a message, a bundle or a reason; pure.
import { dedupe } from '../rules/dedupe.ts'
import { late } from '../rules/late.ts'
import { channelThrottle, throttle } from '../rules/throttle.ts'
import type { Rule, Stage } from '../rule.ts'
import { toId } from '../lib/id.ts'
import type { DeliveryExtra, HubEvent, NewEvent, Severity } from '../words.ts'
import type { Draft } from './draft.ts'
import { maxAgeOf, toSketch } from './event.ts'
import type { Judge } from './judge.ts'
import { rulesFor } from './plan.ts'
import { hold, tell } from './tell.ts'

/**
 * After `match`, in the order in which a person can predict them. Silences, mute windows and parents come before
 * dedupe; groups between dedupe and throttle.
 */
const stages: readonly (readonly [name: string, stage: Stage])[] = [
  ['dedupe', dedupe],
  ['late', late],
  ['throttle', throttle],
  ['throttle', channelThrottle],
]

/** An event that the hub itself has to report, judged like any other. */
export function deriveEvent(judge: Judge, draft: Draft, event: Derived, cause: number, now: number): string {
  const sketch = toSketch(judge, { kind: 'event', source: 'sereno', event, receivedAt: now })
  const seq = draft.takeSeq()
  const derived: HubEvent = { seq, id: toId(seq), ...sketch, cause }
  draft.events.push(derived)
  const rules = event.only === undefined ? rulesFor(judge, derived) : []
  judgeEvent(judge, draft, derived, rules, now, now, event.not)
  for (const channel of event.only ?? event.also ?? []) {
    const told = draft.verdicts.some((verdict) => verdict.event === seq && verdict.channel === channel)
    if (told || channel === event.not) continue
    tellEvent(judge, draft, derived, { rule: event.rule ?? '(fallback)', channel, severity: derived.severity }, {}, now)
  }
  return derived.id
}

export interface Derived extends NewEvent {
  /** The channel that must not hear of it: the one it names. */
  readonly not?: string
  /** Channels that hear of it whatever the rules say. */
  readonly also?: readonly string[]
  /** Channels that hear of it instead of those of the rules. */
  readonly only?: readonly string[]
  readonly rule?: string
}

export function judgeEvent(
  judge: Judge,
  draft: Draft,
  event: HubEvent,
  matched: readonly Rule[],
  now: number,
  judgeNow: number,
  not?: string,
): void {
  const owners = new Map<string, string>()
  for (const rule of matched) {
    for (const channel of rule.to) {
      const verdict = { event: event.seq, rule: rule.name, channel, at: now }
      const owner = owners.get(channel)
      if (owner !== undefined) {
        const reason = `rule ${owner} owns this event on ${channel}`
        draft.verdicts.push({ ...verdict, state: 'merged', by: 'owner', reason })
        continue
      }
      owners.set(channel, rule.name)
      if (channel === not) {
        const reason = 'a channel is not told of its own failure'
        draft.verdicts.push({ ...verdict, state: 'suppressed', by: 'outbox', reason })
        continue
      }
      judgeFor(judge, draft, event, rule, channel, now, judgeNow)
    }
  }
}

/** Runs the stages for one rule and channel, then tells, holds or records why not. */
function judgeFor(
  judge: Judge,
  draft: Draft,
  event: HubEvent,
  rule: Rule,
  channel: string,
  now: number,
  judgeNow: number,
): void {
  const given = {
    event,
    rule,
    channel,
    state: draft,
    now,
    judgeNow,
    maxAgeMs: maxAgeOf(judge, event.source),
    channelThrottle: judge.channels.get(channel)?.throttle,
  }
  const severity = rule.severity ?? event.severity
  const accepted: ((delivery: string | undefined) => void)[] = []
  let extra: DeliveryExtra = {}
  for (const [by, stage] of stages) {
    const result = stage(given)
    if (result.pass) {
      if (result.accepted !== undefined) accepted.push(result.accepted)
      if (result.extra !== undefined) extra = { ...extra, ...result.extra }
      continue
    }
    if (result.state === 'held') {
      const told = { seq: event.seq, source: event.source, time: event.time, severity }
      const { bundle, at, reason } = result
      const held = { bundle, at, by, channel, rule: rule.name, event: told, repeats: extra.held ?? 0, reason }
      hold(draft, result.source === undefined ? held : { ...held, source: result.source }, now)
      for (const note of accepted) note(undefined)
      return
    }
    const { state, reason, into, until } = result
    draft.verdicts.push({
      event: event.seq,
      rule: rule.name,
      channel,
      state,
      by,
      reason,
      at: now,
      ...(into === undefined ? {} : { into }),
      ...(until === undefined ? {} : { until }),
    })
    return
  }
  const into = tellEvent(judge, draft, event, { rule: rule.name, channel, severity }, extra, now)
  for (const note of accepted) note(into)
}

interface To {
  readonly rule: string
  readonly channel: string
  readonly severity: Severity
}

function tellEvent(judge: Judge, draft: Draft, event: HubEvent, to: To, extra: DeliveryExtra, now: number): string {
  const events = [{ seq: event.seq, rule: to.rule }]
  return tell(draft, judge, { ...to, kind: 'open', thread: event.id, events, extra }, now)
}
