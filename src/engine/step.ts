// The judge: one input and the state it needs in, what changes out. Pure: no clock, no I/O, no randomness.
import { createHash } from 'node:crypto'
import { toId } from '../lib/id.ts'
import { toKey } from '../lib/key.ts'
import { dedupe, dedupeKey, type Window } from '../rules/dedupe.ts'
import { late, lateKey } from '../rules/late.ts'
import { match } from '../rules/match.ts'
import { bundleOf, channelThrottle, noteSent, throttle, throttleKey } from '../rules/throttle.ts'
import type { Rule, Stage } from '../rule.ts'
import type { DeliveryExtra, HubEvent, Json, NewEvent, Severity } from '../words.ts'
import type { Draft } from './draft.ts'
import type { CommandInput, EventInput, Input, JobInput } from './input.ts'
import { defaultMaxAgeMs, type Judge } from './judge.ts'
import { channelStateKey, stepReport } from './report.ts'
import { type Bundle, hold, tell } from './tell.ts'

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

/** An input with all that is known of it before its state is: whom it meets, and which rows the decision needs. */
export interface Plan {
  readonly input: Input
  readonly keys: readonly string[]
  readonly identity?: string
  readonly sketch?: Sketch
  readonly matched?: readonly Rule[]
}

/** An event that has no position yet. */
type Sketch = Omit<HubEvent, 'seq' | 'id'>

/** How far an event's own time may be ahead of its receipt before we distrust it. */
const aheadMs = 300_000

export function plan(judge: Judge, input: Input): Plan {
  switch (input.kind) {
    case 'event':
      return planEvent(judge, input)
    case 'job':
      return { input, keys: [input.job.key, ...pacesOf(input)] }
    case 'outcome':
      return { input, keys: [channelStateKey(input.delivery.channel)] }
    case 'command':
    case 'config':
      return { input, keys: [] }
  }
}

/** Steps one planned input; returns the id of the event it made, if it is one. */
export function step(judge: Judge, draft: Draft, planned: Plan, now: number): Stepped {
  const { input } = planned
  if (input.kind === 'event') return stepEvent(judge, draft, planned, input, now)
  const seq = draft.takeSeq()
  draft.inputs.push({ seq, at: now, kind: input.kind, body: bodyOf(input) })
  switch (input.kind) {
    case 'job':
      stepJob(judge, draft, input, now)
      return {}
    case 'outcome':
      for (const event of stepReport(judge, draft, input)) deriveEvent(judge, draft, event, seq, now)
      return {}
    case 'command':
      return stepCommand(judge, draft, input, seq, now)
    case 'config':
      draft.settings.push(['config', input.document])
      return {}
  }
}

export interface Stepped {
  /** The id of the event that was made, or of the first one with the same identity. */
  readonly id?: string
  readonly duplicate?: boolean
}

function planEvent(judge: Judge, input: EventInput): Plan {
  const sketch = toSketch(judge, input)
  const event = { ...sketch, seq: 0, id: '' }
  const matched = rulesFor(judge, event)
  const keys = [judgeTimeKey(sketch)]
  for (const rule of matched) {
    for (const channel of rule.to) keys.push(...keysFor(judge, rule, channel, event))
  }
  const { identity } = input.event
  if (identity === undefined) return { input, keys, sketch, matched }
  return { input, keys, sketch, matched, identity: toKey(input.source, identity.producer, identity.id) }
}

function keysFor(judge: Judge, rule: Rule, channel: string, event: HubEvent): string[] {
  const keys: string[] = []
  if (rule.dedupe !== undefined) keys.push(dedupeKey(rule, channel, event))
  if (rule.throttle !== undefined) keys.push(...paceKeys(rule.name, channel))
  if (judge.channels.get(channel)?.throttle !== undefined) keys.push(...paceKeys('', channel))
  if (event.receivedAt - event.time > maxAgeOf(judge, event.source)) {
    keys.push(lateKey(event.source, channel))
  }
  return keys
}

function paceKeys(rule: string, channel: string): [string, string] {
  const key = throttleKey(rule, channel)
  return [key, bundleOf(key)]
}

function pacesOf({ job }: JobInput): string[] {
  return job.kind === 'bundle' ? [job.key.replace(/^bundle\|/, '')] : []
}

