// Jobs of conditions: they end by themselves, are looked at again when what held them is over, and are said once more; pure.
import { type ConditionEnd, finalDeliveries, type Job, type NewEvent } from '../words.ts'
import { quietBy } from '../rules/mute.ts'
import { type ConditionJob, type ConditionRow, putRow, readRow, type Thread } from './condition-row.ts'
import type { Draft } from './draft.ts'
import { goOn } from './stages.ts'
import { sayHeldChange } from './thread-change.ts'
import { noteOf, type ThreadTools } from './thread-tools.ts'
import { sayEnd } from './threads.ts'
import { remindLater } from './thread-outcome.ts'
import { tell } from './tell.ts'

/** False: it is no job of a condition. */
export function stepConditionJob(job: Job, cause: number, tools: ThreadTools): boolean {
  const body = job.body as ConditionJob
  const row = job.kind.startsWith('condition-') ? readRow(tools.draft, body.condition) : undefined
  switch (job.kind) {
    case 'condition-ends':
      // Whenever it is heard of, the job is set anew.
      if (row?.state === 'open') closeCondition(row, 'expired', cause, tools)
      return true
    case 'condition-calm':
      if (row !== undefined) calmDown(row, tools)
      return true
    case 'condition-still':
      if (row?.state === 'open') lookAgain(row, body, tools)
      return true
    case 'condition-remind':
      if (row?.state === 'open') remind(row, body, tools)
      return true
    default:
      return false
  }
}

/** Ends a condition for another reason than that its source said so. */
export function closeCondition(
  row: ConditionRow,
  by: ConditionEnd,
  cause: number,
  { draft }: ThreadTools,
  more: Partial<NewEvent> = {},
): void {
  const event: NewEvent = {
    type: row.type,
    severity: 'info',
    ...(row.host === undefined ? {} : { host: row.host }),
    ...(row.subject === undefined ? {} : { subject: row.subject }),
    data: { endedBy: by },
    ...more,
    condition: { key: row.key, state: 'resolved' },
  }
  draft.derived.push({ event, cause, source: row.source, endedBy: by })
}

/** It has been as it is for long enough: its end is said, or it is plainly open. */
function calmDown(row: ConditionRow, tools: ThreadTools): void {
  const { flapping: _flapping, ...calm } = row
  putRow(tools.draft, calm, tools.now)
  if (calm.state === 'open' || calm.ending === undefined) return
  sayEnd(calm, { seq: calm.ending }, tools, { began: calm.began })
}

function lookAgain(row: ConditionRow, { rule, channel }: ConditionJob, tools: ThreadTools): void {
  const held = row.threads.find((one) => one.state === 'held' && one.rule === rule && one.channel === channel)
  if (held !== undefined) goOn(row, held, tools)
  else if (rule !== undefined && channel !== undefined) sayHeldChange(row, rule, channel, tools)
}

function remind(row: ConditionRow, { rule, channel }: ConditionJob, tools: ThreadTools): void {
  const { judge, draft, now } = tools
  // Who was told that it ended is not reminded of what nobody told him began again.
  const isTold = (one: Thread): boolean => one.state === 'told' && one.end === undefined
  const told = row.threads.filter((one) => isTold(one) && one.rule === rule && one.channel === channel)
  const [first] = told
  if (row.acked !== undefined) return
  if (first === undefined || !judge.rules.some((one) => one.name === rule && one.remindMs !== undefined)) return
  remindLater(row, first, tools)
  if (quietBy({ ...row, labels: row.labels ?? {} }, judge.mutes, draft, now) !== undefined) return
  // Where a message waits to be sent, another that says the same is no help.
  const threads = told.filter((one) => !isWaiting(draft, one.behind))
  if (threads.length === 0) return
  const reminder = (first.reminders ?? 0) + 1
  const events = [{ seq: row.latest, rule: first.rule }]
  const recipients = threads.map((one) => one.recipient)
  const { severity } = first
  const to = { channel: first.channel, rule: first.rule, recipients, thread: first.in ?? row.thread }
  const extra = noteOf(row, { reminder })
  // The event has been told: a reminder moves no verdict.
  const sent = tell(draft, judge, { ...to, kind: 'remind', events, severity, extra, verdict: 'kept' }, now)
  const next = row.threads.map((one): Thread => {
    const mine = sent[threads.indexOf(one)]
    return mine === undefined ? one : { ...one, reminders: reminder, behind: mine.seq }
  })
  putRow(draft, { ...row, threads: next }, now)
}

function isWaiting(draft: Draft, seq: number | undefined): boolean {
  const delivery = seq === undefined ? undefined : draft.delivery(seq)
  return delivery !== undefined && !finalDeliveries.includes(delivery.state)
}
