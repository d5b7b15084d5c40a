// A real Alertmanager on a free loopback port, alone and with storage of its own; ended by its own pid.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from './hub-process.ts'

export interface Alertmanager extends AsyncDisposable {
  readonly url: string
  /** Hands alerts in, as Prometheus does. */
  fire(...alerts: readonly PostedAlert[]): Promise<void>
  /** The fingerprints of those it holds for active, not silenced and not inhibited. */
  active(): Promise<readonly string[]>
  /** Runs amtool against it; returns what it printed. */
  amtool(...words: readonly string[]): Promise<string>
  /** Posts to webhooks so far, answered with 2xx or not, by its own count. */
  posts(): Promise<{ readonly tried: number; readonly failed: number }>
  /** Ends it by its pid; its storage and port stay. */
  stop(): Promise<void>
  /** Starts it again after `stop`; it has forgotten all alerts, as it always does. */
  start(): Promise<void>
  output(): string
}

export interface PostedAlert {
  readonly labels: { readonly [name: string]: string }
  readonly annotations?: { readonly [name: string]: string }
  readonly startsAt?: string
  readonly endsAt?: string
  readonly generatorURL?: string
}

export interface AlertmanagerOptions {
  /** Where it posts to; several are told alike, each by a route of its own. Absent: it tells nobody. */
  readonly webhooks?: readonly Webhook[]
  /** `...` groups by all labels. */
  readonly groupBy?: readonly string[]
  readonly groupWait?: string
  readonly groupInterval?: string
  readonly repeatInterval?: string
}

export interface Webhook {
  readonly url: string
  /** Sent as a bearer token. */
  readonly token?: string
  /** Alerts beyond so many are cut off and only counted. */
  readonly maxAlerts?: number
}

const program = 'prometheus-alertmanager'
const lookEveryMs = 25
const atMostMs = 20_000
const run = promisify(execFile)

export async function startAlertmanager(options: AlertmanagerOptions = {}): Promise<Alertmanager> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-alertmanager-'))
  const config = join(folder, 'alertmanager.yml')
  await writeFile(config, JSON.stringify(configOf(options)))
  const url = `http://127.0.0.1:${await freePort()}`
  let running: Running | undefined

  async function start(): Promise<void> {
    running = launch(url, folder, config)
    await ready(url, running)
  }

  async function get(path: string): Promise<string> {
    const answer = await fetch(url + path, { signal: AbortSignal.timeout(10_000) })
    if (!answer.ok) throw new Error(`Alertmanager answered ${answer.status} to ${path}: ${await answer.text()}`)
    return answer.text()
  }

  await start()
  return {
    url,
    start,
    output: () => running?.output() ?? '',
    async fire(...alerts) {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(alerts) })
      if (!answer.ok) throw new Error(`Alertmanager answered ${answer.status}: ${await answer.text()}`)
    },
    async active() {
      const alerts = JSON.parse(await get('/api/v2/alerts?silenced=false&inhibited=false')) as { fingerprint: string }[]
      return alerts.map(({ fingerprint }) => fingerprint)
    },
    async amtool(...words) {
      return (await run('amtool', [`--alertmanager.url=${url}`, ...words], { timeout: 20_000 })).stdout
    },
    async posts() {
      const text = await get('/metrics')
      const count = (name: string): number =>
        text
          .split('\n')
          .filter((line) => line.startsWith(`${name}{`) && line.includes('integration="webhook"'))
          .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
      const tried = count('alertmanager_notification_requests_total')
      return { tried, failed: count('alertmanager_notification_requests_failed_total') }
    },
    async stop() {
      await running?.end()
    },
    async [Symbol.asyncDispose]() {
      await running?.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Running {
  readonly child: ChildProcess
  output(): string
  end(): Promise<void>
}

function launch(url: string, folder: string, config: string): Running {
  const args = [
    `--config.file=${config}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=${new URL(url).host}`,
    // Alone: no gossip, no port for it.
    '--cluster.listen-address=',
  ]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => void (text = (text + chunk).slice(-100_000)))
  // Should the test be broken off, it must not outlive it.
  const endWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', endWithUs)
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      process.off('exit', endWithUs)
      resolve()
    })
    child.once('error', (error) => {
      text += `\n${error.message}; Debian's package prometheus-alertmanager has the program ${program}`
      resolve()
    })
  })
  return {
    child,
    output: () => text,
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function ready(url: string, { child, output }: Running): Promise<void> {
  for (const end = Date.now() + atMostMs; Date.now() < end; await wait(lookEveryMs)) {
    if (child.exitCode !== null || child.pid === undefined) break
    const answer = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(5000) }).catch(() => undefined)
    if (answer?.ok === true) return
  }
  throw new Error(`Alertmanager did not start:\n${output()}`)
}

/** YAML, as JSON is. */
function configOf(options: AlertmanagerOptions): object {
  const { webhooks = [], groupBy = ['alertname'], groupWait = '50ms', groupInterval = '200ms' } = options
  const timing = {
    group_wait: groupWait,
    group_interval: groupInterval,
    repeat_interval: options.repeatInterval ?? '1h',
  }
  return {
    route: {
      receiver: 'nobody',
      group_by: groupBy,
      ...timing,
      routes: webhooks.map((_, index) => ({ receiver: `hook-${index}`, matchers: [], continue: true })),
    },
    receivers: [
      { name: 'nobody' },
      ...webhooks.map(({ url, token, maxAlerts = 0 }, index) => {
        const access = token === undefined ? {} : { http_config: { authorization: { credentials: token } } }
        return {
          name: `hook-${index}`,
          webhook_configs: [{ url, send_resolved: true, max_alerts: maxAlerts, ...access }],
        }
      }),
    ],
  }
}
