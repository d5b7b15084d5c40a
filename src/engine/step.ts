// The judge: one input and the state it needs in, what changes out. Pure: no clock, no I/O, no randomness.
import { fromId, toId } from '../lib/id.ts'
import type { Window } from '../rules/dedupe.ts'
import { bundleOf, noteSent, throttleKey } from '../rules/throttle.ts'
import type { DeliveryExtra, Fact, HubEvent, Json, Severity } from '../words.ts'
import type { Draft } from './draft.ts'
import { digestOf, moveJudgeTime, toSketch } from './event.ts'
import type { CommandInput, EventInput, FactInput, Input, JobInput, ReportInput } from './input.ts'
import type { Judge } from './judge.ts'
import { deriveEvent, judgeEvent } from './judge-event.ts'
import { type Plan, rulesFor } from './plan.ts'
import { noteTold, stepReport } from './report.ts'
import { type Bundle, type Intent, tell } from './tell.ts'

/** Steps one planned input; returns the id of the event it made, if it is one. */
export function step(judge: Judge, draft: Draft, planned: Plan, now: number): Stepped {
  const { input } = planned
  if (input.kind === 'event') return stepEvent(judge, draft, planned, input, now)
  const seq = draft.takeSeq()
  if (input.kind === 'fact') {
    draft.facts.push(toFact(input, seq))
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

/** Notes an outcome, and derives what the hub has to say of it. */
function report(judge: Judge, draft: Draft, input: ReportInput, cause: number, now: number): void {
  for (const event of stepReport(judge, draft, input)) {
    const derived = fromId(deriveEvent(judge, draft, event, cause, now))
    if (derived !== undefined) noteTold(draft, event.subject, derived)
  }
}

/** What was held for a channel that a reload has taken away goes to the fallback, or dies visibly. */
function tellOrGiveUp(judge: Judge, draft: Draft, intent: Intent, cause: number, now: number): void {
  const seq = fromId(tell(draft, judge, intent, now))
  const delivery = seq === undefined ? undefined : draft.deliveries.get(seq)
  if (judge.channels.has(intent.channel) || delivery === undefined) return
  const result = { ok: false, givenUp: 'channel-gone' } as const
  report(judge, draft, { kind: 'outcome', delivery, result, startedAt: now, endedAt: now }, cause, now)
}

function stepJob(judge: Judge, draft: Draft, { job }: JobInput, cause: number, now: number): void {
  // Read from the store a moment ago: another input may have taken or moved it since.
  if (draft.jobOf(job.key)?.dueAt !== job.dueAt) return
  draft.cancel(job.key)
  if (job.kind === 'bundle') return tellBundle(judge, draft, job.key, cause, now)
  if (job.kind === 'dedupe-end') return tellRepeats(judge, draft, job.key, job.body, cause, now)
  throw new Error(`a job of an unknown kind: ${job.kind}`)
}

function tellBundle(judge: Judge, draft: Draft, key: string, cause: number, now: number): void {
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
  tellOrGiveUp(judge, draft, { channel, rule, kind, thread, events, severity, extra, ...ends }, cause, now)
  if (by !== 'throttle') return
  const owner = judge.rules.find(({ name }) => name === rule)
  const ofChannel = throttleKey('', channel)
  const ofRule = throttleKey(rule, channel)
  const channelLimit = judge.channels.get(channel)?.throttle
  if (channelLimit !== undefined) noteSent(channelLimit, ofChannel, draft, now)
  if (key === bundleOf(ofRule) && owner?.throttle !== undefined) noteSent(owner.throttle, ofRule, draft, now)
}

/** The end of a dedupe window with `tell: end`: says how many repeats there were. */
function tellRepeats(judge: Judge, draft: Draft, key: string, body: Json, cause: number, now: number): void {
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
  tellOrGiveUp(judge, draft, { channel, rule, kind: 'note', thread, events, severity, extra, ...ended }, cause, now)
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

/** What is kept of an input beside its effects. */
function bodyOf(input: Exclude<Input, EventInput | FactInput>): Json {
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

function toFact({ fact, source, receivedAt }: FactInput, seq: number): Fact {
  return { ...fact, seq, source, time: fact.time ?? receivedAt, receivedAt }
}
