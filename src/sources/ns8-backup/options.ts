// What an ns8-backup source can be told: where the cluster's words are, and how patient the watch beside it is.
import { z } from 'zod'
import { isRedisUrl } from '../../lib/redis.ts'
import { parseSchedule } from '../../lib/schedule.ts'
import { duration, secret, size, timezone } from '../../lib/schema.ts'
import { isPlanId } from './facts.ts'

const redisUrl = secret().refine(isRedisUrl, {
  error: 'this is no address of a Redis server; write one such as redis://127.0.0.1:6379',
})

const alertmanagerUrl = secret().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
  error: 'this is no http or https address; write one such as http://127.0.0.1:9093, or false',
})

const schedule = z.string().superRefine((text, context) => {
  const read = parseSchedule(text)
  if ('error' in read) context.addIssue({ code: 'custom', message: read.error })
})

const probe = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'The program and its arguments that run restic for a module, with {module} and {plan} where their ids belong; ' +
        'no shell is involved. Default: runagent -m {module} restic-wrapper --backup {plan}, which NethServer brings.',
    ),
  environment: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable is named by letters, digits and _'), secret())
    .optional()
    .describe('More variables for that program, such as RESTIC_PASSWORD_FILE.'),
  timeout: duration({ minMs: 1000 })
    .prefault('2m')
    .describe('A repository that has not answered by then is unreachable.'),
  every: duration({ minMs: 60_000 })
    .prefault('1d')
    .describe('How often each repository is looked at when nothing is wrong.'),
})

const digest = z.strictObject({
  at: schedule
    .default('Mon *-*-* 08:00')
    .describe("When to send it, as systemd's OnCalendar or as cron has it, in the source's zone."),
})

const trends = z.strictObject({
  sizeDrop: z.number().min(0).max(1).default(0.5).describe('A backup smaller than this share of the median is told.'),
  sizeDropAtLeast: size().prefault('100MiB').describe('But only if it lost more than so much.'),
  sizeJump: z.number().min(1).default(2).describe('A backup larger than so many times the median is told.'),
  sizeJumpAtLeast: size().prefault('1GiB').describe('But only if it gained more than so much.'),
  duration: z.number().min(1).default(3).describe('A run that takes longer than so many times the median is told.'),
  durationAtLeast: duration().prefault('15m').describe('But only if it took longer than so much.'),
})

export const ns8Options = z.strictObject({
  redis: redisUrl
    .prefault('redis://127.0.0.1:6379')
    .describe(
      "The cluster's Redis. The user default may read all that is needed; a password in the address is never shown.",
    ),
  alertmanager: z
    .union([alertmanagerUrl, z.literal(false)])
    .prefault('http://127.0.0.1:9093')
    .describe('The Alertmanager whose firing backup alerts are fetched; false: only what it sends to /alert counts.'),
  alertPoll: duration({ minMs: 1000 }).prefault('60s').describe('How often it is asked.'),
  poll: duration({ minMs: 1000 })
    .prefault('5m')
    .describe('How often all of Redis is read again, beside the moments in which it says that something changed.'),
  settle: duration().prefault('30s').describe('How long after an alert the statuses of the plan are first judged.'),
  startGrace: duration().prefault('15m').describe('How late a run may begin.'),
  retryWindow: duration()
    .prefault('1h')
    .describe('How long NethServer itself tries again while a module is busy; before that nothing is called missed.'),
  provisionalAfter: duration()
    .prefault('15m')
    .describe('When a run that goes on after a first failure is told of, before its end is known.'),
  probe: z
    .union([probe, z.literal(false)])
    .prefault({})
    .describe('How the restic repositories are looked at; false: not at all.'),
  digest: z
    .union([digest, z.literal(false)])
    .prefault({})
    .describe('The regular report over all plans; false: none.'),
  trends: z
    .union([trends, z.literal(false)])
    .prefault({})
    .describe('Which changes of size and duration between good runs are worth a word; false: none.'),
  zones: z
    .record(z.string().regex(/^[0-9]+$/, 'a node is named by its number, such as 2'), timezone())
    .default({})
    .describe("Time zones of single nodes, as in `2: Europe/Rome`. The other nodes are in the source's timezone."),
  plans: z
    .array(
      z
        .union([z.int().min(0), z.string().refine(isPlanId, { error: 'a plan is named by its number, such as 1' })])
        .transform(String),
    )
    .optional()
    .describe('Only these plans, by their numbers. Default: all.'),
})

export type Ns8Options = z.infer<typeof ns8Options>
