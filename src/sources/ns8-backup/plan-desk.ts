// Keeps what was last said of each plan and of the cluster, and says what is new in them.
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { RedisAnswer } from '../../lib/redis.ts'
import type { SourceTools } from '../../source.ts'
import type { Json, JsonObject, NewFact } from '../../words.ts'
import { type ClusterState, type Era, isPlanId, type PlanSnapshot } from './facts.ts'
import type { ProbedRepository } from './probe.ts'
import type { ClusterRows } from './rows.ts'
import { isForeign, toEmptySnapshot, toSnapshots, toUnprotected, type Zones } from './snapshot.ts'

export interface PlanDesk {
  /** Reads everything and says what has changed; joins a reading that has not begun yet. Resolves to whether Redis answered. */
  look(): Promise<boolean>
  /** The same, and says how this plan is in any case. */
  answer(plan: string): Promise<void>
  /** Those of the modules in enabled plans, as last read; undefined before that. */
  repositories(): readonly ProbedRepository[] | undefined
}

export interface PlanDeskTools extends Pick<SourceTools, 'emit' | 'now' | 'place' | 'log' | 'measure' | 'signal'> {
  read(): Promise<RedisAnswer<ClusterRows>>
  readonly zoneOf: Zones
  readonly plans?: readonly string[] | undefined
  /** How long a status may be away between its deletion and the next one. */
  readonly rewriteMs?: number
}

/** Of a plan, what was last said, as kept between runs. */
type PlanRow = {
  readonly v: 1
  readonly hash: string
  readonly era: Era
  /** Modules with a status. */
  readonly ran: readonly string[]
}

type Row = readonly [key: string, value: Json]

const planPrefix = 'plan/'
const clusterKey = 'cluster'

export function createPlanDesk(tools: PlanDeskTools): PlanDesk {
  const known = readKnown(tools.place.saved ?? [])
  let cluster = readCluster(tools.place.saved ?? [])
  let reading: Promise<boolean> | undefined
  let next: Promise<boolean> | undefined
  const asked = new Set<string>()
  let isPlaced = false
  let repositories: readonly ProbedRepository[] | undefined

  /** One reading at a time; whoever asks while one is under way gets the one after it. */
  function look(): Promise<boolean> {
    if (reading === undefined) {
      reading = lookNow().finally(() => (reading = undefined))
      return reading
    }
    next ??= reading
      .catch(() => {})
      .then(() => {
        next = undefined
        return look()
      })
    return next
  }

  async function lookNow(): Promise<boolean> {
    const wanted = [...asked]
    asked.clear()
    const { snapshots, state } = await see()
    if (tools.signal.aborted) return false
    if (state.redis === 'ok') repositories = [...snapshots].flatMap(repositoriesOf)
    const said = new Map<string, PlanSnapshot>()
    for (const [id, snapshot] of snapshots) if (hashOf(snapshot) !== known.get(id)?.hash) said.set(id, snapshot)
    for (const id of wanted) said.set(id, snapshots.get(id) ?? missing(id, state))
    if (state.redis === 'ok') for (const id of known.keys()) if (!snapshots.has(id)) said.set(id, missing(id, state))
    await say(said, state)
    tools.measure('redis_up', state.redis === 'ok' ? 1 : 0)
    return state.redis === 'ok'
  }

  /** A status that was there is rewritten by being deleted first (era A): its absence is believed when seen twice. */
  async function see(): Promise<Seen> {
    const first = await seeOnce()
    const lost = [...first.snapshots].some(([id, snapshot]) => hasLost(known.get(id), snapshot))
    if (!lost) return first
    await wait(tools.rewriteMs ?? 1000, undefined, { signal: tools.signal }).catch(() => {})
    return seeOnce()
  }

  async function seeOnce(): Promise<Seen> {
    const answer = await tools.read()
    if (answer.ok && !isForeign(answer.value)) {
      const { leader } = answer.value
      const snapshots = [...toSnapshots(answer.value, tools.zoneOf)].filter(([id]) => isWatched(id))
      const unprotected = toUnprotected(answer.value)
      return {
        snapshots: new Map(snapshots),
        state: { ...(leader === undefined ? {} : { leader }), unprotected, redis: 'ok' },
      }
    }
    const problem = answer.ok ? 'Redis answers, but there is no NethServer cluster in it.' : answer.detail
    const since = (cluster?.redis === 'refused' ? cluster.since : undefined) ?? new Date(tools.now()).toISOString()
    const { leader, unprotected = [] } = cluster ?? {}
    return {
      snapshots: new Map(),
      state: { ...(leader === undefined ? {} : { leader }), unprotected, redis: 'refused', problem, since },
    }
  }

  function isWatched(plan: string): boolean {
    return tools.plans === undefined || tools.plans.includes(plan)
  }

  function missing(id: string, { redis, problem }: ClusterState): PlanSnapshot {
    const era = known.get(id)?.era ?? 'B'
    if (!isPlanId(id)) return toEmptySnapshot('gone', era, 'A plan is named by its number.')
    if (!isWatched(id)) return toEmptySnapshot('gone', era, "It is not among this source's plans.")
    return redis === 'ok' ? toEmptySnapshot('gone', era) : toEmptySnapshot('unreadable', era, problem)
  }

  async function say(said: ReadonlyMap<string, PlanSnapshot>, state: ClusterState): Promise<void> {
    const facts: NewFact[] = [...said].map(([key, data]) => ({ name: 'backup.plan', key, data }))
    const put: Row[] = []
    const gone: string[] = []
    for (const [id, snapshot] of said) {
      if (snapshot.state === 'gone') gone.push(planPrefix + id)
      else if (known.has(id) || snapshot.state === 'read') put.push([planPrefix + id, rowOf(snapshot, known.get(id))])
    }
    const isNews = !isDeepStrictEqual(state, cluster)
    if (isNews) {
      facts.push({ name: 'backup.cluster', key: clusterKey, data: state })
      put.push([clusterKey, state])
    }
    // The first word tells the hub that we have taken our place, even if there is nothing to say.
    if (facts.length === 0 && isPlaced) return
    await tools.emit({ facts }, { put, delete: gone })
    isPlaced = true
    if (isNews) log(state)
    cluster = state
    for (const key of gone) known.delete(key.slice(planPrefix.length))
    for (const [key, row] of put) if (key !== clusterKey) known.set(key.slice(planPrefix.length), row as PlanRow)
  }

  function log({ redis, problem = '' }: ClusterState): void {
    if (redis === 'refused') tools.log.warn(`the cluster cannot be read: ${problem}`)
    else if (cluster?.redis === 'refused') tools.log.info('the cluster can be read again')
  }

  return {
    look,
    repositories: () => repositories,
    async answer(plan) {
      asked.add(plan)
      await look()
    },
  }
}

