// The judge: one input and the state it needs in, what changes out. Pure: no clock, no I/O, no randomness.
import { fromId, toId } from '../lib/id.ts'
import type { Window } from '../rules/dedupe.ts'
import type { Rule } from '../rule.ts'
import type { ConditionEnd, HubEvent, Json, Severity } from '../words.ts'
import { stepCommand } from './command.ts'
import { stepConditionJob } from './condition-jobs.ts'
import { fallbackRule } from './condition-row.ts'
import { moveCondition, type MoveTools, refreshCondition } from './conditions.ts'
import type { Derived, Draft } from './draft.ts'
import { digestOf, moveJudgeTime, type Sketch, toSketch } from './event.ts'
import type { CommandInput, EventInput, FactInput, Input, JobInput, ReportInput } from './input.ts'
import type { Judge } from './judge.ts'
import { judgeEvent, type JudgeTools } from './judge-event.ts'
import { type Plan, rulesFor, toFact } from './plan.ts'
import { noteTold, stepReport } from './report.ts'
import { refuseStandstill } from './standstill.ts'
import { tellEvent } from './stages.ts'
import { tell } from './tell.ts'
import { tellBundle } from './tell-bundle.ts'
import { absorbHeld } from './windows.ts'
import { deepest, recheckKey, showWatches, stepWatchJob } from './watching.ts'

/** Steps one planned input with all that follows from it; returns the id of the event it made, if it is one. */
export function step(judge: Judge, draft: Draft, planned: Plan, now: number): Stepped {
  const { input } = planned
  const before = input.kind === 'job' ? draft.jobOf(input.job.key) : undefined
  const stepped = stepInput(judge, draft, planned, now)
  settle(judge, draft, now)
  if (input.kind === 'job') refuseStandstill(input.job, before, draft, now)
  return stepped
}

export interface Stepped {
  /** The id of the event that was made, or of the first one with the same identity. */
  readonly id?: string
  readonly duplicate?: boolean
}

function stepInput(judge: Judge, draft: Draft, planned: Plan, now: number): Stepped {
  const { input } = planned
  if (input.kind === 'event') return stepEvent(judge, draft, planned, input, now)
  const seq = draft.takeSeq()
  if (input.kind === 'fact') {
    const fact = toFact(input, seq)
    draft.facts.push(fact)
    draft.cancel(recheckKey(fact.source, fact.name, fact.key))
    showWatches(judge, { kind: 'fact', fact }, { draft, now, cause: seq })
    return {}
  }
  draft.inputs.push({ seq, at: now, kind: input.kind, body: bodyOf(input) })
  switch (input.kind) {
    case 'job':
      stepJob(judge, draft, input, seq, now)
      return {}
    case 'outcome':
      report(judge, draft, input, seq, now)
      return {}
    case 'command':
      return stepCommand(input.command, seq, { judge, draft, now, derive: (given) => derive(judge, draft, given, now) })
    case 'config':
      draft.settings.push(['config', input.document])
      return {}
  }
}

/** What an input has led to is judged before the next input. */
function settle(judge: Judge, draft: Draft, now: number): void {
  for (;;) {
    const orphan = draft.orphans.shift()
    const derived = orphan === undefined ? draft.derived.shift() : undefined
    if (orphan === undefined && derived === undefined) return
    if (orphan !== undefined) {
      const result = { ok: false, givenUp: 'channel-gone' } as const
      report(judge, draft, { kind: 'outcome', delivery: orphan, result, startedAt: now, endedAt: now }, orphan.seq, now)
    }
    if (derived !== undefined && (derived.depth ?? 0) <= deepest) derive(judge, draft, derived, now)
  }
}

function stepEvent(judge: Judge, draft: Draft, planned: Plan, input: EventInput, now: number): Stepped {
  const sketch = planned.sketch ?? toSketch(judge, input)
  let isRevised = false
  if (planned.identity !== undefined) {
    const digest = digestOf(input.event)
    const known = draft.identity(planned.identity)
    if (known?.digest === digest && isKnown(sketch, { judge, draft, now }))
      return { id: toId(known.seq), duplicate: true }
    if (known !== undefined && known.digest !== digest && sketch.condition === undefined) {
      const data: Json = { firstEvent: toId(known.seq), identity: input.event.identity ?? null, source: input.source }
      const event = { type: 'sereno.id-reused', subject: input.event.identity?.id ?? '', data }
      draft.derived.push({ event, cause: draft.nextSeq })
    }
    isRevised = known !== undefined && known.digest !== digest
    draft.identities.set(planned.identity, { seq: draft.nextSeq, digest, at: now })
  }
  const seq = draft.takeSeq()
  const event: HubEvent = { seq, id: toId(seq), ...(isRevised ? revise(sketch) : sketch) }
  const judgeNow = moveJudgeTime(draft, event)
  take(event, { judge, draft, now, judgeNow, cause: seq, matched: planned.matched })
  return { id: event.id }
}

