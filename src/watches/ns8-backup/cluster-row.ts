// The row of the cluster: gathers what the digest will say, and tells when NethServer's Redis cannot be read for long.
import { readRfc3339 } from '../../lib/rfc3339.ts'
import type { Timer, WatchInput, WatchPlace, WatchResult } from '../../watch.ts'
import type { Fact, HubEvent, Json, JsonObject, NewEvent } from '../../words.ts'
import { emptyCluster, type ClusterState, type PlanCard, type ReportCard, type RowCard } from './cluster-state.ts'
import { nextDigest, toDigest } from './digest.ts'
import { own, readAlert, readCluster, readHealth, readPlan, text, type PlanSnapshot } from './facts.ts'
import type { Options } from './options.ts'

/** Redis may be away for so long, for an update or a restart. */
const patienceMs = 600_000
const mostPlans = 200
const mostWarnings = 50
const mostTold = 100
const noRuns: ReadonlySet<string> = new Set(['UNKNOWN_PLAN', 'DISABLED'])
const unseen: PlanSnapshot = { state: 'unreadable', modules: [], nodes: {} }

interface Work {
  readonly options: Options
  readonly place: WatchPlace
  readonly now: number
  state: ClusterState
  readonly events: NewEvent[]
}

export function stepCluster(
  options: Options,
  state: ClusterState | undefined,
  input: WatchInput,
  now: number,
  place: WatchPlace,
): WatchResult<ClusterState> {
  const work: Work = { options, place, now, state: state?.v === 1 ? state : emptyCluster, events: [] }
  if (input.kind === 'begin') leavePlans(work)
  if (input.kind === 'fact') takeFact(work, input.fact)
  if (input.kind === 'event') takeEvent(work, input.event)
  if (input.kind === 'timer') takeTimer(work, input.name)
  const timers = setTimers(work)
  return { state: work.state, events: work.events, timers }
}

/** Those that were taken out of the options. */
function leavePlans(work: Work): void {
  const plans = Object.entries(work.state.plans).filter(([id]) => isWatched(work, id))
  work.state = { ...work.state, plans: Object.fromEntries(plans) }
}

function takeFact(work: Work, { name, key, data }: Fact): void {
  if (name === 'backup.cluster') return takeCluster(work, data)
  if (name === 'backup.alert') return takeNameless(work, data)
  if (name === 'backup.plan') return takePlan(work, key, data)
  const [plan = '', module = ''] = key.split('/', 2)
  const card = own(work.state.plans, plan)
  if (card === undefined || !card.snapshot.modules.some(({ id }) => id === module)) return
  const { state, elsewhere } = readHealth(data, work.now)
  const check = { state, at: work.now, ...(elsewhere ? { elsewhere } : {}) }
  putCard(work, plan, { ...card, checks: { ...card.checks, [module]: check } })
}

function takeCluster(work: Work, data: JsonObject): void {
  const { refused, problem = 'Redis refuses', since, unprotected } = readCluster(data)
  const { redis, ...rest } = work.state
  if (refused) {
    const isSince = Math.min(work.now, redis?.since ?? since ?? work.now)
    work.state = { ...work.state, redis: { ...redis, since: isSince, problem } }
    return
  }
  work.state = { ...rest, unprotected }
  if (redis?.told) work.events.push(redisEvent('resolved', 'The state of NethServer 8 can be read again', []))
}

/** Nobody can say which plan it is about, so it is told as it is. */
function takeNameless(work: Work, data: JsonObject): void {
  const { alertname, firing, fingerprint = '', startsAt, node, planName, text: words } = readAlert(data)
  const mark = `${fingerprint} ${alertname} ${node ?? ''} ${startsAt}`
  if (!firing || work.state.told.includes(mark)) return
  work.state = { ...work.state, told: [...work.state.told, mark].slice(-mostTold) }
  work.events.push({
    type: 'backup.report',
    severity: 'warning',
    title: `Alert ${alertname} names no backup plan`,
    labels: { alertname },
    ...(words === '' ? {} : { text: words }),
    data: {
      notice: 'UNKNOWN_PLAN',
      outcome: 'UNKNOWN_PLAN',
      ...(planName === undefined ? {} : { planName }),
      reasons: words === '' ? [] : [words],
      alerts: [{ alertname, startsAt, ...(node === undefined ? {} : { node }), text: words }],
    },
  })
}

function takePlan(work: Work, id: string, data: JsonObject): void {
  const snapshot = readPlan(data)
  if (snapshot.state === 'gone') {
    const { [id]: _gone, ...plans } = work.state.plans
    work.state = { ...work.state, plans }
  }
  if (snapshot.state !== 'read') return
  const modules = snapshot.modules.map(({ status: _status, ...module }) => module)
  const card = own(work.state.plans, id)
  const ids = new Set(modules.map((module) => module.id))
  const checks = Object.entries(card?.checks ?? {}).filter(([module]) => ids.has(module))
  putCard(work, id, { ...card, snapshot: { ...snapshot, modules }, checks: Object.fromEntries(checks) })
}

