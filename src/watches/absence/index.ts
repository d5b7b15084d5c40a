// Watches that hosts go on sending samples: one that falls silent, one that boots, and when nobody is heard at all.
import { sampleFact, stoppingFact } from '../../source-sample.ts'
import type { WatchKind, WatchResult } from '../../watch.ts'
import { stepAll } from './all-row.ts'
import { stepHost } from './host-row.ts'
import { type AbsenceOptions, absenceOptions, ruleFor } from './options.ts'
import { everyHost } from './say.ts'
import { allRow, rowOf, type AllState, type HostState, type State } from './state.ts'

export default {
  about:
    'Watches that hosts go on sending samples: tells of one that is silent, of one that has booted, and when none is heard.',
  options: absenceOptions,
  example: { missed: 3, hosts: { laptop: { expected: 'roaming' }, pi4: { after: '2m' } } },
  inOwnName: true,
  facts: [sampleFact, stoppingFact],
  events: ['host.shutdown', 'sereno.blind', 'sereno.clock-jump'],
  begin: () => [allRow],
  forget: (_options, host) => [rowOf(host)],
  keys(options, input) {
    if (input.kind === 'event' && input.event.type !== 'host.shutdown')
      return input.event.source === 'sereno' ? [allRow] : []
    const host = input.kind === 'fact' ? input.fact.key : input.event.host
    return host !== undefined && isName(host) && ruleFor(host, options).expected !== 'never' ? [rowOf(host)] : []
  },
  step(options, state, input, now, place): WatchResult<State> {
    const setting = { options, place, now }
    const known = state?.v === 1 ? state : undefined
    return input.key === allRow
      ? stepAll(known as AllState | undefined, input, setting)
      : stepHost(known as HostState | undefined, input, setting)
  },
} satisfies WatchKind<AbsenceOptions, State>

const longestName = 253

/** What could pass for all hosts, or is too long for a name, is no host. */
function isName(host: string): boolean {
  return host !== '' && host !== everyHost && host.length <= longestName
}
