// The way past the stages for one rule and channel: to a message, a bundle, a beginning that is held, or a reason; pure.
import { toId } from '../lib/id.ts'
import { dedupe } from '../rules/dedupe.ts'
import { group } from '../rules/group.ts'
import { late } from '../rules/late.ts'
import { mute } from '../rules/mute.ts'
import { silence } from '../rules/silence.ts'
import { channelThrottle, throttle } from '../rules/throttle.ts'
import type { Rule, Stage, StageResult } from '../rule.ts'
import type { DeliveryExtra, HubEvent, Severity } from '../words.ts'
import { countedWords, hold } from './bundle.ts'
import { type ConditionRow, jobKeys, keyOfRow, putRow, type Thread } from './condition-row.ts'
import { maxAgeOf } from './event.ts'
import type { Judge } from './judge.ts'
import { tell } from './tell.ts'
import { noteHeld } from './windows.ts'
import { addThreads, noteOf, pendingThreads, type ThreadTools, verdict } from './thread-tools.ts'

/**
 * After `match`, in the order in which a person can predict them. Parents come between mute and
 * dedupe.
 */
const stages: readonly (readonly [name: string, stage: Stage])[] = [
  ['silence', silence],
  ['mute', mute],
  ['dedupe', dedupe],
  ['late', late],
  ['group', group],
  ['throttle', throttle],
  ['throttle', channelThrottle],
]

/** What is to be told, by which rule and where. */
export interface Way {
  readonly event: HubEvent
  /** As it is by now. */
  readonly condition?: ConditionRow | undefined
  readonly rule: Rule
  readonly channel: string
  readonly severity: Severity
  /** What its message says beside the event's own words. */
  readonly extra?: DeliveryExtra
}

export interface StageTools extends ThreadTools {
  /** The events' own time. */
  readonly judgeNow: number
}

/** `past`: behind the stage that held it until now; `all`: what got worse is told at once. Returns the id of its message. */
export function passStages(way: Way, tools: StageTools, past?: string): string | undefined {
  const { event, condition, rule, channel, severity } = way
  const { judge, draft, now, judgeNow } = tools
  const given = {
    event,
    rule,
    channel,
    severity,
    state: draft,
    now,
    judgeNow,
    maxAgeMs: maxAgeOf(judge, event.source),
    isEach: judge.types.get(event.type)?.each === true,
    channelThrottle: judge.channels.get(channel)?.throttle,
    mutes: judge.mutes,
  }
  const accepted: ((delivery: string | undefined) => void)[] = []
  let extra = way.extra ?? {}
  for (const [by, stage] of stagesBehind(past)) {
    const result = stage(given)
    if (!result.pass) {
      stop(way, by, result, extra.held ?? 0, tools)
      if (result.state === 'held') for (const note of accepted) note(undefined)
      return undefined
    }
    if (result.accepted !== undefined) accepted.push(result.accepted)
    extra = { ...extra, ...result.extra }
  }
  const into = tellEvent(event, condition, { ...way, rule: rule.name }, extra, tools)
  for (const note of accepted) note(into)
  return into
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
  { rule, channel, severity }: To,
  extra: DeliveryExtra,
  tools: ThreadTools,
): string | undefined {
  const events = [{ seq: event.seq, rule }]
  const thread = condition?.thread ?? event.id
  const more = condition === undefined ? extra : { ...extra, ...noteOf(condition) }
  const intent = { rule, channel, severity, kind: 'open', thread, events, extra: more } as const
  const deliveries = tell(tools.draft, tools.judge, intent, tools.now)
  if (condition !== undefined) addThreads(keyOfRow(condition), pendingThreads(deliveries, rule), tools)
  return deliveries[0]?.id
}

/** What held its beginning is over: as bad as it is by now it goes on its way, past the stages behind the one that held it. */
export function goOn(row: ConditionRow, held: Thread, tools: ThreadTools): void {
  const { judge, draft, now } = tools
  const { rule: name, channel, by = 'condition' } = held
  const isHeld = (one: Thread): boolean => one.state === held.state && one.rule === name && one.channel === channel
  const condition = { ...row, threads: row.threads.filter((one) => !isHeld(one)) }
  putRow(draft, condition, now)
  const gone: Rule = { name, on: [], where: [], to: [channel], stop: false }
  const rule = judge.rules.find((one) => one.name === name) ?? gone
  const way = { event: eventOf(row), condition, rule, channel, severity: rule.severity ?? row.severity }
  const into = passStages({ ...way, extra: by === 'late' ? { heldBy: by } : {} }, { ...tools, judgeNow: now }, by)
  if (held.event === undefined || held.event === row.latest) return
  const after = into ?? { event: row.latest, rule: name }
  verdict(tools, held.event, held, ['merged', by, 'told when what held it was over', after])
}

