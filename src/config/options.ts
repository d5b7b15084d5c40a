// What can be written in a configuration, apart from the options of each kind: the hub, what all sources and all
// channels share, rules and templates. The reference page and the JSON Schema are made from these.
import { z } from 'zod'
import { matchersProblem } from '../lib/matchers.ts'
import { cidr, duration, listOf, secret, size, timezone } from '../lib/schema.ts'
import { severities } from '../words.ts'
import { readListen } from './listen.ts'

const webAddress = (text: z.ZodString) =>
  text.superRefine((address, context) => {
    if (/^https?:$/.test(URL.parse(address)?.protocol ?? '')) return
    context.addIssue({
      code: 'custom',
      message: `"${address}" is no web address; write one such as https://sereno.example.org`,
    })
  })

const throttle = z.strictObject({
  max: z.int().min(1).describe('Messages in any such span.'),
  per: duration({ minMs: 1000 }).describe('The span.'),
})

export const templateOptions = z
  .strictObject({
    title: z.string().min(1).optional().describe('The first line, in Liquid.'),
    text: z.string().min(1).optional().describe('What follows it, in Liquid.'),
  })
  .superRefine((template, context) => {
    if (template.title !== undefined || template.text !== undefined) return
    context.addIssue({ code: 'custom', message: 'the template says nothing; give title, text, or both' })
  })

export const listenOption = z
  .string()
  .meta({ examples: ['127.0.0.1:8723', '[::1]:8723'] })
  .transform((text, context) => {
    const listen = readListen(text)
    if (listen) return listen
    const message = `"${text}" is no address to listen on; write host:port, such as 127.0.0.1:8723 or [::1]:8723`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })

const heartbeatAddress = webAddress(secret())
const heartbeatEvery = duration({ minMs: 10_000 }).prefault('1m')

export const hubOptions = z.strictObject({
  listen: listenOption
    .prefault('127.0.0.1:8723')
    .describe('Where the hub answers: host:port. Beyond this machine it needs tls, or insecure: true.'),
  url: webAddress(z.string().meta({ examples: ['https://sereno.example.org'] }))
    .transform((address) => address.replace(/\/+$/, ''))
    .optional()
    .describe('How people reach the hub, for links in messages. Without it messages have no links.'),
  data: z
    .string()
    .min(1)
    .default('./sereno-data')
    .describe('The folder for all that the hub keeps. One hub per folder.'),
  store: z.string().min(1).optional().describe('The file of the store. Default: sereno.db in the data folder.'),
  timezone: timezone()
    .optional()
    .describe('The zone in which people read times, and of logs that name none. Default: the zone of this machine.'),
  tokens: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[\w.-]+$/, 'a token is named by letters, digits, . _ and -')
          .describe('Who uses it; stands in the record.'),
        token: secret()
          .min(16, 'this token is too short to be secret; write at least 16 characters')
          .describe('The secret itself.'),
        sources: listOf(z.string())
          .optional()
          .describe(
            'The only sources it may write to; those of an agent are called by the name of its token, as in nas/host or nas/*. Without it, the token may do everything.',
          ),
        expires: z.iso
          .datetime({ offset: true, error: 'write a time such as 2027-01-31T00:00:00Z' })
          .transform((text) => Date.parse(text))
          .optional()
          .describe('From then on it is refused.'),
      }),
    )
    .prefault([])
    .describe('Who may write and read, beside the token that the hub makes for itself at its first start.'),
  tls: z
    .strictObject({
      cert: z.string().min(1).describe('PEM file with the certificate and those it stands on.'),
      key: z.string().min(1).describe('PEM file with its private key.'),
    })
    .optional()
    .describe('Makes the hub answer in HTTPS.'),
  insecure: z
    .boolean()
    .default(false)
    .describe('Allows listening beyond this machine without tls, for instance behind a proxy that does it.'),
  open: z
    .strictObject({
      metrics: listOf(cidr()).prefault([]).describe('Address ranges from which /metrics needs no token.'),
    })
    .prefault({})
    .describe('What may be read without a token, and from where.'),
  dryRun: z
    .boolean()
    .default(false)
    .describe('Sends nothing: each message is printed as its channel would show it, and counts as delivered.'),
  fallback: z.string().optional().describe('The channel that hears what another one could not be told.'),
  heartbeat: z
    .union([
      heartbeatAddress.transform((url) => ({ url, every: 60_000 })),
      z.strictObject({
        url: heartbeatAddress.describe('The address to call.'),
        every: heartbeatEvery.describe('How often.'),
      }),
    ])
    .optional()
    .describe(
      'A web address that is called as long as an event gets all the way through the hub, so that another service notices when it does not.',
    ),
  retention: z
    .strictObject({
      unmatched: duration({ minMs: 60_000 })
        .prefault('7d')
        .describe('How long info events that no rule matched are kept.'),
      rest: duration({ minMs: 60_000 })
        .prefault('90d')
        .describe('How long all others are kept, with what became of them.'),
      facts: duration({ minMs: 60_000 })
        .prefault('14d')
        .describe('How long facts are kept: samples, statuses and the like, which nobody is told of.'),
      size: size()
        .optional()
        .describe('The most the store may take on disk; beyond it the oldest go first. Default: no limit.'),
    })
    .prefault({})
    .describe('How long the record is kept. What is not ended yet is always kept.'),
  history: z
    .strictObject({
      minute: duration({ minMs: 3_600_000 }).prefault('14d').describe('How long one value a minute is kept.'),
      tenMinutes: duration({ minMs: 3_600_000 })
        .prefault('90d')
        .describe('How long one value for ten minutes is kept.'),
      hour: duration({ minMs: 3_600_000 })
        .prefault('2y')
        .describe('How long one value an hour is kept; a host of which nothing came for so long is forgotten.'),
    })
    .prefault({})
    .describe(
      'How long the course of metrics is kept: of each series the number of samples, their sum, the least and the most.',
    ),
  maxBody: size().prefault('4MiB').describe('The largest request that is taken; larger ones are answered 413.'),
})