function takeEvent(work: Work, { type, data, time, title, severity, condition }: HubEvent): void {
  const id = text(data['plan'], 64) ?? ''
  if (type === 'backup.repository') return takeTrouble(work, id, data, condition?.state !== 'resolved')
  if (data['notice'] !== undefined) {
    if (severity === 'info' || title === undefined) return
    work.state = { ...work.state, warnings: [...work.state.warnings, { at: time, text: title }].slice(-mostWarnings) }
    return
  }
  const outcome = text(data['outcome'], 32)
  // The end of an incident whose plan is gone or disabled is no run of it.
  if (id === '' || outcome === undefined || noRuns.has(outcome) || condition?.key === redisKey) return
  // Its own row may have judged a plan before this one has seen it.
  const card = own(work.state.plans, id) ?? { snapshot: unseen, checks: {} }
  putCard(work, id, { ...card, report: toReportCard(outcome, time, data) })
}

function takeTrouble(work: Work, id: string, data: JsonObject, isOn: boolean): void {
  const card = own(work.state.plans, id)
  const [module, state] = [text(data['module'], 64), text(data['state'], 32)]
  if (card === undefined || module === undefined) return
  const { [module]: _before, ...troubles } = card.troubles ?? {}
  putCard(work, id, { ...card, troubles: isOn && state !== undefined ? { ...troubles, [module]: state } : troubles })
}

function toReportCard(outcome: string, at: number, data: JsonObject): ReportCard {
  const modules = Array.isArray(data['modules']) ? (data['modules'] as readonly Json[]) : []
  const endedAt = timeOf(data['ended'])
  return {
    outcome,
    at,
    ...(endedAt === undefined ? {} : { endedAt }),
    modules: Object.fromEntries(modules.flatMap(toRowCard)),
  }
}

function toRowCard(value: Json): [string, RowCard][] {
  const row = typeof value === 'object' && value !== null ? (value as JsonObject) : {}
  const [id, verdict] = [text(row['id'], 64), text(row['verdict'], 32)]
  if (id === undefined || verdict === undefined) return []
  const lastGoodAt = timeOf(row['lastGoodAt'])
  const { sizeBytes, sizeChange } = row
  return [
    [
      id,
      {
        verdict,
        ...(lastGoodAt === undefined ? {} : { lastGoodAt }),
        ...(typeof sizeBytes === 'number' ? { sizeBytes } : {}),
        ...(typeof sizeChange === 'number' ? { sizeChange } : {}),
      },
    ],
  ]
}

function takeTimer(work: Work, name: string): void {
  const { [name]: _due, ...timers } = work.state.timers
  work.state = { ...work.state, timers }
  if (name === 'redis') tellRedis(work)
  if (name !== 'digest' || work.options.digest === false) return
  work.events.push(toDigest(work.state, work.now, work.place.zone))
  const { digest: _sent, ...rest } = work.state
  work.state = { ...rest, warnings: [] }
}

function tellRedis(work: Work): void {
  const { redis } = work.state
  if (redis === undefined || redis.told) return
  work.state = { ...work.state, redis: { ...redis, told: true } }
  const reasons = [redis.problem, 'until it can be read again, no failed or missed backup is noticed']
  work.events.push(redisEvent('firing', 'Cannot read the state of NethServer 8', reasons))
}

const redisKey = 'redis'

function redisEvent(state: 'firing' | 'resolved', title: string, reasons: readonly string[]): NewEvent {
  return {
    type: 'backup.report',
    severity: state === 'firing' ? 'error' : 'info',
    title,
    data: { outcome: state === 'firing' ? 'UNKNOWN' : 'SUCCESS', reasons },
    condition: { key: redisKey, state },
  }
}

function setTimers(work: Work): Timer[] {
  const { redis, timers } = work.state
  const wanted: { [name: string]: number } = {}
  if (redis !== undefined && !redis.told) wanted['redis'] = redis.since + patienceMs
  const at = digestAt(work)
  if (at !== Infinity) wanted['digest'] = at
  const changed: Timer[] = Object.entries(wanted)
    .filter(([name, due]) => timers[name] !== due)
    // While we were away ourselves, nobody asked Redis.
    .map(([name, due]) => ({ name, at: due, ...(name === 'redis' ? { periodMs: patienceMs } : {}) }))
  for (const name of Object.keys(timers)) if (!Object.hasOwn(wanted, name)) changed.push({ name })
  work.state = { ...work.state, timers: wanted }
  return changed
}

/** Worked out once, and anew when it has been sent or is to be at another time. */
function digestAt(work: Work): number {
  const { digest, ...rest } = work.state
  const { options, place, now } = work
  if (options.digest === false) {
    work.state = rest
    return Infinity
  }
  const by = `${options.digest.at} ${place.zone}`
  if (digest?.by === by) return digest.at
  const at = nextDigest(options.digest.at, now, place.zone)
  work.state = at === Infinity ? rest : { ...rest, digest: { at, by } }
  return at
}

function putCard(work: Work, id: string, card: PlanCard): void {
  if (!isWatched(work, id)) return
  if (!Object.hasOwn(work.state.plans, id) && Object.keys(work.state.plans).length >= mostPlans) return
  work.state = { ...work.state, plans: { ...work.state.plans, [id]: card } }
}

function isWatched({ options }: Work, id: string): boolean {
  return options.plans?.includes(id) !== false
}

function timeOf(value: unknown): number | undefined {
  return typeof value === 'string' ? readRfc3339(value) : undefined
}
