// The JSON of the hub's own API as schemas: what is checked coming in and described in the OpenAPI document.
import { z } from 'zod'
import { finalVerdicts, reasons, severities, type DeliveryState, type VerdictState } from '../words.ts'
import { fromId } from '../lib/id.ts'

const verdictStates = ['queued', 'held', ...finalVerdicts] as const satisfies readonly VerdictState[]
const deliveryStates = [
  'queued',
  'sending',
  'retrying',
  'delivered',
  'unknown',
  'dead',
  'expired',
  'replaced',
] as const satisfies readonly DeliveryState[]

const time = z.iso.datetime().describe('ISO 8601 in UTC.')
const id = z.string().describe('Short and sortable; stands beside every message.')

/** What callers may put where an id is wanted; letters that look like digits are read as such. */
export const anId = z
  .string()
  .refine((text) => fromId(text) !== undefined, 'is no id; ids look like 1n5c0k3v2')
  .describe('An id such as 1n5c0k3v2.')

const limit = z.coerce
  .number('is no number; give one from 1 to 1000')
  .int('is no whole number')
  .min(1, 'is too small; give 1 to 1000')
  .max(1000, 'is too large; give 1 to 1000')
  .default(100)
  .describe('How many at most, from 1 to 1000.')
const before = anId.optional().describe('Only those older than this id: the `next` of the page before.')

export const eventsQuery = z.strictObject({
  type: z.string().optional().describe('Event type; `*` stands for any characters.'),
  source: z.string().optional().describe('Name of a source.'),
  host: z.string().optional().describe('Name of a host.'),
  since: z.iso
    .datetime({ offset: true, error: 'is no time; give one such as 2026-05-10T13:00:00Z' })
    .optional()
    .describe('Only events received at this time or later, ISO 8601.'),
  before,
  limit,
})

export const deliveriesQuery = z.strictObject({
  channel: z.string().optional().describe('Name of a channel.'),
  state: z
    .enum(deliveryStates, { error: `is no state; there are ${deliveryStates.join(', ')}` })
    .optional()
    .describe('Only those in this state.'),
  event: anId.optional().describe('Only those that name this event.'),
  before,
  limit,
})

export const conditionsQuery = z.strictObject({
  state: z
    .enum(['open', 'ended', 'all'], { error: 'is no state; there are open, ended, all' })
    .default('open')
    .describe('Those that are open, those that ended within the last days, or both.'),
  source: z.string().optional().describe('Name of a source.'),
  limit: z.coerce
    .number('is no number; give one from 1 to 10000')
    .int('is no whole number')
    .min(1, 'is too small; give 1 to 10000')
    .max(10_000, 'is too large; give 1 to 10000')
    .default(10_000)
    .describe('How many at most, from 1 to 10000.'),
})

export const noQuery = z.strictObject({})
export const idPath = z.strictObject({ id: anId })
export const schedulePath = z.strictObject({ name: z.string().describe('Name of a watch of kind schedule.') })
export const namePath = z.strictObject({ name: z.string().describe('Name of a channel.') })

const verdict = z
  .strictObject({
    rule: z.string(),
    channel: z.string(),
    state: z.enum(verdictStates),
    by: z.string().describe('The stage that decided, or `outbox`.'),
    reason: z.string(),
    into: id.optional().describe('The message it went into.'),
    until: time.optional(),
    at: time,
  })
  .describe('What became of one event for one rule and one channel.')

const eventFields = {
  id,
  type: z.string(),
  time,
  receivedAt: time,
  source: z.string(),
  host: z.string().optional(),
  subject: z.string().optional(),
  severity: z.enum(severities),
  labels: z.record(z.string(), z.string()),
  data: z.record(z.string(), z.unknown()),
  title: z.string().optional(),
  text: z.string().optional(),
  condition: z
    .strictObject({
      key: z.string(),
      state: z.enum(['firing', 'changed', 'resolved']),
      since: z
        .number()
        .optional()
        .describe('When it began or ended, in ms since 1970, where that is not the time of the event.'),
      endsAt: z.number().optional().describe('When it ends by itself, in ms since 1970.'),
      expireAfterMs: z.number().optional(),
    })
    .optional(),
  cause: id.optional().describe('The input that the hub made this event from.'),
  verdicts: z.array(verdict),
}