export const sourceOptions = z.strictObject({
  kind: z.string().describe('What sort of source it is.'),
  timezone: timezone()
    .optional()
    .describe("The zone of times that name none. Default: hub.timezone, else this machine's."),
  host: z.string().min(1).optional().describe('The host of its events where they name none. Default: this machine.'),
  labels: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'a label is named by letters, digits and _'), z.string())
    .default({})
    .describe('Labels given to each of its events.'),
  open: listOf(cidr()).prefault([]).describe('Address ranges from which no token is needed to write to this source.'),
  maxAge: duration()
    .prefault('1h')
    .describe('Events older than this at their arrival are told together, as late news, not one by one.'),
})

export type SourceOptions = z.output<typeof sourceOptions>

export const watchOptions = z.strictObject({
  kind: z.string().describe('What sort of watch it is.'),
})

export const channelOptions = z.strictObject({
  kind: z.string().describe('What sort of channel it is.'),
  throttle: throttle
    .optional()
    .describe(
      'The most messages this channel is sent over all rules; the others are told together later. What is critical does not wait, and does not count.',
    ),
  minInterval: duration()
    .optional()
    .describe("The least time between two messages to this channel. Default: the service's own pace, 1s for Slack."),
  expireAfter: duration({ minMs: 1000 })
    .prefault('24h')
    .describe(
      'A message that could not be sent for so long is given up; the end of what was told is sent however late it is.',
    ),
  fallback: z
    .string()
    .optional()
    .describe('The channel that is told instead when this one gives up. Default: hub.fallback.'),
})

const matcher = z.string().superRefine((text, context) => {
  const problem = matchersProblem(text)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

export const ruleOptions = z.strictObject({
  name: z
    .string()
    .min(1)
    .optional()
    .describe('What it is called in the record. Default: made of `on`. What it remembers is kept under this name.'),
  on: listOf(z.string().min(1))
    .meta({ examples: ['kms.activation', ['backup.*', 'message']] })
    .describe('Event types; * stands for any characters.'),
  where: listOf(matcher)
    .prefault([])
    .meta({ examples: ['zone!="probe"', ['severity=~"error|critical"', 'host="web1"']] })
    .describe(
      'Matchers as in Alertmanager, all of which must hold: = and != for a text, =~ and !~ for an RE2 pattern of the whole value. ' +
        'Names are source, host, type, severity, subject, labels, then data fields; what is absent is the empty text.',
    ),
  severity: z.enum(severities).optional().describe('Tells the events with this severity in place of their own.'),
  dedupe: z
    .strictObject({
      by: listOf(z.string().min(1))
        .prefault([])
        .describe('Names of labels or data fields; events of one type with equal values are repeats.'),
      for: duration().describe('How long after a message repeats of it are held; 0s holds none.'),
      tell: z
        .enum(['next', 'end'])
        .default('next')
        .describe(
          "next: the key's next message says how many were held. end: one message says so at the end of the time.",
        ),
    })
    .optional()
    .describe('Holds repeats.'),
  group: z
    .strictObject({
      by: listOf(z.string().min(1))
        .prefault([])
        .describe(
          'Names of labels or data fields; events with equal values are one group. Without it: all of the rule.',
        ),
      wait: duration()
        .prefault('0s')
        .describe('How long the first of a group waits for others. Default: it is told at once.'),
      interval: duration({ minMs: 1000 })
        .prefault('5m')
        .describe('What comes within this time after a message is told as one.'),
      min: z.int().min(1).max(1000).default(2).describe('Fewer that have waited are told one by one.'),
      repeat: duration({ minMs: 60_000 }).optional().describe('The same as remind of the rule.'),
    })
    .optional()
    .describe('Tells together what comes together.'),
  throttle: throttle
    .optional()
    .describe(
      'The most messages that come of this rule; the others are told together later. What is critical does not wait, and does not count.',
    ),
  remind: duration({ minMs: 60_000 })
    .optional()
    .meta({ examples: ['24h'] })
    .describe('Says again, each time so much has passed, that a condition told of is still open. Without it: once.'),
  template: z
    .union([z.string().min(1), templateOptions])
    .optional()
    .describe('Words of its own: a name from templates, or {title, text}.'),
  to: listOf(z.string().min(1)).prefault([]).describe('Channels that are told.'),
  stop: z.boolean().default(false).describe('Ends the search: rules below see nothing of the events of this one.'),
})

export type RuleOptions = z.output<typeof ruleOptions>
