// Takes one event past its rules: for each rule and channel through the stages, to a message, a bundle or a reason; pure.
import { dedupe } from '../rules/dedupe.ts'
import { late } from '../rules/late.ts'
import { channelThrottle, throttle } from '../rules/throttle.ts'
import type { Rule, Stage } from '../rule.ts'
import type { DeliveryExtra, HubEvent, Severity } from '../words.ts'
import { type ConditionRow, jobKeys, keyOfEvent, keyOfRow, readRow, type Thread } from './condition-row.ts'
import type { Move } from './conditions.ts'
import { maxAgeOf } from './event.ts'
import type { Judge } from './judge.ts'
import { hold, tell } from './tell.ts'
import { addThreads, noteOf, pendingThreads, type ThreadTools, verdict } from './thread-tools.ts'
import { continueThreads, endThreads, flap } from './threads.ts'

/**
 * After `match`, in the order in which a person can predict them. Silences, mute windows and parents come before
 * dedupe; groups between dedupe and throttle.
 */
const stages: readonly NamedStage[] = [
  ['dedupe', dedupe],
  ['late', late],
  ['throttle', throttle],
  ['throttle', channelThrottle],
]

type NamedStage = readonly [name: string, stage: Stage]

/** An event that has a position, with what became of its condition. */
export interface Judged {
  readonly event: HubEvent
  readonly move?: Move
}

export interface JudgeTools extends ThreadTools {
  /** The events' own time. */
  readonly judgeNow: number
  /** The channel that must not hear of it: the one it names. */
  readonly not?: string | undefined
}

/** Takes an event past the rules that matched it. */
export function judgeEvent({ event, move }: Judged, matched: readonly Rule[], tools: JudgeTools): void {
  // An end without a beginning is told to nobody; that of what was told follows its threads, whatever the rules say.
  if (move?.kind === 'none') return
  if (move?.kind === 'resolved') return endThreads(move.row, event, tools)
  if (move?.kind === 'reopened') flap(move.row, move.before, tools)
  const owners = new Map<string, string>()
  for (const rule of matched) {
    for (const channel of rule.to) {
      const { draft, now, not } = tools
      const verdict = { event: event.seq, rule: rule.name, channel, at: now }
      const owner = owners.get(channel)
      if (owner === rule.name) continue
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
      const told = judgeFor(event, move, rule, channel, tools)
      if (told === rule.name) continue
      const reason = `rule ${told} has told of it on ${channel}`
      draft.verdicts.push({ ...verdict, state: 'merged', by: 'owner', reason })
      owners.set(channel, told)
    }
  }
}

/** Goes on in the channel's thread of the condition, or begins one; returns the rule in whose name. */
function judgeFor(event: HubEvent, move: Move | undefined, rule: Rule, channel: string, tools: JudgeTools): string {
  const to = { rule, channel, severity: rule.severity ?? event.severity }
  const key = keyOfEvent(event)
  const row = key === undefined ? undefined : readRow(tools.draft, key)
  if (row === undefined || move === undefined || move.kind === 'none' || move.kind === 'resolved') {
    runStages(event, undefined, to, stages, tools)
    return rule.name
  }
  const done = move.kind === 'opened' ? 'begins' : continueThreads(row, event, move, { ...to, rule: rule.name }, tools)
  if (typeof done === 'object') return done.rule
  runStages(event, row, to, done === 'worse' ? [] : stages, tools)
  return rule.name
}

/** Runs the stages for one rule and channel, then tells, holds or records why not. */
function runStages(
  event: HubEvent,
  condition: ConditionRow | undefined,
  { rule, channel, severity }: { readonly rule: Rule; readonly channel: string; readonly severity: Severity },
  passing: readonly NamedStage[],
  tools: JudgeTools,
): void {
  const { judge, draft, now, judgeNow } = tools
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
  const accepted: ((delivery: string | undefined) => void)[] = []
  let extra: DeliveryExtra = {}
  for (const [by, stage] of passing) {
    const result = stage(given)
    if (result.pass) {
      if (result.accepted !== undefined) accepted.push(result.accepted)
      if (result.extra !== undefined) extra = { ...extra, ...result.extra }
      continue
    }
    if (result.state === 'held') {
      const told = { seq: event.seq, source: event.source, time: event.time, severity }
      const { bundle, at, reason, source } = result
      const key = condition === undefined ? undefined : keyOfRow(condition)
      const more = { ...(source === undefined ? {} : { source }), ...(key === undefined ? {} : { condition: key }) }
      const repeats = extra.held ?? 0
      hold(draft, { bundle, at, by, channel, rule: rule.name, event: told, repeats, reason, ...more }, now)
      if (key !== undefined) {
        const base = { rule: rule.name, channel, event: event.seq, severity }
        const thread = { ...base, state: 'bundled', bundle, by, reason, until: at } as const
        addThreads(key, recipientsOf(judge, channel, thread), tools)
      }
      for (const note of accepted) note(undefined)
      return
    }
    if (condition !== undefined && result.until !== undefined) {
      return holdBeginning(event, condition, rule, channel, severity, by, result, tools)
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
  const into = tellEvent(event, condition, { rule: rule.name, channel, severity }, extra, tools)
  for (const note of accepted) note(into)
}

/** A one-shot that a stage merges is done with; a condition may still be open when the stage no longer holds it. */
function holdBeginning(
  event: HubEvent,
  condition: ConditionRow,
  rule: Rule,
  channel: string,
  severity: Severity,
  by: string,
  { reason, until = 0 }: { readonly reason: string; readonly until?: number },
  tools: JudgeTools,
): void {
  const key = keyOfRow(condition)
  const thread = { rule: rule.name, channel, state: 'held', by, reason, until, event: event.seq, severity } as const
  addThreads(key, recipientsOf(tools.judge, channel, thread), tools)
  const body = { condition: key, rule: rule.name, channel }
  tools.draft.job({
    key: jobKeys.still(key, rule.name, channel),
    kind: 'condition-still',
    dueAt: until,
    clock: 'hub',
    body,
  })
  verdict(tools, event.seq, thread, ['held', by, reason, undefined, until])
}

function recipientsOf(judge: Judge, channel: string, thread: Omit<Thread, 'recipient'>): Thread[] {
  return (judge.channels.get(channel)?.recipients ?? ['']).map((recipient) => ({ ...thread, recipient }))
}

export interface To {
  readonly rule: string
  readonly channel: string
  readonly severity: Severity
}

/** Makes the message that says so, and the threads of the condition it begins; returns its id. */
export function tellEvent(
  event: HubEvent,
  condition: ConditionRow | undefined,
  to: To,
  extra: DeliveryExtra,
  tools: ThreadTools,
): string | undefined {
  const events = [{ seq: event.seq, rule: to.rule }]
  const thread = condition?.thread ?? event.id
  const more = condition === undefined ? extra : { ...extra, ...noteOf(condition) }
  const deliveries = tell(tools.draft, tools.judge, { ...to, kind: 'open', thread, events, extra: more }, tools.now)
  if (condition !== undefined) addThreads(keyOfRow(condition), pendingThreads(deliveries, to.rule), tools)
  return deliveries[0]?.id
}