/** Rules that an event meets, in order, up to the first that says `stop`. */
function rulesFor(judge: Judge, event: HubEvent): Rule[] {
  const matched: Rule[] = []
  for (const rule of judge.rules) {
    if (!match(rule, event).matched) continue
    matched.push(rule)
    if (rule.stop) break
  }
  return matched
}

function stepEvent(judge: Judge, draft: Draft, planned: Plan, input: EventInput, now: number): Stepped {
  const sketch = planned.sketch ?? toSketch(judge, input)
  if (planned.identity !== undefined) {
    const digest = digestOf(sketch, input.event.time)
    const known = draft.identity(planned.identity)
    if (known?.digest === digest) return { id: toId(known.seq), duplicate: true }
    if (known !== undefined) {
      const data: Json = { firstEvent: toId(known.seq), identity: input.event.identity ?? null, source: input.source }
      const seq = draft.takeSeq()
      deriveEvent(judge, draft, { type: 'sereno.id-reused', subject: input.event.identity?.id ?? '', data }, seq, now)
    }
    draft.identities.set(planned.identity, { seq: draft.nextSeq, digest, at: now })
  }
  const seq = draft.takeSeq()
  const event: HubEvent = { seq, id: toId(seq), ...sketch }
  draft.events.push(event)
  const judgeNow = moveJudgeTime(draft, event)
  judgeEvent(judge, draft, event, planned.matched ?? rulesFor(judge, event), now, judgeNow)
  return { id: event.id }
}

