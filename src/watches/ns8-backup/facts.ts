// The facts of the source as this watch reads them: whatever comes in, what goes on is well-formed and bounded.
import { readRfc3339 } from '../../lib/rfc3339.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import type { Json, JsonObject } from '../../words.ts'

export type PlanSnapshot = {
  readonly state: 'read' | 'gone' | 'unreadable'
  readonly problem?: string
  readonly plan?: PlanFields
  readonly destination?: Destination
  /** Those of the plan; a removed one has no node. */
  readonly modules: readonly Module[]
  readonly nodes: { readonly [id: string]: { readonly zone?: string } }
}

export type PlanFields = {
  readonly name: string
  readonly enabled: boolean
  /** As systemd's OnCalendar has it. */
  readonly schedule: string
}

export type Destination = { readonly id: string; readonly name: string; readonly url: string }

export type Module = {
  readonly id: string
  readonly node: string | null
  readonly uiName?: string
  readonly app?: string
  readonly uuid?: string
  readonly status?: Status | Unreadable
}

/** What NethServer 8 noted of the last run; times in seconds since 1970, as it has them. */
export type Status = {
  readonly start: number
  readonly end: number
  readonly errors: number
  readonly totalSize?: number
  readonly totalFiles?: number
}

export type Unreadable = { readonly raw: string }

export type AlertFact = {
  readonly alertname: string
  readonly firing: boolean
  readonly node?: string
  readonly planName?: string
  /** As it came, and as a point in time where it is one. */
  readonly startsAt: string
  readonly startedAt?: number
  readonly fingerprint?: string
  readonly text: string
  readonly how: 'webhook' | 'poll'
}

/** What a look into one application's repository found; times in milliseconds. */
export type Health = {
  readonly state: string
  readonly message?: string
  /** Of the newest snapshot. */
  readonly newestAt?: number
  /** How long the look took that ended `at`. */
  readonly tookMs?: number
  /** The probe does not reach the application. */
  readonly elsewhere?: true
  readonly lock?: { readonly pid?: number; readonly host?: string; readonly since?: number }
  /** The exact command that helps. */
  readonly advice?: string
  /** When the answer came. */
  readonly at: number
}

export type ClusterFact = {
  readonly refused: boolean
  readonly problem?: string
  readonly since?: number
  readonly unprotected: readonly { readonly id: string; readonly uiName?: string }[]
}

/** What ended later than this is of a clock that nobody can go by. */
const aheadMs = 300_000
const mostModules = 1000
const mostNodes = 200
/** Beyond the year 5000, in seconds: no time of this world, and a date would not take much more. */
const latest = 1e11

export function readPlan(data: JsonObject): PlanSnapshot {
  const state = data['state'] === 'read' || data['state'] === 'gone' ? data['state'] : 'unreadable'
  const plan = readPlanFields(data['plan'])
  return {
    state: state === 'read' && plan === undefined ? 'unreadable' : state,
    ...maybe('problem', text(data['problem'], 300)),
    ...maybe('plan', plan),
    ...maybe('destination', readDestination(data['destination'])),
    modules: listOf(data['modules'], mostModules).flatMap(readModule),
    nodes: readNodes(data['nodes']),
  }
}

export function readAlert(data: JsonObject): AlertFact {
  const startsAt = text(data['startsAt'], 64) ?? ''
  return {
    alertname: text(data['alertname'], 100) ?? 'an alert without a name',
    firing: data['status'] !== 'resolved',
    ...maybe('node', text(data['node'], 64)),
    ...maybe('planName', text(data['planName'], 100)),
    startsAt,
    ...maybe('startedAt', readRfc3339(startsAt)),
    ...maybe('fingerprint', text(data['fingerprint'], 64)),
    text: alertText(data),
    how: data['how'] === 'poll' ? 'poll' : 'webhook',
  }
}

export function readHealth(data: JsonObject, at: number): Health {
  const lock = objectOf(data['lock'])
  return {
    state: text(data['state'], 32) ?? 'UNKNOWN',
    ...maybe('message', text(data['message'], 600)),
    ...maybe('newestAt', instant(data['newest'])),
    ...(lock && {
      lock: {
        ...maybe('pid', count(lock['pid'])),
        ...maybe('host', text(lock['host'], 100)),
        ...maybe('since', instant(lock['since'])),
      },
    }),
    ...maybe('advice', text(data['advice'], 200)),
    ...maybe('tookMs', count(data['tookMs'])),
    ...(data['elsewhere'] === true ? { elsewhere: true } : {}),
    at,
  }
}

