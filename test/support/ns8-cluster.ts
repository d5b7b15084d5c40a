// A Redis that stands for that of a NethServer 8 cluster: filled by scripts, and open to everybody for what it opens there.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startRedisServer, type RedisServer } from './redis-server.ts'

const fixtures = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures/ns8-backup')

/** What the cluster lets anybody do who asks from its own nodes. */
const everybody =
  'default on nopass resetkeys ~cluster/* ~node/* ~module/* resetchannels &* nocommands +@read +@connection +subscribe +psubscribe -@admin'

export async function startCluster(era: 'A' | 'B' | 'none', at?: number): Promise<RedisServer> {
  const server = await startRedisServer(['--user', ...everybody.split(' ')], at)
  if (era !== 'none') await fill(server, 'cluster.redis', `era-${era.toLowerCase()}.redis`)
  return server
}

/** Runs the commands of scripts, one on a line, quoted as redis-cli takes them. */
export async function fill(server: RedisServer, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    for (const line of readFixture(name).split('\n')) {
      if (line === '' || line.startsWith('#')) continue
      const [command = '', ...args] = Array.from(line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), (part) =>
        part.slice(1).join(''),
      )
      await server.command(command, ...args)
    }
  }
}

export function readFixture(name: string): string {
  return readFileSync(join(fixtures, name), 'utf8')
}
