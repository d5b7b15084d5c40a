// What this watch says: one title and one severity for each outcome, and reasons where the verdicts do not speak for themselves.
import { toSpan } from '../../lib/span.ts'
import { writeSize } from '../../lib/size.ts'
import type { Severity } from '../../words.ts'
import type { Judged, Judgement, Outcome } from './correlate.ts'
import type { PlanSnapshot } from './facts.ts'
import type { Trend } from './trends.ts'

export function severityOf(outcome: Outcome, isOverdue = false): Severity {
  const severity = severities[outcome]
  return isOverdue && severity !== 'info' ? 'critical' : severity
}

const severities: { readonly [outcome in Outcome]: Severity } = {
  SUCCESS: 'info',
  DISABLED: 'info',
  PENDING: 'info',
  DEGRADED: 'warning',
  PARTIAL: 'warning',
  EMPTY_PLAN: 'warning',
  UNKNOWN_PLAN: 'warning',
  INCONSISTENT: 'warning',
  UNKNOWN: 'error',
  FAILED: 'critical',
  REPO_FAILURE: 'critical',
  MISSED: 'critical',
}

/** `Backup "BB daily" (1)`; of a plan that nobody could read, only its number. */
export function planTitle(id: string, snapshot: PlanSnapshot | undefined): string {
  const name = snapshot?.plan?.name ?? ''
  return name === '' ? `Backup plan ${id}` : `Backup "${name}" (${id})`
}

export function outcomeWords(outcome: Outcome, judgement: Judgement): string {
  const { modules } = judgement
  const all = modules.length === 1 ? 'its application' : `all ${modules.length} applications`
  const degraded = modules.filter(({ verdict }) => verdict === 'DEGRADED')
  const words: { readonly [outcome in Outcome]?: string } = {
    SUCCESS: `${all} backed up`,
    DEGRADED: `data saved, but a later step failed (${listOf(degraded)})`,
    MISSED: 'did not run',
    REPO_FAILURE: `${all} failed, and no repository can be used`,
    FAILED: `${all} failed`,
    INCONSISTENT: 'an alert says that it failed, the record of NethServer that it did not',
    UNKNOWN: 'cannot read the state of NethServer 8',
  }
  return words[outcome] ?? partWords(judgement)
}

/** What can be told of a run in which some applications failed or have not ended. */
function partWords({ bad, modules, provisional }: Judgement): string {
  const of = `of ${modules.length} application${modules.length === 1 ? '' : 's'}`
  const soFar = provisional ? ' so far' : ''
  if (bad.length === 0) return 'an alert came in while the run is on'
  if (bad.some(({ verdict }) => verdict === 'FAILED')) return `${bad.length} ${of} failed${soFar}`
  if (bad.every(({ verdict }) => verdict === 'UNREADABLE')) return `${bad.length} ${of} cannot be judged${soFar}`
  return `${bad.length} ${of} not backed up${soFar}`
}

export function recoveredWords(sinceMs: number, failedRuns: number, outcome: Outcome): string {
  const runs = failedRuns === 1 ? '1 failed run' : `${failedRuns} failed runs`
  const but = outcome === 'DEGRADED' ? ', but a later step failed' : ''
  return `recovered after ${toSpan(sinceMs)}, ${runs}${but}`
}

/** One sentence without a full stop for each thing that the table of verdicts leaves open. */
export function reasonsOf(outcome: Outcome, judgement: Judgement): string[] {
  const { modules, bad, alertFiring } = judgement
  const silent = bad.filter(({ verdict }) => verdict === 'STALE' || verdict === 'NEVER_RUN')
  const reasons = outcome === 'MISSED' ? nodeReasons(silent) : silent.map((one) => silenceReason(one, alertFiring))
  for (const { module, verdict } of bad)
    if (verdict === 'UNREADABLE') reasons.push(`${module.id}: its status cannot be read${rawOf(module.status)}`)
  for (const { module, savedAt } of modules)
    if (savedAt !== undefined)
      reasons.push(
        `${module.id}: data saved ${utcSecond(savedAt)}, a later step failed (retention, cleanup or statistics)`,
      )
  for (const { module, overdue, lastGoodAt } of bad) {
    if (!overdue) continue
    const since = lastGoodAt === undefined ? 'ever' : `since ${utcMinute(lastGoodAt)}`
    reasons.push(`${module.id}: no good backup ${since}`)
  }
  return reasons.slice(0, mostReasons)
}

export function trendWords(module: string, { kind, now, usual, change }: Trend): string {
  switch (kind) {
    case 'ZERO':
      return `${module} saved no file at all (usually ${Math.round(usual)})`
    case 'SIZE_DROP':
      return `${module} is ${percent(-(change ?? 0))} smaller than usual: ${writeSize(now)} instead of ${writeSize(usual)}`
    case 'SIZE_JUMP':
      return `${module} is ${percent(change ?? 0)} larger than usual: ${writeSize(now)} instead of ${writeSize(usual)}`
    case 'DURATION':
      return `${module} took ${percent(change ?? 0)} longer than usual: ${toSpan(now * 1000)} instead of ${toSpan(usual * 1000)}`
  }
}

/** 2026-06-01 01:00 UTC */
export function utcMinute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export function utcSecond(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

const mostReasons = 40
const mostNamed = 8

function nodeReasons(silent: readonly Judged[]): string[] {
  const byNode = Map.groupBy(silent, ({ module }) => module.node ?? '?')
  return [...byNode].map(([node, modules]) => `node ${node}: nothing has run (${listOf(modules)})`)
}

function silenceReason({ module, lastGoodAt }: Judged, alertFiring: boolean): string {
  if (alertFiring)
    return `${module.id}: alert firing, no new status: still running elsewhere, gave up after 1 h, or killed`
  if (module.status === undefined) return `${module.id}: no run of it is known`
  const last = lastGoodAt === undefined ? '' : ` since its last good run ended ${utcMinute(lastGoodAt)}`
  return `${module.id}: no new status${last}`
}

function rawOf(status: Judged['module']['status']): string {
  if (status === undefined) return ''
  return 'raw' in status ? `: ${status.raw}` : `: it begins ${status.start} and ends ${status.end}`
}

function listOf(modules: readonly Judged[]): string {
  const names = modules.slice(0, mostNamed).map(({ module }) => module.id)
  const more = modules.length - names.length
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** What is not all of it is never shown as 100 %. */
function percent(fraction: number): string {
  const value = fraction * 100
  return `${(value < 100 ? Math.min(value, 99.9) : value).toFixed(value < 10 ? 1 : value < 99 ? 0 : value < 100 ? 1 : 0)} %`
}
