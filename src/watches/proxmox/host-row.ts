// One node: which guests and storages it has, whether it backs guests up now, and which backup jobs were told.
import type { WatchResult } from '../../watch.ts'
import type { Json, JsonObject, NewEvent } from '../../words.ts'
import { type JobSeen, readActivity, readJob, readThings } from './facts.ts'
import { jobReport } from './job-report.ts'

export type HostState = {
  readonly v: 1
  readonly host: string
  readonly guests?: readonly string[]
  readonly storages?: readonly string[]
  /** Guests are being backed up. */
  readonly backingUp?: true
  /** The last jobs that were told, newest first. */
  readonly jobs?: readonly ToldJob[]
  /** Jobs whose guests are not known; another way may still tell of them. */
  readonly waiting?: readonly JsonObject[]
}

type ToldJob = { readonly via: 'tasks' | 'webhook'; readonly endedAt: number; readonly guests: readonly number[] }

/** Beyond its last sign, a backup mutes nothing for longer. */
export const backupCapMs = 7_200_000
/** Guests are started and stopped for a moment after it, too. */
export const afterBackupMs = 120_000
const sameJobMs = 120_000
/** For so long the notification of a job may come after its line in the list of tasks. */
const waitMs = 60_000
const mostJobs = 8
const mostWaiting = 8
/** Of a told job, so many guests are kept to know it again. */
const mostKnown = 20
export const waitingTimer = 'waiting'

export function hostRow(host: string): string {
  return `host/${host}`
}

export function guestRow(id: number | string): string {
  return `guest/${id}`
}

export function storageRow(host: string, name: string): string {
  return `storage/${host}/${name}`
}

/** While guests are backed up, a window is open that holds what this does to them. */
export function takeActivity(state: HostState, data: JsonObject, now: number): WatchResult<HostState> {
  const activity = readActivity(data)
  if (activity === undefined) return {}
  const { backingUp, ...rest } = state
  if (!activity.on && backingUp !== true) return { state }
  const until = now + (activity.on ? backupCapMs : afterBackupMs)
  return {
    state: activity.on ? { ...rest, backingUp: true } : rest,
    windows: [{ kind: 'backup', host: state.host, until }],
  }
}

/** What is no longer in the list is told so, also what went while nobody looked. */
export function takeNames(state: HostState, what: 'guests' | 'storages', data: JsonObject): WatchResult<HostState> {
  const things = readThings(data)
  if (things === undefined || things.unread !== undefined) return {}
  const { names } = things
  const present = new Set(names)
  const gone = (state[what] ?? []).filter((name) => !present.has(name))
  const tells = gone.map((name) => ({ row: rowOf(state, what, name), body: { gone: true } }))
  return { state: { ...state, [what]: names }, tells }
}

/** A person has the host forgotten: its guests and storages with it. */
export function forgetHost(state: HostState): WatchResult<HostState> {
  const body = { gone: true, forgotten: true }
  const rows = [
    ...(state.guests ?? []).map((name) => rowOf(state, 'guests', name)),
    ...(state.storages ?? []).map((name) => rowOf(state, 'storages', name)),
  ]
  return { state: null, tells: rows.map((row) => ({ row, body })), timers: [{ name: waitingTimer }] }
}

export function takeJob(state: HostState, data: JsonObject, now: number): WatchResult<HostState> {
  const job = readJob(data)
  if (job === undefined) return {}
  const { jobs = [], waiting = [] } = state
  if (jobs.some((one) => isSame(one, toTold(job)))) return {}
  const others = waiting.filter((one) => !isSameAs(one, job))
  if (job.guests.length === 0 && job.via === 'tasks' && others.length === waiting.length && others.length < mostWaiting)
    return { state: { ...state, waiting: [...waiting, data] }, timers: [{ name: waitingTimer, at: now + waitMs }] }
  return { state: { ...state, jobs: withJob(jobs, job), waiting: others }, events: [jobReport(state.host, job)] }
}

/** Nobody told more about them. */
export function tellWaiting(state: HostState): WatchResult<HostState> {
  const waited = (state.waiting ?? []).flatMap((one) => readJob(one) ?? [])
  const events: NewEvent[] = waited.map((job) => jobReport(state.host, job))
  const jobs = waited.reduce(withJob, state.jobs ?? [])
  return { state: { ...state, jobs, waiting: [] }, events }
}

function rowOf({ host }: HostState, what: 'guests' | 'storages', name: string): string {
  return what === 'guests' ? guestRow(name) : storageRow(host, name)
}

function withJob(jobs: readonly ToldJob[], job: JobSeen): readonly ToldJob[] {
  return [toTold(job), ...jobs].toSorted((one, other) => other.endedAt - one.endedAt).slice(0, mostJobs)
}

function toTold({ via, endedAt, guests }: JobSeen): ToldJob {
  return { via, endedAt, guests: guests.slice(0, mostKnown).map(({ id }) => id) }
}

function isSameAs(waiting: JsonObject, job: JobSeen): boolean {
  const one = readJob(waiting)
  return one !== undefined && isSame(toTold(one), toTold(job))
}

function isSame(one: ToldJob, other: ToldJob): boolean {
  const isNear =
    one.via === other.via ? one.endedAt === other.endedAt : Math.abs(one.endedAt - other.endedAt) <= sameJobMs
  const isAny = one.guests.length === 0 || other.guests.length === 0
  return isNear && (isAny || one.guests.some((id) => other.guests.includes(id)))
}

export function isGone(body: Json): 'gone' | 'forgotten' | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  const { gone, forgotten } = body as JsonObject
  return gone === true ? (forgotten === true ? 'forgotten' : 'gone') : undefined
}
