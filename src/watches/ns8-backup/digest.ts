// The regular report: every plan with its applications, when each was last good, what comes next, and what nobody backs up.
import { parseSchedule } from '../../lib/schedule.ts'
import type { Json, JsonObject, NewEvent } from '../../words.ts'
import type { ClusterState, PlanCard } from './cluster-state.ts'
import { isBroken } from './correlate.ts'
import { own, type Module } from './facts.ts'
import { nextDue, readSchedule } from './window.ts'
import { iso } from './work.ts'

/** Rows of the table, over all plans. */
const mostRows = 500

/** When it is next due; never, when there is no such time. */
export function nextDigest(at: string, after: number, zone: string): number {
  const schedule = parseSchedule(at)
  return 'error' in schedule ? Infinity : (schedule.next(after, zone) ?? Infinity)
}

export function toDigest(state: ClusterState, now: number, zone: string): NewEvent {
  const cards = Object.entries(state.plans).sort(([one], [other]) => Number(one) - Number(other))
  const failing = cards.filter(([, card]) => isFailing(card)).length
  let rows = 0
  const plans = cards.map(([id, card]): Json => {
    const apps = appsOf(card).slice(0, Math.max(0, mostRows - rows))
    rows += apps.length
    return { ...planData(id, card, now, zone), modules: apps.map((app) => appData(app, card)) }
  })
  const troubled = cards.flatMap(([id, card]) => troublesOf(card).map((trouble) => `${trouble} (${nameOf(id, card)})`))
  const { unprotected, warnings, redis } = state
  const isWell = failing + troubled.length + unprotected.length + warnings.length === 0 && redis === undefined
  return {
    type: 'backup.digest',
    // What is urgent has been told by itself.
    severity: isWell ? 'info' : 'warning',
    data: {
      plans,
      failing,
      total: cards.length,
      troubled: troubled.slice(0, mostRows),
      disabled: cards.flatMap(([id, card]) => (isDisabled(card) ? [nameOf(id, card)] : [])),
      unprotected: unprotected.map(({ id, uiName }) => (uiName === undefined ? id : `${id} (${uiName})`)),
      warnings: warnings.map(({ at, text }) => ({ at: iso(at), text })),
      ...(redis === undefined ? {} : { unreadableSince: iso(redis.since) }),
    },
  }
}

function planData(id: string, card: PlanCard, now: number, zone: string): JsonObject {
  const { snapshot, report } = card
  const { destination } = snapshot
  const good = appsOf(card).map((app) => own(report?.modules ?? {}, app.id)?.lastGoodAt)
  const next = nextOf(card, now, zone)
  return {
    id,
    name: nameOf(id, card),
    enabled: !isDisabled(card),
    ...(destination === undefined ? {} : { destination: destination.name }),
    ...(report === undefined ? {} : { outcome: report.outcome, since: iso(report.at) }),
    ...(report?.endedAt === undefined ? {} : { endedAt: iso(report.endedAt) }),
    // A plan was last good when the worst of its applications was.
    ...(good.length === 0 || good.includes(undefined)
      ? {}
      : { lastGoodAt: iso(Math.min(...good.map((at) => at ?? 0))) }),
    ...(next === undefined ? {} : { nextDueAt: iso(next) }),
  }
}

function appData({ id, node, uiName }: Module, { report, checks }: PlanCard): Json {
  const row = own(report?.modules ?? {}, id)
  const check = own(checks, id)
  return {
    id,
    ...(uiName === undefined ? {} : { uiName }),
    node: node ?? '',
    ...(row === undefined ? {} : { verdict: row.verdict }),
    ...(row?.lastGoodAt === undefined ? {} : { lastGoodAt: iso(row.lastGoodAt) }),
    ...(row?.sizeBytes === undefined ? {} : { sizeBytes: row.sizeBytes }),
    ...(row?.sizeChange === undefined ? {} : { sizeChange: row.sizeChange }),
    ...(check === undefined ? {} : { repository: { state: check.state, checkedAt: iso(check.at) } }),
  }
}

function nextOf(card: PlanCard, now: number, zone: string): number | undefined {
  if (isDisabled(card)) return undefined
  const schedule = readSchedule(card.snapshot, zone)
  return 'error' in schedule ? undefined : nextDue(schedule, now)
}

function appsOf({ snapshot }: PlanCard): readonly Module[] {
  return snapshot.modules.filter(({ node }) => node !== null)
}

/** What was told and still holds, and what the last look found, told or not. */
function troublesOf(card: PlanCard): string[] {
  return appsOf(card).flatMap(({ id }) => {
    const check = own(card.checks, id)
    const found = check !== undefined && isTrouble(check) ? check.state : undefined
    const state = own(card.troubles ?? {}, id) ?? found
    return state === undefined ? [] : [`${id}: ${state}`]
  })
}

/** A lock that is alive is none. */
function isTrouble({ state, elsewhere }: PlanCard['checks'][string]): boolean {
  if (state === 'TOOL_ERROR') return elsewhere !== true
  return state === 'STALE' || (state !== 'LOCKED' && isBroken(state))
}

function isDisabled({ snapshot }: PlanCard): boolean {
  return snapshot.plan?.enabled === false
}

function isFailing(card: PlanCard): boolean {
  return !isDisabled(card) && card.report !== undefined && card.report.outcome !== 'SUCCESS'
}

function nameOf(id: string, { snapshot }: PlanCard): string {
  return snapshot.plan?.name || id
}
