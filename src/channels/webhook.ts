// Any program that takes JSON over HTTP, signed as Standard Webhooks say, so that it can tell us from others.
import { z } from 'zod'
import type { ChannelKind, ChannelPlace } from '../channel.ts'
import { toOutcome } from '../lib/http-outcome.ts'
import type { HttpAnswer } from '../lib/http.ts'
import { authorizeByOAuth } from '../lib/oauth1.ts'
import { duration, secret } from '../lib/schema.ts'
import { isWebhookSecret, signWebhook } from '../lib/standard-webhooks.ts'
import { cleanLine, cleanText, cutText } from '../lib/text.ts'
import type { Json, Message, MessageStage } from '../words.ts'

const options = z.strictObject({
  url: secret()
    .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
      error: 'this is no http or https address; write one such as https://example.org/hook',
    })
    .describe(
      'Address that gets a POST with JSON for every message. Addresses often hold a token, so it is never shown.',
    ),
  secret: secret()
    .refine(isWebhookSecret, {
      error: 'write whsec_ and 24 to 64 bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)',
    })
    .optional()
    .describe('Secret shared with the receiver; with it every message carries a webhook-signature (HMAC-SHA256).'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/), secret())
    .optional()
    .describe('More headers, such as Authorization; those that Sereno sets itself cannot be replaced.'),
  // The hub calls off what takes longer than half a minute.
  timeout: duration({ minMs: 1000, maxMs: 30_000 })
    .prefault('10s')
    .describe('How long an attempt may take until it is answered; then it is made again later.'),
  body: z
    .enum(['sereno', 'cloud-init'])
    .prefault('sereno')
    .describe(
      "What is posted: cloud-init is the JSON of that program's own webhook (name, description, event_type, origin, timestamp, result, duration, files), for receivers that know it, such as MAAS.",
    ),
  oauth: z
    .strictObject({
      consumerKey: secret().describe('Key of the consumer.'),
      consumerSecret: secret().optional().describe('Its secret; MAAS has none.'),
      tokenKey: secret().describe('Key of the token.'),
      tokenSecret: secret().describe('Its secret.'),
    })
    .optional()
    .describe('Keys of OAuth 1.0 (PLAINTEXT), as MAAS gives them to its machines.'),
})

type Options = z.infer<typeof options>

/** Standard Webhooks advise to stay small, "usually smaller than 20kb". */
const textLength = 16_000
const titleLength = 500
const fieldLength = 2000
const mostItems = 100

