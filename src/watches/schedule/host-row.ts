// The row of one host in a report: its last figures, kept until they are asked for.
import { globMatches } from '../../lib/glob.ts'
import { readSample, readSeries } from '../../source-sample.ts'
import type { WatchInput, WatchResult } from '../../watch.ts'
import type { Fact } from '../../words.ts'
import { type Figures, hostOf, type HostState, type HostWord, mainRow, type MainWord, type Setting } from './state.ts'

type Result = WatchResult<HostState>

/** What a report shows; the rest of a sample is for others. */
const metricsKept: ReadonlySet<string> = new Set([
  'cpu_percent',
  'cpu_count',
  'memory_total',
  'memory_avail',
  'memory_used',
  'memory_free',
  'memory_percent',
  'disk_usage_total',
  'disk_usage_used',
  'disk_usage_free',
  'disk_usage_percent',
  'filesystem_percent',
  'swap_percent',
  'load_1',
  'load_5',
  'load_15',
  'temperature_celsius',
  'uptime_seconds',
])
const seriesKept = 40
const unitsKept = 10

export function stepHost(state: HostState | undefined, input: WatchInput, setting: Setting): Result {
  const host = hostOf(input.key)
  if (input.kind === 'fact') return sampled(state, host, input.fact)
  if (input.kind === 'forget') return state === undefined ? {} : { state: null, tells: [say({ gone: true })] }
  if (input.kind !== 'told' || state === undefined) return {}
  const word = input.body as MainWord
  if ('isTooMany' in word) return { state: { v: 1, isTooMany: true } }
  if ('reread' in word) return isMeant(host, setting) ? {} : { state: null, tells: [say({ gone: true })] }
  return 'figures' in state ? { tells: [say({ figures: state.figures })] } : {}
}

export function isMeant(host: string, { options }: Pick<Setting, 'options'>): boolean {
  return (options.hosts ?? ['*']).some((pattern) => globMatches(pattern, host))
}

function sampled(state: HostState | undefined, host: string, fact: Fact): Result {
  const sample = readSample(fact)
  if (sample === undefined || (state !== undefined && 'isTooMany' in state)) return {}
  // Late news does not replace what is newer.
  if (state !== undefined && state.figures.at > fact.time) return {}
  const kept = Object.entries(sample.metrics).filter(([series]) => metricsKept.has(readSeries(series).metric))
  const { failedUnits = [] } = sample
  const figures: Figures = {
    host,
    at: Math.min(fact.time, fact.receivedAt),
    metrics: Object.fromEntries(kept.slice(0, seriesKept)),
    ...(failedUnits.length === 0 ? {} : { failedUnits: failedUnits.slice(0, unitsKept) }),
  }
  return { state: { v: 1, figures }, tells: state === undefined ? [say({ here: true })] : [] }
}

function say(body: HostWord) {
  return { row: mainRow, body }
}
