// Slack's incoming webhooks, and what speaks like them (Mattermost).
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
import { z } from 'zod'
import type { ChannelKind, ChannelPlace, Part } from '../channel.ts'
import { detailOf, toOutcome } from '../lib/http-outcome.ts'
import { secret } from '../lib/schema.ts'
import { toLine, toLines, toLink } from '../lib/mrkdwn.ts'
import type { JsonObject, Message, MessageField, Severity } from '../words.ts'

const shortcode = z.string().regex(/^:?[a-z0-9_+'-]+:?$/, 'write an emoji shortcode such as :computer:')

const options = z.strictObject({
  url: secret()
    .refine(isWebhook, {
      error: 'this is no address of a webhook; copy it whole from Slack: https://hooks.slack.com/services/…',
    })
    .describe('Address of the incoming webhook. Who knows it can post, so keep it in the environment or a file.'),
  channel: z
    .string()
    .min(1)
    .optional()
    .describe('Channel to post to, such as #ops; only webhooks of the old kind heed it, others have one of their own.'),
  username: z.string().min(1).max(80).optional().describe('Name to post under; only webhooks of the old kind heed it.'),
  icon: shortcode
    .optional()
    .describe('Emoji to show as the picture of who posts, such as :lantern:; only webhooks of the old kind heed it.'),
})

type Options = z.infer<typeof options>

/** Documented: 3000 characters a section, 50 blocks. Seen: all blocks together are refused (msg_blocks_too_long) from about 13 000. */
const sectionLength = 3000
const partLength = 9000
/** More would bury the channel; the event keeps its whole text. */
const mostParts = 10
const titleLength = 250
const rowLength = 2400
/** For the mark of a part and the line on what was left out. */
const spareLength = 120
const idLength = 80
const namedIds = 5

export default {
  about: 'Posts to a Slack channel through an incoming webhook.',
  options,
  example: { url: 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX' },
  limits: {
    length: partLength,
    markup: 'mrkdwn',
    edit: false,
    thread: false,
    attach: false,
    idempotency: false,
    // Documented: about one message a second, short bursts apart.
    minIntervalMs: 1000,
  },

  render(message, options, place) {
    const title = titleOf(message)
    const parts = packParts([...rowsOf(message, place)], title)
    return parts.map((sections, index) => {
      const head = parts.length === 1 ? title : `${title} (${index + 1}/${parts.length})`
      const [first = '', ...others] = sections
      return toPart([first === '' ? head : `${head}\n${first}`, ...others], message, options, place)
    })
  },

  async send(part, { url }, { request, signal, now }) {
    const answer = await request({
      url,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(part.payload),
      signal,
    })
    const outcome = toOutcome(answer, { now: now(), secrets: [url] })
    if (!outcome.ok || !answer.answered || answer.cut || answer.body.trim() === 'ok') return outcome
    const detail = `${detailOf(answer, [url])}; Slack says "ok" to what it took, so is this the address of a webhook?`
    return { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail }
  },
} satisfies ChannelKind<Options>

function toPart(sections: readonly string[], message: Message, options: Options, place: ChannelPlace): Part {
  const text = sections.join('\n')
  // `verbatim` keeps Slack from making links and mentions out of plain words.
  const blocks: JsonObject[] = sections.map((section) => ({
    type: 'section',
    text: { type: 'mrkdwn', text: section, verbatim: true },
  }))
  const context = contextOf(message, place)
  if (context !== '') {
    blocks.push({ type: 'context', elements: [{ type: 'mrkdwn', text: context, verbatim: true }] })
  }
  const payload = {
    text,
    blocks,
    unfurl_links: false,
    unfurl_media: false,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.channel === undefined ? {} : { channel: options.channel }),
    ...(options.icon === undefined ? {} : { icon_emoji: `:${options.icon.replaceAll(':', '')}:` }),
  }
  return { text, payload }
}

const markers: { readonly [severity in Severity]: string } = {
  info: '',
  warning: ':warning: ',
  error: ':red_circle: ',
  critical: ':rotating_light: ',
}

function titleOf({ icon, severity, title }: Message): string {
  const isIcon = icon !== undefined && /^[a-z0-9_+'-]{1,64}$/.test(icon)
  return `${isIcon ? `:${icon}: ` : markers[severity]}${toLine(title, titleLength)}`
}

/** Everything below the title, by lines of mrkdwn. */
function* rowsOf(message: Message, place: ChannelPlace): Generator<string> {
  for (const field of message.fields) yield fieldRow(field)
  for (const paragraph of message.lines) yield* toLines(paragraph, rowLength)
  for (const note of message.notes) yield `_${toLine(note, rowLength)}_`
  const own = whyUrl(message, place)
  for (const { text, url } of message.links) if (url !== own) yield toLink(text, url, rowLength)
}

function fieldRow({ name, value, code, note }: MessageField): string {
  const shown = toLine(value, rowLength / 2)
  const behind = (note ?? '').trim() === '' ? '' : ` (${toLine(note ?? '', rowLength / 8)})`
  // There is no way to write an asterisk inside of bold.
  const bold = toLine(name, rowLength / 8).replaceAll('*', '∗')
  return `• *${bold}*: ${code ? `\`${shown}\`` : shown}${behind}`
}

/** The ids of what is told of, and where to read more. */
function contextOf(message: Message, place: ChannelPlace): string {
  const ids = message.ids.slice(0, namedIds).map((id) => toLine(id, idLength))
  const more = message.ids.length - ids.length
  const named = [...ids, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  const own = whyUrl(message, place)
  return own === undefined ? named : `${named} · ${toLink('why', own, rowLength)}`
}

function whyUrl({ ids }: Message, { hubUrl }: ChannelPlace): string | undefined {
  const [id] = ids
  return hubUrl === undefined || id === undefined ? undefined : `${hubUrl.replace(/\/$/, '')}/events/${id}`
}

/** Parts of sections of rows, each within Slack's limits with the title before it. */
function packParts(rows: readonly string[], title: string): string[][] {
  const head = title.length + spareLength
  const parts: string[][] = [[]]
  let partUsed = head
  let sectionUsed = head
  let section: string[] = []
  const closeSection = () => {
    const text = section.join('\n').replace(/^\n+|\n+$/g, '')
    if (text !== '') parts.at(-1)?.push(text)
    section = []
    sectionUsed = 0
  }
  for (const [index, row] of rows.entries()) {
    const size = row.length + 1
    if (partUsed + size > partLength) {
      closeSection()
      if (parts.length === mostParts) {
        parts.at(-1)?.push(`_… ${rows.length - index} more lines are left out; the event has them all._`)
        return parts
      }
      parts.push([])
      partUsed = head
      sectionUsed = head
    } else if (sectionUsed + size > sectionLength) closeSection()
    section.push(row)
    partUsed += size
    sectionUsed += size
  }
  closeSection()
  return parts
}

/** Slack's own takes no plain http, and who listens on the way could post. Others may stand in one's own network. */
function isWebhook(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || /\s/.test(text.trim())) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname !== 'hooks.slack.com')
}
