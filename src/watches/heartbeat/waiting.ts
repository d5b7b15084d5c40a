// What the passing of time means for a heartbeat: it is missing, has not started, or runs for too long.
import { missing } from './say.ts'
import {
  isFor,
  moveOn,
  type Missed,
  type Reason,
  type Run,
  runOn,
  type Setting,
  type State,
  unsaid,
  without,
} from './state.ts'
import { countRuns } from './timing.ts'
import type { Stepped } from './stepped.ts'

/** The end of a run that is on is waited for a little longer than its own timer. */
const behindRunMs = 60_000

/** It was to be here by now. Timers may come early when the clock was set back: then nothing happens. */
export function deadline(state: State, setting: Setting, now: number): Stepped {
  const { dueAt, deadlineAt, missed } = state
  if (dueAt === undefined || deadlineAt === undefined || now < deadlineAt) return { state }
  const run = runOn(state)
  if (run?.dueAt !== undefined) return { state: waitForRun(state, setting, now) }
  const reason = reasonOf(state, setting)
  const first = missed?.first ?? dueAt
  const count = runsUntil({ ...state, dueAt }, first, setting, now)
  const runs = state.runs.map((one) => ({ ...one, told: true as const }))
  const told: State = { ...state, runs, missed: { reason, first, ...(count === undefined ? {} : { runs: count }) } }
  const next = moveOn(told, setting, now)
  if (missed?.said === true && missed.reason === reason) return { state: next }
  return { state: next, events: [missing(told, setting, run)] }
}

/** How often it has not come, the time that is over now included. */
function runsUntil(
  {
    missed = { runs: 0 },
    away,
    dueAt,
  }: Pick<State, 'away'> & { readonly missed?: { readonly runs?: number }; readonly dueAt: number },
  first: number,
  { timing }: Setting,
  now: number,
): number | undefined {
  if (away !== undefined || missed.runs === undefined) return undefined
  const from = timing.isScheduled ? dueAt : first
  const more = countRuns(timing, from, now - timing.graceMs)
  if (more === undefined) return undefined
  return 1 + more + (timing.isScheduled ? missed.runs : 0)
}

/** Its start was to be here by now. */
export function startDeadline(state: State, setting: Setting, now: number): Stepped {
  const { startBy, dueAt = now, missed } = state
  if (startBy === undefined || now < startBy) return { state }
  const rest = without(state, 'startBy')
  if (runOn(state) !== undefined) return { state: rest }
  const known = missed ?? { first: dueAt, runs: 0 }
  const told: State = { ...rest, missed: { ...known, reason: 'not-started', said: true } }
  return { state: told, events: [missing(told, setting)] }
}

/** A run was to be over by now; it is not waited for any more. */
export function runDeadline(state: State, setting: Setting, now: number): Stepped {
  const late = state.runs.filter(({ dueAt }) => dueAt !== undefined && dueAt <= now)
  const [run] = late
  if (run === undefined) return { state }
  const { dueAt = run.startedAt } = state
  const runs = state.runs.filter((one) => !late.includes(one))
  const known = unsaid(state).missed ?? { first: Math.min(dueAt, run.startedAt), runs: 0 }
  const told: State = { ...state, runs, missed: { ...known, reason: 'not-finished', ...said(state, run, setting) } }
  const events = [missing(told, setting, run)]
  if (setting.timing.isScheduled) return { state: told, events }
  return { state: moveOn(told, setting, now), events }
}

/** Of what is waited for now, if that is what this run was for. */
function said(state: State, run: Run, { timing }: Setting): Pick<Missed, 'said'> {
  const isIt = timing.isScheduled && state.dueAt !== undefined && isFor(timing, run.startedAt, state.dueAt)
  return isIt ? { said: true } : {}
}

function reasonOf(state: State, { timing }: Setting): Reason {
  const { missed, last } = state
  if (runOn(state) !== undefined) return 'not-finished'
  // What comes every so often has no second time at which it could be missed for another reason.
  if (missed !== undefined && (missed.said === true || !timing.isScheduled)) return missed.reason
  return last === undefined ? 'never' : 'silent'
}

function waitForRun(state: State, setting: Setting, now: number): State {
  if (setting.timing.isScheduled) return moveOn(state, setting, now)
  return { ...state, deadlineAt: Math.max(now, ...state.runs.map(({ dueAt = now }) => dueAt)) + behindRunMs }
}
