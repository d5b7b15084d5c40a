// Rows of the store at hand while inputs are stepped, and those that are asked for while it is busy.
import type { Identity, Store } from '../store/store.ts'
import type { Delivery } from '../words.ts'
import type { Base, Draft, Known } from './draft.ts'
import type { Plan } from './plan.ts'

const cachedKeys = 50_000

export interface Cache extends Base {
  /** Identities and deliveries are those of one batch only. */
  beginBatch(): void
  /** Asks for rows that are not here. Identities come with them; they alone are not asked for, as most are new. */
  load(keys: readonly string[], planned: readonly Plan[], deliveries: readonly number[]): Promise<void>
  /** Asks for the rows of what waits while the store is busy: it answers in order, so behind the commit that runs. */
  expect(keys: readonly string[]): void
  learn(identities: ReadonlyMap<string, Identity>): void
  keep(draft: Draft): void
  clear(): void
}

/** Rows this process has read or written; one process owns the store, so they stay true. */
export function createCache(store: Store): Cache {
  const rows = new Map<string, Known>()
  const identities = new Map<string, Identity>()
  const deliveries = new Map<number, Delivery | null>()
  const expected = new Set<string>()
  let coming: Promise<void> | undefined

  async function fetch(
    keys: readonly string[],
    wanted: readonly string[],
    named: readonly number[] = [],
  ): Promise<void> {
    const loaded = await store.load({ state: keys, identities: wanted, deliveries: named })
    // What is here by now is as new or newer.
    for (const key of keys) {
      if (!rows.has(key)) rows.set(key, { value: loaded.state.get(key), job: loaded.jobs.get(key) })
    }
    for (const seq of named) deliveries.set(seq, loaded.deliveries.get(seq) ?? null)
    learn(loaded.identities)
  }

  /** One at a time: what comes while it is on its way is fetched with the next. */
  async function fetchExpected(): Promise<void> {
    const keys = [...expected].filter((key) => !rows.has(key))
    expected.clear()
    if (keys.length > 0) await fetch(keys, [])
  }

  const learn = (found: ReadonlyMap<string, Identity>): void => {
    for (const [key, identity] of found) identities.set(key, identity)
  }
  return {
    known: (key) => rows.get(key),
    has: (key) => rows.has(key),
    identity: (key) => identities.get(key),
    delivery: (seq) => deliveries.get(seq),
    clear() {
      rows.clear()
      deliveries.clear()
    },
    beginBatch() {
      identities.clear()
      deliveries.clear()
    },
    async load(keys, planned, named) {
      await coming
      const missing = new Set(keys.filter((key) => !rows.has(key)))
      if (missing.size + named.length === 0) return
      const wanted = planned.flatMap((one) => one.identity ?? [])
      await fetch([...missing], wanted, named)
    },
    expect(keys) {
      for (const key of keys) if (!rows.has(key)) expected.add(key)
      if (expected.size === 0) return
      // Whoever needs them asks again and hears what is wrong.
      coming ??= fetchExpected()
        .catch(() => {})
        .finally(() => (coming = undefined))
    },
    learn,
    keep(draft) {
      for (const [key, { value }] of draft.state) rows.set(key, { ...rows.get(key), value })
      for (const [key, job] of draft.jobs) rows.set(key, { ...rows.get(key), job })
      if (draft.shiftJobsMs !== 0) rows.clear()
      if (rows.size <= cachedKeys) return
      let surplus = rows.size - cachedKeys / 2
      for (const key of rows.keys()) {
        if (surplus <= 0) break
        rows.delete(key)
        surplus -= 1
      }
    },
  }
}
