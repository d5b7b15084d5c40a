// Lets so many through at once and so many a second after that, by name: a loop that went wild fills no disk.

export interface Pace {
  /** 0 when it may pass, else how long to wait. */
  waitMs(name: string, now: number): number
}

export function createPace({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }): Pace {
  const left = new Map<string, { tokens: number; at: number }>()
  return {
    waitMs(name, now) {
      const before = left.get(name) ?? { tokens: burst, at: now }
      const gained = (Math.max(0, now - before.at) / 1000) * perSecond
      const tokens = Math.min(burst, before.tokens + gained)
      if (tokens < 1) {
        left.set(name, { tokens, at: now })
        return Math.ceil(((1 - tokens) / perSecond) * 1000)
      }
      left.set(name, { tokens: tokens - 1, at: now })
      return 0
    },
  }
}
