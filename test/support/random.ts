// Random numbers that are the same for the same seed (mulberry32), for generators of test input.

export interface Random {
  /** At least 0, less than 1. */
  next(): number
  between(from: number, until: number): number
  /** A whole number, both ends included. */
  whole(from: number, to: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** Waiting time of a Poisson process. */
  wait(mean: number): number
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 4294967296
  }
  const between = (from: number, until: number): number => from + next() * (until - from)
  const whole = (from: number, to: number): number => Math.floor(between(from, to + 1))
  return {
    next,
    between,
    whole,
    chance: (probability) => next() < probability,
    pick: (items) => items[whole(0, items.length - 1)] as (typeof items)[number],
    wait: (mean) => -Math.log(1 - next()) * mean,
  }
}
