// Programs that a bench starts: each ends with its block, and none outlives the bench.
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'

export interface Child extends AsyncDisposable {
  readonly pid: number
  /** Resolves with the text so far as soon as it contains the words; rejects when the program ends or half a minute passes before. */
  says(words: string): Promise<string>
  /** All that it said; rejects unless it ends well. */
  readonly done: Promise<string>
  signal(name: NodeJS.Signals): void
  stop(): Promise<void>
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: { readonly [name: string]: string }
  /** It is ended when it takes longer. */
  readonly deadlineMs: number
}

const killAfterMs = 8000
const saysWithinMs = 30_000

export function startChild({ command, args, cwd, env, deadlineMs }: Program): Child {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { promise: done, resolve, reject } = Promise.withResolvers<string>()
  // Most are ended before anybody asks.
  done.catch(() => {})
  let text = ''
  let waiting: { readonly words: string; readonly heard: (text: string) => void }[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-100_000)
      for (const { words, heard } of waiting) if (text.includes(words)) heard(text)
      waiting = waiting.filter(({ words }) => !text.includes(words))
    })
  }
  const atExit = (): void => void child.kill('SIGKILL')
  process.once('exit', atExit)
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
  child.once('error', reject)
  const ended = new Promise<void>((end) => {
    child.once('error', () => end())
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      process.off('exit', atExit)
      end()
      if (code === 0) resolve(text)
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${text.slice(-2000)}`))
    })
  })
  const stop = (): Promise<void> => stopChild(child, ended)
  return {
    pid: child.pid ?? 0,
    done,
    stop,
    signal: (name) => void child.kill(name),
    says: (words) => {
      if (text.includes(words)) return Promise.resolve(text)
      const heard = new Promise<string>((tell) => waiting.push({ words, heard: tell }))
      const late = wait(saysWithinMs, undefined, { ref: false }).then(() => {
        throw new Error(
          `${command} ${args.join(' ')} did not say ${words} within ${saysWithinMs} ms:\n${text.slice(-2000)}`,
        )
      })
      return Promise.race([heard, done, late])
    },
    [Symbol.asyncDispose]: stop,
  }
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  await ended
  clearTimeout(timer)
}
