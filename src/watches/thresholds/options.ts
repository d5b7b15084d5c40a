// What can be configured of limits: for every host, for those with a tag, for single ones; each limit in one to several levels.
import { z } from 'zod'
import { duration, listOf } from '../../lib/schema.ts'
import { readSize } from '../../lib/size.ts'
import { severities, type Severity } from '../../words.ts'

/** `fullWithin` looks at when it will be full, in seconds from now; all others at the value. */
export type Operator = 'above' | 'atLeast' | 'below' | 'atMost' | 'fullWithin'

export type Level = {
  readonly operator: Operator
  readonly limit: number
  /** It is over when the limit would not be passed if it were this. */
  readonly clear: number
  readonly forMs: number
  readonly samples: number
  readonly severity: Severity
}

/** From the mildest to the worst; empty: off. */
export type Levels = readonly Level[]

/** By metric or series. */
export type Limits = { readonly [metric: string]: Levels }

const comparing = ['above', 'atLeast', 'below', 'atMost'] as const
const mostLevels = 8
/** What was told to be full within 8 h is well again at 48 h: a forecast moves a lot from hour to hour. */
const forecastClears = 6

const amount = z
  .union([z.number(), z.string()], { error: 'write a number, or a size such as 200MB' })
  .meta({ examples: [80, '200MB'] })
  .transform((value, context) => {
    const read = typeof value === 'number' ? value : readSize(value)
    if (read !== undefined) return read
    const message = `"${value}" is neither a number nor a size; write such as 80, 200MB or 1.5GiB`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })

const level = z
  .strictObject({
    above: amount.optional().describe('Told when the value is more than this; at just this it is fine.'),
    atLeast: amount.optional().describe('Told when it is this or more.'),
    below: amount.optional().describe('Told when it is less than this.'),
    atMost: amount.optional().describe('Told when it is this or less.'),
    fullWithin: duration({ minMs: 60_000 })
      .optional()
      .describe(
        'Told when, going on as in the last hours, it reaches 100 % within so long, and well again when that is six times as far. For metrics in percent. By itself, or beside one of the four above, either of which is then enough.',
      ),
    clear: amount
      .optional()
      .describe('What it has to come back to before it counts as well again. Default: the limit itself.'),
    for: duration().optional().describe('It must have been so for so long, by the times of the samples. Default: 0.'),
    samples: z.int().min(1).max(10_000).optional().describe('The same, counted in samples in a row.'),
    severity: z.enum(severities).default('warning'),
  })
  .transform((given, context): Level[] => {
    const tell = (message: string, ...path: string[]): never => {
      context.addIssue({ code: 'custom', path, message })
      return z.NEVER
    }
    const { fullWithin, clear, samples = 1, severity } = given
    const [operator, second] = comparing.filter((one) => given[one] !== undefined)
    if (second !== undefined)
      return tell(`a level has one limit; write two levels for ${operator} and ${second}`, second)
    if (given.for !== undefined && given.samples !== undefined)
      return tell('it waits either for a time or for a number of samples; remove one of the two', 'samples')
    const common = { forMs: given.for ?? 0, samples, severity }
    const seconds = (fullWithin ?? 0) / 1000
    const forecast = { operator: 'fullWithin' as const, limit: seconds, clear: seconds * forecastClears, ...common }
    const forecasts = fullWithin === undefined ? [] : [forecast]
    const limit = operator === undefined ? undefined : given[operator]
    if (operator === undefined || limit === undefined) {
      if (fullWithin === undefined)
        return tell('nothing says what the limit is; give above: 80, or below, atLeast, atMost')
      return clear === undefined ? forecasts : tell('there is no limit to come back from; remove clear', 'clear')
    }
    const isUpper = operator === 'above' || operator === 'atLeast'
    if (clear !== undefined && (isUpper ? clear > limit : clear < limit))
      return tell(`well again is on the other side of the limit: ${isUpper ? 'at most' : 'at least'} ${limit}`, 'clear')
    return [...forecasts, { operator, limit, clear: clear ?? limit, ...common }]
  })

