// One guest: what its tasks did, whether it runs, and how its backups end; in whatever order these are heard of.
import type { Guest } from '../../source-boot.ts'
import { type GuestBackup, rank } from '../../source-guest-backup.ts'
import type { Timer, WatchResult } from '../../watch.ts'
import type { NewEvent } from '../../words.ts'
import type { JobSeen, TaskSeen } from './facts.ts'
import {
  backupCured,
  backupEnded,
  backupEvent,
  diedEnded,
  diedEvent,
  type EndReason,
  needlessStart,
  startEnded,
  taskEvent,
} from './guest-say.ts'
import { backupKey, type Dying, type GuestState, startKey, type ToldBackup, without } from './guest-state.ts'

/** Tasks say their end in whole seconds. */
const roundingMs = 1000
/** The same job is heard of in two ways within so long. */
const sameJobMs = 120_000
const mostBackups = 4
const dyingTimer = 'died'

/** After these it may be stopped, and was not by itself; also after one that failed, such as a stop that took too long. */
const stopping: ReadonlySet<string> = new Set([
  'stop',
  'shutdown',
  'reboot',
  'suspend',
  'migrate',
  'restore',
  'destroy',
])

type Stepped = { readonly state: GuestState; readonly events: readonly NewEvent[]; readonly timers?: readonly Timer[] }

/** How it is now. `settleMs`: a task that stopped it is heard of within so long. */
export function takeGuest(before: GuestState, guest: Guest, at: number, settleMs: number): Stepped {
  if (before.seenAt !== undefined && at < before.seenAt) return { state: before, events: [] }
  const named: GuestState = { ...before, guest: guest.guest, ...(guest.name === undefined ? {} : { name: guest.name }) }
  const seen: GuestState = { ...named, seenAt: at }
  const stepped = guest.running ? runs(seen, at) : stands(seen, guest, at, settleMs)
  if (guest.busy === true) return stepped
  const { hostBoot: boot, running } = guest
  const calm = { running, at, ...(boot === undefined ? {} : { boot }) }
  const { stopTaskAt } = stepped.state
  // What stopped it before was over by then.
  const isOver = running && stopTaskAt !== undefined && stopTaskAt + roundingMs <= at
  return { ...stepped, state: { ...(isOver ? without(stepped.state, 'stopTaskAt') : stepped.state), calm } }
}

function runs(state: GuestState, at: number, user?: string): Stepped {
  const { failed, died, dying, stopped } = state
  const isOver = (one: { readonly since: number } | undefined): boolean => one !== undefined && at >= one.since
  const events = [
    ...(isOver(failed) ? [startEnded(state, at, 'runs', user)] : []),
    ...(isOver(died) ? [diedEnded(state, at, 'runs', user)] : []),
  ]
  const over = Object.entries({ failed, died, dying, stopped }).flatMap(([name, one]) => (isOver(one) ? [name] : []))
  const rest = without(state, ...(over as (keyof GuestState)[]))
  const timers = isOver(dying) ? { timers: [{ name: dyingTimer }] } : {}
  const begun = Math.max(...[failed, died].map((one) => (isOver(one) ? (one?.since ?? 0) : 0)))
  const back = begun === 0 ? {} : { back: { since: begun, at } }
  return { state: { ...rest, ...back, ranAt: Math.max(at, state.ranAt ?? 0) }, events, ...timers }
}

/** It is stopped; if it ran before, a task has stopped it, or its host did, or it died. */
function stands(state: GuestState, { busy, hostBoot }: Guest, at: number, settleMs: number): Stepped {
  const { calm, stopTaskAt, dying, died } = state
  const isKnown = dying !== undefined || died !== undefined || busy === true
  if (isKnown || calm?.running !== true || hostBoot === undefined || calm.boot !== hostBoot)
    return { state, events: [] }
  const next: Dying = { since: at, ranAt: calm.at }
  if (isExplained(next, stopTaskAt)) return { state: { ...state, stopped: next }, events: [] }
  return { state: { ...state, dying: next }, events: [], timers: [timerAt(at, settleMs)] }
}

function timerAt(at: number, settleMs: number): Timer {
  return { name: dyingTimer, at: at + settleMs, periodMs: settleMs }
}

function isExplained({ ranAt }: Dying, stopTaskAt: number | undefined): boolean {
  return stopTaskAt !== undefined && stopTaskAt + roundingMs > ranAt
}

/** No task was heard of that stopped it. */
export function takeTimer(state: GuestState): Stepped {
  const { dying } = state
  if (dying === undefined) return { state, events: [] }
  return { state: { ...without(state, 'dying'), died: dying }, events: [diedEvent(state, dying)] }
}

