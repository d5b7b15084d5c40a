// The names of the hub's metrics with their types, labels and help texts; what users' dashboards and alerts rely on.
import type { Counter, Gauge, Registry } from '../lib/metrics.ts'

interface Metric {
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly help: string
}

const counters = {
  sereno_events_total: [['kind', 'product', 'source'], 'Events stored, by event type; product is set for KMS events.'],
  sereno_duplicates_total: [['source'], 'Events that were received before and not stored again.'],
  sereno_verdicts_total: [['state', 'by'], 'Decisions of what becomes of an event, by the stage that decided.'],
  sereno_dedup_suppressed_total: [['rule'], 'Repeats that were held instead of told.'],
  sereno_deliveries_total: [['channel', 'outcome'], 'Messages that came to their end: delivered, unknown, dead, expired.'],
  sereno_attempts_total: [['channel', 'result'], 'Sends tried, by result: ok, or the reason of the refusal.'],
  sereno_store_failures_total: [[], 'Times the store refused to write.'],
  sereno_http_requests_total: [['path', 'code'], 'Requests answered, by way in and status.'],
} as const satisfies Table

const gauges = {
  sereno_build_info: [['version', 'node'], 'Always 1; its labels say what runs.'],
  sereno_start_time_seconds: [[], 'When the hub started.'],
  sereno_ready: [[], '1 when the hub can do its work, else 0.'],
  sereno_last_event_timestamp_seconds: [['source'], 'When the last event of a source was received; kept over restarts.'],
  sereno_outbox_waiting: [['channel'], 'Messages that wait to be sent.'],
  sereno_outbox_in_flight: [['channel'], 'Messages being sent.'],
  sereno_outbox_oldest_timestamp_seconds: [['channel'], 'When the oldest waiting message was made; 0 when none waits.'],
  sereno_channel_up: [['channel'], '0 between a failed send and the next delivered one, else 1.'],
  sereno_intake_waiting: [[], 'Inputs that wait for the disk.'],
  sereno_store_bytes: [[], 'Size of the store on disk.'],
  sereno_http_connections: [[], 'Connections that are open.'],
  sereno_http_body_bytes: [[], 'Bytes of request bodies held in memory.'],
} as const satisfies Table

type Table = { readonly [name: string]: readonly [labels: readonly string[], help: string] }

export type CounterName = keyof typeof counters
export type GaugeName = keyof typeof gauges

export function counterOf(registry: Registry, name: CounterName): Counter {
  const [labels, help] = counters[name]
  return registry.counter(name, help, labels)
}

export function gaugeOf(registry: Registry, name: GaugeName): Gauge {
  const [labels, help] = gauges[name]
  return registry.gauge(name, help, labels)
}

/** What sources measure of themselves (`tools.measure`), without the prefix. */
const measured: { readonly [name: string]: string } = {
  source_failed: '1 when the source ended in an unexpected way.',
  tail_stuck: '1 when the log has not been readable, or its events not storable, for minutes.',
  tail_file_missing: '1 when the log is not there.',
  tail_lag_bytes: 'Bytes of the log that are not read yet.',
  tail_rotations_total: 'Rotations followed.',
  tail_truncations_total: 'Truncations followed.',
  tail_cut_lines_total: 'Lines that were longer than what is read of them.',
  tail_last_line_timestamp_seconds: 'When something was last read from the log.',
  lines_total: 'Lines read.',
  lines_cut_total: 'Lines that were cut at the most that is kept of one.',
  stamps_disbelieved_total: 'Times in lines that were too far off to be believed.',
  unparsed_total: 'Lines that were not understood.',
  strays_total: 'Lines that belong to no open connection.',
  ambiguous_total: 'Requests that could belong to several clients.',
  injections_total: 'Lines that a client seems to have forged.',
  evicted_total: 'Sessions given up because too many were open.',
  expired_total: 'Sessions given up because their end did not come.',
  orphan_closes_total: 'Ends of connections whose beginning was not seen.',
  connections_open: 'Connections open now.',
  open_connections: 'Connections open now.',
}

/** The metric for a value a source measured: a counter when it ends in `_total`, else a gauge. */
export function measuredMetric(registry: Registry, name: string): Pick<Gauge, 'set' | 'remove'> {
  const help = measured[name] ?? `${name.replaceAll('_', ' ')}, as the source measured it.`
  const full = `sereno_${name}`
  return name.endsWith('_total')
    ? registry.counter(full, help, ['source'])
    : registry.gauge(full, help, ['source'])
}

/** All there are, for the reference page. */
export function describeMetrics(): readonly (Metric & { readonly name: string })[] {
  const rows = (type: Metric['type'], table: Table) =>
    Object.entries(table).map(([name, [labels, help]]) => ({ name, type, labels, help }))
  const fromSources = Object.entries(measured).map(([name, help]) => ({
    name: `sereno_${name}`,
    type: name.endsWith('_total') ? ('counter' as const) : ('gauge' as const),
    labels: ['source'],
    help,
  }))
  return [...rows('counter', counters), ...rows('gauge', gauges), ...fromSources]
}
