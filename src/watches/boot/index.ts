// Watches hosts boot and stop: opens the windows in which what that causes is held, and reports each boot once.
import { globMatches } from '../../lib/glob.ts'
import { bootFacts } from '../../source-boot.ts'
import { sampleFact } from '../../source-sample.ts'
import type { WatchInput, WatchKind, WatchResult } from '../../watch.ts'
import { bootOptions, type BootOptions } from './options.ts'
import { lookAgain, timeIsUp } from './grace.ts'
import type { State } from './state.ts'
import { takeEvent, takeFact } from './take.ts'
import { createWork, type Work } from './work.ts'

const { boot, stopping, guest, task, unit, storage, network } = bootFacts

export default {
  about:
    'Watches hosts boot and stop. What that causes is held (see `mute`), looked at again, and told as one report for each boot.',
  options: bootOptions,
  example: { hosts: ['pve*'], checkEvery: '30s' },
  inOwnName: true,
  facts: [sampleFact, boot, stopping, guest, task, unit, storage, network],
  events: ['host.shutdown', 'guest.*', 'service.*', 'storage.*', 'network.*', 'host.threshold', 'log.line'],
  keys({ hosts }, input) {
    const host = input.kind === 'fact' ? input.fact.host : input.event.host
    return host !== undefined && host.length <= 253 && hosts.some((pattern) => globMatches(pattern, host)) ? [host] : []
  },
  forget: (_options, host) => [host],
  step(options, state, input, now, place): WatchResult<State> {
    if (input.kind === 'forget') return { state: null, timers: [{ name: 'check' }, { name: 'deadline' }] }
    const work = createWork(input.key, state?.v === 1 ? state : undefined, { options, place, now })
    take(work, input)
    return work.result()
  },
} satisfies WatchKind<BootOptions, State>

function take(work: Work, input: WatchInput): void {
  switch (input.kind) {
    case 'fact':
      return takeFact(work, input.fact)
    case 'event':
      return takeEvent(work, input.event)
    case 'timer':
      return input.name === 'check' ? lookAgain(work) : timeIsUp(work)
    case 'unanswered':
    case 'begin':
    case 'told':
    case 'forget':
  }
}
