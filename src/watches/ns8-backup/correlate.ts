// What became of a run: a verdict for each application of the plan, and of these one outcome; pure and total.
import { isPlausible, isReadable, own, type Health, type Module, type PlanSnapshot, type Status } from './facts.ts'
import { dueOn, isOfRun, isTooOld, type Again, type RunWindow } from './window.ts'

export type Verdict = 'OK' | 'DEGRADED' | 'FAILED' | 'PENDING' | 'STALE' | 'NEVER_RUN' | 'UNREADABLE'

export type Outcome =
  | 'SUCCESS'
  | 'DEGRADED'
  | 'PARTIAL'
  | 'FAILED'
  | 'REPO_FAILURE'
  | 'MISSED'
  | 'PENDING'
  | 'DISABLED'
  | 'EMPTY_PLAN'
  | 'UNKNOWN_PLAN'
  | 'INCONSISTENT'
  | 'UNKNOWN'

export interface Circumstances {
  readonly snapshot: PlanSnapshot
  /** Absent: none of its runs is known. */
  readonly window?: RunWindow
  /** When the snapshot was read. */
  readonly now: number
  readonly alertFiring: boolean
  /** What looks into the repositories found since the run was due, by module. */
  readonly health: { readonly [module: string]: Health }
  readonly past: { readonly [module: string]: Past }
}

export interface Past {
  /** When its last good backup ended. */
  readonly lastGoodAt?: number
  /** It has been in the plan since then. */
  readonly since?: number
}

export interface Judged {
  readonly module: Module
  readonly verdict: Verdict
  /** Of this run. */
  readonly status?: Status
  /** Of a run that failed all the same. */
  readonly savedAt?: number
  readonly lastGoodAt?: number
  /** It has had no good backup in the last two runs. */
  readonly overdue: boolean
  /** It joined the plan since the run was due, and waits for the next one. */
  readonly isNew: boolean
  readonly health?: Health
}

export interface Judgement {
  readonly outcome: Outcome
  /** What is certain while the outcome is PENDING; else the outcome. */
  readonly soFar: Outcome
  readonly provisional: boolean
  /** Live ones, in the order of the plan. */
  readonly modules: readonly Judged[]
  readonly bad: readonly Judged[]
  readonly alertFiring: boolean
}

/** The repository itself is in the way. A mere STALE, or a probe that did not work, proves no such thing. */
const brokenStates: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'LOCKED',
  'LOCKED_STALE',
  'WRONG_PASSWORD',
  'AUTH_FAILED',
  'NOT_FOUND',
  'CORRUPTED',
  'NO_SPACE',
  'UNCONFIGURED',
  'ERROR',
])

export function correlate(circumstances: Circumstances): Judgement {
  const { snapshot, window, alertFiring } = circumstances
  const live = snapshot.state === 'read' ? snapshot.modules.filter(({ node }) => node !== null) : []
  const limits = window === undefined ? () => undefined : limitsOf(window, live)
  const modules = live.map((module) => judge(module, circumstances, limits(module.node ?? '')))
  const outcome = outcomeOf(snapshot, modules)
  const bad = modules.filter(isBad)
  return {
    outcome,
    soFar: outcome === 'PENDING' ? outcomeSoFar(modules, alertFiring) : outcome,
    provisional: outcome === 'PENDING',
    modules,
    bad,
    alertFiring,
  }
}

export function isBroken(state: string): boolean {
  return brokenStates.has(state)
}

export function isGood(outcome: Outcome): boolean {
  return outcome === 'SUCCESS' || outcome === 'DEGRADED'
}

/** In the run that someone started by hand. What cannot be read is taken for new only where something else was read before. */
export function hasRunAgain({ id, status }: Module, { starts }: Again): boolean {
  if (status === undefined) return false
  const before = own(starts, id)
  return isReadable(status) ? before === undefined || status.start > before : before !== undefined
}

function judge(module: Module, circumstances: Circumstances, limit: number | undefined): Judged {
  const { window, now, health, past } = circumstances
  const found = own(health, module.id)
  const joinedAt = own(past, module.id)?.since
  const isLate = limit !== undefined && now > limit
  const isNew = joinedAt !== undefined && window !== undefined && joinedAt > dueOn(window, module.node)
  const verdict = verdictOf(module, circumstances, isLate && !isNew)
  const isFresh = verdict === 'OK' || verdict === 'FAILED'
  const status = isFresh && isReadable(module.status) ? module.status : undefined
  const savedAt = verdict === 'FAILED' ? savedBy(status, found) : undefined
  const lastGoodAt = latest(goodEnd(module), savedAt, own(past, module.id)?.lastGoodAt)
  const since = lastGoodAt ?? joinedAt
  return {
    module,
    verdict: savedAt === undefined ? verdict : 'DEGRADED',
    ...(status === undefined ? {} : { status }),
    ...(savedAt === undefined ? {} : { savedAt }),
    ...(lastGoodAt === undefined ? {} : { lastGoodAt }),
    overdue: window !== undefined && since !== undefined && isTooOld(window, since, now),
    isNew: isNew && isLate && verdict === 'PENDING',
    ...(found === undefined ? {} : { health: found }),
  }
}