/** Of a condition, other content under the same identity is how its sender says that something has changed. */
function revise(sketch: Sketch): Sketch {
  const { condition } = sketch
  return condition?.state === 'firing' ? { ...sketch, condition: { ...condition, state: 'changed' } } : sketch
}

/** A sender repeats itself: nothing new, except where we thought that it had fallen silent. */
function isKnown(sketch: Sketch, tools: MoveTools): boolean {
  const row = refreshCondition(sketch, tools)
  if (row?.state !== 'ended' || sketch.condition?.state === 'resolved') return true
  // What a person closed stays closed until its sender says something new.
  return row.endedBy === 'resolved' || row.endedBy === 'closed'
}

interface TakeTools extends JudgeTools {
  readonly cause: number
  readonly matched?: readonly Rule[] | undefined
  readonly watch?: string | undefined
  readonly endedBy?: ConditionEnd | undefined
  readonly depth?: number | undefined
}

/** Conditions move first; then the rules; then the watches see it. */
function take(given: HubEvent, tools: TakeTools): void {
  const { judge, draft, now, cause, depth = 0 } = tools
  const judged = given.condition === undefined ? { event: given } : moveCondition(given, tools)
  draft.events.push(judged.event)
  judgeEvent(judged, tools.matched ?? rulesFor(judge, judged.event), tools)
  if (judge.watches.length > 0) showWatches(judge, { kind: 'event', event: judged.event }, { draft, now, cause, depth })
}

/** An event that the hub makes itself, judged like any other; returns its id. */
function derive(judge: Judge, draft: Draft, given: Derived & Partial<Reach>, now: number): string {
  const { event, cause, source = 'sereno', watch, endedBy, depth, not, also, only, absorbs } = given
  const sketch = toSketch(judge, { kind: 'event', source, event, receivedAt: now })
  const seq = draft.takeSeq()
  const derived: HubEvent = { seq, id: toId(seq), ...sketch, cause }
  const matched = only === undefined ? undefined : []
  take(derived, { judge, draft, now, judgeNow: now, cause: seq, matched, not, watch, endedBy, depth })
  for (const channel of only ?? also ?? []) {
    const told = draft.verdicts.some((verdict) => verdict.event === seq && verdict.channel === channel)
    if (told || channel === not) continue
    const to = { rule: given.rule ?? fallbackRule, channel, severity: derived.severity }
    tellEvent(derived, undefined, to, {}, { judge, draft, now })
  }
  if (absorbs !== undefined) absorbHeld(absorbs, derived, { judge, draft, now })
  return derived.id
}

/** Who hears of what the hub says of itself, beside or instead of those whom the rules name. */
export interface Reach {
  /** The channel that must not hear of it: the one it names. */
  readonly not: string
  /** Channels that hear of it whatever the rules say. */
  readonly also: readonly string[]
  /** Channels that hear of it instead of those of the rules. */
  readonly only: readonly string[]
  readonly rule: string
}

/** Notes an outcome, and derives what the hub has to say of it. */
function report(judge: Judge, draft: Draft, input: ReportInput, cause: number, now: number): void {
  for (const { not, also, ...event } of stepReport(judge, draft, input)) {
    const derived = fromId(derive(judge, draft, { event, cause, not, also }, now))
    if (derived !== undefined) noteTold(draft, event.subject, derived)
  }
}

function stepJob(judge: Judge, draft: Draft, { job }: JobInput, cause: number, now: number): void {
  // Read from the store a moment ago: another input may have taken or moved it since.
  if (draft.jobOf(job.key)?.dueAt !== job.dueAt) return
  draft.cancel(job.key)
  if (job.kind === 'bundle') return tellBundle(job.key, { judge, draft, now })
  if (job.kind === 'dedupe-end') return tellRepeats(judge, draft, job.key, job.body, now)
  if (stepConditionJob(job, cause, { judge, draft, now })) return
  if (stepWatchJob(judge, job, { draft, now, cause })) return
  throw new Error(`a job of an unknown kind: ${job.kind}`)
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
  const thread = toId(event)
  tell(draft, judge, { channel, rule, kind: 'note', thread, events, severity, extra, ...ended }, now)
}

/** What is kept of an input beside its effects. */
function bodyOf(input: Exclude<Input, EventInput | FactInput>): Json {
  switch (input.kind) {
    case 'job':
      return { key: input.job.key, kind: input.job.kind }
    case 'outcome':
      return { delivery: input.delivery.id, attempt: input.delivery.attempts, result: input.result as unknown as Json }
    case 'command':
      return bodyOfCommand(input.command)
    case 'config':
      return input.document
  }
}

function bodyOfCommand(command: CommandInput['command']): Json {
  if (command.name === 'retry') return { name: 'retry', delivery: command.delivery.id }
  if (command.name === 'awake') return { name: 'awake', from: command.from, until: command.until }
  return command as unknown as Json
}
