// Repositories in trouble, as the daily look finds them: conditions of their own, unless the plan's incident names them already.
import { toSpan } from '../../lib/span.ts'
import type { NewEvent, Severity } from '../../words.ts'
import { isBroken } from './correlate.ts'
import { isReadable, own, type Health, type Module } from './facts.ts'
import { adviceFor, healthData } from './report.ts'
import type { Ailing } from './state.ts'
import { isTooOld } from './window.ts'
import { planTitle, utcMinute } from './words.ts'
import { ask, change, type Work } from './work.ts'

/** What may be over in a moment is looked at again before anyone is told. */
const againMs = 300_000
const fleeting: ReadonlySet<string> = new Set(['UNREACHABLE', 'TOOL_ERROR', 'ERROR'])
const critical: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'LOCKED_STALE',
  'WRONG_PASSWORD',
  'AUTH_FAILED',
  'NOT_FOUND',
  'CORRUPTED',
  'NO_SPACE',
  'STALE',
])

export function takeHealth(work: Work, id: string, health: Health): void {
  const { snapshot, health: known, ailing, incident } = work.state
  const module = snapshot?.modules.find((one) => one.id === id && one.node !== null)
  if (module === undefined) return
  change(work, { health: { ...known, [id]: health } })
  // A look that got no answer says nothing about the repository.
  if (health.state === 'UNKNOWN') return
  const before = own(ailing, id)
  // Nor does one that cannot reach it; what was told of it cannot be followed up either.
  if (health.elsewhere) return heal(work, id, before, undefined)
  const state = troubleOf(work, module, health)
  if (state === undefined) return heal(work, id, before, health)
  if (before?.told) return before.state === state ? undefined : tell(work, module, health, { ...before, state })
  if (incident?.names.includes(id) || isAsked(work, id)) return
  if (before === undefined && fleeting.has(state)) {
    change(work, { ailing: { ...ailing, [id]: { state, since: work.now } } })
    return ask(work, 'backup.repository', `${work.id}/${id}`, {}, work.now + againMs)
  }
  tell(work, module, health, { state, since: before?.since ?? work.now })
}

/** The plan or the application is gone, so there is nothing left to look at. */
export function forgetAilments(work: Work): void {
  const { snapshot, ailing } = work.state
  const live = new Set(snapshot?.modules.flatMap(({ id, node }) => (node === null ? [] : [id])))
  for (const [id, before] of Object.entries(ailing)) if (!live.has(id)) heal(work, id, before, undefined)
}

/** A lock that is alive is no trouble. A stale repository is one when NethServer says that the run went well. */
function troubleOf(work: Work, { status }: Module, health: Health): string | undefined {
  const { state, newestAt, at, tookMs = 0 } = health
  if (state === 'TOOL_ERROR') return state
  if (state !== 'OK' && state !== 'STALE' && state !== 'LOCKED') return isBroken(state) ? state : undefined
  // A look that began before the run had ended, to the second, need not have seen its snapshot.
  const isDone = isReadable(status) && status.errors === 0 && (status.end + 1) * 1000 < at - tookMs
  if (isDone && (newestAt === undefined || newestAt < status.start * 1000))
    return state === 'LOCKED' ? undefined : 'STALE'
  const window = work.state.run?.window
  return newestAt !== undefined && window !== undefined && isTooOld(window, newestAt, at) ? 'STALE' : undefined
}

function isAsked({ state: { run } }: Work, id: string): boolean {
  return run !== undefined && run.concluded === undefined && Object.hasOwn(run.probes, id)
}

function tell(work: Work, module: Module, health: Health, ailing: Ailing): void {
  const isChange = ailing.told === true
  change(work, { ailing: { ...work.state.ailing, [module.id]: { ...ailing, told: true } } })
  const words = ailing.state === 'STALE' ? staleWords(work, health) : health.message
  const severity: Severity = critical.has(ailing.state) ? 'critical' : 'warning'
  work.events.push(
    toEvent(
      work,
      module,
      isChange ? 'changed' : 'firing',
      severity,
      {
        ...health,
        state: ailing.state,
        ...(words ? { message: words } : {}),
      },
      ailing.since,
    ),
  )
}

function heal(work: Work, id: string, before: Ailing | undefined, health: Health | undefined): void {
  if (before === undefined) return
  const { [id]: _gone, ...ailing } = work.state.ailing
  change(work, { ailing })
  if (!before.told) return
  const module = work.state.snapshot?.modules.find((one) => one.id === id) ?? { id, node: null }
  work.events.push(toEvent(work, module, 'resolved', 'info', health, before.since))
}

function toEvent(
  work: Work,
  { id, node, uiName, app, uuid }: Module,
  state: 'firing' | 'changed' | 'resolved',
  severity: Severity,
  health: Health | undefined,
  since: number,
): NewEvent {
  const plan = planTitle(work.id, work.state.snapshot)
  const isEnd = state === 'resolved'
  const words = isEnd
    ? endWords(id, health, toSpan(work.now - since))
    : `the repository of ${id} is in trouble: ${health?.state ?? ''}`
  const advice = health === undefined ? undefined : adviceFor(work.id, id, health)
  const name = work.state.snapshot?.plan?.name ?? ''
  return {
    type: 'backup.repository',
    subject: id,
    severity,
    title: `${plan}: ${words}`,
    data: {
      plan: work.id,
      ...(name === '' ? {} : { planName: name }),
      module: id,
      ...(uiName === undefined ? {} : { uiName }),
      ...(node === null ? {} : { node }),
      ...(health === undefined ? {} : healthData(health, app, uuid)),
      ...(advice === undefined ? {} : { advice }),
    },
    condition: { key: `repository/${work.id}/${id}`, state, ...(isEnd ? {} : { since }) },
  }
}

function endWords(id: string, health: Health | undefined, after: string): string {
  return health === undefined
    ? `the repository of ${id} is watched no more`
    : `the repository of ${id} is well again after ${after}`
}

function staleWords({ state: { snapshot } }: Work, { newestAt }: Health): string {
  const newest = newestAt === undefined ? 'holds no snapshot' : `has no snapshot newer than ${utcMinute(newestAt)}`
  const plan = snapshot?.plan?.name ? `"${snapshot.plan.name}"` : 'the plan'
  return `The repository ${newest}, though the record of ${plan} says that backups were made; look whether it is the right one.`
}
