// Hands SVG to the thread that makes PNG of it; the thread starts with the first picture and ends some time after the last.
import { Worker } from 'node:worker_threads'
import type { PngAnswer } from './png-worker.ts'

const idleMs = 10_000
/** A picture takes a tenth of a second. */
const deadlineMs = 20_000
/** Others wait for their turn at the sender; what is asked beyond this is a flood. */
const mostAtOnce = 50

type Waiting = { readonly resolve: (png: Uint8Array) => void; readonly reject: (error: Error) => void }

export interface Painter {
  /** Rejects when it cannot be drawn; another picture may succeed. */
  toPng(svg: string): Promise<Uint8Array>
  stop(): Promise<void>
}

export function createPainter(): Painter {
  let worker: Worker | undefined
  let calls = 0
  let idle: NodeJS.Timeout | undefined
  const waiting = new Map<number, Waiting>()

  function start(): Worker {
    const entry = import.meta.url.endsWith('.ts') ? './png-worker.ts' : './png-worker.js'
    const made = new Worker(new URL(entry, import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: 128 } })
    made.on('message', (answer: PngAnswer) => {
      const one = waiting.get(answer.call)
      waiting.delete(answer.call)
      if ('png' in answer) one?.resolve(answer.png)
      else one?.reject(new Error(answer.error))
      if (waiting.size === 0) idle = setTimeout(() => void stop(), idleMs).unref()
    })
    made.on('error', (error) => fail(made, error instanceof Error ? error : new Error(String(error))))
    made.on('exit', () => fail(made, new Error('the renderer ended')))
    made.unref()
    return made
  }

  function fail(which: Worker, error: Error): void {
    if (worker !== which) return
    worker = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }

  async function stop(): Promise<void> {
    clearTimeout(idle)
    const ended = worker
    if (ended === undefined) return
    fail(ended, new Error('the renderer was stopped'))
    await ended.terminate()
  }

  return {
    async toPng(svg) {
      if (waiting.size >= mostAtOnce) throw new Error('too many pictures are being drawn')
      clearTimeout(idle)
      worker ??= start()
      calls += 1
      const call = calls
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
      waiting.set(call, { resolve, reject })
      worker.postMessage({ call, svg })
      const timer = setTimeout(() => void stop(), deadlineMs)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
      }
    },
    stop,
  }
}
