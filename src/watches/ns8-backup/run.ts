// Which run of the plan is being watched: the last one that was due, until its end is known, or one started by hand.
import { isPlausible, isReadable, own, type Module, type PlanSnapshot } from './facts.ts'
import type { ByModule, Run } from './state.ts'
import {
  alarmsOf,
  isOfRun,
  lastDue,
  nextDue,
  openWindow,
  patienceOf,
  readSchedule,
  toleranceMs,
  toWindow,
  type RunWindow,
  type Schedule,
} from './window.ts'
import { change, drop, type Work } from './work.ts'

/** Goes on to the next run once it is due and the last one needs no more watching. */
export function moveRun(work: Work): void {
  const { snapshot, run, countFrom = work.now, lengths } = work.state
  if (snapshot === undefined || !isRunning(snapshot)) return drop(work, 'run')
  const schedule = readSchedule(snapshot, work.place.zone)
  const found = 'error' in schedule ? undefined : dueNow(work, schedule, run)
  const due = found !== undefined && found >= countFrom ? found : undefined
  if (run !== undefined && (due === undefined || !mayLeave(work, run, due))) return
  const window =
    due === undefined || 'error' in schedule ? openWindow(countFrom) : toWindow(schedule, due, lengths, work.options)
  change(work, { run: { window: { ...window, ...toldOf(window, run) }, probes: {} } })
}

/** Something has run since the end of the run was told: the same one came in late, or somebody started another. */
export function reopenRun(work: Work): void {
  const { snapshot, run } = work.state
  const concluded = run?.concluded
  if (snapshot === undefined || run === undefined || concluded === undefined) return
  const fresh = liveOf(snapshot).filter((module) => isNew(module, concluded.starts, work.now))
  if (fresh.length === 0) return
  const again = fresh.filter((module) => hadRun(module, run.window, concluded.starts))
  change(work, {
    run: {
      window: again.length > 0 ? runAgain(work, run.window, again, concluded.starts) : runLate(work, run.window),
      probes: {},
    },
  })
}

/** When silence will next make a difference; of the run that follows, once the end of this one is known. */
export function nextAlarm(work: Work): number | undefined {
  const { run, snapshot, readAt = 0, countFrom = 0, lengths } = work.state
  if (run === undefined || snapshot === undefined) return undefined
  const { window, concluded, idle } = run
  const isOn = concluded === undefined && idle === undefined
  const alarm = isOn ? alarmsOf(window).find((at) => at > readAt) : undefined
  if (isOn && window.deadline !== undefined) return alarm
  const schedule = readSchedule(snapshot, work.place.zone)
  if ('error' in schedule) return alarm
  const due = nextDue(schedule, Math.max(window.due, concluded?.endedAt ?? 0, countFrom))
  const next = due === undefined ? undefined : alarmsOf(toWindow(schedule, due, lengths, work.options))[0]
  return Math.min(alarm ?? Infinity, next ?? Infinity)
}

export function liveOf(snapshot: PlanSnapshot): readonly Module[] {
  return snapshot.modules.filter(({ node }) => node !== null)
}

/** Tells runs apart: when it was due, or was started by hand. */
export function runId({ due, again }: RunWindow): number {
  return again?.since ?? due
}

export function isRunning(snapshot: PlanSnapshot): boolean {
  return snapshot.state === 'read' && snapshot.plan?.enabled === true
}

/**
 * The run to go on to. What is due often may be due again before one is late: then it is the first after the one before,
 * or the last of those that should have shown up by now. systemd starts nothing while the unit still runs, so what was due
 * meanwhile is left out.
 */
function dueNow(work: Work, schedule: Schedule, run: Run | undefined): number | undefined {
  const { now, state, options } = work
  const last = lastDue(schedule, now)
  if (run === undefined || last === undefined) return last
  const { due, again } = run.window
  const after = Math.max(due, again?.since ?? 0, run.concluded?.endedAt ?? 0)
  if (last <= after) return undefined
  const [alarm = last] = alarmsOf(toWindow(schedule, last, state.lengths, options))
  const late = lastDue(schedule, now - (alarm - last))
  return late !== undefined && late > after ? late : nextDue(schedule, after)
}

function mayLeave(work: Work, run: Run, due: number): boolean {
  const { concluded, window, idle } = run
  if (window.deadline === undefined || idle || concluded !== undefined || window.again !== undefined) return true
  const live = work.state.snapshot === undefined ? [] : liveOf(work.state.snapshot)
  return live.length > 0 && live.every(({ status }) => isReadable(status) && status.start * 1000 >= due - toleranceMs)
}

function toldOf({ due }: RunWindow, before: Run | undefined): Pick<RunWindow, 'told'> {
  const starts = Object.entries(before?.concluded?.starts ?? {})
  const told = starts.filter(([, start]) => start * 1000 >= due - toleranceMs)
  return told.length === 0 ? {} : { told: Object.fromEntries(told) }
}

function isNew({ id, status }: Module, starts: ByModule<number>, now: number): boolean {
  return isReadable(status) && isPlausible(status, now) && status.start > (own(starts, id) ?? -1)
}

/** It was done with this run before something else came of it. */
function hadRun(module: Module, window: RunWindow, starts: ByModule<number>): boolean {
  const start = own(starts, module.id)
  if (start === undefined) return false
  if (window.again !== undefined) return start > (own(window.again.starts, module.id) ?? -1)
  return isOfRun(window, module, start)
}

function runAgain(work: Work, window: RunWindow, fresh: readonly Module[], starts: ByModule<number>): RunWindow {
  const since = 1000 * Math.min(...fresh.flatMap(({ status }) => (isReadable(status) ? [status.start] : [])))
  return { ...window, again: { since, until: since + patienceOf(work.state.lengths, work.options), starts } }
}

/** It has begun after all, so it is given the time of a whole run. */
function runLate(work: Work, window: RunWindow): RunWindow {
  const until = work.now + patienceOf(work.state.lengths, work.options)
  if (window.again !== undefined) return { ...window, again: { ...window.again, until } }
  if (window.deadline === undefined) return window
  const deadline = Math.max(window.deadline, until)
  const nodes = Object.entries(window.nodes).map(([id, node]) => [id, { ...node, deadline, notStartedAt: deadline }])
  return { ...window, deadline, nodes: Object.fromEntries(nodes) as RunWindow['nodes'] }
}
