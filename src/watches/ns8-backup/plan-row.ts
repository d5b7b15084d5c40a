// The row of one plan: each input is taken in and judged, then it is worked out when to look next and which timers to set.
import type { Timer, WatchInput, WatchPlace, WatchResult } from '../../watch.ts'
import { readAlert, readHealth, readPlan } from './facts.ts'
import { correlateRun, judge, judgeUnread, openAlerts, probesDueAt, provisionalAt, unreadableAt } from './judge.ts'
import type { Options } from './options.ts'
import { closeIncident } from './incident.ts'
import { forgetAilments, takeHealth } from './repository.ts'
import { isRunning, moveRun, nextAlarm } from './run.ts'
import { emptyPlan, type PlanState } from './state.ts'
import { takeAlert } from './take-alert.ts'
import { takePlan } from './take-plan.ts'
import { ask, change, drop, type Work } from './work.ts'

const rereadMs = 60_000
/** Redis is away: asked again after 1, 2, 4, 8 and then every 15 minutes. */
const longestRetryMs = 900_000
/** So long the plan of an alert that names none is remembered, so that its repeats stay repeats. */
const forgetMs = 7 * 86_400_000
/** Timers of what has not been heard. */
const silences: ReadonlySet<string> = new Set(['deadline', 'provisional', 'unreadable'])

export function stepPlan(
  options: Options,
  state: PlanState | undefined,
  input: WatchInput,
  now: number,
  place: WatchPlace,
): WatchResult<PlanState> {
  // A timer or an answer may come in after its row is gone.
  if (state === undefined && input.kind !== 'fact') return { state: null }
  const known = state?.v === 1 ? state : emptyPlan
  const work: Work = { id: input.key, options, place, now, state: known, events: [], asks: [] }
  if (input.kind === 'timer' && input.name === 'forget') return { state: null, timers: cancelAll(known) }
  take(work, input)
  moveRun(work)
  look(work)
  const timers = setTimers(work)
  return { state: work.state, events: work.events, timers, rechecks: work.asks }
}

/** The plan is watched no more: somebody has taken it out of the options. */
export function leavePlan(
  options: Options,
  state: PlanState | undefined,
  id: string,
  now: number,
  place: WatchPlace,
): WatchResult<PlanState> {
  if (state === undefined) return { state: null }
  const work: Work = { id, options, place, now, state, events: [], asks: [] }
  closeIncident(work, 'watched no more', correlateRun(work))
  const { snapshot: _known, ...rest } = work.state
  work.state = rest
  forgetAilments(work)
  return { state: null, events: work.events, timers: cancelAll(state) }
}

function take(work: Work, input: WatchInput): void {
  switch (input.kind) {
    case 'fact':
      return takeFact(work, input.fact)
    case 'unanswered':
      return takeUnanswered(work, input.name, input.factKey)
    case 'timer': {
      const { [input.name]: _due, ...timers } = work.state.timers
      change(work, { timers })
      return work.state.unread === undefined ? judge(work) : judgeUnread(work)
    }
    case 'begin':
    case 'event':
    case 'told':
    case 'forget':
  }
}

function takeFact(
  work: Work,
  { name, key, data }: { name: string; key: string; data: Parameters<typeof readPlan>[0] },
): void {
  if (name === 'backup.alert') return takeAlert(work, readAlert(data))
  if (name === 'backup.repository') return takeAnswer(work, moduleOf(key), readHealth(data, work.now))
  const snapshot = readPlan(data)
  if (snapshot.state === 'unreadable') return takeUnread(work, snapshot.problem ?? 'no reason was given')
  takePlan(work, snapshot)
  judge(work)
  forgetAilments(work)
}

function takeUnanswered(work: Work, name: string, key: string): void {
  if (name === 'backup.plan') return takeUnread(work, 'the source gave no answer', true)
  takeAnswer(work, moduleOf(key), {
    state: 'UNKNOWN',
    message: 'The look into the repository gave no answer.',
    at: work.now,
  })
}

