// Time as a tool that is handed in: the real one, or a virtual one that scenarios and replays turn by hand.

export interface Clock {
  now(): number
  /** Runs `action` once at `at` or as soon after as it can; the returned function takes it back. */
  at(at: number, action: () => void): () => void
}

/** Timers of more than 24 days overflow in Node, and a changed wall clock shall be noticed: look again hourly. */
const longestWaitMs = 3_600_000

export const realClock: Clock = {
  now: () => Date.now(),
  at(at, action) {
    let timer: NodeJS.Timeout
    const wait = (): void => {
      const left = at - Date.now()
      timer = setTimeout(left > longestWaitMs ? wait : action, Math.min(Math.max(left, 0), longestWaitMs))
    }
    wait()
    return () => clearTimeout(timer)
  },
}

/** Far more than any timeline has: timers that set each other for the moment they are due at would go on for ever. */
const mostAtOnce = 100_000

function standsStill(now: number): string {
  const at = new Date(now).toISOString()
  return `the clock stands still at ${at}: ${mostAtOnce} timers were due at that moment, and there are more`
}

export interface VirtualClock extends Clock {
  /** When the next timer is due. */
  next(): number | undefined
  /** Moves to `to` and runs what is due by then, earliest first; `settle` is awaited after each. */
  advance(to: number, settle: () => Promise<void>): Promise<void>
}

export function createVirtualClock(start: number): VirtualClock {
  let now = start
  let count = 0
  const timers = new Map<number, { at: number; action: () => void }>()
  const earliest = (): [number, { at: number; action: () => void }] | undefined => {
    let found: [number, { at: number; action: () => void }] | undefined
    for (const entry of timers) if (found === undefined || entry[1].at < found[1].at) found = entry
    return found
  }
  return {
    now: () => now,
    at(at, action) {
      count += 1
      const mine = count
      timers.set(mine, { at, action })
      return () => timers.delete(mine)
    },
    next: () => earliest()?.[1].at,
    async advance(to, settle) {
      let atOnce = 0
      for (let due = earliest(); due !== undefined && due[1].at <= to; due = earliest()) {
        timers.delete(due[0])
        atOnce = due[1].at > now ? 0 : atOnce + 1
        if (atOnce > mostAtOnce) throw new Error(standsStill(now))
        now = Math.max(now, due[1].at)
        due[1].action()
        await settle()
      }
      now = Math.max(now, to)
      await settle()
    },
  }
}
