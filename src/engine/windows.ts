// Mute windows that watches open and close, host by host; what they held goes into the report, or on its own way; pure.
import { readWindows, reportBundle, steppedMs, type Window, type Windows, windowsKey } from '../rules/mute.ts'
import type { WindowChange } from '../watch.ts'
import { fromId } from '../lib/id.ts'
import type { Delivery, HubEvent } from '../words.ts'
import type { Bundle } from './bundle.ts'
import { type ConditionJob, type ConditionRow, putRow, readRow, type Thread } from './condition-row.ts'
import type { Absorbs, Draft } from './draft.ts'
import { type ThreadTools, verdict } from './thread-tools.ts'

/** Remembers what is held until the windows of a host end. */
export function noteHeld(draft: Draft, host: string | undefined, job: string): void {
  const windows = host === undefined ? undefined : readWindows(draft, host)
  if (host === undefined || windows === undefined || windows.held.includes(job)) return
  draft.put(windowsKey(host), { ...windows, held: [...windows.held, job] } satisfies Windows)
}

/** When the last open window of a host ends; undefined: none is open. */
export function lastUntil(draft: Draft, host: string, now: number): number | undefined {
  const open = readWindows(draft, host)?.open.filter(({ until }) => until > now) ?? []
  return open.length === 0 ? undefined : Math.max(...open.map(({ until }) => until))
}

/**
 * Opens, moves or closes a window. Closed, what it held is looked at at once, by the jobs that would do so later; returns
 * the keys of these.
 */
export function changeWindow(
  { kind, host, from, until, lateUntil }: WindowChange,
  draft: Draft,
  now: number,
): readonly string[] {
  const { open, held } = readWindows(draft, host) ?? { open: [], held: [] }
  const others = open.filter((one) => one.kind !== kind && endOf(one) > now)
  const known = open.find((one) => one.kind === kind)
  const late = lateUntil === undefined ? {} : { lateUntil }
  const changed: Window = { kind, from: from ?? known?.from ?? now, until, ...late }
  const next: readonly Window[] = endOf(changed) > now ? [...others, changed] : others
  for (const key of held) {
    const job = draft.jobOf(key)
    if (job !== undefined && until <= now && job.dueAt > now) draft.job({ ...job, dueAt: now })
  }
  if (next.length === 0) draft.put(windowsKey(host), undefined)
  else {
    const windows: Windows = { v: 1, open: next, held, steppedMs: steppedMs(draft) }
    draft.put(windowsKey(host), windows, Math.max(...next.map(endOf)) + keptMs)
  }
  return held
}

/** A row outlives its windows, for what is held until the very end. */
const keptMs = 86_400_000

function endOf({ until, lateUntil = until }: Window): number {
  return Math.max(until, lateUntil)
}

/**
 * A report of a host has been judged: where it is told, what was held there for it is told in it, and the conditions that
 * it names have their thread from then on. All else goes on its own way.
 */
export function absorbHeld({ host, conditions, held }: Absorbs, report: HubEvent, tools: ThreadTools): void {
  const { draft } = tools
  const told = messagesOf(report, draft)
  for (const [channel, [first]] of Map.groupBy(told, (one) => one.channel)) {
    const key = reportBundle(host, channel)
    const bundle = draft.get(key) as Bundle | undefined
    if (bundle === undefined) continue
    draft.put(key, undefined)
    draft.cancel(key)
    const { counted, events } = bundle
    const seqs = [...events, ...(counted === undefined ? [] : [{ seq: counted.event, rule: counted.rule }])]
    for (const { seq, rule } of seqs)
      verdict(tools, seq, { rule, channel }, ['merged', 'mute', 'told in the report', first?.id])
  }
  const named = new Map<string, Set<string>>()
  for (const key of held) {
    const job = draft.jobOf(key)
    const { condition, rule, channel = '' } = (job?.kind === 'condition-still' ? job.body : {}) as Partial<ConditionJob>
    const row = condition === undefined ? undefined : readRow(draft, condition)
    const here = told.filter((one) => one.channel === channel)
    if (condition === undefined || row?.state !== 'open' || here.length === 0 || !conditions.includes(condition))
      continue
    absorbChange(row, (one) => one.rule === rule && one.channel === channel, here, tools)
    absorbCondition(readRow(draft, condition) ?? row, rule, here, tools)
    draft.cancel(key)
    for (const { seq } of here) named.set(`${seq}`, (named.get(`${seq}`) ?? new Set()).add(condition))
  }
  for (const one of told) {
    const keys = [...(named.get(`${one.seq}`) ?? [])]
    const extra = { ...one.extra, report: true as const, ...(keys.length === 0 ? {} : { conditions: keys }) }
    draft.deliveries.set(one.seq, { ...one, extra })
  }
}

/** All messages that were made for an event in this input. */
function messagesOf({ seq }: HubEvent, draft: Draft): Delivery[] {
  const into = draft.verdicts.flatMap((one) => (one.event === seq && one.state === 'queued' ? (one.into ?? []) : []))
  const firsts = into.flatMap((id) => draft.deliveries.get(fromId(id) ?? 0) ?? [])
  const all = firsts.flatMap((one) => one.extra.siblings?.map((other) => draft.deliveries.get(other)) ?? [one])
  return all.filter((one) => one !== undefined)
}

/** A change of what was told before: whoever is told the report knows of it; its thread stays where it is. */
function absorbChange(
  row: ConditionRow,
  isHere: (thread: Thread) => boolean,
  messages: readonly Delivery[],
  tools: ThreadTools,
): void {
  const waiting = row.threads.filter((one) => isHere(one) && one.muted !== undefined)
  const [first] = waiting
  if (first?.muted === undefined) return
  verdict(tools, first.muted.event, first, ['merged', first.muted.by, 'told in the report', messages[0]?.id])
  const threads = row.threads.map((one): Thread => {
    const { muted: _muted, ...free } = one
    return waiting.includes(one) ? { ...free, severity: row.severity } : one
  })
  putRow(tools.draft, { ...row, threads }, tools.now)
}

function absorbCondition(
  row: ConditionRow,
  rule: string | undefined,
  messages: readonly Delivery[],
  tools: ThreadTools,
): void {
  const threads = row.threads.flatMap((thread): Thread[] => {
    const isHere = thread.rule === rule && thread.state === 'held'
    const told = messages.find((one) => one.channel === thread.channel && one.recipient === thread.recipient)
    if (!isHere || told === undefined) return [thread]
    const { severity, event = row.opening } = thread
    verdict(tools, event, thread, ['merged', 'mute', 'told in the report', told.id])
    return [
      {
        rule: thread.rule,
        channel: thread.channel,
        recipient: thread.recipient,
        state: 'pending',
        delivery: told.seq,
        severity,
        in: told.thread,
      },
    ]
  })
  putRow(tools.draft, { ...row, threads }, tools.now)
}
