// Lets so many through at once and so many a second after that, by name: a loop that went wild fills no disk.

export interface Pace {
  /** 0 when it may pass, else how long to wait. */
  waitMs(name: string, now: number): number
}

/** Names may come from outside: of more than this those that passed longest ago are forgotten. */
const mostNames = 10_000

export function createPace({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }): Pace {
  const left = new Map<string, { tokens: number; at: number }>()
  return {
    waitMs(name, now) {
      const before = left.get(name) ?? { tokens: burst, at: now }
      const gained = (Math.max(0, now - before.at) / 1000) * perSecond
      const tokens = Math.min(burst, before.tokens + gained)
      left.delete(name)
      left.set(name, { tokens: tokens < 1 ? tokens : tokens - 1, at: now })
      if (left.size > mostNames) left.delete(left.keys().next().value ?? name)
      return tokens < 1 ? Math.ceil(((1 - tokens) / perSecond) * 1000) : 0
    },
  }
}
