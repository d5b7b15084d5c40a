// Puts what is known of a run into the data of an event: a row for each application, what helps, what comes next.
import type { Condition, Json, JsonObject, NewEvent, Severity } from '../../words.ts'
import { isGood, type Judged, type Judgement, type Outcome } from './correlate.ts'
import { own, type Health } from './facts.ts'
import type { Alert, Incident } from './state.ts'
import { nextDue, readSchedule } from './window.ts'
import { planTitle, reasonsOf, severityOf } from './words.ts'
import { iso, type Work } from './work.ts'

export interface Report {
  readonly type: 'backup.report' | 'backup.missed'
  readonly outcome: Outcome
  readonly judgement: Judgement
  /** Behind the plan's name. */
  readonly words: string
  readonly severity?: Severity
  readonly incident?: Incident
  readonly condition?: 'firing' | 'changed' | 'resolved'
  /** What else is to be said, before all other reasons. */
  readonly reasons?: readonly string[]
  readonly alerts?: readonly Alert[]
}

const mostAdvice = 20
const mostAlerts = 5

export function toReport(work: Work, report: Report): NewEvent {
  const { outcome, judgement, incident, condition } = report
  const { snapshot } = work.state
  const overdue = !isGood(outcome) && judgement.bad.some((one) => one.overdue)
  return {
    type: report.type,
    subject: snapshot?.plan?.name || work.id,
    severity: report.severity ?? (condition === 'resolved' ? 'info' : severityOf(outcome, overdue)),
    title: `${planTitle(work.id, snapshot)}: ${report.words}`,
    data: {
      ...planData(work),
      outcome,
      provisional: judgement.provisional && outcome !== 'UNKNOWN',
      ...runData(work),
      modules: judgement.modules.map((one) => moduleData(work, one)),
      failed: judgement.bad.length,
      total: judgement.modules.length,
      reasons: [...(report.reasons ?? []), ...reasonsOf(outcome, judgement)],
      ...(incident === undefined ? {} : { incidentSince: iso(incident.firstDue), failedRuns: incident.failedRuns }),
      advice: adviceOf(work, judgement),
      ...(report.alerts === undefined || report.alerts.length === 0
        ? {}
        : { alerts: report.alerts.slice(-mostAlerts).map(alertData) }),
    },
    ...(condition === undefined ? {} : { condition: toCondition(work, condition, incident) }),
  }
}

/** It began when its first bad run was due, from which its end counts too; it ends when that is seen. */
function toCondition({ id }: Work, state: 'firing' | 'changed' | 'resolved', incident?: Incident): Condition {
  const since = incident === undefined || state === 'resolved' ? {} : { since: incident.firstDue }
  return { key: `plan/${id}`, state, ...since }
}

/** Something worth a word that neither begins nor ends. */
export function toNotice(work: Work, notice: string, severity: Severity, words: string, data: JsonObject): NewEvent {
  return {
    type: 'backup.report',
    subject: work.state.snapshot?.plan?.name || work.id,
    severity,
    title: `${planTitle(work.id, work.state.snapshot)}: ${words}`,
    data: { ...planData(work), notice, ...data },
  }
}

export function alertData({ alertname, startsAt, node, text }: Alert): Json {
  return { alertname, ...(startsAt === '' ? {} : { startsAt }), ...(node === undefined ? {} : { node }), text }
}

function planData({ id, state: { snapshot } }: Work): JsonObject {
  const { plan, destination } = snapshot ?? {}
  return {
    plan: id,
    ...(plan === undefined || plan.name === '' ? {} : { planName: plan.name }),
    ...(destination === undefined ? {} : { destination: { ...destination } }),
  }
}

function runData(work: Work): JsonObject {
  const { run, snapshot } = work.state
  if (run === undefined || snapshot === undefined) return {}
  const { window } = run
  const schedule = readSchedule(snapshot, work.place.zone)
  const next =
    'error' in schedule || snapshot.plan?.enabled === false
      ? undefined
      : nextDue(schedule, Math.max(window.due, work.now))
  const endedAt = run.concluded?.endedAt
  return {
    ...(window.deadline === undefined ? {} : { due: iso(window.due), deadline: iso(window.deadline) }),
    ...(window.again === undefined ? {} : { startedByHand: iso(window.again.since) }),
    ...(endedAt === undefined ? {} : { ended: iso(endedAt) }),
    ...(next === undefined ? {} : { nextDueAt: iso(next) }),
  }
}

function moduleData(work: Work, judged: Judged): Json {
  const { module, verdict, status, savedAt, lastGoodAt, health } = judged
  const { id, node, uiName, app, uuid } = module
  return {
    id,
    ...(uiName === undefined ? {} : { uiName }),
    ...(app === undefined ? {} : { app }),
    node: node ?? '',
    verdict,
    ...(status && {
      start: iso(status.start * 1000),
      end: iso(status.end * 1000),
      durationSeconds: status.end - status.start,
    }),
    ...(verdict === 'OK' ? sizeData(work, judged) : {}),
    ...(savedAt === undefined ? {} : { savedAt: iso(savedAt) }),
    ...(lastGoodAt === undefined ? {} : { lastGoodAt: iso(lastGoodAt) }),
    ...(health === undefined ? {} : { repository: healthData(health, app, uuid) }),
  }
}

/** Against the good run before; a status of a run that failed carries the size of an older snapshot. */
function sizeData(work: Work, { module, status }: Judged): JsonObject {
  const size = status?.totalSize
  if (status === undefined || size === undefined) return {}
  const before = (own(work.state.good, module.id) ?? []).findLast(([start]) => start < status.start)?.[2]
  return { sizeBytes: size, ...(before ? { sizeChange: size / before - 1 } : {}) }
}

export function healthData(health: Health, app?: string, uuid?: string): JsonObject {
  const { state, message = '', advice, lock, newestAt } = health
  return {
    ...(app === undefined || uuid === undefined ? {} : { name: `${app}/${uuid}` }),
    state,
    message,
    ...(advice === undefined ? {} : { advice }),
    ...(lock?.since === undefined ? {} : { since: iso(lock.since) }),
    ...(lock?.pid === undefined || lock.host === undefined ? {} : { holder: `PID ${lock.pid} on ${lock.host}` }),
    ...(newestAt === undefined ? {} : { newestAt: iso(newestAt) }),
    checkedAt: iso(health.at),
  }
}

function adviceOf(work: Work, { modules }: Judgement): string[] {
  const all = modules.flatMap(({ module, verdict, health }) =>
    verdict === 'OK' || health === undefined ? [] : (adviceFor(work.id, module.id, health) ?? []),
  )
  return [...new Set(all)].slice(0, mostAdvice)
}

/** Nothing but the id of a module or plan ever becomes part of a command. */
export function adviceFor(plan: string, module: string, { state, advice }: Health): string | undefined {
  if (advice !== undefined || state !== 'LOCKED_STALE') return advice
  if (!/^[a-z][a-z0-9-]*[0-9]+$/.test(module) || !/^[0-9]+$/.test(plan)) return undefined
  return `runagent -m ${module} restic-wrapper --backup ${plan} unlock`
}
