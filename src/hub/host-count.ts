// Counts the hosts for the metrics: those the store has at the start, then those that are new in a commit.
import type { Draft } from '../engine/draft.ts'
import type { Metric } from '../lib/metrics.ts'
import { sampleFact } from '../source-sample.ts'
import type { Store } from '../store/store.ts'

export interface HostCount {
  committed(draft: Draft): void
  forgotten(name: string): void
}

export function countHosts(store: Store, gauge: Metric): HostCount {
  const names = new Set<string>()
  const show = (): void => gauge.set(names.size)
  show()
  if (!store.opened.created) {
    store.hosts().then(
      (hosts) => {
        for (const { name } of hosts) names.add(name)
        show()
      },
      // A store that cannot be read has its own way of saying so.
      () => {},
    )
  }
  return {
    committed({ facts }) {
      const before = names.size
      for (const { name, key } of facts) if (name === sampleFact) names.add(key)
      if (names.size !== before) show()
    },
    forgotten(name) {
      if (names.delete(name)) show()
    },
  }
}
