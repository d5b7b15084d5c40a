// What a journal source can be told: whose entries it reads, which of them are events, and what kind of events.
import { z } from 'zod'
import { compilePattern, patternProblem } from '../../lib/pattern.ts'
import { duration, listOf } from '../../lib/schema.ts'
import { severities } from '../../words.ts'
import { placeholdersOf } from './template.ts'

const levels = 'emerg|alert|crit|err|warning|notice|info|debug|[0-7]'

const absolute = z.string().regex(/^\//, 'write a whole path, beginning with /')

const pattern = z.string().superRefine((text, context) => {
  const problem = patternProblem(text)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

/** What journalctl would take for an option, or not take at all. */
const word = z.string().regex(/^[^-\s][^\n]*$/, 'write a name; it begins neither with a blank nor with a dash')

const condition = z.strictObject({
  key: z
    .string()
    .min(1)
    .describe(
      'What tells such conditions apart; {name} stands for the text of that group, or for unit, identifier or host.',
    ),
  state: z.enum(['firing', 'resolved']).default('firing').describe('Whether it begins or ends.'),
  expireAfter: duration({ minMs: 1000 })
    .optional()
    .describe(
      'Ends by itself when no such entry came for so long. Default: only by an entry that ends it, or by hand.',
    ),
})

const match = z
  .strictObject({
    pattern: pattern.describe('RE2 syntax, on the text of the entry; named groups become fields.'),
    name: z.string().min(1).optional().describe('Stands in the label `pattern`. Default: the pattern itself.'),
    severity: z.enum(severities).optional().describe("Severity of the events. Default: by the entry's priority."),
    subject: z
      .string()
      .optional()
      .describe(
        'The group whose text is the subject. Default: that named subject, else the unit, else the identifier.',
      ),
    host: z.string().optional().describe('The group whose text is the host. Default: the one that wrote the entry.'),
    type: z
      .string()
      .regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/, 'write family.name in small letters, such as storage.io-error')
      .refine((type) => !type.startsWith('sereno.'), 'types of the family sereno are for the hub alone')
      .default('log.line')
      .describe('Type of the events.'),
    title: z
      .string()
      .min(1)
      .optional()
      .describe('Their title, with {name} for groups. Default: the words of the type.'),
    condition: condition.optional().describe('Makes each such entry the beginning or the end of a condition.'),
  })
  .superRefine((entry, context) => {
    if (patternProblem(entry.pattern) !== undefined) return
    const groups = compilePattern(entry.pattern).names
    const know = (name: string, path: (string | number)[]): void => {
      if (groups.includes(name)) return
      const message = `the pattern has no group named ${name}; write (?<${name}>…) around the part you mean`
      context.addIssue({ code: 'custom', path, message })
    }
    for (const part of ['subject', 'host'] as const) if (entry[part] !== undefined) know(entry[part], [part])
    for (const name of placeholdersOf(entry.title ?? '')) know(name, ['title'])
    for (const name of placeholdersOf(entry.condition?.key ?? '')) know(name, ['condition', 'key'])
  })

export const journalOptions = z
  .strictObject({
    file: absolute.optional().describe("One journal file, or a pattern of several, instead of this machine's journal."),
    directory: absolute
      .optional()
      .describe('A folder of journal files, such as those that systemd-journal-remote writes of other machines.'),
    units: listOf(word)
      .prefault([])
      .meta({ examples: ['nginx.service', ['pve*.service', 'ssh.service']] })
      .describe(
        'Only entries of these units; * stands for any characters in names of units that are there at the start.',
      ),
    identifiers: listOf(word)
      .prefault([])
      .meta({ examples: ['kernel', ['systemd-logind']] })
      .describe('Only entries of programs that call themselves so (SYSLOG_IDENTIFIER).'),
    priority: z
      .string()
      .regex(
        new RegExp(`^(${levels})(\\.\\.(${levels}))?$`),
        'write a level, such as err or warning, or a range, such as emerg..err; there are emerg, alert, crit, err, warning, notice, info, debug',
      )
      .optional()
      .describe('Only entries of this priority and worse, or of a range.'),
    matches: listOf(
      z.string().regex(/^(\+|[A-Z0-9_]+=[^]*)$/, 'write FIELD=value as journalctl takes it, or "+" for or'),
    )
      .prefault([])
      .meta({ examples: ['_TRANSPORT=kernel', ['_UID=0', '+', '_COMM=sudo']] })
      .describe(
        'More of what journalctl takes: FIELD=value; two of one field are alternatives, "+" stands between groups.',
      ),
    match: z
      .union([pattern, match, z.array(z.union([pattern, match]))])
      .optional()
      .describe(
        'Each entry that matches is an event; of several patterns the first that matches counts. Default: every entry that is read.',
      ),
    from: z
      .enum(['checkpoint', 'beginning'])
      .default('checkpoint')
      .describe(
        'Where to start. checkpoint: where the last run stopped, at the very first start at the end. beginning: the same, but ' +
          'the very first start reads all there is.',
      ),
    catchUp: duration()
      .prefault('15m')
      .describe(
        'After a pause, entries older than this are passed over, and one event log.gap says how many; the rest is read.',
      ),
  })
  .superRefine(({ file, directory, ...options }, context) => {
    if (file !== undefined && directory !== undefined)
      context.addIssue({ code: 'custom', path: ['directory'], message: 'give either file or directory' })
    if (options.match !== undefined || selects(options)) return
    const message =
      'every entry of the journal would be an event; give match (patterns), or at least one of units, identifiers, priority, matches'
    context.addIssue({ code: 'custom', message })
  })

export type JournalOptions = z.output<typeof journalOptions>
export type MatchOptions = z.output<typeof match>

function selects(options: {
  readonly units: readonly string[]
  readonly identifiers: readonly string[]
  readonly priority?: string | undefined
  readonly matches: readonly string[]
}): boolean {
  const { units, identifiers, priority, matches } = options
  return units.length + identifiers.length + matches.length > 0 || priority !== undefined
}
