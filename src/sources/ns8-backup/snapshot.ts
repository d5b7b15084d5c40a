// From the rows of a cluster to a picture of each plan: pure, the same for both eras, and in an order that never changes.
import { cleanLine, cutText } from '../../lib/text.ts'
import { isModuleId } from './facts.ts'
import type { ClusterState, Destination, Plan, PlanModule, PlanSnapshot, RunStatus, UnreadableStatus } from './facts.ts'
import type { ClusterRows, Hash } from './rows.ts'
import { isReadable, readHashStatus, readJsonStatus } from './status.ts'

const nameLength = 200
const urlLength = 500
const mostModules = 1000

export type Zones = (node: string) => string

export function toSnapshots(rows: ClusterRows, zoneOf: Zones): Map<string, PlanSnapshot> {
  const ids = [...rows.plans.keys()].toSorted(byNumber)
  return new Map(ids.map((id) => [id, toSnapshot(id, rows.plans.get(id) ?? new Map(), rows, zoneOf)]))
}

/** A plan that the cluster does not have, or one that could not be read. */
export function toEmptySnapshot(
  state: 'gone' | 'unreadable',
  era: PlanSnapshot['era'],
  problem?: string,
): PlanSnapshot {
  return { state, ...(problem === undefined ? {} : { problem }), modules: [], nodes: {}, era }
}

/** Apps with data of their own that are in no plan, be it enabled or not. */
export function toUnprotected(rows: ClusterRows): ClusterState['unprotected'] {
  const covered = new Set([...rows.plans].flatMap(([id, plan]) => membersOf(id, plan, rows)))
  const live = [...rows.moduleNode.keys()].filter(isModuleId).toSorted()
  return live
    .filter((id) => !covered.has(id) && rows.modules.get(id)?.noBackup !== true)
    .map((id) => ({ module: id, ...uiNameOf(id, rows) }))
}

/** Nothing of a cluster is there: another database, or one that has lost its data. */
export function isForeign(rows: ClusterRows): boolean {
  return rows.plans.size === 0 && rows.moduleNode.size === 0 && rows.leader === undefined
}

function toSnapshot(id: string, hash: Hash, rows: ClusterRows, zoneOf: Zones): PlanSnapshot {
  const instances = [...new Set(membersOf(id, hash, rows))].toSorted().slice(0, mostModules)
  const era = eraOf(hash)
  const statuses = rows.statuses.filter((row) => row.plan === id)
  const modules = instances.map((module) => toModule(module, rows, { statuses, era }))
  const nodes = [...new Set(modules.flatMap(({ node }) => node ?? []))].toSorted(byNumber)
  const plan = toPlan(hash, instances.map(shown))
  const destination = toDestination(hash.get('repository') ?? '', rows)
  return {
    state: 'read',
    plan,
    ...(destination === undefined ? {} : { destination }),
    modules,
    nodes: Object.fromEntries(nodes.map((node) => [node, { zone: zoneOf(node) }])),
    era,
  }
}

/** Since core 3.20 a plan names its modules; before, modules named their plans. */
function eraOf(plan: Hash): PlanSnapshot['era'] {
  return plan.has('instances') ? 'B' : 'A'
}

function membersOf(id: string, plan: Hash, rows: ClusterRows): string[] {
  const named = plan.get('instances')
  if (named !== undefined) return named.split(/\s+/).filter((module) => module !== '')
  return [...rows.memberships].flatMap(([module, plans]) => (plans.includes(id) ? module : []))
}

function toPlan(hash: Hash, instances: readonly string[]): Plan {
  const retention = hash.get('retention')
  return {
    name: oneLine(hash.get('name') ?? ''),
    // NethServer writes "1" or nothing, and runs a plan only for "1".
    enabled: hash.get('enabled') === '1',
    schedule: oneLine(hash.get('schedule') ?? ''),
    repository: oneLine(hash.get('repository') ?? ''),
    ...(retention === undefined ? {} : { retention: oneLine(retention) }),
    instances,
  }
}

function toDestination(id: string, rows: ClusterRows): Destination | undefined {
  const hash = rows.destinations.get(id)
  if (hash === undefined || hash.size === 0) return undefined
  const text = (name: string): string => oneLine(hash.get(name) ?? '')
  const url = cutText(cleanLine(hash.get('url') ?? ''), urlLength).replace(/\/\/[^/@\s]*@/, '//')
  return { id: oneLine(id), name: text('name'), url, provider: text('provider') }
}

interface Told {
  readonly statuses: ClusterRows['statuses']
  readonly era: PlanSnapshot['era']
}

function toModule(id: string, rows: ClusterRows, told: Told): PlanModule {
  const node = isModuleId(id) ? rows.moduleNode.get(id) : undefined
  if (node === undefined) return { id: shown(id), node: null }
  const row = rows.modules.get(id)
  const uuid = rows.moduleUuid.get(id)
  const app = row?.image === undefined ? undefined : appOf(row.image)
  const status = statusOf(id, node, told)
  return {
    id,
    node: oneLine(node),
    ...uiNameOf(id, rows),
    ...(app === undefined ? {} : { app }),
    ...(uuid === undefined ? {} : { uuid: oneLine(uuid) }),
    ...(row?.noBackup === true ? { noBackup: true } : {}),
    ...(status === undefined ? {} : { status }),
  }
}

/**
 * A module that has moved has a status on each node it was on: the latest counts. One that cannot be read counts where the
 * module is now, since an older one from elsewhere would hide it.
 */
function statusOf(id: string, node: string, { statuses, era }: Told): RunStatus | UnreadableStatus | undefined {
  let best: RunStatus | undefined
  let unreadable: UnreadableStatus | undefined
  let isHere = false
  for (const row of statuses) {
    const status = readStatus(row, id, node)
    if (status === undefined) continue
    if (!isReadable(status)) {
      unreadable ??= status
      isHere ||= row.of === 'module' ? era === 'A' : row.id === node
    } else if (best === undefined || status.start > best.start) best = status
  }
  return isHere ? unreadable : (best ?? unreadable)
}

function readStatus(
  row: ClusterRows['statuses'][number],
  id: string,
  node: string,
): RunStatus | UnreadableStatus | undefined {
  if (row.of === 'module') return row.id === id && row.hash.size > 0 ? readHashStatus(row.hash, node) : undefined
  const text = row.hash.get(id)
  return text === undefined ? undefined : readJsonStatus(text, row.id)
}

function uiNameOf(id: string, rows: ClusterRows): { readonly uiName?: string } {
  const name = oneLine(rows.modules.get(id)?.uiName ?? '')
  return name === '' ? {} : { uiName: name }
}

/** `mail` of ghcr.io/nethserver/mail:1.6. */
function appOf(image: string): string | undefined {
  return /([a-z0-9][a-z0-9._-]{0,62})(?::[^/]*)?(?:@[^/]*)?$/.exec(image.slice(-nameLength))?.[1]
}

function oneLine(text: string): string {
  return cutText(cleanLine(text.slice(0, 4 * nameLength)), nameLength)
}

/** What is no id of a module is only ever shown. */
function shown(id: string): string {
  return isModuleId(id) ? id : oneLine(id)
}

function byNumber(one: string, other: string): number {
  return Number(one) - Number(other) || (one < other ? -1 : one > other ? 1 : 0)
}
