// Watches that the metrics of hosts stay within their limits: what passes one for long enough is told once, and its end as well.
import { readSample, sampleFact } from '../../source-sample.ts'
import type { WatchKind, WatchResult } from '../../watch.ts'
import { thresholdOptions, type ThresholdOptions } from './options.ts'
import { toEvent } from './say.ts'
import { isOpen, type State } from './state.ts'
import { take } from './take.ts'

const longestHost = 253
const nothing: State = { v: 1, sources: {}, series: {} }

export default {
  about: 'Tells when a metric of a host passes its limit, such as CPU over 80 % for ten minutes, and when it is back.',
  options: thresholdOptions,
  example: {
    limits: { cpu_percent: { above: 80, for: '10m', clear: 70 }, memory_avail: { below: '200MB' } },
    hosts: { pi4: { cpu_percent: { above: 90, for: '10m' } } },
  },
  inOwnName: true,
  facts: [sampleFact],

  keys(_options, input) {
    if (input.kind !== 'fact') return []
    const { host = input.fact.key } = input.fact
    return host === '' || host.length > longestHost ? [] : [host]
  },

  step(options, known, input, now): WatchResult<State> {
    const state = known?.v === 1 ? known : undefined
    if (input.kind === 'forget') return state === undefined ? {} : forgotten(state, input.host, now)
    if (input.kind !== 'fact') return {}
    const sample = readSample(input.fact)
    return sample === undefined ? {} : (take(options, state ?? nothing, input.key, input.fact, sample) ?? {})
  },

  forget: (_options, host) => [host],
} satisfies WatchKind<ThresholdOptions, State>

function forgotten({ series }: State, host: string, now: number): WatchResult<State> {
  const open = Object.entries(series).filter(([, one]) => isOpen(one))
  const events = open.map(([key, one]) => {
    const firing = one.firing === undefined ? {} : { firing: one.firing }
    return toEvent(
      { key, series: one, said: { state: 'resolved', reason: 'forgotten', ...firing } },
      { host, at: now, over: [] },
    )
  })
  return { state: null, events }
}
