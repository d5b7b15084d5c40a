// What a log source can be told: which lines are events, and how its sessions begin, go on and end.
import { z } from 'zod'
import { compilePattern, patternProblem } from '../../lib/pattern.ts'
import { duration } from '../../lib/schema.ts'
import { stampFormats } from '../../lib/stamp.ts'
import { fileOptions } from '../../source-file.ts'
import { severities } from '../../words.ts'

const pattern = z.string().superRefine((text, context) => {
  const problem = patternProblem(text)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

const match = z
  .strictObject({
    pattern: pattern.describe('RE2 syntax; named groups, as in (?<user>\\S+), become data.fields.'),
    name: z.string().min(1).optional().describe('Stands in the label `pattern`. Default: the pattern itself.'),
    severity: z.enum(severities).optional().describe('Severity of the events. Default: info.'),
    subject: z
      .string()
      .optional()
      .describe('The group whose text is the subject. Default: the one named subject, if any.'),
  })
  .superRefine((entry, context) => {
    const names = namesOf(entry.pattern)
    if (entry.subject === undefined || names?.includes(entry.subject) !== false) return
    const message = `the pattern has no group named ${entry.subject}; write (?<${entry.subject}>…) around the part you mean`
    context.addIssue({ code: 'custom', path: ['subject'], message })
  })

const session = z
  .strictObject({
    open: pattern.describe('The line that begins a session; its group `id` tells sessions apart.'),
    field: z
      .union([pattern, z.array(pattern)])
      .default([])
      .describe(
        'Lines whose named groups are added to the fields of their session: that of the group `id`, else that of the line ' +
          'itself if it opens or closes one, else the one that is open, if it is the only one.',
      ),
    close: pattern.describe('The line that ends it.'),
    idle: duration({ minMs: 1000 }).prefault('5m').describe('Times out when no line of the session came for so long.'),
    total: duration({ minMs: 1000 }).prefault('1h').describe('Times out so long after its beginning.'),
    max: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe('Sessions open at once; beyond it the oldest is evicted. One takes about half a kilobyte of memory.'),
    key: z.string().min(1).default('id').describe('Name of the group that tells sessions apart.'),
  })
  .superRefine((options, context) => {
    for (const part of ['open', 'close'] as const) {
      if (namesOf(options[part])?.includes(options.key) !== false) continue
      const message = `the pattern has no group named ${options.key}, which tells sessions apart; write (?<${options.key}>\\S+) where it stands in the line`
      context.addIssue({ code: 'custom', path: [part], message })
    }
  })

const time = z
  .strictObject({
    pattern: pattern
      .optional()
      .describe('Where the stamp stands, as a group named `time`. Default: at the start of the line.'),
    format: z
      .enum([...stampFormats, 'none'])
      .default('auto')
      .describe(
        'iso: 2026-11-20T13:00:00.5+01:00, 2026-11-20 13:00:00 or 2026/11/20 13:00:00. syslog: Nov 20 13:00:00. epoch: seconds ' +
          'or milliseconds since 1970. clf: 20/Nov/2026:13:00:00 +0100. auto: any of these. none: the time of reading.',
      ),
  })
  .superRefine((options, context) => {
    if (options.pattern === undefined || namesOf(options.pattern)?.includes('time') !== false) return
    const message = 'the pattern has no group named time; write (?<time>…) around the stamp'
    context.addIssue({ code: 'custom', path: ['pattern'], message })
  })

export const logOptions = z
  .strictObject({
    ...fileOptions,
    match: z
      .union([pattern, match, z.array(z.union([pattern, match]))])
      .optional()
      .describe('Each line that matches is an event log.line; of several patterns the first that matches counts.'),
    session: session
      .optional()
      .describe('Lines that belong together by an id are one event log.session when they end.'),
    time: time
      .optional()
      .describe('Where lines have their time. Default: tried at their start, else the time of reading.'),
  })
  .superRefine((options, context) => {
    if (options.session || (options.match !== undefined && [options.match].flat().length > 0)) return
    const message = 'nothing to look for; give match (lines that are events), session, or both'
    context.addIssue({ code: 'custom', message })
  })

export type LogOptions = z.output<typeof logOptions>
export type SessionOptions = z.output<typeof session>
export type MatchOptions = z.output<typeof match>

/** Undefined for a broken pattern, which has been told of already. */
function namesOf(text: string): readonly string[] | undefined {
  return patternProblem(text) === undefined ? compilePattern(text).names : undefined
}
