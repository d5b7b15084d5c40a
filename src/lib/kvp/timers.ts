// Timers that nobody need wait for at the end.

/** Resolves when the work has ended or the time is over. */
export async function atMost(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms))
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

/** Keeps no process alive. */
export function later(ms: number, act: () => void): NodeJS.Timeout {
  return setTimeout(act, ms).unref()
}
