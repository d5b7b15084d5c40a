// Does a work again and again: at once, then after a pause, sooner when there is a reason; never twice at a time.

export interface Ticker {
  /** The next time is in at most so long; while the work is under way, after it. */
  soon(afterMs: number): void
  /** Resolves when the signal is aborted and the work done; rejects with what the work throws. */
  readonly ended: Promise<void>
}

/** `work` resolves to the pause until the next time. */
export function startTicker(work: () => Promise<number>, signal: AbortSignal): Ticker {
  let dueAt = 0
  let wake: () => void = () => {}

  async function run(): Promise<void> {
    while (!signal.aborted) {
      dueAt = Infinity
      const pauseMs = await work()
      dueAt = Math.min(dueAt, performance.now() + pauseMs)
      while (!signal.aborted && performance.now() < dueAt) await rest(dueAt - performance.now())
    }
  }

  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, Math.min(Math.ceil(ms), longestTimerMs))
      function done(): void {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      wake = done
      signal.addEventListener('abort', done)
    })
  }

  return {
    soon(afterMs) {
      dueAt = Math.min(dueAt, performance.now() + afterMs)
      wake()
    },
    ended: run(),
  }
}

/** A longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1
