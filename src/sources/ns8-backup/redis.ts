// Asks a cluster's Redis: all rows at once over a short connection, and over a lasting one when something has changed.
import type { Redis } from 'ioredis'
import { askRedis, openRedis, type RedisAnswer, toRefusal } from '../../lib/redis.ts'
import { backupKeys, type BackupKeys, type ClusterRows, type Hash, type ModuleRow, sortKeys } from './rows.ts'

export interface RedisPlace {
  readonly url: string
  readonly signal: AbortSignal
}

export interface Changes {
  /** A channel of the cluster said that something is new. */
  changed(): void
  /** It listens (again): what was said meanwhile was missed. */
  listening(): void
  /** The connection is gone; it goes on trying. */
  lost(): void
  /** The server does not let us listen. */
  forbidden(problem: string): void
}

/** For all of a reading; for each step of listening. */
const readWithinMs = 15_000
const listenWithinMs = 5000
const longestRetryMs = 10_000
/** Keys asked for in one breath; commands sent in one. */
const atOnce = 500
const mostKeys = 200_000

const channels = [
  'node/*/event/backup-status-changed',
  'module/*/event/backup-status-changed',
  'cluster/event/backup-schedule-changed',
  'cluster/event/backup-destination-changed',
]

/** Never throws. */
export function readCluster({ url, signal }: RedisPlace): Promise<RedisAnswer<ClusterRows>> {
  return askRedis({ url, signal, timeoutMs: readWithinMs }, readRows)
}

/** Resolves when the signal is aborted. */
export async function listenForChanges({ url, signal }: RedisPlace, changes: Changes): Promise<void> {
  const redis = await openRedis(url, {
    connectTimeout: listenWithinMs,
    commandTimeout: listenWithinMs,
    retryStrategy: (times) => Math.min(250 * 2 ** Math.min(times, 10), longestRetryMs),
    autoResubscribe: false,
  })
  redis.on('error', () => {})
  redis.on('pmessage', changes.changed)
  let isOpen = false
  redis.on('close', () => {
    if (isOpen && !signal.aborted) changes.lost()
    isOpen = false
  })
  redis.on('ready', () => {
    isOpen = true
    redis.psubscribe(...channels).then(changes.listening, (error: unknown) => {
      // Whoever may not listen is not asked again and again; anything else is a connection that does not work.
      if (isReply(error)) changes.forbidden(toRefusal(url, error, listenWithinMs).detail)
      else if (!signal.aborted) redis.disconnect(true)
    })
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = (): void => {
    redis.disconnect()
    resolve()
  }
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  else redis.connect().catch(() => {})
  await promise
}

async function readRows(redis: Redis): Promise<ClusterRows> {
  const keys = sortKeys(await scan(redis))
  const fixed: Command[] = [
    ['hget', 'cluster/environment', 'NODE_ID'],
    ['hgetall', 'cluster/module_node'],
    ['hgetall', 'cluster/module_uuid'],
  ]
  const [[leader, moduleNode, moduleUuid], plans] = await Promise.all([
    ask(redis, fixed),
    askFor(redis, keys.plans, (id) => ['hgetall', `cluster/backup/${id}`], toHash),
  ])
  const live = toHash(moduleNode)
  const destinations = [...new Set([...plans.values()].flatMap((plan) => plan.get('repository') ?? []))]
  return {
    ...(typeof leader === 'string' ? { leader } : {}),
    plans: new Map([...plans].filter(([, plan]) => plan.size > 0)),
    moduleNode: live,
    moduleUuid: toHash(moduleUuid),
    // Field by field: in older clusters the same hash holds passwords.
    destinations: await askFor(redis, destinations, destinationOf, toDestination),
    modules: await readModules(redis, [...live.keys()]),
    memberships: await askFor(redis, keys.memberships, (id) => ['smembers', `module/${id}/backups`], toTexts),
    statuses: await readStatuses(redis, keys, plans),
  }
}

/** Not KEYS, which would hold up the whole cluster. */
async function scan(redis: Redis): Promise<Set<string>> {
  const found = new Set<string>()
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', backupKeys, 'COUNT', atOnce)
    for (const key of keys) found.add(key)
    cursor = next
  } while (cursor !== '0' && found.size < mostKeys)
  return found
}

async function readModules(redis: Redis, ids: readonly string[]): Promise<Map<string, ModuleRow>> {
  const [names, images, flags] = await Promise.all([
    askFor(redis, ids, (id) => ['get', `module/${id}/ui_name`], toText),
    askFor(redis, ids, (id) => ['hget', `module/${id}/environment`, 'IMAGE_URL'], toText),
    askFor(
      redis,
      ids,
      (id) => ['sismember', `module/${id}/flags`, 'no_data_backup'],
      (found) => found === 1,
    ),
  ])
  return new Map(
    ids.map((id) => {
      const [uiName, image] = [names.get(id), images.get(id)]
      const noBackup = flags.get(id) === true
      return [id, { ...(uiName === undefined ? {} : { uiName }), ...(image === undefined ? {} : { image }), noBackup }]
    }),
  )
}

/** Those of plans that are no more are left where they lie. */
async function readStatuses(
  redis: Redis,
  { statuses }: BackupKeys,
  plans: ReadonlyMap<string, Hash>,
): Promise<ClusterRows['statuses']> {
  const wanted = statuses.filter(({ plan }) => plans.has(plan))
  const answers = await ask(
    redis,
    wanted.map(({ of, id, plan }) => ['hgetall', `${of}/${id}/backup_status/${plan}`]),
  )
  return wanted.map((status, index) => ({ ...status, hash: toHash(answers[index]) }))
}

type Command = [name: string, ...args: string[]]

async function askFor<Value>(
  redis: Redis,
  ids: readonly string[],
  toCommand: (id: string) => Command,
  toValue: (answer: unknown) => Value,
): Promise<Map<string, Value>> {
  const answers = await ask(redis, ids.map(toCommand))
  return new Map(ids.map((id, index) => [id, toValue(answers[index])]))
}

/** In pipelines; a key of another type than ours is as if it were not there. */
async function ask(redis: Redis, commands: readonly Command[]): Promise<unknown[]> {
  const answers: unknown[] = []
  for (let at = 0; at < commands.length; at += atOnce) {
    const part = commands.slice(at, at + atOnce)
    for (const [error, answer] of (await redis.pipeline(part).exec()) ?? []) {
      if (error !== null && !error.message.startsWith('WRONGTYPE')) throw error
      answers.push(error === null ? answer : undefined)
    }
  }
  return answers
}

const destinationFields = ['name', 'url', 'provider']

function destinationOf(id: string): Command {
  return ['hmget', `cluster/backup_repository/${id}`, ...destinationFields]
}

function toDestination(answer: unknown): Hash {
  const values: readonly unknown[] = Array.isArray(answer) ? answer : []
  return new Map(
    destinationFields.flatMap((field, index) => {
      const value = values[index]
      return typeof value === 'string' ? [[field, value] as const] : []
    }),
  )
}

function toHash(answer: unknown): Hash {
  if (typeof answer !== 'object' || answer === null) return new Map()
  return new Map(
    Object.entries(answer).flatMap(([field, value]) => (typeof value === 'string' ? [[field, value]] : [])),
  )
}

function toTexts(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.filter((one) => typeof one === 'string') : []
}

function toText(answer: unknown): string | undefined {
  return typeof answer === 'string' ? answer : undefined
}

/** The server itself answered with an error. */
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError'
}
