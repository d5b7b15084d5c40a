// Counts the open conditions for the metrics: what the store has at the start, then what each commit changes.
import { conditionPrefix, type ConditionRow } from '../engine/condition-row.ts'
import type { Draft } from '../engine/draft.ts'
import type { Metric } from '../lib/metrics.ts'
import type { Store } from '../store/store.ts'
import type { Json } from '../words.ts'

/** Returns what is to be told of every commit. */
export function countConditions(store: Store, gauge: Metric): (draft: Draft) => void {
  const open = new Map<string, { readonly source: string; readonly severity: string }>()
  /** While the store is asked. */
  let changed: Set<string> | undefined = store.opened.created ? undefined : new Set()
  const move = (key: string, value: Json | undefined): void => {
    const before = open.get(key)
    const row = value as ConditionRow | undefined
    const after = row?.state === 'open' ? { source: row.source, severity: row.severity } : undefined
    if (before?.source === after?.source && before?.severity === after?.severity) return
    if (before !== undefined) gauge.add(-1, before)
    if (after === undefined) open.delete(key)
    else {
      gauge.add(1, after)
      open.set(key, after)
    }
  }
  if (!store.opened.created) {
    store.states(conditionPrefix).then(
      (rows) => {
        // What a commit has changed while the store was asked is newer.
        for (const [key, value] of rows) if (changed?.has(key) !== true) move(key, value)
        changed = undefined
      },
      // A store that cannot be read has its own way of saying so.
      () => {
        changed = undefined
      },
    )
  }
  return (draft) => {
    for (const [key, { value }] of draft.state) {
      if (!key.startsWith(conditionPrefix)) continue
      changed?.add(key)
      move(key, value)
    }
  }
}
