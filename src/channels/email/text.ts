// The subject of a mail, and its plain form, for programs that show no other and for what replay prints.
import { cutText } from '../../lib/text.ts'
import type { Content, ContentField } from './content.ts'

/** More is cut off by mail programs. */
const subjectLength = 200

export function toSubject(content: Content, prefix = ''): string {
  const space = prefix === '' || prefix.endsWith(']') ? '' : ' '
  return `${prefix}${space}${headOf({ ...content, title: cutText(content.title, subjectLength) })}`
}

export function toText(content: Content): string {
  const { fields, paragraphs, notes, links, footer, why } = content
  return [
    headOf(content),
    fields.map(toRow).join('\n'),
    ...paragraphs,
    notes.join('\n'),
    links.map(({ text, url }) => `${text}: ${url}`).join('\n'),
    `${footer}${why === undefined ? '' : `\nWhy this was told: ${why}`}`,
  ]
    .filter((block) => block !== '')
    .join('\n\n')
}

function headOf({ severity, title }: Content): string {
  return `[${severity.toUpperCase()}] ${title}`
}

function toRow({ name, value, note }: ContentField): string {
  return `${name}: ${value}${note === undefined ? '' : ` (${note})`}`
}
