// A real hub in a process of its own, for tests that kill it: started from the launcher, ended by its own pid.
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface HubProcess {
  readonly pid: number
  /** What it printed and logged so far. */
  output(): string
  /** Resolves once its page's address is printed; rejects when it ends before. */
  readonly ready: Promise<void>
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGHUP'): void
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

export interface HubProcessOptions {
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: { readonly [name: string]: string }
  /** Runs the launcher through this program, such as `prlimit`. */
  readonly through?: readonly string[]
}

export function startHubProcess({ args, cwd = root, env = {}, through = [] }: HubProcessOptions): HubProcess {
  const [program = '', ...rest] = [...through, join(root, 'bin/sereno'), ...args]
  const child: ChildProcess = spawn(program, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  let tellReady: () => void = () => {}
  let tellFailed: (error: Error) => void = () => {}
  const ready = new Promise<void>((resolve, reject) => {
    tellReady = resolve
    tellFailed = reject
  })
  const late = setTimeout(() => tellFailed(new Error(`the hub was not ready within a minute:\n${text}`)), 60_000)
  ready.finally(() => clearTimeout(late)).catch(() => {})
  // Nobody may be waiting when it is killed before it is ready.
  ready.catch(() => {})
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => {
      tellFailed(new Error(`the hub ended (${code ?? signal}):\n${text}`))
      resolve(code ?? signal ?? 'unknown')
    })
  })
  child.once('error', tellFailed)
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-200_000)
      if (text.includes('is on watch')) tellReady()
    })
  }
  return {
    pid: child.pid ?? 0,
    output: () => text,
    ready,
    ended,
    kill: (signal) => {
      child.kill(signal)
    },
  }
}

/** Below those that the system gives to connections: one of these could be taken again before the hub listens. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const bound = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (bound) await new Promise((resolve) => server.close(resolve))
  return bound
}