export function readCluster(data: JsonObject): ClusterFact {
  const unprotected = listOf(data['unprotected'], mostModules).flatMap((one) => {
    const app = objectOf(one)
    const id = text(app?.['module'], 64)
    return id === undefined ? [] : [{ id, ...maybe('uiName', text(app?.['uiName'], 100)) }]
  })
  return {
    refused: data['redis'] === 'refused',
    ...maybe('problem', text(data['problem'], 300)),
    ...maybe('since', readRfc3339(text(data['since'], 64) ?? '')),
    unprotected,
  }
}

/** What an object holds under a foreign name: never what it has inherited. */
export function own<Value>(object: { readonly [name: string]: Value }, name: string): Value | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

export function isReadable(status: Status | Unreadable | undefined): status is Status {
  return status !== undefined && !('raw' in status)
}

/** Whether its times can be true. */
export function isPlausible({ start, end }: Status, now: number): boolean {
  return end >= start && end * 1000 <= now + aheadMs
}

/** One line, without what could pose as markup or break a title. */
export function text(value: unknown, max: number): string | undefined {
  const line = typeof value === 'string' ? cutText(cleanLine(value.slice(0, max * 4)), max) : ''
  return line === '' ? undefined : line
}

function readPlanFields(value: Json | undefined): PlanFields | undefined {
  const plan = objectOf(value)
  if (plan === undefined) return undefined
  return {
    name: text(plan['name'], 80) ?? '',
    enabled: plan['enabled'] === true,
    schedule: text(plan['schedule'], 100) ?? '',
  }
}

function readDestination(value: Json | undefined): Destination | undefined {
  const found = objectOf(value)
  if (found === undefined) return undefined
  const id = text(found['id'], 64) ?? ''
  return { id, name: text(found['name'], 80) ?? id, url: text(found['url'], 200) ?? '' }
}

function readModule(value: Json): Module[] {
  const module = objectOf(value)
  const id = text(module?.['id'], 64)
  if (module === undefined || id === undefined) return []
  return [
    {
      id,
      node: text(module['node'], 64) ?? null,
      ...maybe('uiName', text(module['uiName'], 100)),
      ...maybe('app', text(module['app'], 64)),
      ...maybe('uuid', text(module['uuid'], 64)),
      ...maybe('status', readStatus(module['status'])),
    },
  ]
}

function readStatus(value: Json | undefined): Status | Unreadable | undefined {
  if (value === undefined || value === null) return undefined
  const status = objectOf(value)
  const [start, end, errors] = [count(status?.['start']), count(status?.['end']), count(status?.['errors'])]
  if (status === undefined || start === undefined || end === undefined || errors === undefined)
    return { raw: text(status?.['raw'], 200) ?? text(JSON.stringify(value), 200) ?? '' }
  return {
    start,
    end,
    errors,
    ...maybe('totalSize', count(status['totalSize'], Number.MAX_SAFE_INTEGER)),
    ...maybe('totalFiles', count(status['totalFiles'])),
  }
}

function readNodes(value: Json | undefined): PlanSnapshot['nodes'] {
  const nodes = Object.entries(objectOf(value) ?? {}).slice(0, mostNodes)
  return Object.fromEntries(nodes.map(([id, node]) => [id, maybe('zone', text(objectOf(node)?.['zone'], 64))]))
}

/** The alert in the words it came with: what is told when nothing else can be found out. */
function alertText(data: JsonObject): string {
  const words = objectOf(data['language']) ?? {}
  const parts = [
    text(data['summary'], 300) ?? text(words['summary_en'], 300) ?? text(words['summary'], 300),
    text(data['description'], 600) ?? text(words['description_en'], 600) ?? text(words['description'], 600),
  ]
  const [other] = Object.values(words).flatMap((value) => text(value, 300) ?? [])
  return parts.filter((part) => part !== undefined).join(' ') || other || ''
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

function listOf(value: Json | undefined, most: number): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]).slice(0, most) : []
}

function count(value: unknown, most = latest): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most ? value : undefined
}

/** Milliseconds since 1970. */
function instant(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= latest * 1000 ? Math.round(value) : undefined
}

function maybe<Name extends string, Value>(name: Name, value: Value | undefined): { readonly [name in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [name in Name]?: Value }
}
