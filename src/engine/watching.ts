// Runs the watches: each sees what it asked for, row by row; its events are judged before the input is done; pure.
import { globMatches } from '../lib/glob.ts'
import { toKey } from '../lib/key.ts'
import { steppedMs } from '../rules/mute.ts'
import { recheckDeadlineMs } from '../source.ts'
import type { AskFor, Timer, WatchInput, WatchPlace, WatchResult, WatchSees } from '../watch.ts'
import type { Job, Json, JsonObject } from '../words.ts'
import { conditionKey } from './condition-row.ts'
import type { Draft } from './draft.ts'
import type { Judge, JudgeWatch } from './judge.ts'
import { Mistake } from './mistake.ts'
import { changeWindow } from './windows.ts'

/** A row of a watch, with the source in whose name its timers speak. */
type Row = { readonly source?: string; readonly state?: Json }

export type TimerBody = { readonly watch: string; readonly row: string; readonly name: string; readonly body: Json }
export type RecheckBody = {
  readonly watch: string
  readonly row: string
  readonly source: string
  readonly name: string
  readonly key: string
  readonly body: JsonObject
  readonly asked?: true
}

export interface WatchTools {
  readonly draft: Draft
  readonly now: number
  /** Position of the input. */
  readonly cause: number
  readonly depth?: number
}

/** A watch that answers its own events, or whose rows answer each other, would go on for ever. */
export const deepest = 8

/** Watches that see it, with the rows it concerns. */
export function watchesOf(judge: Judge, sees: WatchSees): { readonly watch: JudgeWatch; readonly row: string }[] {
  const [source, name] =
    sees.kind === 'fact' ? [sees.fact.source, sees.fact.name] : [sees.event.source, sees.event.type]
  return judge.watches.flatMap((watch) => {
    if (watch.source !== undefined && watch.source !== source) return []
    const wanted = sees.kind === 'fact' ? watch.kind.facts : watch.kind.events
    if (wanted === undefined || !wanted.some((pattern) => globMatches(pattern, name))) return []
    return watch.kind.keys(watch.options, sees, watch.place).map((row) => ({ watch, row }))
  })
}

export const watchPrefix = 'watch|'

/** The name of the watch that a row belongs to. */
export function watchOf(key: string): string {
  return (key.split('|')[1] ?? '').replaceAll('%7C', '|').replaceAll('%25', '%')
}

export function watchKey(watch: string, row: string): string {
  return toKey('watch', watch, row)
}

export function recheckKey(source: string, name: string, key: string): string {
  return toKey('recheck', source, name, key)
}

/** Shows an input to all watches that want to see it. */
export function showWatches(judge: Judge, sees: WatchSees, tools: WatchTools): void {
  const source = sees.kind === 'fact' ? sees.fact.source : sees.event.source
  for (const { watch, row } of watchesOf(judge, sees)) runWatch(watch, { ...sees, key: row }, source, tools)
}

/** A person has a host forgotten. */
export function forgetHost(judge: Judge, host: string, tools: WatchTools): void {
  for (const watch of judge.watches) {
    for (const key of watch.kind.forget?.(watch.options, host, watch.place) ?? []) {
      runWatch(watch, { kind: 'forget', key, host }, undefined, tools)
    }
  }
}

