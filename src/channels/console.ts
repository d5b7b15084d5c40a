// The hub's own standard output, for people who look at the terminal or the journal.
import { z } from 'zod'
import type { ChannelKind } from '../channel.ts'
import { cleanLine, cleanText, cutText } from '../lib/text.ts'
import type { Message, MessageField } from '../words.ts'

/** https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html */
const levels = { crit: 2, err: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const
const levelOf = { critical: 'crit', error: 'err', warning: 'warning', info: 'info' } as const

const options = z.strictObject({
  level: z
    .enum(['severity', 'crit', 'err', 'warning', 'notice', 'info', 'debug'])
    .optional()
    .describe(
      "Level in front of each line, as systemd takes it for the journal (<4>): severity is the message's own, the others are one for all; absent: none.",
    ),
})

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

  render(message, { level }, { zone }) {
    const text = cutText(
      [headOf(message, zone), ...rowsOf(message).map((row) => `${indent}${row}`)].join('\n'),
      textLength,
    )
    const known = level === 'severity' ? levelOf[message.severity] : level
    return [{ text, payload: known === undefined ? null : { prefix: `<${levels[known]}>` } }]
  },

  async send(part, _options, { print }) {
    const { prefix = '' } = (part.payload ?? {}) as { readonly prefix?: string }
    for (const line of part.text.split('\n')) print(prefix + line)
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