const plain = amount.transform((limit): Level[] => [
  { operator: 'above', limit, clear: limit, forMs: 0, samples: 1, severity: 'warning' },
])
const off = z.literal(['off', false]).transform((): Level[] => [])

const levels = z
  .union([off, plain, level, z.array(z.union([plain, level])).max(mostLevels)])
  .transform((given): Levels => given.flat().toSorted((one, other) => rank(one.severity) - rank(other.severity)))

export function rank(severity: Severity): number {
  return severities.indexOf(severity)
}

const limits = z
  .record(z.string().min(1).max(200), levels)
  .superRefine((given, context) => {
    for (const [metric, list] of Object.entries(given)) {
      if (!list.some(({ operator }) => operator === 'fullWithin') || /_percent($|\{)/.test(metric)) continue
      const message = 'fullWithin is for what is full at 100 %, such as filesystem_percent; remove it'
      context.addIssue({ code: 'custom', path: [metric], message })
    }
  })
  .meta({ examples: [{ cpu_percent: { above: 80, for: '10m', clear: 70 }, memory_avail: { below: '200MB' } }] })

const tag = z.strictObject({
  hosts: listOf(z.string().min(1)).describe('Names of hosts, `*` for any characters.'),
  limits,
})

const missing = z.union([
  z.literal(['off', false]).transform(() => ({ afterMs: Infinity, tell: 'firing' as const })),
  duration({ minMs: 60_000 }).transform((afterMs) => ({ afterMs, tell: 'firing' as const })),
  z
    .strictObject({
      after: duration({ minMs: 60_000 }).prefault('15m'),
      tell: z.enum(['firing', 'always']).default('firing'),
    })
    .transform(({ after, tell }) => ({ afterMs: after, tell })),
])

export const thresholdOptions = z.strictObject({
  limits: limits
    .optional()
    .describe(
      'For every host, by metric (`cpu_percent`) or series (`filesystem_percent{mount="/data"}`, with `*` for any characters): a number (the same as `{ above: … }`), a level, a list of levels, or `off`. Without this key: the limits that docs/hosts-limits.md lists.',
    ),
  tags: z
    .record(z.string().min(1), tag)
    .default({})
    .describe('Other limits for some hosts, by a name of yours. Of several tags of a host the last one counts.'),
  hosts: z
    .record(z.string().min(1), limits)
    .default({})
    .describe('Other limits for single hosts, by name; `*` for any characters. They count before those of tags.'),
  missing: missing
    .prefault('15m')
    .describe(
      'A judged metric that its host has not sent for so long, while it goes on sending others, is told as missing: once, when it was over its limit, or, with `{ after: 15m, tell: always }`, in any case. `off`: never.',
    ),
})

export type ThresholdOptions = z.output<typeof thresholdOptions>

/** Without `limits`: the Janitor's three, less jumpy, and what fills up, gets hot or has failed. The root file system is its disk. */
export const defaultLimits: Limits = limits.parse({
  cpu_percent: { above: 80, clear: 70, for: '5m' },
  memory_percent: { above: 80, clear: 75, for: '5m' },
  disk_usage_percent: [
    { above: 80, clear: 78, fullWithin: '8h' },
    { above: 95, clear: 93, severity: 'critical' },
  ],
  'filesystem_percent{mount="/"}': 'off',
  filesystem_percent: [
    { above: 90, clear: 88, fullWithin: '8h' },
    { above: 97, clear: 95, severity: 'critical' },
  ],
  filesystem_inodes_percent: { above: 90, clear: 88 },
  failed_units: { above: 0, for: '5m' },
  temperature_celsius: [
    { above: 85, clear: 80, for: '5m' },
    { above: 95, clear: 90, severity: 'critical' },
  ],
})
