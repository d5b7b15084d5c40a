// Waits for the next whole multiple of a duration on the clock.

/** Resolves at once when the signal is aborted. */
export async function untilBoundary(everyMs: number, now: () => number, signal: AbortSignal): Promise<void> {
  const dueAt = nextBoundary(everyMs, now())
  // A timer may fire a moment early, and the clock be set while it runs: never longer than one turn in all.
  for (let waitMs = dueAt - now(); waitMs > 0 && waitMs <= everyMs && !signal.aborted; waitMs = dueAt - now())
    await rest(Math.min(waitMs, longestMs), signal)
}

export function nextBoundary(everyMs: number, now: number): number {
  return (Math.floor(now / everyMs) + 1) * everyMs
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, Math.ceil(ms))
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}

/** A longer timer would fire at once. */
const longestMs = 2 ** 31 - 1
