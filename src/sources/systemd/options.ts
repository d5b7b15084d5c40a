// What a systemd source can be told: which units must run, which do not matter, and which interfaces count.
import { isIP } from 'node:net'
import { z } from 'zod'
import { duration, listOf } from '../../lib/schema.ts'

/** What systemctl would take for an option is none. */
const unit = z
  .string()
  .regex(/^[A-Za-z0-9_.:@\\][A-Za-z0-9_.:@\\-]*$/, 'write the name of a unit, such as nginx.service')
const pattern = z.string().min(1)

export const systemdOptions = z.strictObject({
  watch: listOf(unit)
    .prefault([])
    .meta({ examples: ['nginx.service', ['pveproxy.service', 'pvedaemon.service']] })
    .describe('Units that must be active. Beside them, every unit that fails is told of.'),
  ignore: listOf(pattern)
    .prefault([])
    .meta({ examples: [['certbot.service', 'user@*.service']] })
    .describe('Units whose failures do not matter; * stands for any characters.'),
  every: duration({ minMs: 5000 }).prefault('60s').describe('How often systemd is asked for units.'),
  interfaces: listOf(pattern)
    .optional()
    .meta({ examples: [['eno1', 'vmbr*']] })
    .describe(
      'Network interfaces that count, once they have had a carrier; * stands for any characters. Default: those of hardware, bonds ' +
        'of them, and bridges with them.',
    ),
  gateway: z
    .union([z.boolean(), z.string().refine((text) => isIP(text) !== 0, 'write an address such as 192.0.2.1, or true')])
    .default(false)
    .describe(
      'Pings the gateway of the default route, or this address, as often as units are asked for; once it has answered, it is told ' +
        'of when half of the pings are lost, or all of them twice in a row.',
    ),
  networkAfter: duration().prefault('15s').describe('An interface that is down for so long is told of.'),
})

export type SystemdOptions = z.output<typeof systemdOptions>
