// Building blocks for options: text that people write on one side, what code wants on the other.
//
// Every block also works with `z.toJSONSchema(schema, { io: 'input' })`. A default is given as a person would write it,
// with `prefault('1h')`; `default` would be taken for the value already read.
import { z } from 'zod'
import { isCidr } from './cidr.ts'
import { readDuration, writeDuration } from './duration.ts'
import { readSize } from './size.ts'

/** `90s`, `5m`, `1h30m`, `7d`; in milliseconds. */
export function duration(limits: { readonly minMs?: number; readonly maxMs?: number } = {}) {
  const { minMs = 0, maxMs = Number.POSITIVE_INFINITY } = limits
  return z
    .string({ error: (issue) => notText(issue.input, durationAdvice) })
    .meta({ pattern: durationPattern, examples: ['90s', '5m', '1h30m', '7d'] })
    .transform((text, context) => {
      const ms = readDuration(text)
      if (ms === undefined) return refuse(context, `"${text}" is no duration; ${durationAdvice}`)
      if (ms < minMs) return refuse(context, `"${text}" is too short; write at least ${writeDuration(minMs)}`)
      if (ms > maxMs) return refuse(context, `"${text}" is too long; write at most ${writeDuration(maxMs)}`)
      return ms
    })
}

/** `10MB`, `64KiB`, `512`; in bytes. */
export function size() {
  return z
    .union([z.int().min(0), z.string()], { error: (issue) => notText(issue.input, sizeAdvice) })
    .meta({ examples: ['64KiB', '10MB', '2GB'] })
    .transform((value, context) => {
      const bytes = typeof value === 'number' ? value : readSize(value)
      return bytes ?? refuse(context, `"${value}" is no size; ${sizeAdvice}`)
    })
}

/** Text that is never shown: not in issues, not in the stored config, not on the page. */
export function secret() {
  return z.string().min(1).meta({ secret: true })
}

/** A file of the person's own: one that is not named from `/` on is looked for beside the configuration. */
export function fileBeside() {
  return z.string().min(1).meta({ beside: true })
}

/** One or a list of them; always read as a list. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.union([item.transform((one) => [one]), z.array(item)])
}

/** An address range such as 10.0.0.0/8, or one address. */
export function cidr() {
  return z.string().superRefine((text, context) => {
    if (isCidr(text)) return
    const message = `"${text}" is no address range; write one such as 10.10.0.0/16, fd00::/8 or 192.0.2.7`
    context.addIssue({ code: 'custom', message })
  })
}

/** An IANA time zone such as Europe/Rome. */
export function timezone() {
  return z
    .string()
    .meta({ examples: ['Europe/Rome', 'UTC'] })
    .superRefine((text, context) => {
      if (isTimezone(text)) return
      const message = `"${text}" is no time zone; write an IANA name such as Europe/Rome or UTC`
      context.addIssue({ code: 'custom', message })
    })
}

const durationPattern = '^(0|(?=\\d)(\\d+y)?(\\d+w)?(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?(\\d+ms)?)$'
const durationAdvice = 'write a number and a unit, such as 90s, 5m, 1h30m or 7d'
const sizeAdvice = 'write a number and a unit, such as 64KiB, 10MB or 2GB'

/** Words for a value of the wrong type; a missing one is told by the reader in general. */
function notText(input: unknown, advice: string): string | undefined {
  if (input === undefined) return undefined
  return typeof input === 'number' ? `${input} has no unit; ${advice}` : `a text is expected here; ${advice}`
}

function refuse(context: { addIssue(issue: { code: 'custom'; message: string }): void }, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

/** Offsets such as +02:00 are left out: they know no summer. */
function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
