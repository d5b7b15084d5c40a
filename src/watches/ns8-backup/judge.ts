// Judges a plan by what was last read of it: waits, asks for the repositories, makes sure, and has the end of a run told.
import { conclude, tellContradictions } from './conclude.ts'
import { correlate, isGood, type Judgement, type Outcome, type Past } from './correlate.ts'
import { own, type Health } from './facts.ts'
import { closeIncident, signatureOf, tellRun } from './incident.ts'
import { alertData, toNotice } from './report.ts'
import { isRunning, moveRun, nextAlarm, runId } from './run.ts'
import type { Alert, Incident, Run, Standing } from './state.ts'
import { readSchedule } from './window.ts'
import { ask, change, drop, type Work } from './work.ts'

/** Prometheus looks once a minute, and judges once a minute. */
const confirmMs = 120_000
/** An alert of an earlier run is taken back late: with the next look, the next judgement, and Alertmanager's next five minutes. */
const confirmOldMs = 600_000
/** A probe without an answer is not waited for any longer; the hub gives it five minutes. */
const probeWaitMs = 360_000
const mostProbes = 50
/** An alert that was not taken back for so long was forgotten. */
const alertKeptMs = 7 * 86_400_000
/** Redis may be away for so long before an alert is told in its own words. */
const unreadableMs = 600_000

/** What ended one run may already be part of the next, so that one is judged as well; there are never more than a few. */
export function judge(work: Work): void {
  for (let round = 0; round < 3; round += 1) {
    moveRun(work)
    const before = work.state.run
    judgeOnce(work)
    moveRun(work)
    const after = work.state.run
    if (before === undefined || after === undefined || runId(after.window) === runId(before.window)) return
  }
}

/** The plan could not be read for long, and an alert about it waits, or its run should have ended. */
export function judgeUnread(work: Work): void {
  const waiting = openAlerts(work)
  if (work.now < unreadableAt(work)) return
  const judgement: Judgement = { ...correlateRun(work), outcome: 'UNKNOWN', soFar: 'UNKNOWN', provisional: true }
  const names = waiting.map(({ key, startsAt }) => `${key} ${startsAt}`)
  const signature = ['UNKNOWN', ...names].join(' ')
  if (work.state.incident?.signature === signature) return
  const reasons = work.state.unread === undefined ? [] : [work.state.unread.problem]
  tellRun(work, { outcome: 'UNKNOWN', judgement, signature, alerts: waiting, reasons })
}

/** When that is to be told, as long as nothing changes. */
export function unreadableAt(work: Work): number {
  const { unread, incident } = work.state
  if (unread === undefined) return Infinity
  const open = openAlerts(work)
  const from = unread.since + unreadableMs
  // An alert that comes later is looked into once before.
  if (open.length > 0) return Math.max(from, Math.min(...open.map(({ at }) => at)) + work.options.settle + confirmMs)
  // That Redis refuses is told for the whole cluster.
  const alarm = unread.isUnanswered && incident === undefined ? nextAlarm(work) : undefined
  return alarm === undefined ? Infinity : Math.max(from, alarm)
}

/** When waiting for the repositories ends. */
export function probesDueAt({ state: { run, health } }: Work): number {
  const waiting = Object.entries(run?.probes ?? {}).filter(([id, at]) => (own(health, id)?.at ?? 0) < at)
  return waiting.length === 0 ? Infinity : Math.max(...waiting.map(([, at]) => at)) + probeWaitMs
}

export function provisionalAt({ state: { run, incident }, options }: Work): number {
  if (run?.badSince === undefined || run.concluded !== undefined || incident !== undefined) return Infinity
  return run.badSince + options.provisionalAfter
}

/** Nothing has been said about these yet. */
export function openAlerts({ state: { alerts } }: Work): Alert[] {
  return alerts.filter(({ open, firing }) => open && firing)
}

