// Hands SVG to the process that makes PNG of it; it starts with the first picture and ends some time after the last.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { PngAnswer, PngCall } from './png-worker.ts'

const idleMs = 10_000
/** A picture takes a tenth of a second. */
const deadlineMs = 20_000
/** Others wait for their turn at the sender; what is asked beyond this is a flood. */
const mostAtOnce = 50

type Waiting = { readonly resolve: (png: Uint8Array) => void; readonly reject: (error: Error) => void }

export interface Painter {
  /** Rejects when it cannot be drawn; another picture may succeed. */
  toPng(svg: string): Promise<Uint8Array>
  stop(): void
}

export function createPainter(): Painter {
  let program: ChildProcess | undefined
  let calls = 0
  let idle: NodeJS.Timeout | undefined
  const waiting = new Map<number, Waiting>()

  function start(): ChildProcess {
    const entry = import.meta.url.endsWith('.ts') ? './png-worker.ts' : './png-worker.js'
    const made = fork(fileURLToPath(new URL(entry, import.meta.url)), {
      // It needs nothing of what the hub knows, secrets least of all.
      env: {},
      execArgv: ['--disable-warning=ExperimentalWarning', '--max-old-space-size=128'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    made.on('message', (answer: PngAnswer) => {
      const one = waiting.get(answer.call)
      waiting.delete(answer.call)
      if ('png' in answer) one?.resolve(answer.png)
      else one?.reject(new Error(answer.error))
      if (waiting.size === 0) idle = setTimeout(stop, idleMs).unref()
    })
    made.on('error', (error) => fail(made, error))
    made.on('exit', () => fail(made, new Error('the renderer ended')))
    made.unref()
    made.channel?.unref()
    return made
  }

  function fail(which: ChildProcess, error: Error): void {
    if (program !== which) return
    program = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }

  function stop(): void {
    clearTimeout(idle)
    const ended = program
    if (ended === undefined) return
    fail(ended, new Error('the renderer was stopped'))
    ended.kill('SIGKILL')
  }

  return {
    async toPng(svg) {
      if (waiting.size >= mostAtOnce) throw new Error('too many pictures are being drawn')
      clearTimeout(idle)
      program ??= start()
      calls += 1
      const call = calls
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
      waiting.set(call, { resolve, reject })
      program.send({ call, svg } satisfies PngCall)
      const timer = setTimeout(stop, deadlineMs)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
      }
    },
    stop,
  }
}
