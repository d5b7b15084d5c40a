// The hub's own standard output, for people who look at the terminal or the journal.
import { z } from 'zod'
import type { ChannelKind } from '../channel.ts'
import { cleanLine, cleanText, cutText } from '../lib/text.ts'
import type { Message, MessageField } from '../words.ts'

const options = z.strictObject({})

type Options = z.infer<typeof options>

const textLength = 16_000
const titleLength = 250
const fieldLength = 2000
/** Longer names stand out of the column instead of pushing it away from all others. */
const widestName = 24
const indent = '  '

export default {
  about: "Prints messages to the hub's own standard output.",
  options,
  example: {},
  limits: { length: textLength, markup: 'plain', edit: false, thread: false, attach: false, idempotency: false },

  render(message, _options, { zone }) {
    const text = cutText(
      [headOf(message, zone), ...rowsOf(message).map((row) => `${indent}${row}`)].join('\n'),
      textLength,
    )
    return [{ text, payload: null }]
  },

  async send(part, _options, { print }) {
    for (const line of part.text.split('\n')) print(line)
    return { ok: true }
  },
} satisfies ChannelKind<Options>

/** Time, severity and title; the id stands at the end, where `sereno why` wants it from. */
function headOf({ at, severity, title, ids }: Message, zone: string): string {
  const [id, ...others] = ids.map(cleanLine)
  const behind = id === undefined ? '' : `  [${id}${others.length > 0 ? ` and ${others.length} more` : ''}]`
  return `${timeFormat(zone).format(at)}  ${severity.toUpperCase()}  ${cutText(cleanLine(title), titleLength) || '?'}${behind}`
}

function rowsOf({ fields, lines, notes, links }: Message): string[] {
  const names = fields.map(({ name }) => cutText(cleanLine(name), titleLength))
  const width = Math.max(0, ...names.map(lengthOf).filter((length) => length <= widestName))
  const rows = fields.map((field, index) => {
    const name = names[index] ?? ''
    return `${name}${' '.repeat(Math.max(0, width - lengthOf(name)))}  ${valueOf(field)}`
  })
  return [
    ...rows,
    ...lines.flatMap((paragraph) => cleanText(paragraph).trim().split('\n')),
    ...notes.map((note) => `(${cleanLine(note)})`),
    ...links.map(({ text, url }) => `${cleanLine(text)}: ${cleanLine(url)}`),
  ]
}

function valueOf({ value, note }: MessageField): string {
  const behind = (note ?? '').trim() === '' ? '' : ` (${cutText(cleanLine(note ?? ''), titleLength)})`
  return `${cutText(cleanLine(value), fieldLength) || '?'}${behind}`
}

/** Code points; a terminal shows some of them wider, which only bends the column. */
function lengthOf(text: string): number {
  return Array.from(text).length
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** As `2026-11-20 14:08:31`, in the zone of who reads it. */
function timeFormat(zone: string): Intl.DateTimeFormat {
  const known =
    formats.get(zone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  formats.set(zone, known)
  return known
}
