// A real node_exporter on a free loopback port, without Debian's defaults; ended by its own pid.
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from './hub-process.ts'

export interface NodeExporter extends AsyncDisposable {
  readonly url: string
  /** The whole page. */
  page(): Promise<string>
  /** Value of the first sample whose line begins so. */
  value(begin: string): Promise<number>
  stop(): Promise<void>
  /** Again, on the same port. */
  start(): Promise<void>
}

const program = 'prometheus-node-exporter'
const lookEveryMs = 25
const atMostMs = 20_000

/** `flags` such as `--path.procfs=/made/proc`. */
export async function startNodeExporter(...flags: readonly string[]): Promise<NodeExporter> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    child = spawn(program, [`--web.listen-address=127.0.0.1:${port}`, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2000)))
    const giveUpAt = performance.now() + atMostMs
    while (!(await answers(`${url}/metrics`))) {
      if (child.exitCode !== null || performance.now() > giveUpAt) throw new Error(`${program} did not start: ${said}`)
      await wait(lookEveryMs)
    }
  }

  async function stop(): Promise<void> {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGTERM')
    await ended
  }

  const page = async (): Promise<string> => (await fetch(`${url}/metrics`)).text()
  await start()
  return {
    url,
    page,
    async value(begin) {
      const line = (await page()).split('\n').find((one) => one.startsWith(begin))
      return Number(line?.slice(line.lastIndexOf(' ') + 1))
    },
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    async (answer) => (await answer.text()) !== '' && answer.ok,
    () => false,
  )
}