/** What stages see of a condition whose event is not at hand. */
function eventOf(row: ConditionRow): HubEvent {
  const { type, source, host, subject, title, severity, seenAt, labels = {} } = row
  return {
    ...(host === undefined ? {} : { host }),
    ...(subject === undefined ? {} : { subject }),
    seq: row.latest,
    id: toId(row.latest),
    type,
    source,
    title,
    severity,
    time: seenAt,
    receivedAt: seenAt,
    labels,
    data: {},
    condition: { key: row.key, state: 'firing' },
  }
}

/** It is not to be told, for as long as that is said; then no hurry lets it pass. */
const lasting: ReadonlySet<string> = new Set(['silence', 'mute'])

function stagesBehind(past: string | undefined): typeof stages {
  if (past === 'all') return stages.filter(([name]) => lasting.has(name))
  const index = stages.findLastIndex(([name]) => name === past)
  return stages.slice(past !== undefined && lasting.has(past) ? index : index + 1)
}

/** A stage does not let it pass. */
function stop(
  way: Way,
  by: string,
  result: Exclude<StageResult, { readonly pass: true }>,
  repeats: number,
  tools: StageTools,
): void {
  const { event, condition, rule, channel } = way
  if (result.state === 'held') return bundleUp(way, by, result, repeats, tools)
  const { state, reason, into, until } = result
  // A one-shot that a stage merges is done with; a condition may still be open when the stage no longer holds it.
  if (condition !== undefined && until !== undefined) return holdBeginning(way, condition, by, reason, until, tools)
  verdict(tools, event.seq, { rule: rule.name, channel }, [state, by, reason, into, until])
}

function bundleUp(
  { event, condition, rule, channel, severity }: Way,
  by: string,
  { bundle, at, reason, source, host, endsEarly }: Extract<StageResult, { readonly state: 'held' }>,
  repeats: number,
  tools: StageTools,
): void {
  const { draft, now } = tools
  const { seq, time } = event
  const key = condition === undefined ? undefined : keyOfRow(condition)
  const more = {
    ...(source === undefined ? {} : { source }),
    ...(key === undefined ? {} : { condition: key }),
    ...(host === undefined ? {} : { host }),
  }
  const held = { seq, source: event.source, time, severity }
  const isNamed = hold(draft, { bundle, at, by, channel, rule: rule.name, event: held, repeats, reason, ...more }, now)
  if (endsEarly === true) noteHeld(draft, event.host, bundle)
  if (key === undefined) return
  const base = { rule: rule.name, channel, event: seq, severity }
  const bundled = { ...base, state: 'bundled', bundle, by, reason, until: at } as const
  const thread = isNamed ? bundled : ({ ...base, state: 'lost', reason: countedWords } as const)
  addThreads(key, forAll(tools.judge, thread), tools)
}

function holdBeginning(
  { event, rule, channel, severity }: Way,
  condition: ConditionRow,
  by: string,
  reason: string,
  until: number,
  tools: StageTools,
): void {
  const key = keyOfRow(condition)
  const thread = { rule: rule.name, channel, state: 'held', by, reason, until, event: event.seq, severity } as const
  addThreads(key, forAll(tools.judge, thread), tools)
  const body = { condition: key, rule: rule.name, channel }
  const job = { key: jobKeys.still(key, rule.name, channel), kind: 'condition-still', dueAt: until } as const
  tools.draft.job({ ...job, clock: 'judge', source: condition.source, body })
  if (by === 'mute') noteHeld(tools.draft, event.host, job.key)
  verdict(tools, event.seq, thread, ['held', by, reason, undefined, until])
}

function forAll(judge: Judge, thread: Omit<Thread, 'recipient'>): Thread[] {
  return (judge.channels.get(thread.channel)?.recipients ?? ['']).map((recipient) => ({ ...thread, recipient }))
}
