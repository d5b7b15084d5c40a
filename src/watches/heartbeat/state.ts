// What is kept of one heartbeat: when it is to come, what it said, what has been said of it. As JSON in a state row.
import type { HeartbeatOptions } from './options.ts'
import type { Ping } from './ping.ts'
import type { Timing } from './timing.ts'

export type State = {
  readonly v: 1
  /** The timing by which it waits. */
  readonly timing: string
  /** Since when it is waited for. */
  readonly since: number
  /** When it is to come next; absent: never again. */
  readonly dueAt?: number
  /** When it is missing; later than due and grace when something has put it off. */
  readonly deadlineAt?: number
  /** When it should have started. */
  readonly startBy?: number
  /** Started and not ended, the oldest first. */
  readonly runs: readonly Run[]
  readonly last?: Said
  /** When it last ended, well or not. */
  readonly cameAt?: number
  readonly okAt?: number
  /** In a row. */
  readonly failures: number
  readonly missed?: Missed
  readonly failing?: true
  readonly away?: Away
  /** Keys of the last pings that had one: a repeat says nothing new. */
  readonly pings: readonly string[]
}

export type Run = {
  readonly id?: string
  /** When it last said start. */
  readonly startedAt: number
  /** When it first did, if it did so again without an end. */
  readonly firstAt?: number
  /** When it has run for too long. */
  readonly dueAt?: number
  /** Told as not finished: it is still known when it ends, but not waited for. */
  readonly told?: true
}

export type Said = {
  readonly at: number
  readonly state: Ping['state']
  readonly exitCode?: number
  readonly message?: string
}

export type Reason = 'silent' | 'never' | 'not-started' | 'not-finished'

/** Told as missing. */
export type Missed = {
  readonly reason: Reason
  /** The first time at which it was to come and did not. */
  readonly first: number
  /** How often it did not come, before the time that is waited for now; absent: very often, or we do not know. */
  readonly runs?: number
  /** Told already of the time that is waited for now. */
  readonly said?: true
}

/** Our own absences since it last came, in which a ping may have been lost. */
export type Away = {
  /** Those for which it was waited longer. */
  readonly count: number
  /** For how long we have listened all the same. */
  readonly heardMs: number
  readonly until: number
}

/** All that a decision stands on beside the state. */
export interface Setting {
  readonly name: string
  /** In which people read times. */
  readonly zone: string
  readonly options: HeartbeatOptions
  readonly timing: Timing
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Waits for it to come at `dueAt`; undefined: never again. */
export function waitFor(state: State, dueAt: number | undefined, { timing, options }: Setting): State {
  const { dueAt: _due, deadlineAt: _deadline, startBy: _start, ...rest } = state
  if (dueAt === undefined) return rest
  const { startGrace } = options
  const startBy = startGrace === undefined ? {} : { startBy: dueAt + startGrace }
  return { ...rest, dueAt, deadlineAt: dueAt + timing.graceMs, ...startBy }
}

/** The time that was waited for is over: the next one, or, where it comes every so often, another look after a while. */
export function moveOn(state: State, setting: Setting, now: number): State {
  const { timing } = setting
  const rest = unsaid(state)
  const { dueAt = now, missed } = rest
  // What stays away is looked at again ever more rarely, so that its record does not grow with it.
  const notBefore = missed === undefined ? 0 : now + Math.min(dayMs, Math.max(hourMs, now - missed.first))
  if (!timing.isScheduled) return { ...without(rest, 'startBy'), deadlineAt: Math.max(now + timing.everyMs, notBefore) }
  const next = waitFor(rest, timing.next(Math.max(dueAt, now - timing.graceMs)), setting)
  return next.deadlineAt === undefined ? next : { ...next, deadlineAt: Math.max(next.deadlineAt, notBefore) }
}

/** The oldest run that is on and waited for. */
export function runOn({ runs }: State): Run | undefined {
  return runs.find(({ told }) => told !== true)
}

/** Of the time that is waited for from now on, nothing has been told yet. */
export function unsaid(state: State): State {
  if (state.missed === undefined) return state
  const { said: _said, ...missed } = state.missed
  return { ...state, missed }
}

/** Whether what begins or comes at `at` is meant for `dueAt`. */
export function isFor(timing: Timing, at: number, dueAt: number): boolean {
  return !timing.isScheduled || (timing.after(at) ?? Infinity) > dueAt
}

export function without<Key extends keyof State>(state: State, key: Key): Omit<State, Key> {
  const { [key]: _gone, ...rest } = state
  return rest
}
