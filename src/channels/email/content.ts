// A message made fit for a mail: cleaned of what must not stand there, cut to a length, and still without markup.
import type { ChannelPlace } from '../../channel.ts'
import { localTime } from '../../lib/local-time.ts'
import { breakAt, cleanLine, cleanText, cutText } from '../../lib/text.ts'
import type { Message, MessageField, Severity } from '../../words.ts'

export interface Content {
  readonly severity: Severity
  readonly title: string
  readonly fields: readonly ContentField[]
  /** Of one line or more. */
  readonly paragraphs: readonly string[]
  readonly notes: readonly string[]
  readonly links: readonly ContentLink[]
  /** "Event a1, b2 and 3 more" and the time of the first. */
  readonly footer: string
  /** Where the hub says why this was told. */
  readonly why?: string
}

export interface ContentField {
  readonly name: string
  readonly value: string
  readonly code: boolean
  readonly note?: string
}

export interface ContentLink {
  readonly text: string
  readonly url: string
  /** Safe to follow: an address of the web or of a mailbox, in its normal form. */
  readonly href?: string
}

/** Fields and paragraphs together; what is beyond is counted and left to the event, lest mail programs choke on it. */
const bodyLength = 50_000
const titleLength = 400
const nameLength = 100
const valueLength = 2000
const noteLength = 500
const urlLength = 1500
const mostFields = 100
const mostNotes = 20
const mostLinks = 10
const namedIds = 5
const idLength = 80

/** No text made of a content is longer. */
export const textLength =
  bodyLength + titleLength + (mostNotes + 1) * noteLength + (mostLinks + 1) * (urlLength + 200) + 1000

export function readContent(message: Message, place: ChannelPlace): Content {
  const { fields, paragraphs, left } = takeBody(message)
  const why = whyUrl(message, place)
  const missing = left === 1 ? '1 more line is' : `${left} more lines are`
  const notes = message.notes.slice(0, mostNotes).map((note) => toLine(note, noteLength))
  return {
    severity: message.severity,
    title: toLine(message.title, titleLength),
    fields,
    paragraphs,
    notes: left === 0 ? notes : [`… ${missing} left out; the event has all.`, ...notes],
    links: message.links
      .filter(({ url }) => url !== why)
      .slice(0, mostLinks)
      .map(toContentLink),
    footer: footerOf(message, place),
    ...(why === undefined ? {} : { why }),
  }
}

function takeBody(message: Message): Pick<Content, 'fields' | 'paragraphs'> & { readonly left: number } {
  let room = bodyLength
  let left = 0
  const fields = message.fields.map(toContentField).filter((field, index) => {
    room -= field.name.length + field.value.length + (field.note ?? '').length + 6
    const fits = room >= 0 && index < mostFields
    if (!fits) left += 1
    return fits
  })
  const paragraphs: string[] = []
  for (const text of message.lines.map(toParagraph).filter((paragraph) => paragraph !== '')) {
    // A single unit could be half a character.
    const at = room < 2 ? 0 : breakAt(text, room)
    room -= at + 2
    if (at > 0) paragraphs.push(text.slice(0, at).trimEnd())
    if (at < text.length) left += text.slice(at).split('\n').length
  }
  return { fields, paragraphs: paragraphs.filter((paragraph) => paragraph !== ''), left }
}

function toContentField({ name, value, code, note }: MessageField): ContentField {
  const said = cutText(cleanLine(note ?? ''), noteLength)
  return {
    name: toLine(name, nameLength),
    value: toLine(value, valueLength),
    code: code === true,
    ...(said === '' ? {} : { note: said }),
  }
}

function toContentLink({ text, url }: Message['links'][number]): ContentLink {
  const shown = toLine(url, urlLength)
  const parsed = URL.parse(cleanLine(url))
  const isSafe = parsed !== null && /^(?:https?|mailto):$/.test(parsed.protocol) && parsed.href.length <= urlLength
  return { text: toLine(text, 200), url: isSafe ? parsed.href : shown, ...(isSafe ? { href: parsed.href } : {}) }
}

/** Indentation stays; empty lines in a row become one. */
function toParagraph(text: string): string {
  // Line by line: a pattern for blanks before a line's end takes quadratic time on a long run of blanks within it.
  const lines = cleanText(text)
    .split('\n')
    .map((line) => line.trimEnd())
  const first = lines.findIndex((line) => line !== '')
  const last = lines.findLastIndex((line) => line !== '')
  const kept = lines.slice(Math.max(first, 0), last + 1)
  return kept.filter((line, index) => line !== '' || kept[index - 1] !== '').join('\n')
}

function toLine(text: string, max: number): string {
  return cutText(cleanLine(text), max) || '?'
}

function footerOf({ ids, at }: Message, { zone }: ChannelPlace): string {
  const named = ids.slice(0, namedIds).map((id) => toLine(id, idLength))
  const more = ids.length - named.length
  const events = `${ids.length === 1 ? 'Event' : 'Events'} ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  const time = `${localTime(at, zone)} ${zone}`
  return named.length === 0 ? time : `${events}, ${time}`
}

function whyUrl({ ids }: Message, { hubUrl }: ChannelPlace): string | undefined {
  const [id] = ids
  const url = hubUrl === undefined || id === undefined ? undefined : `${hubUrl.replace(/\/$/, '')}/events/${id}`
  return url === undefined || URL.parse(url) === null || cleanLine(url) !== url ? undefined : url
}