export function takeTask(before: GuestState, task: TaskSeen, now: number, settleMs: number): Stepped {
  const { action, outcome, endedAt, name } = task
  const state: GuestState = { ...before, ...(name === undefined ? {} : { name }) }
  if (action === 'start')
    return outcome === 'failed' ? takeFailedStart(state, task) : takeStart(state, task, now, settleMs)
  const event = taskEvent(state, task)
  const isRunning = action === 'reset' || action === 'resume' || action === 'reboot'
  const ran = isRunning && outcome !== 'failed' ? { ranAt: Math.max(endedAt, state.ranAt ?? 0) } : {}
  if (!stopping.has(action)) return { state: { ...state, ...ran }, events: [event] }
  const stopTaskAt = Math.max(endedAt, state.stopTaskAt ?? 0)
  const { dying, died } = state
  const isLate = died !== undefined && isExplained(died, stopTaskAt)
  const isTimely = dying !== undefined && isExplained(dying, stopTaskAt)
  const rest = without(state, ...(isLate ? (['died'] as const) : []), ...(isTimely ? (['dying'] as const) : []))
  return {
    state: { ...rest, ...ran, ...(isTimely ? { stopped: dying } : {}), stopTaskAt },
    events: [event, ...(isLate ? [diedEnded(state, endedAt, 'task')] : [])],
    ...(isTimely ? { timers: [{ name: dyingTimer }] } : {}),
  }
}

/** Heard of late, it may show that what had stopped it before is not why it is stopped now. */
function takeStart(state: GuestState, task: TaskSeen, now: number, settleMs: number): Stepped {
  const { endedAt, outcome, user } = task
  const { events, timers = [], ...stepped } = runs(state, endedAt, user)
  const { stopTaskAt, back } = state
  // That it runs is told already, or told by what ends with it.
  const isBack = back !== undefined && endedAt >= back.since && endedAt <= back.at
  const isTold = outcome === 'ok' && (isBack || events.length > 0)
  const told = [...(isTold ? [] : [taskEvent(state, task)]), ...events]
  if (stopTaskAt === undefined || stopTaskAt > endedAt) return { ...stepped, events: told, timers }
  const next = without(stepped.state, 'stopTaskAt')
  const { stopped } = next
  if (stopped === undefined) return { state: next, events: told, timers }
  const dying = { ...stopped, ranAt: endedAt }
  return { state: { ...without(next, 'stopped'), dying }, events: told, timers: [timerAt(now, settleMs)] }
}

/** A condition, unless it is known to run since. */
function takeFailedStart(state: GuestState, task: TaskSeen): Stepped {
  const { endedAt, reason = '' } = task
  if (/already running/i.test(reason)) return { state, events: [needlessStart(state, task)] }
  const event = taskEvent(state, task)
  if (state.ranAt !== undefined && state.ranAt > endedAt)
    return { state, events: [{ ...event, data: { ...event.data, runsNow: true } }] }
  const since = Math.min(endedAt, state.failed?.since ?? endedAt)
  const condition = {
    key: startKey(state.id),
    state: state.failed === undefined ? 'firing' : 'changed',
    since,
  } as const
  return { state: { ...state, failed: { since } }, events: [{ ...event, condition }] }
}

/** Of a job that is heard of twice, only what is worse the second time. */
export function takeBackup(before: GuestState, saved: GuestBackup, job: JobSeen): Stepped {
  const state: GuestState = { ...before, ...(saved.name === undefined ? {} : { name: saved.name }) }
  const { backup, backups = [] } = state
  const { via, endedAt } = job
  const same = backups.find((one) => isSameJob(one, via, endedAt))
  if (same !== undefined && rank(saved.outcome) >= rank(same.outcome)) return { state, events: [] }
  const told: ToldBackup = { via, endedAt, outcome: saved.outcome }
  const next = [told, ...backups.filter((one) => one !== same)].toSorted((one, other) => other.endedAt - one.endedAt)
  const kept: GuestState = { ...state, backups: next.slice(0, mostBackups) }
  const event = backupEvent(state, saved, job)
  // An older one says nothing about now.
  if (next[0] !== told) return { state: kept, events: [event] }
  if (saved.outcome === 'ok') {
    return { state: without(kept, 'backup'), events: [backup === undefined ? event : backupCured(event, kept)] }
  }
  const since = backup?.since ?? endedAt
  const count = (backup?.count ?? 0) + (same === undefined ? 1 : 0)
  const condition = { key: backupKey(state.id), state: backup === undefined ? 'firing' : 'changed', since } as const
  return {
    state: { ...kept, backup: { since, count: Math.max(1, count) } },
    events: [{ ...event, data: { ...event.data, failedRuns: Math.max(1, count) }, condition }],
  }
}

function isSameJob(one: ToldBackup, via: ToldBackup['via'], endedAt: number): boolean {
  return one.via === via ? one.endedAt === endedAt : Math.abs(one.endedAt - endedAt) <= sameJobMs
}

/** It is no longer there: nothing of it goes on. */
export function takeGone(state: GuestState, at: number, reason: EndReason): WatchResult<GuestState> {
  const events = [
    ...(state.failed === undefined ? [] : [startEnded(state, at, reason)]),
    ...(state.died === undefined ? [] : [diedEnded(state, at, reason)]),
    ...(state.backup === undefined ? [] : [backupEnded(state, at, reason)]),
  ]
  return { state: null, events, timers: [{ name: dyingTimer }] }
}