export function correlateRun(work: Work): Judgement {
  const { snapshot, run, readAt = work.now, countFrom, health, good, saved, since } = work.state
  const from = run?.window.again?.since ?? run?.window.due ?? 0
  const past: { [module: string]: Past } = {}
  const probed: { [module: string]: Health } = {}
  for (const { id } of snapshot?.modules ?? []) {
    const ends = [(own(good, id)?.at(-1)?.[1] ?? 0) * 1000, own(saved, id) ?? 0]
    const lastGoodAt = Math.max(...ends)
    const joinedAt = own(since, id) ?? countFrom
    past[id] = { ...(lastGoodAt > 0 ? { lastGoodAt } : {}), ...(joinedAt === undefined ? {} : { since: joinedAt }) }
    const found = own(health, id)
    if (found !== undefined && found.at >= from) probed[id] = found
  }
  return correlate({
    snapshot: snapshot ?? { state: 'unreadable', modules: [], nodes: {} },
    ...(run === undefined ? {} : { window: run.window }),
    now: readAt,
    alertFiring: firingAlerts(work).length > 0,
    health: probed,
    past,
  })
}

function judgeOnce(work: Work): void {
  const { snapshot, run } = work.state
  if (snapshot === undefined) return
  const judgement = correlateRun(work)
  if (judgement.outcome === 'UNKNOWN_PLAN') return tellGone(work, judgement)
  stand(
    work,
    'DISABLED',
    judgement.outcome === 'DISABLED',
    'info',
    'disabled; it will not run until it is enabled again',
  )
  stand(work, 'EMPTY_PLAN', judgement.outcome === 'EMPTY_PLAN', 'warning', 'no application is left to back up')
  if (judgement.outcome === 'DISABLED')
    // No run is awaited any more, so there is nothing to say of each application.
    closeIncident(work, disabledWords(work.state.incident), { ...judgement, modules: [], bad: [] })
  if (judgement.outcome === 'DISABLED' || judgement.outcome === 'EMPTY_PLAN') return tellIdle(work, judgement.outcome)
  checkSchedule(work)
  if (run === undefined) return
  if (judgement.outcome === 'PENDING') waitOn(work, run, judgement)
  else finish(work, run, judgement)
}

/** A run is on. A failure in it is told before its end when that takes long. */
function waitOn(work: Work, run: Run, judgement: Judgement): void {
  if (run.concluded !== undefined) return
  const { readAt = work.now } = work.state
  const alerts = openAlerts(work)
  const isBad = judgement.bad.length > 0 || alerts.length > 0
  const badSince = run.badSince ?? (isBad ? Math.min(work.now, ...alerts.map(({ at }) => at)) : undefined)
  const isOver =
    run.window.deadline !== undefined && readAt > run.window.deadline && readAt > (run.window.again?.until ?? 0)
  change(work, {
    run: { ...run, ...(badSince === undefined ? {} : { badSince }), ...(isOver ? { idle: true } : {}) },
  })
  if (!isBad || work.now < provisionalAt(work)) return
  const outcome = judgement.bad.length === 0 ? 'PARTIAL' : judgement.soFar
  tellRun(work, { outcome, judgement, signature: signatureOf(outcome, judgement) })
}

function finish(work: Work, run: Run, judgement: Judgement): void {
  const isClean = judgement.outcome === 'SUCCESS'
  const alerts = isClean ? firingAlerts(work).filter(({ open }) => open || run.concluded === undefined) : []
  if (alerts.length === 0 && isKnown(run, judgement)) {
    if (isGood(judgement.outcome)) tellContradictions(work, run.concluded?.endedAt)
    return closeAlerts(work)
  }
  if (run.badSince === undefined && judgement.bad.length > 0) change(work, { run: { ...run, badSince: work.now } })
  if (isProbing(work, judgement)) return
  if (isClean && alerts.length > 0 && isToConfirm(work, run, alerts)) return
  const outcome: Outcome = isClean && alerts.length > 0 ? 'INCONSISTENT' : judgement.outcome
  conclude(work, judgement, outcome, alerts)
  closeAlerts(work)
}

/** What has been told of this run still is all there is to tell. */
function isKnown({ concluded }: Run, judgement: Judgement): boolean {
  return concluded?.signature === signatureOf(judgement.outcome, judgement)
}

