// What can be written of mute windows: spans in which some events are held.
import { z } from 'zod'
import { matchersProblem } from '../lib/matchers.ts'
import { duration, listOf, timezone } from '../lib/schema.ts'

export const muteKinds = ['startup', 'shutdown', 'quiet', 'maintenance', 'upgrade', 'backup'] as const

const matcher = z.string().superRefine((text, context) => {
  const problem = matchersProblem(text)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

export const muteOptions = z.strictObject({
  kind: z
    .enum(muteKinds)
    .describe(
      'startup and shutdown: around a boot of a host; these two are there without being written. upgrade and backup: while ' +
        'packages are upgraded, or guests backed up, as far as a source sees it. quiet and maintenance: by the calendar.',
    ),
  scope: listOf(matcher)
    .prefault([])
    .meta({ examples: ['host="nas"', ['host=~"web.*"', 'severity!="critical"']] })
    .describe('Matchers, all of which must hold. Without them: every event of the types.'),
  types: listOf(z.string().min(1))
    .optional()
    .describe('Event types that are held; * stands for any characters. Default: by the kind.'),
  pass: listOf(z.string().min(1))
    .optional()
    .describe('Event types that are told all the same. Default: by the kind; failures to stop pass a shutdown.'),
  from: z
    .string()
    .optional()
    .meta({ examples: ['22:00', '2026-12-01T20:00:00+01:00'] })
    .describe('Of quiet and maintenance: when it begins; a time of day, or once with its date.'),
  until: z.string().optional().describe('When it ends, written like from.'),
  every: z
    .string()
    .optional()
    .meta({ examples: ['Sun 03:00', '0 3 * * 0'] })
    .describe('Instead of from and until: begins at these times, as a calendar expression of systemd or as cron.'),
  for: duration({ minMs: 60_000 }).optional().describe('With every: how long.'),
  zone: timezone().optional().describe("The zone of times of day. Default: hub.timezone, else this machine's."),
  hold: z.enum(['all', 'below-critical']).optional().describe('Default: below-critical for quiet, all for the others.'),
  atEnd: z
    .enum(['report', 're-evaluate', 'digest', 'silent'])
    .optional()
    .describe(
      'What becomes of what was held. report: it is told in the report of its host. digest: it is told together. re-evaluate: the ' +
        'same, but conditions that have ended are only recorded. silent: single events are not told. In each of them a ' +
        'condition that is still open is told. Default: report for startup and shutdown, digest for quiet, re-evaluate for the others.',
    ),
  vmGrace: duration().optional().describe('Of startup: how long starts of guests are held. Default: 180s.'),
  grace: duration().optional().describe('Of startup: the latest end, counted from the boot. Default: 300s.'),
  shutdownGrace: duration().optional().describe('Of shutdown: how long. Default: 120s.'),
  maxBootUptime: duration()
    .optional()
    .describe('Of startup: a host that is up for longer when it is first seen has not just booted. Default: 600s.'),
})

export type MuteOptions = z.output<typeof muteOptions>
