// What the hub measures of itself: fed by every commit, exposed at /metrics, judged for /healthz and /readyz.
import type { Draft } from '../engine/draft.ts'
import type { LaneView } from '../engine/lane.ts'
import type { EventCounter } from '../event-type.ts'
import { createRegistry, type Registry } from '../lib/metrics.ts'
import { valueOf } from '../rules/match.ts'
import type { Log } from '../source.ts'
import type { Health, HealthCheck } from '../http/door.ts'
import type { Store } from '../store/store.ts'
import { finalDeliveries, type HubEvent } from '../words.ts'
import { version } from '../version.ts'
import type { Assembly } from './assemble.ts'
import { logOutages } from './channel-log.ts'
import { countConditions } from './condition-count.ts'
import { countHosts } from './host-count.ts'
import { loopback } from './heartbeat.ts'
import { helpOf } from './metric-help.ts'

export interface Observer {
  readonly registry: Registry
  committed(draft: Draft, log: Log): void
  measure(source: string, name: string, value: number): void
  /** A source was removed or starts anew: what it measured of itself is no longer true. */
  sourceStopped(source: string): void
  /** A person had it forgotten. */
  hostForgotten(name: string): void
  /** The engine could not write: said once per spell, counted each time. */
  storeFailed(what: string, error: unknown, log: Log): void
  /** It took something again: said once per spell. */
  storeWorks(log: Log): void
  health(lanes: readonly LaneView[]): Health
}

/** A lane that could send and has not moved for this long is stuck. */
const stuckMs = 10 * 60_000

