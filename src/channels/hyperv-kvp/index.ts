// The host of a Hyper-V guest, and on Azure the cloud: messages as records of the guest's key-value pool, without a network.
import { createHash } from 'node:crypto'
import type { ChannelKind } from '../../channel.ts'
import type { KvpEvent } from '../../lib/kvp/event.ts'
import type { Written } from '../../lib/kvp/reporting.ts'
import { cleanLine, cleanText, cutText } from '../../lib/text.ts'
import type { Message, Outcome } from '../../words.ts'
import { options, type Options } from './options.ts'
import { reporterFor } from './reporters.ts'

const textLength = 16_000
const titleLength = 500

export default {
  about: 'Writes messages to the key-value pool of a Hyper-V guest, where the host reads them; no network is needed.',
  options,
  example: { path: '/var/lib/hyperv/.kvp_pool_1', maxRecords: 500 },
  limits: {
    length: textLength,
    markup: 'plain',
    edit: false,
    thread: false,
    attach: false,
    // An attempt has the keys of the one before, and the host keeps one value for a key.
    idempotency: true,
    // What is under way at once goes into one append.
    concurrency: 32,
  },

  render(message) {
    const text = textOf(message)
    return [{ text, payload: { ...toEvent(message, text) } }]
  },

  async send(part, options, { delivery, log }) {
    const reporter = await reporterFor(options, log)
    const uuid = toUuid(delivery.idempotencyKey)
    const event = part.payload as unknown as KvpEvent
    return toOutcome(await reporter.write(event, { uuid, unlessThere: delivery.attempt > 1 }))
  },
} satisfies ChannelKind<Options>

/** A stage is told as one; of all else the title is the name, and the type says how much it matters. */
function toEvent({ stage, title, severity, at }: Message, text: string): KvpEvent {
  if (stage === undefined)
    return { type: severity, name: cutText(cleanLine(title), titleLength) || '?', description: text, at }
  const { type, name, description, result, durationSeconds } = stage
  return {
    type,
    name: cutText(cleanLine(name), titleLength) || '?',
    description: cutText(cleanText(description), textLength),
    at,
    ...(result === undefined ? {} : { result }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
  }
}

function textOf({ title, fields, lines, notes }: Message): string {
  const rows = [
    cutText(cleanLine(title), titleLength) || '?',
    ...fields.map(({ name, value, note }) => {
      const behind = (note ?? '').trim() === '' ? '' : ` (${cleanLine(note ?? '')})`
      return `${cleanLine(name)}: ${cleanLine(value) || '?'}${behind}`
    }),
    ...lines.map((paragraph) => cleanText(paragraph).trim()),
    ...notes.map(cleanLine),
  ]
  return cutText(rows.join('\n'), textLength)
}

/** Of version 8: made of what we have, as RFC 9562 allows. */
function toUuid(key: string): string {
  const hex = createHash('sha256').update(key).digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function toOutcome(written: Written): Outcome {
  if (written.ok) return { ok: true }
  const { reason, detail } = written
  const sentence = detail.endsWith('?') ? detail : `${detail}.`
  return { ok: false, ...outcomes[reason], maybeDelivered: false, detail: sentence }
}

/** All but what cannot be said or has no room may change by itself: the daemon starts late, a disk is made writable again. */
const outcomes = {
  absent: { reason: 'unreachable', retry: true },
  forbidden: { reason: 'unauthorised', retry: true },
  full: { reason: 'server-error', retry: true },
  locked: { reason: 'timeout', retry: true },
  failed: { reason: 'server-error', retry: true },
  invalid: { reason: 'rejected', retry: false },
  crowded: { reason: 'rejected', retry: false },
} as const
