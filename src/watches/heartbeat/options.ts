// What can be configured of a heartbeat: how often it is to come, how late it may be, how long it may run.
import { z } from 'zod'
import { parseSchedule } from '../../lib/schedule.ts'
import { writeDuration } from '../../lib/duration.ts'
import { duration, timezone } from '../../lib/schema.ts'
import { severities } from '../../words.ts'

const schedule = z
  .string()
  .meta({ examples: ['30 2 * * *', 'Mon..Fri 22:00', 'daily'] })
  .superRefine((text, context) => {
    const read = parseSchedule(text)
    if ('error' in read) context.addIssue({ code: 'custom', message: read.error })
  })

export const heartbeatOptions = z
  .strictObject({
    every: duration({ minMs: 10_000 })
      .optional()
      .describe('It comes at least so often, counted from when it last came. This or schedule.'),
    schedule: schedule
      .optional()
      .describe(
        "When it runs: cron's five or six fields, or a calendar expression of systemd. What comes before its time does not count for it, but for a minute by which clocks may differ.",
      ),
    timezone: timezone().optional().describe("The zone of the schedule. Default: hub.timezone, else this machine's."),
    grace: duration({ minMs: 1000 })
      .optional()
      .describe('How late it may be. Default: 1h with a schedule; with every a fifth of that, at least 1m.'),
    startGrace: duration({ minMs: 1000 })
      .optional()
      .describe('How late its start may be, for jobs that say start. Without it, only the end is waited for.'),
    maxRun: duration({ minMs: 1000 })
      .optional()
      .describe(
        'How long a run that said start may take; until then it counts as neither late nor missing. Without it, its end must have come by the time and grace.',
      ),
    failAfter: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe('It has failed after so many failures in a row; those before are only recorded.'),
    severity: z.enum(severities).default('error').describe('How bad it is when it is missing or has failed.'),
    host: z.string().min(1).optional().describe('The host it belongs to. Default: none.'),
  })
  .superRefine((options, context) => {
    const { every, schedule: when, timezone: zone, startGrace } = options
    const tell = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message })
    if (every === undefined && when === undefined)
      return tell('nothing says when it is to come; give every: 1d, or schedule: "30 2 * * *"')
    if (every !== undefined && when !== undefined)
      return tell('it comes either every so often or by a schedule; remove one of the two', 'every')
    if (every !== undefined && zone !== undefined)
      tell('a zone is for a schedule; what comes every so often needs none, so remove it', 'timezone')
    const grace = graceOf(options)
    if (startGrace !== undefined && startGrace >= grace)
      tell(
        `the start may not be later than the whole, which may be ${writeDuration(grace)} late; write less, or a longer grace`,
        'startGrace',
      )
  })

const hourMs = 3_600_000

/** How late it may be. */
export function graceOf({
  every,
  grace,
}: {
  readonly every?: number | undefined
  readonly grace?: number | undefined
}): number {
  return grace ?? (every === undefined ? hourMs : Math.max(every / 5, 60_000))
}

export type HeartbeatOptions = z.output<typeof heartbeatOptions>
