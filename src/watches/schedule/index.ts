// Does something at set times, as cron does: a report of the hosts, a digest of what came, a sample.
import { sampleFact } from '../../source-sample.ts'
import type { WatchKind, WatchResult } from '../../watch.ts'
import { isMeant, stepHost } from './host-row.ts'
import { sampledHosts, stepMain } from './main-row.ts'
import { type ScheduleOptions, scheduleOptions } from './options.ts'
import { type HostState, type MainState, mainRow, rowOf, type State } from './state.ts'

/** A digest does not count itself, nor those of others: they would never be empty. */
const digestType = 'sereno.digest'

export default {
  about: 'Does something at set times: tells the figures of hosts, tells in numbers what came, or has a sample taken.',
  options: scheduleOptions,
  example: { at: '0 8 * * *', zone: 'Europe/Madrid', action: 'report', hosts: ['nas', 'pi*'], jitter: '5m' },
  inOwnName: true,
  runs: mainRow,
  facts: [sampleFact],
  events: ['*'],
  begin: () => [mainRow],
  forget: ({ action }, host) => (action === 'report' ? [rowOf(host)] : []),
  keys(options, input, place) {
    const { action } = options
    if (input.kind === 'event') {
      const { type, host } = input.event
      if (action !== 'digest' || type === digestType) return []
      return options.hosts === undefined || (host !== undefined && isMeant(host, { options })) ? [mainRow] : []
    }
    const { key } = input.fact
    if (action === 'sample') return sampledHosts({ options, place }).includes(key) ? [mainRow] : []
    return action === 'report' && isMeant(key, { options }) ? [rowOf(key)] : []
  },
  step(options, state, input, now, place): WatchResult<State> {
    const setting = { options, place, now, zone: options.zone ?? place.zone }
    const known = state?.v === 1 ? state : undefined
    return input.key === mainRow
      ? stepMain(known as MainState | undefined, input, setting)
      : stepHost(known as HostState | undefined, input, setting)
  },
} satisfies WatchKind<ScheduleOptions, State>
