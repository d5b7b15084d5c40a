// What is told of a guest.
import { guestEnd, onHost } from '../../source-guest-words.ts'
import type { GuestBackup } from '../../source-guest-backup.ts'
import type { JsonObject, NewEvent, Severity } from '../../words.ts'
import type { JobSeen, TaskSeen } from './facts.ts'
import { backupKey, diedKey, type Dying, type GuestState, startKey } from './guest-state.ts'

/** The end of what a guest was told for. */
export type EndReason = 'runs' | 'gone' | 'forgotten' | 'task'

const types: { readonly [action in TaskSeen['action']]?: readonly [ok: string, failed: string] } = {
  start: ['guest.started', 'guest.start-failed'],
  stop: ['guest.stopped', 'guest.stop-failed'],
  shutdown: ['guest.shutdown', 'guest.stop-failed'],
  reboot: ['guest.restarted', 'guest.restart-failed'],
  reset: ['guest.restarted', 'guest.restart-failed'],
  snapshot: ['guest.snapshot', 'guest.snapshot-failed'],
  migrate: ['guest.migrated', 'guest.migration-failed'],
}

/** What came of a task; a failed one is never told as if it had been done. */
export function taskEvent(state: GuestState, task: TaskSeen): NewEvent {
  const { action, outcome, reason, user, target, startedAt, endedAt } = task
  const [ok, failed] = types[action] ?? ['guest.task', 'guest.task-failed']
  const isWarned = outcome === 'warnings'
  const type = outcome === 'failed' ? failed : isWarned && action === 'start' ? 'guest.start-warning' : ok
  return {
    ...about(state, endedAt),
    type,
    severity: outcome === 'failed' ? 'error' : isWarned ? 'warning' : 'info',
    data: {
      ...dataOf(state),
      action,
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(user === undefined ? {} : { user }),
      ...(target === undefined ? {} : { target }),
      startedAt: iso(startedAt),
      endedAt: iso(endedAt),
      durationSeconds: Math.round((endedAt - startedAt) / 1000),
    },
  }
}

/** What Proxmox refused because there was nothing to do. */
export function needlessStart(state: GuestState, task: TaskSeen): NewEvent {
  return { ...taskEvent(state, task), type: 'guest.task-failed', severity: 'warning' }
}

export function startEnded(state: GuestState, at: number, reason: EndReason, user?: string): NewEvent {
  const since = state.failed?.since ?? at
  const data = { ...dataOf(state), end: reason, sinceAt: iso(since), durationSeconds: seconds(since, at), ...by(user) }
  return ended('guest.start-failed', state, at, startKey(state.id), data)
}

export function diedEvent(state: GuestState, { since, ranAt }: Dying): NewEvent {
  return {
    ...about(state, since),
    type: 'guest.died',
    severity: 'error',
    data: { ...dataOf(state), lastRunningAt: iso(ranAt), sinceAt: iso(since) },
    condition: { key: diedKey(state.id), state: 'firing', since },
  }
}

export function diedEnded(state: GuestState, at: number, reason: EndReason, user?: string): NewEvent {
  const since = state.died?.since ?? at
  const data = { ...dataOf(state), end: reason, sinceAt: iso(since), durationSeconds: seconds(since, at), ...by(user) }
  return ended('guest.died', state, at, diedKey(state.id), data)
}

export function backupEvent(state: GuestState, saved: GuestBackup, job: JobSeen): NewEvent {
  const severity: Severity = saved.outcome === 'failed' ? 'error' : saved.outcome === 'warnings' ? 'warning' : 'info'
  const { storage, endedAt } = job
  const { outcome, reason, sizeBytes, durationSeconds, file } = saved
  return {
    ...about(state, endedAt),
    type: 'guest.backup',
    severity,
    data: {
      ...dataOf(state),
      outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
      ...(file === undefined ? {} : { file }),
      ...(storage === undefined ? {} : { storage }),
      ...(job.job === undefined ? {} : { job: job.job }),
      endedAt: iso(endedAt),
    },
  }
}

export function backupEnded(state: GuestState, at: number, reason: EndReason): NewEvent {
  const since = state.backup?.since ?? at
  return ended('guest.backup', state, at, backupKey(state.id), { ...dataOf(state), end: reason, sinceAt: iso(since) })
}

/** A backup that ends what one before it began. */
export function backupCured(event: NewEvent, state: GuestState): NewEvent {
  const title = onHost(state.host, guestEnd(event.type, event.data ?? {}))
  return { ...event, title, condition: { key: backupKey(state.id), state: 'resolved' } }
}

function ended(type: string, state: GuestState, at: number, key: string, data: JsonObject): NewEvent {
  const title = onHost(state.host, guestEnd(type, data))
  return { ...about(state, at), type, severity: 'info', title, data, condition: { key, state: 'resolved' } }
}

function by(user: string | undefined): JsonObject {
  return user === undefined ? {} : { user }
}

export function iso(at: number): string {
  return new Date(Number.isFinite(at) ? Math.min(Math.max(at, -8.64e15), 8.64e15) : 0).toISOString()
}

function about({ id, name, host }: GuestState, at: number): Pick<NewEvent, 'time' | 'host' | 'subject'> {
  return { time: at, host, subject: name ?? String(id) }
}

function dataOf({ id, guest, name }: GuestState): JsonObject {
  return { id, guest, ...(name === undefined ? {} : { name }) }
}

function seconds(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 1000))
}
