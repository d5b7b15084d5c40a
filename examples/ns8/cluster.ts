// The Redis of a leader with one plan of two apps, as NethServer 8 keeps it since core 3.20.
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort, type House, launch, type Program, until } from './programs.ts'

export const dayMs = 86_400_000
/** Of a module's last run; times in seconds since 1970. */
export interface Status {
  readonly start: number
  readonly end: number
  readonly errors: number
}

const destination = '48ce000a-79b7-5fe6-8558-177fd70c27b4'
const administrator = { username: 'cluster', password: 'cluster' }

export async function startRedis(house: House): Promise<Program> {
  const { folder } = house
  const port = await freePort()
  // As on a leader: anybody on it may read and listen, and no more.
  const everybody = 'default on nopass resetkeys ~cluster/* ~node/* ~module/* resetchannels &* nocommands'
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    'save ""',
    // By its words `stop` knows that it is ours.
    'set-proc-title no',
    `dir ${folder}`,
    `user ${everybody} +@read +@connection +subscribe +psubscribe -@admin`,
    `user ${administrator.username} on >${administrator.password} ~* &* +@all`,
  ]
  const file = join(folder, 'redis.conf')
  await writeFile(file, `${lines.join('\n')}\n`)
  const pid = await launch(house, 'redis-server', [file])
  const place = { url: `redis://127.0.0.1:${port}`, port, pid }
  await until('redis-server', house, () => asAdministrator(place, (redis) => redis.ping()))
  return place
}

/** The last run was a day before the one that is due. */
export async function fillRedis(place: Program, modules: readonly string[], due: Date): Promise<void> {
  const [hour, minute] = [due.getUTCHours(), due.getUTCMinutes()].map((part) => String(part).padStart(2, '0'))
  const plan = {
    name: 'Nightly',
    enabled: '1',
    retention: '7',
    repository: destination,
    instances: modules.join(' '),
  }
  const yesterday = Math.floor((due.getTime() - dayMs) / 1000)
  await asAdministrator(place, async (redis) => {
    await redis.hset('cluster/environment', { NODE_ID: '1' })
    await redis.hset('cluster/module_node', { traefik1: '1' })
    await redis.sadd('module/traefik1/flags', 'no_data_backup')
    for (const module of modules) {
      const image = `ghcr.io/nethserver/${module.slice(0, -1)}:1.6.0`
      await redis.hset('cluster/module_node', module, '1')
      await redis.hset('cluster/module_uuid', module, randomUUID())
      await redis.hset(`module/${module}/environment`, { IMAGE_URL: image })
      await redis.hset(
        'node/1/backup_status/1',
        module,
        toText({ start: yesterday + 5, end: yesterday + 15, errors: 0 }),
      )
    }
    await redis.hset('cluster/backup/1', { ...plan, schedule: `*-*-* ${hour}:${minute}:00` })
    await redis.hset(`cluster/backup_repository/${destination}`, {
      name: 'This machine',
      url: 'fs:/backups',
      provider: 'cluster',
    })
  })
}

/** As a node does it at the end of each module. */
export async function endRun(place: Program, module: string, status: Status): Promise<void> {
  const payload = JSON.stringify({ node_id: 1, backup_id: 1, module_id: module })
  await asAdministrator(place, async (redis) => {
    await redis.hset('node/1/backup_status/1', module, toText(status))
    await redis.publish('node/1/event/backup-status-changed', payload)
  })
}

function toText({ start, end, errors }: Status): string {
  const sizes = { total_size: 412_316_860, total_file_count: 18_430, snapshots_count: 1 }
  return JSON.stringify({ start, ...sizes, errors, end })
}

async function asAdministrator<Result>(
  { port }: { port: number },
  work: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const redis = new Redis({ host: '127.0.0.1', port, ...administrator, lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => {})
  try {
    await redis.connect()
    return await work(redis)
  } finally {
    redis.disconnect()
  }
}
