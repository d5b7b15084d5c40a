// Reads a store whole and checks the promise: every accepted event ends exactly once for each rule and channel, and can be explained.
import { type LookStore, lookUpEvent } from '../../src/engine/look.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { finalDeliveries, finalVerdicts, type Delivery, type HubEvent, type Verdict } from '../../src/words.ts'
import type { Rule } from '../../src/rule.ts'

export interface Audit {
  readonly events: readonly HubEvent[]
  readonly verdicts: readonly Verdict[]
  readonly deliveries: readonly Delivery[]
  /** Sentences about what does not hold. */
  readonly faults: readonly string[]
}

export async function auditStore(path: string, rules: readonly Rule[]): Promise<Audit> {
  const store = await openSqlite({ path, readOnly: true })
  try {
    const faults: string[] = []
    const events = await store.events({ limit: 1_000_000, ascending: true })
    const verdicts = await store.verdicts(events.map((event) => event.seq))
    const deliveries = await store.deliveries({ limit: 1_000_000 })
    for (const verdict of verdicts) {
      if (!finalVerdicts.includes(verdict.state)) faults.push(`no end: ${JSON.stringify(verdict)}`)
    }
    for (const delivery of deliveries) {
      if (!finalDeliveries.includes(delivery.state)) faults.push(`still waits: ${JSON.stringify(delivery)}`)
    }
    const known = new Set(deliveries.map((delivery) => delivery.id))
    for (const { into, event, state, by } of verdicts) {
      // What another rule owns names that rule.
      if (state === 'merged' && into === undefined && by !== 'owner')
        faults.push(`event ${event} is merged into nothing`)
      if (into !== undefined && !known.has(into))
        faults.push(`event ${event} points at message ${into}, which is not there`)
    }
    // Whatever names an event is looked for from it to the end of all: over a long day that would take an hour.
    const naming = new Map<number, Delivery[]>()
    for (const delivery of deliveries.toReversed()) {
      for (const event of delivery.events) naming.set(event, [...(naming.get(event) ?? []), delivery])
    }
    const look: LookStore = {
      ...store,
      deliveries: (query) =>
        query.event === undefined ? store.deliveries(query) : Promise.resolve(naming.get(query.event) ?? []),
    }
    for (const event of events) {
      const page = await lookUpEvent(look, event.id, { rules, zone: 'UTC' })
      const lines = page === undefined ? [] : page.why.lines
      if (lines.length < 2) faults.push(`why says nothing of ${event.id}: ${JSON.stringify(lines)}`)
    }
    return { events, verdicts, deliveries, faults }
  } finally {
    await store.close()
  }
}
