// What can be configured of the watch over hosts: how long one may be silent, and which ones may be so for ever.
import { z } from 'zod'
import { globMatches } from '../../lib/glob.ts'
import { duration } from '../../lib/schema.ts'
import { severities } from '../../words.ts'

const missed = z.int().min(1).max(1000)
const span = () => duration({ minMs: 1000 })

const hostOptions = z.strictObject({
  expected: z
    .enum(['always', 'roaming', 'never'])
    .default('always')
    .describe('always: it is told when it is silent. roaming: it is not, such as a laptop. never: it is not watched.'),
  missed: missed.optional().describe('In place of the one for all.'),
  every: span().optional().describe('In place of the one for all.'),
  after: span().optional().describe('In place of the one for all.'),
  bootAllowance: span().optional().describe('In place of the one for all.'),
})

export const absenceOptions = z.strictObject({
  missed: missed.default(3).describe('A host is silent once so many of its samples in a row have not come.'),
  every: span()
    .prefault('5m')
    .describe('How often samples are to be expected of hosts that do not say so themselves, as agents do.'),
  after: span().optional().describe('No host is silent before so long, however often it sends.'),
  bootAllowance: span()
    .prefault('10m')
    .describe('How long a host may be away that has said that it stops, since it may be rebooting.'),
  severity: z.enum(severities).default('error').describe('How bad it is when a host is silent.'),
  hosts: z
    .record(z.string().min(1), hostOptions)
    .prefault({})
    .meta({ examples: [{ laptop: { expected: 'roaming' }, 'ci-*': { expected: 'never' } }] })
    .describe('Hosts that differ, by name; `*` stands for any characters. The first that fits counts.'),
})

export type AbsenceOptions = z.output<typeof absenceOptions>

/** What counts for one host. */
export interface HostRule {
  readonly expected: 'always' | 'roaming' | 'never'
  readonly missed: number
  readonly everyMs: number
  readonly afterMs: number
  readonly bootAllowanceMs: number
}

export function ruleFor(host: string, options: AbsenceOptions): HostRule {
  const own = Object.entries(options.hosts).find(([pattern]) => globMatches(pattern, host))?.[1]
  return {
    expected: own?.expected ?? 'always',
    missed: own?.missed ?? options.missed,
    everyMs: own?.every ?? options.every,
    afterMs: own?.after ?? options.after ?? 0,
    bootAllowanceMs: own?.bootAllowance ?? options.bootAllowance,
  }
}
