// The incident of a plan: opened by the first run that did not end well, changed when it looks different, ended by a good run only.
import { hasRunAgain, isGood, type Judgement, type Outcome } from './correlate.ts'
import { isReadable } from './facts.ts'
import { toReport } from './report.ts'
import { runId } from './run.ts'
import type { Alert, Incident, Run } from './state.ts'
import { outcomeWords, recoveredWords, severityOf, utcMinute } from './words.ts'
import { change, drop, type Work } from './work.ts'

/** A run has ended, or is told of before its end (`judgement.provisional`). */
export interface Ended {
  readonly outcome: Outcome
  readonly judgement: Judgement
  /** What it stands for: nothing new is told while it stays the same. */
  readonly signature: string
  readonly alerts?: readonly Alert[]
  readonly reasons?: readonly string[]
}

export function tellRun(work: Work, ended: Ended): void {
  const { incident } = work.state
  if (incident === undefined) return isQuiet(ended) ? report(work, ended) : open(work, ended)
  if (isGood(ended.outcome) && endsIt(work, incident, ended)) return end(work, incident, ended)
  // What a good run of before says does not end it, and is no news either.
  if (ended.outcome === 'SUCCESS') return
  goOn(work, incident, ended)
}

/** The plan is gone or disabled: no run will end it. */
export function closeIncident(work: Work, words: string, judgement: Judgement): void {
  const { incident } = work.state
  if (incident === undefined) return
  work.events.push(
    toReport(work, {
      type: incident.type,
      outcome: judgement.outcome,
      judgement,
      words,
      incident,
      condition: 'resolved',
    }),
  )
  drop(work, 'incident')
}

export function signatureOf(outcome: Outcome, { bad, modules }: Judgement): string {
  const told = outcome === 'DEGRADED' ? modules.filter(({ verdict }) => verdict === 'DEGRADED') : bad
  const names = told.map(({ module, overdue }) => (overdue ? `${module.id}!` : module.id)).sort()
  return `${outcome} ${names.join(' ')}`
}

function isQuiet({ outcome }: Ended): boolean {
  return severityOf(outcome) === 'info'
}

function report(work: Work, { outcome, judgement }: Ended): void {
  work.events.push(
    toReport(work, { type: 'backup.report', outcome, judgement, words: outcomeWords(outcome, judgement) }),
  )
}

function open(work: Work, ended: Ended): void {
  const { outcome, judgement, signature } = ended
  const { run, alerts } = work.state
  const isOpenEnded = run?.window.deadline === undefined
  const since = run?.badSince ?? Math.min(work.now, ...alerts.filter((one) => one.open).map(({ at }) => at))
  const incident: Incident = {
    type: outcome === 'MISSED' ? 'backup.missed' : 'backup.report',
    openedAt: work.now,
    since,
    firstDue: run === undefined || isOpenEnded ? since : runId(run.window),
    outcome,
    signature,
    names: namesOf(judgement),
    provisional: judgement.provisional,
    unseen: isUnseen(outcome, judgement),
    ...countRun(run, ended, { failedRuns: 0, lastRun: 0 }),
  }
  tell(work, incident, ended, 'firing')
}

function goOn(work: Work, before: Incident, ended: Ended): void {
  const { outcome, judgement, signature } = ended
  const incident: Incident = {
    ...before,
    outcome,
    signature,
    names: namesOf(judgement),
    provisional: judgement.provisional,
    unseen: isUnseen(outcome, judgement),
    ...countRun(work.state.run, ended, before),
  }
  // The end of a run that was told of before its end is told once, whether it looks different or not.
  const isNews = signature !== before.signature || (before.provisional && !judgement.provisional)
  tell(work, incident, ended, isNews ? 'changed' : 'firing')
}

function tell(work: Work, incident: Incident, ended: Ended, condition: 'firing' | 'changed'): void {
  const { outcome, judgement, alerts, reasons = [] } = ended
  change(work, { incident })
  work.events.push(
    toReport(work, {
      type: incident.type,
      outcome,
      judgement,
      words: outcomeWords(outcome, judgement),
      incident,
      condition,
      reasons: [...reasons, ...hintsOf(incident)],
      ...(alerts === undefined ? {} : { alerts }),
    }),
  )
}

function end(work: Work, incident: Incident, { outcome, judgement }: Ended): void {
  const words =
    incident.failedRuns === 0 || incident.provisional
      ? `${incident.outcome === 'UNKNOWN' ? 'can be read again' : 'ended well after all'}: ${outcomeWords(outcome, judgement)}`
      : recoveredWords(work.now - incident.firstDue, incident.failedRuns, outcome)
  work.events.push(toReport(work, { type: incident.type, outcome, judgement, words, incident, condition: 'resolved' }))
  drop(work, 'incident')
}

/**
 * A run that began after the first failure was seen. Where nothing had been seen of a run, its own record may come in
 * late, of an application that was missed. A run with lesser trouble does not end an incident about just that.
 */
function endsIt({ state: { snapshot } }: Work, incident: Incident, { outcome, judgement }: Ended): boolean {
  if (outcome === 'DEGRADED' && incident.outcome === 'DEGRADED') return false
  const { unseen, names } = incident
  if (unseen && (incident.outcome === 'UNKNOWN' || names.length === 0)) return true
  if (unseen && judgement.modules.some(({ module }) => names.includes(module.id))) return true
  return (snapshot?.modules ?? []).some(({ status }) => isReadable(status) && status.start * 1000 >= incident.since)
}

/** Each run counts once; none of which nothing is known, nor one by hand that left what had failed before as it was. */
function countRun(
  run: Run | undefined,
  { outcome, judgement }: Ended,
  { failedRuns, lastRun }: Pick<Incident, 'failedRuns' | 'lastRun'>,
): Pick<Incident, 'failedRuns' | 'lastRun'> {
  const id = run === undefined ? 0 : runId(run.window)
  if (outcome === 'UNKNOWN' || id <= lastRun) return { failedRuns, lastRun }
  const again = run?.window.again
  const isOld =
    again !== undefined &&
    !judgement.modules.some(({ verdict, module }) => verdict !== 'OK' && hasRunAgain(module, again))
  return isOld ? { failedRuns, lastRun } : { failedRuns: failedRuns + 1, lastRun: id }
}

function isUnseen(outcome: Outcome, { bad, provisional }: Judgement): boolean {
  if (outcome === 'UNKNOWN' || outcome === 'MISSED') return true
  if (outcome === 'INCONSISTENT' || outcome === 'DEGRADED') return false
  return bad.length === 0 ? provisional : bad.every(({ status }) => status === undefined)
}

function hintsOf({ clearedAt }: Incident): string[] {
  if (clearedAt === undefined) return []
  return [`alert cleared without a good run on ${utcMinute(clearedAt)} (node down? leader switch? plan disabled?)`]
}

function namesOf({ modules }: Judgement): string[] {
  return modules.flatMap(({ module, verdict }) => (verdict === 'OK' || verdict === 'PENDING' ? [] : [module.id]))
}
