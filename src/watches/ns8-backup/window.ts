// When the runs of a plan are due, on each node by the clock on its wall, and how long we wait before one is missed.
import { nextElapse, previousElapse } from '../../lib/on-calendar/elapse.ts'
import { parseOnCalendar } from '../../lib/on-calendar/parse.ts'
import { createZone } from '../../lib/zone.ts'
import { own, type Module, type PlanSnapshot } from './facts.ts'
import type { Options } from './options.ts'

type OnCalendar = Exclude<ReturnType<typeof parseOnCalendar>, { readonly error: string }>

export interface Schedule {
  readonly calendar: OnCalendar
  /** Of each node with applications of the plan. */
  readonly zones: { readonly [node: string]: string }
  /** At least one. */
  readonly distinct: readonly string[]
}

/** All times in milliseconds since 1970. */
export type RunWindow = {
  /** On the node where it comes first. */
  readonly due: number
  /** Then every node has had its time; absent: nothing is due, so nothing is late. */
  readonly deadline?: number
  /** When the run before was due. */
  readonly previousDue?: number
  readonly nodes: { readonly [node: string]: NodeWindow }
  /** What began just before it was due and was told with the run before: when, in seconds, by application. */
  readonly told?: { readonly [module: string]: number }
  /** Someone started the plan by hand after the run that was due. */
  readonly again?: Again
}

export type Again = {
  readonly since: number
  /** Who has not run again by then counts as before. */
  readonly until: number
  /** When the last run of each application had begun until then, in seconds: a later one is part of this. */
  readonly starts: { readonly [module: string]: number }
}

export type NodeWindow = {
  readonly due: number
  readonly deadline: number
  /** Then a node of which nothing was heard has not even started. */
  readonly notStartedAt: number
}

/** Of the last runs, in seconds, oldest first. */
export type Lengths = {
  readonly plan: readonly number[]
  /** Until the first application of a node was done: no sign of life comes before. */
  readonly first: { readonly [node: string]: readonly number[] }
}

/** A run may begin so early: the clocks of a cluster differ a little. */
export const toleranceMs = 60_000
/** So many runs are remembered. */
export const memory = 14
const hourMs = 3_600_000

export function readSchedule(snapshot: PlanSnapshot, zone: string): Schedule | { readonly error: string } {
  const calendar = parseOnCalendar(snapshot.plan?.schedule ?? '')
  if ('error' in calendar) return calendar
  const home = isZone(zone) ? zone : 'UTC'
  const zones: { [node: string]: string } = {}
  for (const { node } of snapshot.modules) {
    if (node === null) continue
    const said = own(snapshot.nodes, node)?.zone
    zones[node] = said !== undefined && isZone(said) ? said : home
  }
  const distinct = [...new Set(Object.values(zones))]
  return { calendar, zones, distinct: distinct.length === 0 ? [home] : distinct }
}

export function lastDue(schedule: Schedule, atOrBefore: number): number | undefined {
  return previousElapse(schedule.calendar, atOrBefore, firstZone(schedule, atOrBefore))
}

export function nextDue(schedule: Schedule, after: number): number | undefined {
  return nextElapse(schedule.calendar, after, firstZone(schedule, after))
}

/** The window of the run that is due at `due`. */
export function toWindow(schedule: Schedule, due: number, lengths: Lengths, options: Options): RunWindow {
  const patience = patienceOf(lengths, options)
  const nodes: { [node: string]: NodeWindow } = {}
  for (const [node, zone] of Object.entries(schedule.zones)) {
    const here = dueIn(schedule, due, zone)
    const deadline = here + patience
    const first = own(lengths.first, node) ?? []
    nodes[node] = { due: here, deadline, notStartedAt: notStartedAt(here, deadline, first, options) }
  }
  const deadline = Math.max(due + patience, ...Object.values(nodes).map((node) => node.deadline))
  const before = lastDue(schedule, due - 1)
  return { due, deadline, ...(before === undefined ? {} : { previousDue: before }), nodes }
}

/** Two runs in a row have not made a good backup, and more than a day has passed: too old, whatever else is said. */
export function isTooOld({ previousDue }: RunWindow, lastGoodAt: number, now: number): boolean {
  return previousDue !== undefined && lastGoodAt < previousDue - toleranceMs && now - lastGoodAt > 26 * hourMs
}

/** For a plan that has had no due time yet: what runs by hand is judged, and nothing is late. */
export function openWindow(since: number): RunWindow {
  return { due: since, nodes: {} }
}

/** How long after its due time a run may end: grace to start, time to run, NethServer's own hour of retries. */
export function patienceOf(lengths: Lengths, options: Options): number {
  const run = Math.max(1.5 * 1000 * percentile95(lengths.plan), hourMs)
  return options.startGrace + run + options.retryWindow
}

export function dueOn(window: RunWindow, node: string | null): number {
  return own(window.nodes, node ?? '')?.due ?? window.due
}

/** Whether what an application began then, in seconds, is of this run. */
export function isOfRun(window: RunWindow, { id, node }: Module, start: number): boolean {
  const due = dueOn(window, node)
  const at = start * 1000
  return at >= due || (at >= due - toleranceMs && own(window.told ?? {}, id) !== start)
}

/** The moments at which nothing but silence makes a difference, in order. */
export function alarmsOf(window: RunWindow): number[] {
  const nodes = Object.values(window.nodes).flatMap((node) => [node.notStartedAt, node.deadline])
  const all = [...nodes, ...(window.deadline === undefined ? [] : [window.deadline]), window.again?.until ?? 0]
  return [...new Set(all)].filter((at) => at > 0).sort((a, b) => a - b)
}

/** By rank: of fewer than twenty values the greatest. */
export function percentile95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0
}

/** Where nobody knows how long the first application takes, silence means nothing before the deadline. */
function notStartedAt(due: number, deadline: number, first: readonly number[], options: Options): number {
  if (first.length === 0) return deadline
  const at = due + options.startGrace + options.retryWindow + 1000 * percentile95(first)
  return Math.min(at, deadline)
}

/** The same run by another clock: the elapse there that is nearest, since zones are less than a period apart. */
function dueIn(schedule: Schedule, due: number, zone: string): number {
  if (schedule.distinct.length === 1) return due
  const before = previousElapse(schedule.calendar, due, zone)
  const after = nextElapse(schedule.calendar, due, zone)
  if (before === undefined || after === undefined) return before ?? after ?? due
  return after - due < due - before ? after : before
}

/** Where the clock is furthest ahead, the run is due first. */
function firstZone({ distinct }: Schedule, at: number): string {
  const [only = 'UTC', ...others] = distinct
  let first = only
  for (const zone of others) if (offsetAt(zone, at) > offsetAt(first, at)) first = zone
  return first
}

const clocks = new Map<string, ReturnType<typeof createZone> | undefined>()

function offsetAt(zone: string, at: number): number {
  return clockOf(zone)?.offsetAt(at) ?? 0
}

function isZone(name: string): boolean {
  return clockOf(name) !== undefined
}

function clockOf(name: string): ReturnType<typeof createZone> | undefined {
  if (clocks.has(name)) return clocks.get(name)
  if (clocks.size > 500) clocks.clear()
  let clock
  try {
    clock = createZone(name)
  } catch {
    clock = undefined
  }
  clocks.set(name, clock)
  return clock
}