/** Steps one row of a watch. */
export function runWatch(watch: JudgeWatch, input: WatchInput, from: string | undefined, tools: WatchTools): void {
  const { draft, now } = tools
  const key = watchKey(watch.name, input.key)
  const before = draft.get(key) as Row | undefined
  const source = watch.kind.inOwnName === true ? undefined : (watch.source ?? from ?? before?.source)
  const byMs = steppedMs(draft)
  const place = byMs === 0 ? watch.place : { ...watch.place, steppedMs: byMs }
  const result = stepOf(watch, before?.state, input, place, tools)
  if (result.state === null) draft.put(key, undefined)
  else {
    const state = result.state ?? before?.state
    const next: Row = { ...(source === undefined ? {} : { source }), ...(state === undefined ? {} : { state }) }
    if (result.state !== undefined || source !== before?.source) draft.put(key, next)
  }
  for (const timer of result.timers ?? []) setTimer(watch, input.key, source, timer, draft)
  for (const wish of result.rechecks ?? []) setRecheck(watch, input.key, source, wish, tools)
  const depth = (tools.depth ?? 0) + 1
  for (const event of result.events ?? []) {
    draft.derived.push({ event, cause: tools.cause, source: source ?? watch.name, watch: watch.name, depth })
  }
  for (const change of result.windows ?? []) {
    const held = changeWindow(change, draft, now)
    const { host, report } = change
    if (report === undefined) continue
    const absorbs = { host, held, conditions: report.names.map((one) => conditionKey(one.source, one.key)) }
    const said = { event: report.event, cause: tools.cause, source: source ?? watch.name, watch: watch.name }
    draft.derived.push({ ...said, depth, absorbs })
  }
  if (depth > deepest) return
  for (const { row, body } of result.tells ?? []) {
    runWatch(watch, { kind: 'told', key: row, from: input.key, body }, from, { ...tools, depth })
  }
}

/** A watch that throws leaves its row as it was, and holds up neither what it was shown nor what is shown to others. */
function stepOf(
  { name, kind, options }: JudgeWatch,
  state: Json | undefined,
  input: WatchInput,
  place: WatchPlace,
  { draft, now }: WatchTools,
): WatchResult {
  try {
    return kind.step(options, state, input, now, place)
  } catch (error) {
    draft.mistakes.push({ what: `watch ${name}`, error: Mistake.of(error) })
    return {}
  }
}

function setTimer(watch: JudgeWatch, row: string, source: string | undefined, timer: Timer, draft: Draft): void {
  const key = toKey('timer', watch.name, row, timer.name)
  if (timer.at === undefined) return draft.cancel(key)
  const body: TimerBody = { watch: watch.name, row, name: timer.name, body: timer.body ?? null }
  draft.job({
    key,
    kind: 'timer',
    dueAt: timer.at,
    clock: timer.clock ?? 'hub',
    ...(source === undefined ? {} : { source }),
    ...(timer.periodMs === undefined ? {} : { periodMs: timer.periodMs }),
    body,
  })
}

function setRecheck(
  watch: JudgeWatch,
  row: string,
  from: string | undefined,
  { source = from, name, key, body, at }: AskFor,
  { draft, now }: WatchTools,
): void {
  if (source === undefined) throw new Error(`watch ${watch.name} wants ${name} looked up and names no source`)
  const asked: RecheckBody = { watch: watch.name, row, source, name, key, body }
  draft.job({ key: recheckKey(source, name, key), kind: 'recheck', dueAt: at ?? now, clock: 'hub', body: asked })
}

/** A timer or a recheck that is due. False: it is no job of a watch. */
export function stepWatchJob(judge: Judge, job: Job, tools: WatchTools): boolean {
  if (job.kind === 'timer') {
    const { watch, row, name, body } = job.body as TimerBody
    const found = judge.watches.find((one) => one.name === watch)
    if (found !== undefined) runWatch(found, { kind: 'timer', key: row, name, body }, job.source, tools)
    return true
  }
  if (job.kind !== 'recheck') return false
  const asked = job.body as RecheckBody
  if (asked.asked === true) unanswered(judge, asked, tools)
  else ask(job, asked, tools)
  return true
}

/** The wish goes to its source once it is on disk; the job stays, and is due again when no answer has come. */
function ask(job: Job, body: RecheckBody, { draft, now }: WatchTools): void {
  const { source, name, key } = body
  draft.asks.push({ source, name, key, body: body.body })
  draft.job({ ...job, dueAt: now + recheckDeadlineMs, periodMs: recheckDeadlineMs, body: { ...body, asked: true } })
}

export function unanswered(judge: Judge, { watch, row, source, name, key }: RecheckBody, tools: WatchTools): void {
  const found = judge.watches.find((one) => one.name === watch)
  if (found === undefined) return
  runWatch(found, { kind: 'unanswered', key: row, name, factKey: key }, source, tools)
}
