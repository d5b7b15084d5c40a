// A folder with a config, a data folder and a real hub in a process of its own: what fault tests need around them.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { runCli } from '../../src/cli/main.ts'
import type { ExitCode } from '../../src/cli/terminal.ts'
import { assembleText } from '../../src/cli/configuration.ts'
import { type Audit, auditStore } from './audit.ts'
import { freePort, type HubProcess, startHubProcess } from './hub-process.ts'

export interface HubHouse extends AsyncDisposable {
  readonly folder: string
  readonly data: string
  readonly store: string
  readonly url: string
  readonly config: string
  /** Written to the config file; takes effect at the next start or reload. */
  configure(text: string): Promise<void>
  /** Starts a hub and waits until it is ready. */
  start(options?: { readonly through?: readonly string[] }): Promise<HubProcess>
  /** Starts a hub that is expected to end by itself. */
  launch(...more: readonly string[]): HubProcess
  /** SIGTERM; throws unless it exits with 0. */
  stop(): Promise<void>
  kill(): Promise<void>
  ask(path: string, init?: RequestInit): Promise<Answer>
  /** To the message endpoint; the host name decides which rules match. */
  post(message: string, hostname?: string): Promise<Answer>
  /** The sum of a metric over the series that have these labels. */
  metric(name: string, labels?: string): Promise<number>
  /** Until the answer is true; the runner's time limit ends what never comes. */
  until(what: string, check: () => Promise<boolean> | boolean): Promise<void>
  /** Runs a command line in this process, with `--data`. */
  sereno(...words: readonly string[]): Promise<Said>
  /** Of the stopped hub's store, by the rules of the config. */
  audit(): Promise<Audit>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Said {
  readonly code: ExitCode
  readonly out: string
  readonly error: string
}

const lookEveryMs = 40
const atMostMs = 25_000

/** `data`: a folder for the store elsewhere, such as on a disk of its own. */
export async function createHubHouse(options: { readonly data?: string } = {}): Promise<HubHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-fault-'))
  const data = options.data ?? join(folder, 'data')
  const config = join(folder, 'sereno.yaml')
  const url = `http://127.0.0.1:${await freePort()}`
  const hubs: HubProcess[] = []
  let running: HubProcess | undefined
  await mkdir(data, { recursive: true })

  function launch(more: readonly string[], through: readonly string[] = []): HubProcess {
    const listen = new URL(url).host
    const args = ['run', '--config', config, '--data', data, '--listen', listen, ...more]
    const hub = startHubProcess({ args, cwd: folder, through })
    hubs.push(hub)
    return hub
  }

  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const token = (await readFile(join(data, 'token'), 'utf8')).trim()
    const headers = new Headers(init.headers)
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${token}`)
    const answer = await fetch(url + path, { ...init, headers, signal: AbortSignal.timeout(15_000) })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }

  return {
    folder,
    data,
    config,
    url,
    store: join(data, 'sereno.db'),
    ask,
    configure: (text) => writeFile(config, text),
    async start({ through = [] } = {}) {
      running = launch([], through)
      await within('it is ready', running, running.ready)
      return running
    },
    launch: (...more) => launch(more),
    async stop() {
      if (running === undefined) return
      running.kill('SIGTERM')
      const code = await within('it has ended', running, running.ended)
      if (code !== 0) throw new Error(`the hub ended with ${code}:\n${running.output()}`)
    },
    async kill() {
      running?.kill('SIGKILL')
      await running?.ended
    },
    post: (message, hostname = 'host') =>
      ask('/message', { method: 'POST', body: new URLSearchParams({ hostname, message }) }),
    async metric(name, labels = '') {
      const lines = (await ask('/metrics')).text.split('\n')
      const mine = lines.filter((line) => line.startsWith(name) && line.includes(labels))
      return mine.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    },
    async until(what, check) {
      for (const end = Date.now() + atMostMs; !(await check()); await wait(lookEveryMs)) {
        if (Date.now() > end) throw new Error(`still waiting until ${what}:\n${running?.output().slice(-4000)}`)
      }
    },
    async sereno(...words) {
      const out: string[] = []
      const error: string[] = []
      const code = await runCli([...words, '--data', data], {
        out: (text) => out.push(text),
        error: (text) => error.push(text),
      })
      return { code, out: out.join('\n'), error: error.join('\n') }
    },
    async audit() {
      const { judge } = await assembleText(await readFile(config, 'utf8'), config)
      return auditStore(join(data, 'sereno.db'), judge.rules)
    },
    async [Symbol.asyncDispose]() {
      for (const hub of hubs) hub.kill('SIGKILL')
      await Promise.all(hubs.map((hub) => hub.ended))
      // What a killed program had started may still write there for a moment.
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

async function within<T>(what: string, hub: HubProcess, happens: Promise<T>): Promise<T> {
  const late = new AbortController()
  const tooLate = wait(atMostMs, undefined, { signal: late.signal, ref: true }).then(() => {
    throw new Error(`still waiting until ${what}:\n${hub.output().slice(-4000)}`)
  })
  tooLate.catch(() => {})
  try {
    return await Promise.race([happens, tooLate])
  } finally {
    late.abort()
  }
}
