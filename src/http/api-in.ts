// The ways in that sources answer, as they are described: each is there where a source of its kind is.
import { z } from 'zod'
import { severityOf } from '../words.ts'
import { refusal } from './api-shapes.ts'
import type { DescribedRoute } from './openapi.ts'

const count = z.int().min(0)
const invalid = z
  .array(z.strictObject({ index: count.describe('Its place in the batch, from 0.'), message: z.string() }))
  .describe('Elements that are no events; kept as sereno.rejected.')
const time = z.iso.datetime({ offset: true }).describe('RFC 3339; without it, when it was received.')
const name = (about: string): z.ZodObject => z.object({ name: z.string().describe(about) })
const text = z.string()
const json = 'application/json'
const form = 'application/x-www-form-urlencoded'

/** CloudEvents 1.0 with our extensions; other extensions become labels. */
const cloudEvent = z.looseObject({
  specversion: z.literal('1.0'),
  id: text.describe('With source, known again when it is sent twice.'),
  source: text,
  type: text.describe('Such as backup.failed; sereno.* is ours.'),
  time: time.optional(),
  subject: text.optional(),
  datacontenttype: text.optional(),
  data: z.unknown().optional(),
  severity: z.enum([...severityOf.keys()] as [string, ...string[]]).optional(),
  host: text.optional(),
  condition: text.optional().describe('The key of what begins and ends.'),
  state: z.enum(['firing', 'changed', 'resolved']).optional().describe('Of the condition.'),
})

const accepted = z.strictObject({ accepted: count, duplicates: count, invalid })
const refused = { about: 'Nothing of it could be understood; the sentence says why.', shape: refusal }
const large = { about: 'More than is taken at once.', shape: refusal }
const notStored = { about: 'It could not be stored; send it again later.', shape: refusal }
const pace = { about: 'Too many from this address; Retry-After says how long to wait.', shape: refusal }

export const waysIn: readonly DescribedRoute[] = [
  {
    method: 'post',
    path: '/api/v1/events',
    name: 'sendEvents',
    summary: 'Takes CloudEvents 1.0: one, a batch, or one in headers. Answers when they are on disk.',
    bodies: {
      'application/cloudevents+json': cloudEvent,
      'application/cloudevents-batch+json': z.array(cloudEvent),
      [json]: z.union([cloudEvent, z.array(cloudEvent)]),
    },
    answers: {
      202: {
        about: 'At least one was taken, or there was none.',
        shape: accepted.extend({ ids: z.array(text).describe('Of the events, in order.') }),
      },
      400: {
        about: 'None could be understood.',
        shape: z.union([refusal, accepted.extend({ ids: z.array(text) })]),
      },
      413: large,
      503: notStored,
    },
  },
  {
    method: 'post',
    path: '/message',
    name: 'sendMessage',
    summary: 'Takes a message of a script, as a form or as JSON; for sources of kind message.',
    bodies: Object.fromEntries(
      [form, json].map((type) => [
        type,
        z.looseObject({
          hostname: text,
          message: text,
          message_type: text
            .optional()
            .describe('message, status, error, alert or another word that is listed when it is wrong.'),
          summary: text.optional().describe('Stands before the rest, which is folded away where the channel can.'),
        }),
      ]),
    ),
    answers: {
      200: { about: 'It is on disk.', shape: z.literal(200) },
      400: refused,
      413: large,
      429: pace,
      503: notStored,
    },
  },
  {
    method: 'post',
    path: '/sysinfo',
    name: 'sendSample',
    summary: 'Takes a sample of a host; for sources of kind sysinfo.',
    bodies: {
      [json]: z.looseObject({
        sys_data: z.looseObject({ hostname: text.optional() }).describe('Any metric that is a number is kept.'),
      }),
    },
    answers: {
      200: { about: 'It is on disk.', shape: z.literal(200) },
      400: {
        about: 'It is no sample.',
        shape: z.union([refusal, z.strictObject({ message: z.strictObject({ sys_data: text }) })]),
      },
      413: large,
      429: pace,
      503: notStored,
    },
  },
  {
    method: 'post',
    path: '/alert',
    name: 'sendClusterAlert',
    summary: 'Takes alerts of a NethServer 8 cluster; for sources of kind ns8-backup.',
    bodies: { [json]: z.unknown() },
    answers: {
      202: { about: 'It is on disk.', shape: accepted.extend({ ignored: count }) },
      400: refused,
      413: large,
      503: notStored,
    },
  },
  {
    method: 'post',
    path: '/api/v1/webhook/{name}',
    name: 'sendWebhook',
    summary: 'Takes what its kind of source takes: alertmanager, ns8-backup, proxmox.',
    params: name('The name of the source in the configuration.'),
    bodies: { [json]: z.unknown() },
    answers: {
      202: { about: 'It is on disk.', shape: z.looseObject({ accepted: count, duplicates: count }) },
      400: { about: 'Nothing of it could be understood.', shape: z.union([refusal, accepted]) },
      413: large,
      503: notStored,
    },
  },
  ...(['get', 'post'] as const).map((method): DescribedRoute => ({
    method,
    path: '/api/v1/heartbeat/{name}',
    name: method === 'get' ? 'ping' : 'sendHeartbeat',
    summary: 'Takes the call of a job: that it has begun, is done, or has failed.',
    params: name('The name of a watch of kind heartbeat.'),
    query: z.object({
      state: z.enum(['start', 'ok', 'fail', 'log']).optional().describe('Without it: ok.'),
      exitCode: z.int().optional().describe('Anything but 0 is a failure.'),
      message: text.optional(),
      runId: text.optional().describe('The same for the begin and the end of a run.'),
      durationSeconds: z.number().optional(),
    }),
    ...(method === 'get'
      ? {}
      : { bodies: { 'text/plain': text.describe('The end of its log.'), [json]: z.looseObject({}) } }),
    answers: {
      202: { about: 'It is on disk.', shape: z.strictObject({ accepted: z.literal(1) }) },
      400: refused,
      403: { about: 'A page of another site asked.', shape: refusal },
      404: { about: 'There is no such watch.', shape: refusal },
      413: large,
      429: pace,
      503: notStored,
    },
  })),
  {
    method: 'post',
    path: '/api/v1/agent',
    name: 'sendItems',
    summary: 'Takes what an agent saw, each item counted once; its token says who it is.',
    bodies: {
      [json]: z.looseObject({
        buffer: text.describe('The order that the items are in; a new one at each start.'),
        first: z.int().min(1).describe('The number of the first item; the others follow without a gap.'),
        sentAt: z.union([z.number(), time]).describe("By the agent's clock, in ms or RFC 3339."),
        items: z.array(z.unknown()),
        bootId: text.optional(),
        uptimeSeconds: z.number().optional(),
        host: text.optional(),
      }),
    },
    answers: {
      202: {
        about: 'All items up to `acked` are on disk.',
        shape: z.strictObject({ acked: z.int(), rechecks: z.array(z.looseObject({ id: text, source: text })) }),
      },
      400: refused,
      413: large,
      503: notStored,
    },
  },
]