/** An event that the hub itself has to report, judged like any other. */
function deriveEvent(judge: Judge, draft: Draft, event: Derived, cause: number, now: number): string {
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

function judgeEvent(
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

function stepJob(judge: Judge, draft: Draft, { job }: JobInput, now: number): void {
  // Read from the store a moment ago: another input may have taken or moved it since.
  if (draft.jobOf(job.key)?.dueAt !== job.dueAt) return
  draft.cancel(job.key)
  if (job.kind === 'bundle') return tellBundle(judge, draft, job.key, now)
  if (job.kind === 'dedupe-end') return tellRepeats(judge, draft, job.key, job.body, now)
  throw new Error(`a job of an unknown kind: ${job.kind}`)
}

function tellBundle(judge: Judge, draft: Draft, key: string, now: number): void {
  const bundle = draft.get(key) as Bundle | undefined
  if (bundle === undefined) return
  draft.put(key, undefined)
  const only = bundle.events.length === 1 && bundle.unnamed === 0 ? bundle.events[0] : undefined
  const { channel, rule, events, severity, by, unnamed, since } = bundle
  const counted = unnamed === 0 ? {} : { unnamed }
  const extra: DeliveryExtra = only === undefined ? { heldBy: by, heldSince: since, ...counted } : {}
  const thread = only === undefined ? key : toId(only.seq)
  const kind = only === undefined ? 'digest' : 'open'
  const ends = by === 'late' ? ({ verdict: 'merged', by: 'late' } as const) : {}
  tell(draft, judge, { channel, rule, kind, thread, events, severity, extra, ...ends }, now)
  if (by !== 'throttle') return
  const owner = judge.rules.find(({ name }) => name === rule)
  const ofChannel = throttleKey('', channel)
  const ofRule = throttleKey(rule, channel)
  const channelLimit = judge.channels.get(channel)?.throttle
  if (key === bundleOf(ofChannel) && channelLimit !== undefined) noteSent(channelLimit, ofChannel, draft, now)
  if (key === bundleOf(ofRule) && owner?.throttle !== undefined) noteSent(owner.throttle, ofRule, draft, now)
}

/** The end of a dedupe window with `tell: end`: says how many repeats there were. */
function tellRepeats(judge: Judge, draft: Draft, key: string, body: Json, now: number): void {
  const window = draft.get(key) as Window | undefined
  if (window === undefined || window.held === 0) return
  draft.put(key, undefined)
  const { rule, channel, event, severity } = body as {
    rule: string
    channel: string
    event: number
    severity: Severity
  }
  const extra = { held: window.held, ...(window.heldSince === undefined ? {} : { heldSince: window.heldSince }) }
  const events = [{ seq: event, rule }]
  const ended = { verdict: 'merged', by: 'dedupe' } as const
  tell(draft, judge, { channel, rule, kind: 'note', thread: toId(event), events, severity, extra, ...ended }, now)
}

function stepCommand(judge: Judge, draft: Draft, { command }: CommandInput, seq: number, now: number): Stepped {
  switch (command.name) {
    case 'tell': {
      const { channel, event, rule } = command
      return { id: deriveEvent(judge, draft, { ...event, only: [channel], rule }, seq, now) }
    }
    case 'retry': {
      const { delivery } = command
      const expireAt = now + (judge.channels.get(delivery.channel)?.expireAfterMs ?? 86_400_000)
      const { endedAt: _ended, ...open } = delivery
      draft.deliveries.set(delivery.seq, { ...open, state: 'queued', unanswered: 0, dueAt: now, expireAt })
      if (delivery.extra.settled === true) return {}
      for (const [index, event] of delivery.events.entries()) {
        const verdict = {
          event,
          rule: delivery.extra.rules?.[index] ?? delivery.rule,
          channel: delivery.channel,
          by: 'outbox',
          into: delivery.id,
          at: now,
        }
        draft.verdicts.push({ ...verdict, state: 'queued', reason: 'to be sent again by hand' })
      }
      return {}
    }
    case 'clock-jump': {
      draft.shiftJobsMs += command.byMs
      const data = { bySeconds: command.byMs / 1000 }
      return { id: deriveEvent(judge, draft, { type: 'sereno.clock-jump', data }, seq, now) }
    }
  }
}

/** Adds what the hub knows: source, host, labels by the type's catalogue, the default severity. */
function toSketch(judge: Judge, input: EventInput): Sketch {
  const { event, receivedAt, source } = input
  const type = judge.types.get(event.type)
  const facts = judge.sources.get(source)
  const labels: Record<string, string> = { ...facts?.labels, ...event.labels }
  for (const name of type?.labels ?? []) {
    const value = event.data?.[name]
    if (value !== undefined && value !== null && labels[name] === undefined) labels[name] = toLabel(value)
  }
  const host = event.host ?? facts?.host
  return {
    type: event.type,
    time: event.time ?? receivedAt,
    receivedAt,
    source,
    ...(host === undefined ? {} : { host }),
    ...(event.subject === undefined ? {} : { subject: event.subject }),
    severity: event.severity ?? type?.severity ?? 'info',
    labels,
    data: event.data ?? {},
    ...(event.title === undefined ? {} : { title: event.title }),
    ...(event.text === undefined ? {} : { text: event.text }),
    ...(event.condition === undefined ? {} : { condition: event.condition }),
  }
}

function toLabel(value: Json): string {
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).slice(0, 256)
}

function maxAgeOf(judge: Judge, source: string): number {
  return judge.sources.get(source)?.maxAgeMs ?? defaultMaxAgeMs
}

function judgeTimeKey(event: Sketch): string {
  return toKey('judge-time', event.source, event.host ?? '')
}

/** The events' own time, never going back for one source and host, never far ahead of the receipt. */
function moveJudgeTime(draft: Draft, event: HubEvent): number {
  const key = judgeTimeKey(event)
  const last = draft.get(key) as number | undefined
  const judgeNow = Math.min(event.receivedAt + aheadMs, Math.max(event.time, last ?? event.time))
  if (judgeNow !== last) draft.put(key, judgeNow)
  return judgeNow
}

/** What is kept of an input beside its effects. */
function bodyOf(input: Exclude<Input, EventInput>): Json {
  switch (input.kind) {
    case 'job':
      return { key: input.job.key, kind: input.job.kind }
    case 'outcome':
      return { delivery: input.delivery.id, attempt: input.delivery.attempts, result: input.result as unknown as Json }
    case 'command':
      return input.command.name === 'retry'
        ? { name: 'retry', delivery: input.command.delivery.id }
        : (input.command as unknown as Json)
    case 'config':
      return input.document
  }
}

/** Tells one content from another under the same identity. */
function digestOf(sketch: Sketch, time: number | undefined): string {
  const { type, subject, labels, data, title, text } = sketch
  const content = JSON.stringify([type, time ?? null, subject ?? null, labels, data, title ?? null, text ?? null])
  return createHash('sha256').update(content).digest('base64url').slice(0, 22)
}