function repositoriesOf([planId, { plan, modules }]: readonly [string, PlanSnapshot]): ProbedRepository[] {
  if (plan?.enabled !== true) return []
  return modules.flatMap(({ id, node }) => (node === null ? [] : [{ planId, module: id }]))
}

interface Seen {
  readonly snapshots: ReadonlyMap<string, PlanSnapshot>
  readonly state: ClusterState
}

function readKnown(saved: Iterable<Row>): Map<string, PlanRow> {
  const known = new Map<string, PlanRow>()
  for (const [key, value] of saved) {
    if (key.startsWith(planPrefix) && (value as JsonObject)['v'] === 1)
      known.set(key.slice(planPrefix.length), value as PlanRow)
  }
  return known
}

function readCluster(saved: Iterable<Row>): ClusterState | undefined {
  for (const [key, value] of saved) if (key === clusterKey) return value as ClusterState
  return undefined
}

/** An unreadable plan keeps what is known of it, but the next time it can be read is news. */
function rowOf(snapshot: PlanSnapshot, before: PlanRow | undefined): PlanRow {
  if (snapshot.state !== 'read') return { v: 1, hash: '', era: snapshot.era, ran: before?.ran ?? [] }
  return { v: 1, hash: hashOf(snapshot), era: snapshot.era, ran: ranOf(snapshot) }
}

/** Snapshots are built in one order, whatever Redis answers. */
function hashOf(snapshot: PlanSnapshot): string {
  return createHash('sha256').update(JSON.stringify(snapshot)).digest('hex').slice(0, 24)
}

function ranOf({ modules }: PlanSnapshot): string[] {
  return modules.filter(({ status }) => status !== undefined).map(({ id }) => id)
}

function hasLost(row: PlanRow | undefined, { modules }: PlanSnapshot): boolean {
  const live = new Map(modules.map((module) => [module.id, module]))
  return row?.ran.some((id) => live.get(id)?.node != null && live.get(id)?.status === undefined) === true
}