function verdictOf(module: Module, circumstances: Circumstances, isLate: boolean): Verdict {
  const { window, now } = circumstances
  const { status } = module
  if (window === undefined) return 'PENDING'
  if (window.again !== undefined && now <= window.again.until && !hasRunAgain(module, window.again)) return 'PENDING'
  if (status === undefined) return isLate ? 'NEVER_RUN' : 'PENDING'
  if (!isReadable(status) || !isPlausible(status, now)) return 'UNREADABLE'
  if (!isOfRun(window, module, status.start)) return isLate ? 'STALE' : 'PENDING'
  return status.errors === 0 ? 'OK' : 'FAILED'
}

/** Until when a node may be silent. One that has not started is late earlier, once another has: else the plan is. */
function limitsOf(window: RunWindow, live: readonly Module[]): (node: string) => number | undefined {
  const started = startedNodes(live, window)
  const latestStart = Math.max(...Object.values(window.nodes).map(({ notStartedAt }) => notStartedAt))
  return (node) => {
    const at = own(window.nodes, node)
    if (at === undefined) return window.deadline
    if (started.has(node)) return at.deadline
    return started.size > 0 ? at.notStartedAt : latestStart
  }
}

/** Nodes that have reported anything since the run was due. */
function startedNodes(live: readonly Module[], window: RunWindow): Set<string> {
  const started = new Set<string>()
  for (const module of live) {
    const { node, status } = module
    if (node !== null && isReadable(status) && isOfRun(window, module, status.start)) started.add(node)
  }
  return started
}

/** A run with errors that has left a snapshot has saved the data; what came after it went wrong. */
function savedBy(status: Status | undefined, health: Health | undefined): number | undefined {
  const newest = health?.newestAt
  return status !== undefined && newest !== undefined && newest >= status.start * 1000 ? newest : undefined
}

function goodEnd({ status }: Module): number | undefined {
  return isReadable(status) && status.errors === 0 && status.end >= status.start ? status.end * 1000 : undefined
}

/** The first that holds. */
function outcomeOf(snapshot: PlanSnapshot, modules: readonly Judged[]): Outcome {
  if (snapshot.state === 'gone') return 'UNKNOWN_PLAN'
  if (snapshot.state !== 'read' || snapshot.plan === undefined) return 'UNKNOWN'
  if (!snapshot.plan.enabled) return 'DISABLED'
  if (modules.length === 0) return 'EMPTY_PLAN'
  const outcome = outcomeOfRun(modules.filter(({ isNew }) => !isNew))
  return outcome === 'SUCCESS' && modules.some(({ isNew }) => isNew) ? 'PENDING' : outcome
}

function outcomeOfRun(modules: readonly Judged[]): Outcome {
  const has = (...verdicts: readonly Verdict[]) => modules.some(({ verdict }) => verdicts.includes(verdict))
  if (modules.length === 0) return 'PENDING'
  if (has('PENDING')) return 'PENDING'
  if (!has('OK', 'DEGRADED', 'FAILED', 'UNREADABLE')) return 'MISSED'
  if (!has('OK', 'DEGRADED')) return isEveryProbeBad(modules) ? 'REPO_FAILURE' : 'FAILED'
  if (has('FAILED', 'STALE', 'NEVER_RUN', 'UNREADABLE')) return 'PARTIAL'
  return has('DEGRADED') ? 'DEGRADED' : 'SUCCESS'
}

/** Others may still do well, so more than PARTIAL cannot be said. */
function outcomeSoFar(modules: readonly Judged[], alertFiring: boolean): Outcome {
  if (alertFiring || modules.some(isBad)) return 'PARTIAL'
  return modules.some(({ verdict }) => verdict === 'DEGRADED') ? 'DEGRADED' : 'PENDING'
}

function isEveryProbeBad(modules: readonly Judged[]): boolean {
  const probed = modules.flatMap(({ health }) => health ?? [])
  return probed.length > 0 && probed.every(({ state }) => isBroken(state))
}

function isBad({ verdict }: Judged): boolean {
  return verdict === 'FAILED' || verdict === 'STALE' || verdict === 'NEVER_RUN' || verdict === 'UNREADABLE'
}

function latest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