function takeAnswer(work: Work, module: string, health: Parameters<typeof takeHealth>[2]): void {
  takeHealth(work, module, health)
  if (work.state.unread === undefined) judge(work)
}

function takeUnread(work: Work, problem: string, isUnanswered = false): void {
  const { unread } = work.state
  const since = unread?.since ?? work.now
  const tries = (unread?.tries ?? 0) + 1
  change(work, { unread: { since, tries, problem, ...(isUnanswered ? { isUnanswered } : {}) } })
  drop(work, 'lookAt')
  judgeUnread(work)
}

/** Asks for the plan to be read again, at the earliest moment at which that is of use. */
function look(work: Work): void {
  const at = wantedLook(work)
  const { lookAt } = work.state
  if (at === Infinity || (lookAt !== undefined && lookAt <= at)) return
  change(work, { lookAt: at })
  ask(work, 'backup.plan', work.id, {}, at > work.now ? at : undefined)
}

function wantedLook(work: Work): number {
  const { state, options, now } = work
  const { run, unread, readAt = -Infinity, alerts, incident } = state
  if (unread !== undefined) return now + Math.min(rereadMs * 2 ** Math.min(unread.tries - 1, 10), longestRetryMs)
  const unseen = alerts.filter((alert) => alert.open && alert.firing && alert.at + options.settle > readAt)
  const wishes = unseen.map(({ at }) => at + options.settle)
  // One taken back is no proof: only Redis says whether the backup is good.
  if (alerts.some(({ firing, changedAt }) => !firing && changedAt > readAt)) wishes.push(now)
  if (run !== undefined && state.snapshot !== undefined && isRunning(state.snapshot)) {
    const alarm = nextAlarm(work)
    if (alarm !== undefined && alarm < now) wishes.push(now)
    if (run.concluded === undefined) {
      const isBad = run.badSince !== undefined || openAlerts(work).length > 0
      const isEndless = run.window.deadline === undefined && incident !== undefined
      if (isBad && run.idle === undefined && !isEndless && isWaiting(work)) wishes.push(readAt + rereadMs)
    }
    if (run.confirmAt !== undefined && readAt < run.confirmAt) wishes.push(run.confirmAt)
  }
  return wishes.length === 0 ? Infinity : Math.max(Math.min(...wishes), now)
}

function isWaiting(work: Work): boolean {
  return correlateRun(work).outcome === 'PENDING'
}

function setTimers(work: Work): Timer[] {
  const wanted = wantedTimers(work)
  const { timers } = work.state
  const changed: Timer[] = []
  for (const [name, at] of Object.entries(wanted)) {
    if (timers[name] === at) continue
    // Silence while we were away ourselves proves nothing: the source has then not read the plan either.
    changed.push({ name, at, ...(silences.has(name) ? { periodMs: work.options.poll } : {}) })
  }
  for (const name of Object.keys(timers)) if (!Object.hasOwn(wanted, name)) changed.push({ name })
  change(work, { timers: wanted })
  return changed
}

function wantedTimers(work: Work): { [name: string]: number } {
  const { snapshot, incident, timers } = work.state
  const isGone = snapshot === undefined ? incident === undefined : snapshot.state === 'gone'
  const alarm = nextAlarm(work)
  const times: { readonly [name: string]: number } = {
    // A second later, for then it is over.
    deadline: alarm === undefined || alarm < work.now ? Infinity : alarm + 1000,
    provisional: provisionalAt(work),
    probes: probesDueAt(work),
    unreadable: unreadableAt(work),
    forget: isGone ? (timers['forget'] ?? work.now + forgetMs) : Infinity,
  }
  const ahead = Object.entries(times).filter(([name, at]) => at !== Infinity && (at > work.now || name === 'forget'))
  return Object.fromEntries(ahead)
}

function cancelAll({ timers }: PlanState): Timer[] {
  return Object.keys(timers).map((name) => ({ name }))
}

function moduleOf(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}