const deliveryFields = {
  id,
  channel: z.string(),
  recipient: z.string(),
  kind: z.enum(['open', 'change', 'remind', 'end', 'note', 'digest']),
  rule: z.string(),
  events: z.array(id).describe('The events that this message names.'),
  severity: z.enum(severities),
  state: z.enum(deliveryStates),
  attempts: z.int(),
  unanswered: z.int().describe('Sends that got no answer and may have arrived.'),
  createdAt: time,
  dueAt: time,
  expireAt: time,
  endedAt: time.optional(),
  lastReason: z.enum(reasons).optional(),
  lastDetail: z.string().optional(),
  handle: z.string().optional().describe('What the service calls our message.'),
}

const attempt = z.strictObject({
  number: z.int(),
  startedAt: time,
  endedAt: time,
  result: z.enum(['ok', ...reasons]),
  maybeDelivered: z.boolean(),
  detail: z.string(),
})

const next = id
  .optional()
  .describe(
    'Ask with `before` set to this for the rest; absent: there is none. Large events make a page end before its limit.',
  )

export const deliveryEntry = z.strictObject(deliveryFields)
export const deliveryPage = z.strictObject({ ...deliveryFields, tried: z.array(attempt), texts: z.array(z.string()) })
export const eventEntry = z.strictObject(eventFields)
export const eventList = z.strictObject({ events: z.array(eventEntry), next })
export const deliveryList = z.strictObject({ deliveries: z.array(deliveryEntry), next })
export const eventPage = z.strictObject({
  ...eventFields,
  deliveries: z.array(deliveryPage),
  why: z.strictObject({
    chain: z.array(
      z.strictObject({
        rule: z.string(),
        channel: z.string(),
        state: z.enum(verdictStates),
        words: z.string(),
        attempts: z.array(z.string()),
      }),
    ),
    others: z
      .array(z.strictObject({ rule: z.string(), words: z.string() }))
      .describe('The rules that had no say, and why.'),
    lines: z.array(z.string()).describe('All of it as lines to print.'),
  }),
})

export const conditionList = z.strictObject({
  conditions: z.array(
    z.strictObject({
      id: id.describe('Of the event that began it.'),
      source: z.string(),
      key: z.string().describe('Unique within its source.'),
      type: z.string(),
      state: z.enum(['open', 'ended']),
      title: z.string(),
      severity: z.enum(severities),
      host: z.string().optional(),
      subject: z.string().optional(),
      since: time,
      seenAt: time.describe('When it was last heard of.'),
      endsAt: time.optional(),
      endedAt: time.optional(),
      endedBy: z.enum(['resolved', 'expired', 'closed', 'source-removed', 'watch-removed']).optional(),
      changes: z.int(),
      repeats: z.int(),
      began: z.int().describe('How often it began within a short time.'),
      ackedBy: z.string().optional().describe('Who looks after it.'),
      threads: z.array(
        z.strictObject({
          rule: z.string(),
          channel: z.string(),
          recipient: z.string().optional(),
          state: z.enum(['pending', 'told', 'held', 'bundled', 'lost']),
          delivery: id.optional().describe('The message that says that it began.'),
          until: time.optional(),
        }),
      ),
    }),
  ),
  total: z.int().describe('All that fit, also those beyond the limit.'),
})

export const issueList = z.strictObject({
  error: z.string(),
  issues: z.array(
    z.strictObject({
      path: z.string(),
      file: z.string().optional(),
      line: z.int().optional(),
      column: z.int().optional(),
      message: z.string(),
    }),
  ),
})

export const refusal = z.strictObject({ error: z.string().describe('One sentence: what is wrong and what to do.') })
export const done = z.strictObject({ message: z.string().describe('One sentence: what was done.') })

export const status = z.strictObject({
  version: z.string(),
  startedAt: time,
  ready: z.boolean(),
  problems: z.array(z.string()).describe('Why it is not ready, one sentence each.'),
  config: z.string().describe('The file in force, or `built-in`.'),
  sources: z.array(z.string()),
  channels: z.array(z.string()),
  rules: z.array(z.string()),
  stored: z.strictObject({
    events: z.int(),
    bytes: z.int(),
    verdicts: z.partialRecord(z.enum(verdictStates), z.int()),
    deliveries: z.array(
      z.strictObject({ channel: z.string(), state: z.enum(deliveryStates), count: z.int(), oldestAt: time }),
    ),
  }),
})
