// Schedules in a whole engine on a virtual clock, and what is told of them.
import { assembleText } from '../../src/cli/configuration.ts'
import type { Assembly } from '../../src/hub/assemble.ts'
import type { JsonObject } from '../../src/words.ts'

export function assembleSchedules(
  schedules: { readonly [name: string]: JsonObject },
  more: JsonObject = {},
): Promise<Assembly> {
  const watches = Object.fromEntries(
    Object.entries(schedules).map(([name, options]) => [name, { kind: 'schedule', ...options }]),
  )
  const config = {
    hub: { timezone: 'Europe/Madrid' },
    watches,
    channels: { team: { kind: 'console' } },
    rules: [{ name: 'all', on: ['host.report', 'sereno.digest', 'sereno.schedule-failed'], to: 'team' }],
    ...more,
  }
  return assembleText(JSON.stringify(config), 'schedules.yaml')
}
