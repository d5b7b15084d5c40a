// Takes in what was read of a plan: what of it is new, and which good backups its applications have had.
import { isPlausible, isReadable, own, type Module, type PlanSnapshot, type Status } from './facts.ts'
import { liveOf, moveRun, reopenRun } from './run.ts'
import type { ByModule, PlanState } from './state.ts'
import type { GoodRun } from './trends.ts'
import { memory } from './window.ts'
import { change, drop, type Work } from './work.ts'

export function takePlan(work: Work, snapshot: PlanSnapshot): void {
  const before = work.state.snapshot
  const countFrom = countFromOf(work, before, snapshot)
  if (countFrom !== work.state.countFrom && !isUnderWay(work)) drop(work, 'run')
  const live = liveOf(snapshot)
  change(work, {
    snapshot,
    readAt: work.now,
    countFrom,
    since: sinceOf(work, before, snapshot),
    good: keepGood(work, live),
    saved: keepOnly(work.state.saved, live),
    health: keepOnly(work.state.health, snapshot.modules),
    trends: keepOnly(work.state.trends, live),
  })
  drop(work, 'unread', 'lookAt')
  moveRun(work)
  reopenRun(work)
}

/** At first sight: since its oldest trace, so that what should have run before we came is seen to be missing. */
function countFromOf(work: Work, before: PlanSnapshot | undefined, snapshot: PlanSnapshot): number {
  const { countFrom } = work.state
  if (before === undefined || before.state !== 'read' || countFrom === undefined) return firstTrace(work, snapshot)
  const isEnabled = snapshot.plan?.enabled === true && before.plan?.enabled === false
  return isEnabled || before.plan?.schedule !== snapshot.plan?.schedule ? work.now : countFrom
}

function firstTrace({ now, options }: Work, snapshot: PlanSnapshot): number {
  const starts = liveOf(snapshot).flatMap(({ status }) => (isReadable(status) ? [status.start * 1000] : []))
  return Math.min(now, ...starts.map((start) => start - options.startGrace))
}

/** A run that has begun is seen through to its end, though the schedule was changed. */
function isUnderWay({ state: { run, snapshot } }: Work): boolean {
  if (run === undefined || run.concluded !== undefined || snapshot?.plan?.enabled === false) return false
  return liveOf(snapshot ?? { state: 'gone', modules: [], nodes: {} }).some(
    ({ status }) => isReadable(status) && status.start * 1000 >= run.window.due,
  )
}

function sinceOf(work: Work, before: PlanSnapshot | undefined, snapshot: PlanSnapshot): ByModule<number> {
  const known = new Set(before?.modules.map(({ id }) => id))
  const rows = liveOf(snapshot).flatMap(({ id }): [string, number][] => {
    const since = own(work.state.since, id) ?? (before?.state !== 'read' || known.has(id) ? undefined : work.now)
    return since === undefined ? [] : [[id, since]]
  })
  return Object.fromEntries(rows)
}

/** One more than trends look at: the last is the run that they look at it for. */
function keepGood({ state: { good }, now }: Work, live: readonly Module[]): PlanState['good'] {
  const rows = live.flatMap(({ id, status }): [string, readonly GoodRun[]][] => {
    const known = own(good, id) ?? []
    const last = known.at(-1)?.[0] ?? -1
    if (isReadable(status) && status.errors === 0 && isPlausible(status, now) && status.start > last)
      return [[id, [...known, toGoodRun(status)].slice(-memory - 1)]]
    return known.length === 0 ? [] : [[id, known]]
  })
  return Object.fromEntries(rows)
}

function toGoodRun({ start, end, totalSize, totalFiles }: Status): GoodRun {
  return [start, end, totalSize ?? null, totalFiles ?? null]
}

function keepOnly<Value>(rows: ByModule<Value>, modules: readonly Module[]): ByModule<Value> {
  return Object.fromEntries(
    modules.flatMap(({ id }): [string, Value][] => {
      const value = own(rows, id)
      return value === undefined ? [] : [[id, value]]
    }),
  )
}
