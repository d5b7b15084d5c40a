// Names that come from outside, so many and no more: one that was not heard for long makes room for a new one.

export interface KnownNames {
  /**
   * `known`: nothing to keep. `new`, and `again` after a day: to be kept with its time, and what made room for it to be
   * dropped. `full`: there is no room.
   */
  take(name: string, now: number): Taken
  /** It could not be kept. */
  drop(name: string): void
}

export type Taken =
  | { readonly as: 'known' }
  | { readonly as: 'full' }
  | { readonly as: 'new' | 'again'; readonly dropped: readonly string[] }

export interface KnownOptions {
  readonly most: number
  /** One that was not heard for so long makes room. */
  readonly forgottenAfterMs: number
  /** Of the last run: names with the time at which each was last kept. */
  readonly saved?: Iterable<readonly [name: string, at: number]>
}

/** So exactly it is known when a name was last heard: to keep each time would be a write for each word. */
const dayMs = 86_400_000

export function createKnownNames({ most, forgottenAfterMs, saved = [] }: KnownOptions): KnownNames {
  // The one that was kept longest ago stands first.
  const known = new Map([...saved].toSorted(([, one], [, other]) => one - other))

  function dropForgotten(now: number): string[] {
    const dropped: string[] = []
    for (const [name, at] of known) {
      if (known.size < most || now - at < forgottenAfterMs + dayMs) break
      known.delete(name)
      dropped.push(name)
    }
    return dropped
  }

  return {
    take(name, now) {
      const at = known.get(name)
      if (at !== undefined && Math.abs(now - at) < dayMs) return { as: 'known' }
      const dropped = at === undefined ? dropForgotten(now) : []
      if (at === undefined && known.size >= most) return { as: 'full' }
      known.delete(name)
      known.set(name, now)
      return { as: at === undefined ? 'new' : 'again', dropped }
    },
    drop: (name) => void known.delete(name),
  }
}