export function createObserver(assembly: () => Assembly, store: Store, startedAt: number): Observer {
  const registry = createRegistry()
  const stuck = new Map<string, string>()
  const measured = new Set<string>()
  let failure: string | undefined
  const seenLast = new Set<string>()
  const counter = (name: string) => registry.metric('counter', name, helpOf(name))
  const gauge = (name: string) => registry.metric('gauge', name, helpOf(name))
  gauge('sereno_build_info').set(1, { version })
  gauge('sereno_start_timestamp_seconds').set(startedAt / 1000)
  gauge('kms_slack_notifier_up').set(1)
  for (const type of assembly().types.values()) for (const one of type.counters ?? []) begin(one)
  registry.beforeText(() => processMetrics(registry))
  const conditions = countConditions(store, gauge('sereno_conditions_open'))
  const outages = logOutages()
  const hosts = countHosts(store, gauge('sereno_hosts'))

  function begin(one: EventCounter): void {
    registry.metric(one.on === 'last' ? 'gauge' : 'counter', one.name, one.help)
    if (one.on === 'last') void restoreLast(one)
  }

  /** A time that was 0 after each restart would make "nothing for an hour" alerts fire. */
  async function restoreLast(one: EventCounter): Promise<void> {
    if (store.opened.created) {
      registry.metric('gauge', one.name, one.help).set(0)
      return
    }
    const types = [...assembly().types.values()].filter((type) => type.counters?.some(({ name }) => name === one.name))
    const last = await Promise.all(types.map((type) => store.events({ type: type.name, limit: 1 })))
    // Those that came while the store was asked are in force already.
    if (seenLast.has(one.name)) return
    const at = Math.max(0, ...last.flat().map((event) => event.time))
    registry.metric('gauge', one.name, one.help).set(at / 1000)
  }

  function countEvent(event: HubEvent): void {
    counter('sereno_events_total').add(1, { type: event.type, source: event.source })
    gauge('sereno_last_event_timestamp_seconds').set(event.time / 1000, { source: event.source })
    for (const one of assembly().types.get(event.type)?.counters ?? []) {
      if (one.on === 'event') registry.metric('counter', one.name, one.help).add(1, labelsOf(one, event))
      if (one.on === 'last') {
        seenLast.add(one.name)
        registry.metric('gauge', one.name, one.help).set(event.time / 1000)
      }
    }
  }

  return {
    registry,
    committed(draft, log) {
      const events = new Map(draft.events.map((event) => [event.seq, event]))
      for (const event of draft.events) countEvent(event)
      outages.committed(draft, log)
      conditions(draft)
      hosts.committed(draft)
      for (const verdict of draft.verdicts) {
        if (verdict.by === 'outbox') continue
        counter('sereno_verdicts_total').add(1, { state: verdict.state, by: verdict.by, rule: verdict.rule })
        const event = events.get(verdict.event)
        if (event === undefined || verdict.state !== 'merged' || verdict.by !== 'dedupe') continue
        for (const one of assembly().types.get(event.type)?.counters ?? []) {
          if (one.on === 'merged') registry.metric('counter', one.name, one.help).add(1, labelsOf(one, event))
        }
      }
      for (const attempt of draft.attempts) {
        const delivery = [...draft.deliveries.values()].find((one) => one.id === attempt.delivery)
        if (delivery === undefined || delivery.channel === loopback) continue
        const { channel } = delivery
        const { result } = attempt
        counter('sereno_attempts_total').add(1, { channel, result })
        if (result !== 'ok') counter('sereno_refusals_total').add(1, { channel, reason: result })
      }
      for (const { channel, state, createdAt, endedAt } of draft.deliveries.values()) {
        if (!finalDeliveries.includes(state) || channel === loopback) continue
        counter('sereno_deliveries_total').add(1, { channel, outcome: state })
        if (state === 'delivered' && endedAt !== undefined) {
          registry
            .metric(
              'histogram',
              'sereno_delivery_seconds',
              helpOf('sereno_delivery_seconds'),
              [0.1, 0.5, 1, 5, 30, 300, 3600],
            )
            .observe((endedAt - createdAt) / 1000, { channel })
        }
      }
    },
    measure(source, name, value) {
      const metric = `sereno_${name}`
      measured.add(metric)
      registry.metric(name.endsWith('_total') ? 'counter' : 'gauge', metric, helpOf(metric)).set(value, { source })
      if (name !== 'tail_stuck') return
      const sentence = `the tail of source ${source} is stuck`
      if (value > 0) stuck.set(`${name} ${source}`, sentence)
      else stuck.delete(`${name} ${source}`)
    },
    sourceStopped(source) {
      for (const name of measured) gauge(name).clear({ source })
      for (const name of ['tail_stuck', 'source_failed']) stuck.delete(`${name} ${source}`)
    },
    hostForgotten: hosts.forgotten,
    storeFailed(what, error, log) {
      const sentence = error instanceof Error ? error.message : String(error)
      counter('sereno_store_failures_total').add()
      if (failure !== sentence) log.error(`${what} failed; it is tried again`, { error: sentence })
      failure = sentence
    },
    storeWorks(log) {
      if (failure !== undefined) log.info('the store takes what it is given again')
      failure = undefined
    },
    health(lanes) {
      const now = Date.now()
      const stored = { name: 'store', ok: failure === undefined, detail: failure ?? 'takes what it is given' }
      const sources = Array.from(stuck, ([name, detail]) => ({ name, ok: false, detail }))
      const outboxes: HealthCheck[] = []
      const channels: HealthCheck[] = []
      for (const name of ['sereno_outbox_waiting', 'sereno_outbox_oldest_seconds', 'sereno_channel_up'])
        gauge(name).clear()
      for (const lane of lanes) {
        if (lane.channel === loopback) continue
        const { channel } = lane
        gauge('sereno_outbox_waiting').set(lane.waiting + lane.inFlight, { channel })
        const oldest = lane.oldestAt === undefined ? 0 : (now - lane.oldestAt) / 1000
        gauge('sereno_outbox_oldest_seconds').set(oldest, { channel })
        gauge('sereno_channel_up').set(lane.failing === undefined ? 1 : 0, { channel })
        const due = (lane.waiting > 0 && lane.pausedUntil < now) || lane.inFlight > 0
        const moves = !due || now - lane.movedAt <= stuckMs
        const detail = moves ? `the outbox of channel ${channel} moves` : `the outbox of channel ${channel} is stuck`
        outboxes.push({ name: `outbox ${channel}`, ok: moves, detail })
        const told = lane.failing === undefined || hasFallback(assembly(), channel)
        const said = lane.failing === undefined ? 'can be told' : `cannot be told: ${lane.failing}`
        channels.push({ name: `channel ${channel}`, ok: told, detail: `channel ${channel} ${said}` })
      }
      const hard = [stored, ...sources, ...outboxes]
      const live = hard.every((check) => check.ok)
      return { live, ready: live && channels.every((check) => check.ok), checks: [...hard, ...channels] }
    },
  }
}

function hasFallback({ judge }: Assembly, channel: string): boolean {
  const fallback = judge.channels.get(channel)?.fallback ?? judge.fallback
  return fallback !== undefined && fallback !== channel
}

function labelsOf(one: EventCounter, event: HubEvent): { readonly [label: string]: string } {
  return Object.fromEntries(Object.entries(one.labels).map(([label, name]) => [label, valueOf(event, name)]))
}

function processMetrics(registry: Registry): void {
  const usage = process.resourceUsage()
  registry
    .metric('counter', 'process_cpu_seconds_total', helpOf('process_cpu_seconds_total'))
    .set((usage.userCPUTime + usage.systemCPUTime) / 1e6)
  registry
    .metric('gauge', 'process_resident_memory_bytes', helpOf('process_resident_memory_bytes'))
    .set(process.memoryUsage.rss())
}
