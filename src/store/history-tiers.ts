// The three tiers of history: how wide their buckets are and how many of them lie in one chunk.

export interface Tier {
  readonly tier: number
  readonly stepSeconds: number
  /** Of the finest buckets in one of this tier. */
  readonly factor: number
  /** Buckets in a chunk; chunks begin at multiples of it since 1970, in UTC. */
  readonly width: number
}

/** The finest first. A chunk holds six hours, four days, thirty days. */
export const tiers: readonly Tier[] = [
  { tier: 1, stepSeconds: 60, factor: 1, width: 360 },
  { tier: 2, stepSeconds: 600, factor: 10, width: 576 },
  { tier: 3, stepSeconds: 3600, factor: 60, width: 720 },
]

/** Of the finest buckets. */
export const stepMs = 60_000

export function chunkMs({ stepSeconds, width }: Tier): number {
  return stepSeconds * 1000 * width
}
