// Waits for the next whole multiple of a duration on the clock.

/** Resolves at once when the signal is aborted, and after one turn at the latest, however the clock is set meanwhile. */
export async function untilBoundary(everyMs: number, now: () => number, signal: AbortSignal): Promise<void> {
  const dueAt = nextBoundary(everyMs, now())
  const latestMs = performance.now() + everyMs
  const leftMs = (): number => Math.min(dueAt - now(), latestMs - performance.now())
  // A timer may fire a moment early.
  for (let waitMs = leftMs(); waitMs > 0 && !signal.aborted; waitMs = leftMs())
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
