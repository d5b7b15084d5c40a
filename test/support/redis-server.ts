// A real Redis on a free port of 127.0.0.1, empty at its start, kept in memory, and ended by its own process id.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'

export interface RedisServer extends AsyncDisposable {
  /** Without user or password: what an anonymous reader of this machine is given. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** As the administrator, for filling it. */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>
  /** Stops its process, which then takes connections and says nothing, and lets it go on. */
  freeze(): void
  thaw(): void
  /** Resolves when the process has ended. */
  stop(): Promise<void>
}

/** More lines of redis.conf, such as `['--requirepass', 'x']`; a port to be at again after a stop. */
export async function startRedisServer(more: readonly string[] = [], at?: number): Promise<RedisServer> {
  const port = at ?? (await freePort())
  // The administrator is a user of its own, so that a test may restrict the default one.
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp']
  const admin = ['--user', 'admin', 'on', '>admin', '~*', '&*', '+@all']
  const child = spawn('redis-server', [...own, ...admin, ...more], { stdio: ['ignore', 'pipe', 'inherit'] })
  // A test process that is cut off must not leave it behind.
  const endWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))
  await untilReady(child)
  const redis = new Redis({ host: '127.0.0.1', port, username: 'admin', password: 'admin', retryStrategy: () => null })
  redis.on('error', () => {})
  const stop = async (): Promise<void> => {
    redis.disconnect()
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    command: (name, ...args) => redis.call(name, ...args),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function untilReady(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('redis-server has no output')
  const said: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.on('error', reject)
  child.on('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${said.join('\n')}`)))
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line)
    if (line.includes('Ready to accept connections')) resolve()
  })
  await promise
}

/** Redis cannot choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
