// The JSON of hosts and their metrics as schemas, and what may be asked of them.
import { z } from 'zod'
import { readDuration } from '../lib/duration.ts'
import { severities } from '../words.ts'
import { conditionList } from './api-shapes.ts'

const time = z.iso.datetime().describe('ISO 8601 in UTC.')
const anInstant = z.iso.datetime({ offset: true, error: 'is no time; give one such as 2026-05-10T13:00:00Z' })

export const hostPath = z.strictObject({
  host: z.string().min(1, 'is empty').max(1000, 'is too long').describe('Name of a host.'),
})

const metric = z
  .string()
  .min(1, 'is empty')
  .max(300, 'is too long')
  .describe('A series, such as `cpu_percent` or `filesystem_percent{mount="/data"}`.')

/** The end and how far back it goes from there. */
const spanFields = {
  from: anInstant.optional().describe('The beginning, ISO 8601; instead of `span`.'),
  to: anInstant.optional().describe('The end, ISO 8601; now, unless it is given.'),
  span: z
    .string()
    .refine((text) => (readDuration(text) ?? 0) >= 60_000, 'is no span of a minute or more; give one such as 24h or 7d')
    .default('24h')
    .describe('How long before the end it begins, such as `24h` or `7d`.'),
}

export const graphQuery = z.strictObject({ metric, ...spanFields })
export const metricsQuery = z.strictObject({
  metric: metric.optional().describe('A series; without it the series that there are, with their last values.'),
  ...spanFields,
  points: z.coerce
    .number('is no number; give one from 1 to 10000')
    .int('is no whole number')
    .min(1, 'is too small; give 1 to 10000')
    .max(10_000, 'is too large; give 1 to 10000')
    .default(1000)
    .describe('How many points at most; the steps are as fine as that and the age of what is kept allow.'),
})

const hostFields = {
  name: z.string(),
  firstSeenAt: time,
  lastSeenAt: time.describe('When its last sample was taken.'),
  source: z.string().describe('The source of its last sample.'),
  cpuPercent: z.number().optional(),
  memoryPercent: z.number().optional(),
  fullestDisk: z.strictObject({ mount: z.string(), percent: z.number() }).optional(),
  load: z.number().optional().describe('Of one minute.'),
  uptimeSeconds: z.number().optional(),
  conditions: z.int().describe('Open conditions that are about it.'),
  severity: z.enum(severities).optional().describe('The worst of those.'),
}

export const hostList = z.strictObject({ hosts: z.array(z.strictObject(hostFields)) })

export const hostPage = z.strictObject({
  ...hostFields,
  bootId: z.string().optional(),
  everySeconds: z.number().optional().describe('How often samples are taken.'),
  failedUnits: z.array(z.string()).optional(),
  series: z.array(z.strictObject({ series: z.string(), value: z.number() })).describe('Of the last sample.'),
  open: conditionList.shape.conditions,
})

export const metricPage = z.strictObject({
  host: z.string(),
  metric: z.string(),
  from: time,
  to: time,
  stepSeconds: z.int().describe('How long each point stands for.'),
  points: z
    .array(
      z.strictObject({
        at: time.describe('The beginning of the step.'),
        count: z.int().describe('Samples in it.'),
        mean: z.number(),
        min: z.number(),
        max: z.number(),
      }),
    )
    .describe('By time upwards; steps of which nothing is known are absent.'),
})

export const seriesList = z.strictObject({
  host: z.string(),
  at: time,
  series: z.array(z.strictObject({ series: z.string(), value: z.number() })),
})

/** Points in time of what is asked for. */
export function readSpan(
  { from, to, span }: { readonly from?: string | undefined; readonly to?: string | undefined; readonly span: string },
  now: number,
): { readonly from: number; readonly to: number } {
  const end = to === undefined ? now : Date.parse(to)
  return { from: Math.max(0, from === undefined ? end - (readDuration(span) ?? 0) : Date.parse(from)), to: end }
}
