// Any program that takes JSON over HTTP, signed as Standard Webhooks say, so that it can tell us from others.
import { z } from 'zod'
import type { ChannelKind, ChannelPlace } from '../channel.ts'
import { toOutcome } from '../lib/http-outcome.ts'
import { secret } from '../lib/schema.ts'
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

  render(message, _options, place) {
    const text = textOf(message)
    return [{ text, payload: payloadOf(message, text, place) }]
  },

  async send(part, options, { delivery, request, signal, now }) {
    const body = JSON.stringify(part.payload)
    const signed = signWebhook(
      { id: delivery.idempotencyKey, now: now(), body },
      options.secret === undefined ? [] : [options.secret],
    )
    const extra = Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
    const headers = {
      'user-agent': 'Sereno',
      ...Object.fromEntries(extra),
      'content-type': 'application/json',
      ...signed,
    }
    const answer = await request({ url: options.url, headers, body, signal })
    const secrets = [options.url, options.secret ?? '', ...Object.values(options.headers ?? {})]
    return toOutcome(answer, { now: now(), secrets })
  },
} satisfies ChannelKind<Options>

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
