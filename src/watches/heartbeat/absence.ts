// What our own absence, a stepped clock, a start and new options mean for a heartbeat: it is waited anew, never told as missing.
import { type Setting, type State, waitFor, without } from './state.ts'

/** So long a sender may need to find us again. */
const graceMs = 60_000
/** Absent at so many of its times in a row, we can tell nothing, and then we say so. */
const mostSkips = 2
/** Silence is believed when nothing came in so many full periods in which we listened, whatever was between them. */
const periodsHeard = 3
/** After a short absence it is waited no longer than this, or a silence would never be noticed where we start often. */
const shortMs = 600_000
/** Overdue for so long without having been told of: nobody watched. */
const unwatchedMs = 900_000

/** A timer that comes so late says that we slept, or could not write: deaf in either case. */
export function isLate(dueAt: number, now: number): boolean {
  return dueAt + unwatchedMs <= now
}

/** A ping may have been lost from then until then: what could have come in that time is not asked for. */
export function wasAway(given: State, from: number, until: number, setting: Setting): State {
  const state = { ...given, runs: [] }
  const { dueAt, deadlineAt } = state
  if (dueAt === undefined || deadlineAt === undefined) return state
  return setting.timing.isScheduled
    ? skip(state, { dueAt, deadlineAt }, from, until, setting)
    : waitLonger(state, deadlineAt, from, until, setting)
}

/** The clock was stepped: spans keep their length, times on the wall stay. Forward, it is as if we had been away. */
export function clockStepped(given: State, byMs: number, now: number, setting: Setting): State {
  const runs = given.runs.map((run) => ({
    ...run,
    startedAt: run.startedAt + byMs,
    ...(run.dueAt === undefined ? {} : { dueAt: run.dueAt + byMs }),
  }))
  const state = { ...(setting.timing.isScheduled ? given : shifted(given, byMs)), runs }
  return byMs < graceMs ? state : wasAway(state, now - byMs, now, setting)
}

/** The first look, one after a start, or one with other options. */
export function begin(state: State | undefined, setting: Setting, now: number): State {
  const { timing } = setting
  if (state === undefined) return fresh(setting, now)
  if (state.timing !== timing.text) return retimed(state, setting, now)
  const { deadlineAt = Infinity, startBy = Infinity } = state
  if (isLate(deadlineAt, now)) return watchedAgain(state, setting, now)
  const isOverdue = Math.min(deadlineAt, startBy, ...state.runs.map(({ dueAt = Infinity }) => dueAt)) <= now
  return isOverdue ? putOff(state, setting, now) : state
}

/** What became due while we were away for a short time. */
function putOff(state: State, { timing, options }: Setting, now: number): State {
  const { deadlineAt = Infinity, startBy = Infinity } = state
  const wait = (periodMs: number): number => now + Math.min(periodMs, shortMs) + graceMs
  const runs = state.runs.map((run) =>
    run.dueAt === undefined || run.dueAt > now ? run : { ...run, dueAt: wait(run.dueAt - run.startedAt) },
  )
  return {
    ...state,
    runs,
    ...(deadlineAt > now ? {} : { deadlineAt: wait(timing.everyMs + timing.graceMs) }),
    ...(startBy > now ? {} : { startBy: wait(options.startGrace ?? 0) }),
  }
}

function fresh(setting: Setting, now: number): State {
  const { timing } = setting
  const state: State = { v: 1, timing: timing.text, since: now, runs: [], failures: 0, pings: [] }
  return waitFor(state, timing.next(now), setting)
}

/** Nobody watched for a while: what was said of it stays said until it is well, all else begins anew. */
function watchedAgain({ away: _away, missed, ...state }: State, setting: Setting, now: number): State {
  const told = missed === undefined ? {} : { missed: { reason: missed.reason, first: missed.first } }
  return waitFor({ ...state, ...told, runs: [], since: now }, setting.timing.next(now), setting)
}

/** By the new timing; what would be missing by it at once is waited for from now on. */
function retimed(given: State, setting: Setting, now: number): State {
  const { timing, options } = setting
  const { maxRun } = options
  const runs = given.runs
    .filter(({ told }) => told !== true)
    .map(({ dueAt: _due, ...run }) => {
      if (maxRun === undefined) return run
      return { ...run, dueAt: run.startedAt + maxRun > now ? run.startedAt + maxRun : now + maxRun }
    })
  const state = { ...given, timing: timing.text, runs }
  const dueAt = timing.isScheduled
    ? sameSlot(given.dueAt, setting, now)
    : timing.next(Math.max(listenedSince(given), given.away?.until ?? 0))
  const isOpen = dueAt !== undefined && dueAt + timing.graceMs > now
  const next = waitFor(state, isOpen ? dueAt : timing.next(now), setting)
  return (next.startBy ?? Infinity) > now ? next : without(next, 'startBy')
}

/** The time that was waited for, if the new schedule has it too. */
function sameSlot(dueAt: number | undefined, { timing }: Setting, now: number): number | undefined {
  return dueAt !== undefined && timing.next(dueAt - 1) === dueAt ? dueAt : timing.next(now)
}

function shifted(state: State, byMs: number): State {
  const { dueAt, deadlineAt, startBy } = state
  return {
    ...state,
    ...(dueAt === undefined ? {} : { dueAt: dueAt + byMs }),
    ...(deadlineAt === undefined ? {} : { deadlineAt: deadlineAt + byMs }),
    ...(startBy === undefined ? {} : { startBy: startBy + byMs }),
  }
}

function skip(
  state: State,
  { dueAt, deadlineAt }: { readonly dueAt: number; readonly deadlineAt: number },
  from: number,
  until: number,
  setting: Setting,
): State {
  const { timing } = setting
  if (until <= dueAt - graceMs || from >= deadlineAt) return state
  const count = (state.away?.count ?? 0) + 1
  const away = { count, heardMs: 0, until }
  if (count > mostSkips) {
    const later = Math.max(deadlineAt, until + timing.graceMs + graceMs)
    return { ...without(state, 'startBy'), away, deadlineAt: later }
  }
  const next = timing.after(until)
  return waitFor({ ...state, away }, next === undefined ? undefined : Math.max(next, dueAt), setting)
}

/** For a full period, but not for ever: we may be restarted more often than it comes. */
function waitLonger(state: State, deadlineAt: number, from: number, until: number, setting: Setting): State {
  const { timing } = setting
  const periodMs = timing.everyMs + timing.graceMs
  const heardMs = (state.away?.heardMs ?? 0) + Math.max(0, from - (state.away?.until ?? listenedSince(state)))
  const waitMs = Math.max(0, Math.min(periodMs, periodsHeard * periodMs - heardMs))
  const later = Math.max(deadlineAt, until + waitMs + graceMs)
  const away = { count: (state.away?.count ?? 0) + 1, heardMs, until }
  return { ...waitFor(state, later - timing.graceMs, setting), away, deadlineAt: later }
}

function listenedSince({ cameAt = 0, since }: State): number {
  return Math.max(cameAt, since)
}
