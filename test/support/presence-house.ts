// Hosts that send samples to a whole engine on a virtual clock, and what is told of them.
import { assembleText } from '../../src/cli/configuration.ts'
import type { Assembly } from '../../src/hub/assemble.ts'
import { stoppingFact, toSampleFact, type HostSample } from '../../src/source-sample.ts'
import type { JsonObject, NewFact } from '../../src/words.ts'

export function assemblePresence(options: JsonObject = {}): Promise<Assembly> {
  const config = {
    hub: { timezone: 'Europe/Rome' },
    watches: { hosts: { kind: 'absence', ...options } },
    channels: { team: { kind: 'console' } },
    rules: [{ name: 'all', on: ['host.*'], to: 'team' }],
  }
  return assembleText(JSON.stringify(config), 'presence.yaml')
}

export function sample(host: string, more: Partial<HostSample> = {}, at?: number): NewFact {
  return toSampleFact(host, { metrics: { cpu_percent: 1 }, everySeconds: 60, ...more }, at)
}

export function goodbye(host: string, at?: number): NewFact {
  return { name: stoppingFact, key: host, host, data: {}, ...(at === undefined ? {} : { time: at }) }
}