/** Asks for each repository of an application that is not well, and waits for the answers. */
function isProbing(work: Work, { bad }: Judgement): boolean {
  const { run } = work.state
  if (run === undefined || work.options.probe === false) return false
  const asked = { ...run.probes }
  for (const { module } of bad.slice(0, mostProbes)) {
    if (Object.hasOwn(asked, module.id)) continue
    asked[module.id] = work.now
    // What was due then must be there now; and the run is over, so a lock is nobody's at work.
    const body = { due: run.window.due, runInProgress: false }
    ask(work, 'backup.repository', `${work.id}/${module.id}`, body)
  }
  change(work, { run: { ...run, probes: asked } })
  const dueAt = probesDueAt(work)
  return dueAt !== Infinity && work.now < dueAt
}

function isToConfirm(work: Work, run: Run, alerts: readonly Alert[]): boolean {
  const isOld = alerts.every(({ startedAt, at }) => (startedAt ?? at) < run.window.due)
  const confirmAt = run.confirmAt ?? work.now + (isOld ? confirmOldMs : confirmMs)
  change(work, { run: { ...(work.state.run ?? run), confirmAt } })
  return (work.state.readAt ?? 0) < confirmAt
}

function firingAlerts({ state: { alerts }, now }: Work): Alert[] {
  return alerts.filter((alert) => alert.firing && !alert.missing && now - alert.changedAt < alertKeptMs)
}

function closeAlerts(work: Work): void {
  if (!work.state.alerts.some(({ open }) => open)) return
  change(work, { alerts: work.state.alerts.map((alert) => ({ ...alert, open: false })) })
}

/** Told once, and again only when it was otherwise meanwhile. */
function stand(work: Work, name: Standing, holds: boolean, severity: 'info' | 'warning', words: string): void {
  const { told } = work.state
  if (holds === told.includes(name)) return
  change(work, { told: holds ? [...told, name] : told.filter((one) => one !== name) })
  const outcome = name === 'BAD_SCHEDULE' ? {} : { outcome: name }
  if (holds) work.events.push(toNotice(work, name, severity, words, outcome))
}

function checkSchedule(work: Work): void {
  const { snapshot } = work.state
  if (snapshot === undefined || !isRunning(snapshot)) return
  const schedule = readSchedule(snapshot, work.place.zone)
  const error = 'error' in schedule ? schedule.error : ''
  const words = `its schedule cannot be read, so a missed run would not be noticed: ${error}`
  stand(work, 'BAD_SCHEDULE', error !== '', 'warning', words)
}

function disabledWords(incident: Incident | undefined): string {
  const words = 'ended, since the plan was disabled'
  const outcome = incident?.outcome
  if (outcome === 'MISSED') return `${words}; its last run had been missed`
  const hasFailed = outcome === 'PARTIAL' || outcome === 'FAILED' || outcome === 'REPO_FAILURE'
  return hasFailed ? `${words}; its last run had failed` : words
}

/** A plan that does not run needs no judgement, but no alert gets lost. */
function tellIdle(work: Work, outcome: 'DISABLED' | 'EMPTY_PLAN'): void {
  const alerts = openAlerts(work)
  if (alerts.length === 0) return
  const what = outcome === 'DISABLED' ? 'is disabled' : 'has no application'
  const words = `alert ${alerts.map(({ alertname }) => alertname).join(', ')} came in, though the plan ${what}`
  const severity = outcome === 'DISABLED' ? 'info' : 'warning'
  work.events.push(toNotice(work, outcome, severity, words, { outcome, alerts: alerts.map(alertData) }))
  closeAlerts(work)
}

/** No such plan: an alert that names it is told in its own words, an incident of it has no end but this. */
function tellGone(work: Work, judgement: Judgement): void {
  closeIncident(work, 'ended, since the plan was removed', judgement)
  for (const alert of openAlerts(work)) {
    const words = `alert ${alert.alertname} names a plan that does not exist`
    const data = { outcome: 'UNKNOWN_PLAN', reasons: alert.text === '' ? [] : [alert.text], alerts: [alertData(alert)] }
    const event = toNotice(work, 'UNKNOWN_PLAN', 'warning', words, data)
    work.events.push({
      ...event,
      labels: { alertname: alert.alertname },
      ...(alert.text === '' ? {} : { text: alert.text }),
    })
  }
  closeAlerts(work)
  drop(work, 'run')
}
