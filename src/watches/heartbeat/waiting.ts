// What the passing of time means for a heartbeat: it is missing, has not started, or runs for too long.
import { missing } from './say.ts'
import { isFor, moveOn, type Missed, type Reason, type Run, type Setting, type State, without } from './state.ts'
import type { Stepped } from './stepped.ts'

/** The end of a run that is on is waited for a little longer than its own timer. */
const behindRunMs = 60_000

/** It was to be here by now. Timers may come early when the clock was set back: then nothing happens. */
export function deadline(state: State, setting: Setting, now: number): Stepped {
  const { dueAt, deadlineAt, missed } = state
  if (dueAt === undefined || deadlineAt === undefined || now < deadlineAt) return { state }
  const [run] = state.runs
  if (run?.dueAt !== undefined) return { state: waitForRun(state, setting, now) }
  const reason = reasonOf(state)
  if (missed?.said === true && missed.reason === reason) return { state: moveOn(state, setting, now) }
  const told = { ...state, missed: { reason, first: missed?.first ?? dueAt } }
  return { state: moveOn(told, setting, now), events: [missing(told, setting, now, run)] }
}

/** Its start was to be here by now. */
export function startDeadline(state: State, setting: Setting, now: number): Stepped {
  const { startBy, dueAt = now, missed } = state
  if (startBy === undefined || now < startBy) return { state }
  const rest = without(state, 'startBy')
  if (state.runs.length > 0) return { state: rest }
  const told: State = { ...rest, missed: { reason: 'not-started', first: missed?.first ?? dueAt, said: true } }
  return { state: told, events: [missing(told, setting, now)] }
}

/** A run was to be over by now; it is not waited for any more. */
export function runDeadline(state: State, setting: Setting, now: number): Stepped {
  const late = state.runs.filter(({ dueAt }) => dueAt !== undefined && dueAt <= now)
  const [run] = late
  if (run === undefined) return { state }
  const { dueAt = run.startedAt, missed } = state
  const runs = state.runs.filter((one) => !late.includes(one))
  const first = missed?.first ?? Math.min(dueAt, run.startedAt)
  const told = {
    ...state,
    runs,
    missed: { reason: 'not-finished', first, ...said(state, run, setting) },
  } satisfies State
  const events = [missing(told, setting, now, run)]
  if (setting.timing.isScheduled) return { state: told, events }
  return { state: moveOn(told, setting, now), events }
}

/** Of what is waited for now, if that is what this run was for. */
function said(state: State, run: Run, { timing }: Setting): Pick<Missed, 'said'> {
  const isIt = timing.isScheduled && state.dueAt !== undefined && isFor(timing, run.startedAt, state.dueAt)
  return isIt ? { said: true } : {}
}

function reasonOf({ runs, missed, last }: State): Reason {
  if (runs.length > 0) return 'not-finished'
  if (missed?.said === true) return missed.reason
  return last === undefined ? 'never' : 'silent'
}

function waitForRun(state: State, setting: Setting, now: number): State {
  if (setting.timing.isScheduled) return moveOn(state, setting, now)
  return { ...state, deadlineAt: Math.max(now, ...state.runs.map(({ dueAt = now }) => dueAt)) + behindRunMs }
}
