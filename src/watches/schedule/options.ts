// What can be configured of a schedule: when it runs, and what is done then.
import { z } from 'zod'
import { parseSchedule } from '../../lib/schedule.ts'
import { duration, listOf, timezone } from '../../lib/schema.ts'

const at = z
  .string()
  .meta({ examples: ['0 8 * * *', 'Mon..Fri 08:00', 'daily'] })
  .superRefine((text, context) => {
    const read = parseSchedule(text)
    if ('error' in read) context.addIssue({ code: 'custom', message: read.error })
  })

const longestTimeoutMs = 300_000

export const scheduleOptions = z
  .strictObject({
    at: at.describe("When it runs: cron's five or six fields, or a calendar expression of systemd."),
    zone: timezone().optional().describe("The zone of the time. Default: hub.timezone, else this machine's."),
    action: z
      .enum(['report', 'digest', 'sample'])
      .describe(
        'report: tells the last figures of each host. digest: tells in numbers what came since the last one. sample: has a source take a sample.',
      ),
    hosts: listOf(z.string().min(1).max(253))
      .optional()
      .describe(
        'The hosts that it is about; `*` stands for any characters. Default: all, and of a sample the one of the hub.',
      ),
    jitter: duration()
      .prefault('0s')
      .describe('It runs later by up to so long; the same for the same name and day, another one for others.'),
    timeout: duration({ minMs: 1000 }).prefault('30s').describe('How long a sample may take before it is told of.'),
    source: z.string().min(1).optional().describe('The source that takes the sample.'),
  })
  .superRefine(({ action, source, hosts = [], timeout }, context) => {
    const tell = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message })
    if (action === 'sample' && source === undefined)
      tell('nothing says which source takes the sample; give source: and the name of one')
    if (action !== 'sample' && source !== undefined)
      tell(`a ${action} asks no source; remove it, or give action: sample`, 'source')
    if (action === 'sample' && hosts.some((host) => host.includes('*')))
      tell('a sample is taken of hosts by their names; write each of them', 'hosts')
    if (timeout > longestTimeoutMs) tell('no source is waited for longer than 5m; write less', 'timeout')
  })

export type ScheduleOptions = z.output<typeof scheduleOptions>