export default {
  about: 'Posts JSON to any address, signed as Standard Webhooks say.',
  options,
  example: { url: 'https://example.org/hooks/sereno', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
  limits: {
    length: textLength,
    markup: 'plain',
    edit: false,
    thread: false,
    attach: false,
    // Receivers drop repeats by webhook-id; that is what it is for.
    idempotency: true,
  },

  render(message, { body }, place) {
    const text = textOf(message)
    return [{ text, payload: body === 'cloud-init' ? asCloudInit(message, text) : payloadOf(message, text, place) }]
  },

  async send(part, options, { delivery, request, signal, now }) {
    const body = JSON.stringify(part.payload)
    const signed = signWebhook(
      { id: delivery.idempotencyKey, now: now(), body },
      options.secret === undefined ? [] : [options.secret],
    )
    const extra = Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
    const { oauth, url, timeout: timeoutMs } = options
    const headers = {
      'user-agent': 'Sereno',
      ...Object.fromEntries(extra),
      'content-type': 'application/json',
      ...signed,
      ...(oauth === undefined ? {} : { authorization: authorize(oauth, now() + (skews.get(url) ?? 0)) }),
    }
    const answer = await request({ url, headers, body, signal, timeoutMs })
    const secrets = [
      url,
      options.secret ?? '',
      ...Object.values(options.headers ?? {}),
      ...Object.values(oauth ?? {}).filter((one) => one !== undefined),
    ]
    const outcome = toOutcome(answer, { now: now(), secrets })
    const again = oauth !== undefined && !outcome.ok && learnSkew(url, answer, now())
    return again ? { ...outcome, retry: true, retryAfterMs: 1000 } : outcome
  },
} satisfies ChannelKind<Options>

/** How far the clock of a receiver is ahead of ours, where OAuth made it refuse. */
const skews = new Map<string, number>()
const mostSkews = 100
const leastSkewMs = 5000

/** Whether the refusal may have been for our clock, which a machine has wrong while it boots; the next attempt goes by the receiver's. */
function learnSkew(url: string, answer: HttpAnswer, now: number): boolean {
  if (!answer.answered || (answer.status !== 401 && answer.status !== 403)) return false
  const skew = Date.parse(answer.headers['date'] ?? '') - now
  if (!(Math.abs(skew - (skews.get(url) ?? 0)) > leastSkewMs)) return false
  if (skews.size >= mostSkews) skews.clear()
  skews.set(url, skew)
  return true
}

function authorize(keys: NonNullable<Options['oauth']>, now: number): string {
  return authorizeByOAuth({ ...keys, consumerSecret: keys.consumerSecret ?? '' }, now)
}

/** https://github.com/canonical/cloud-init/blob/main/cloudinit/reporting/events.py */
function asCloudInit({ stage, title, severity, at }: Message, text: string): Json {
  const said: Omit<MessageStage, 'type'> = stage ?? { name: title, description: text }
  const { name, description, origin, result, durationSeconds, files } = said
  return {
    name: cutText(cleanLine(name), titleLength) || '?',
    description: cutText(cleanText(description), textLength),
    event_type: stage?.type ?? severity,
    origin: origin ?? 'sereno',
    timestamp: at / 1000,
    ...(result === undefined ? {} : { result }),
    ...(durationSeconds === undefined ? {} : { duration: durationSeconds }),
    ...(files === undefined ? {} : { files }),
  }
}

function payloadOf(message: Message, text: string, place: ChannelPlace): Json {
  const [id] = message.ids
  const why =
    place.hubUrl === undefined || id === undefined ? undefined : `${place.hubUrl.replace(/\/$/, '')}/events/${id}`
  return {
    type: 'sereno.message',
    timestamp: new Date(message.at).toISOString(),
    data: {
      ids: message.ids.slice(0, mostItems),
      title: cutText(cleanLine(message.title), titleLength),
      severity: message.severity,
      text,
      fields: message.fields.slice(0, mostItems).map(({ name, value, note }) => ({
        name: cutText(cleanLine(name), titleLength),
        value: cutText(cleanText(value), fieldLength),
        ...(note === undefined ? {} : { note: cutText(cleanLine(note), titleLength) }),
      })),
      links: message.links.slice(0, mostItems).map(({ text, url }) => ({ text: cleanLine(text), url })),
      notes: message.notes.slice(0, mostItems).map((note) => cutText(cleanLine(note), fieldLength)),
      ...(message.icon === undefined ? {} : { icon: cleanLine(message.icon) }),
      ...(why === undefined ? {} : { url: why }),
      ...(message.stage === undefined ? {} : { stage: toJson(message.stage) }),
    },
  }
}

/** As cloud-init's webhook has it: name, description, result, and files in base64. */
function toJson({ name, description, ...stage }: MessageStage): Json {
  return {
    ...stage,
    name: cutText(cleanLine(name), titleLength),
    description: cutText(cleanText(description), textLength),
  }
}

/** The whole message as plain text, for receivers that only pass it on. */
function textOf({ title, fields, lines, notes, links }: Message): string {
  const rows = [
    cutText(cleanLine(title), titleLength) || '?',
    ...fields.map(({ name, value, note }) => {
      const behind = (note ?? '').trim() === '' ? '' : ` (${cleanLine(note ?? '')})`
      return `${cleanLine(name)}: ${cutText(cleanLine(value), fieldLength) || '?'}${behind}`
    }),
    ...lines.map((paragraph) => cleanText(paragraph).trim()),
    ...notes.map(cleanLine),
    ...links.map(({ text, url }) => `${cleanLine(text)}: ${cleanLine(url)}`),
  ]
  return cutText(rows.join('\n'), textLength)
}
