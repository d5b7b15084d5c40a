// Lets only so many works run at once; the others wait for their turn, in the order they came.

export interface Turns {
  /** Rejects with the signal's reason when it is aborted while waiting; the work itself must listen to it by its own. */
  take<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>
}

export function createTurns(atOnce: number): Turns {
  const waiting = new Set<() => void>()
  let running = 0

  async function take<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    signal?.throwIfAborted()
    if (running >= atOnce) await turn(signal)
    else running += 1
    try {
      return await work()
    } finally {
      pass()
    }
  }

  /** Resolves with the place of one that is done. */
  function turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        waiting.delete(begin)
        reject(signal?.reason)
      }
      waiting.add(begin)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  function pass(): void {
    const [next] = waiting
    if (next === undefined) running -= 1
    else {
      waiting.delete(next)
      next()
    }
  }

  return { take }
}
