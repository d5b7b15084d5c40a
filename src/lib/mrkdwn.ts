// Slack's markup: plain words made harmless in it, cut and split without breaking an entity.
// https://docs.slack.dev/messaging/formatting-message-text
import { breakAt, cleanLine, cleanText, cutText } from './text.ts'

/** One line of at most `max` units; what is empty is shown as `?`. */
export function toLine(text: string, max: number): string {
  const escaped = escape(cleanLine(text))
  if (escaped.length <= max) return escaped || '?'
  const at = cutText(escaped, max).length - 1
  return `${escaped.slice(0, outsideEntity(escaped, at))}…`
}

/** Lines of at most `max` units, with at most one empty line between two others. */
export function toLines(text: string, max: number): string[] {
  const escaped = escape(cleanText(text).trim()).replace(/\n\s*\n\s*\n/g, '\n\n')
  return escaped.split('\n').flatMap((line) => splitLine(line, max))
}

/** `<url|text>` for the web and mail; any other address stands as plain text. */
export function toLink(text: string, url: string, max: number): string {
  const parsed = URL.parse(cleanLine(url))
  const words = toLine(text, max / 4)
  if (!parsed || !/^(?:https?|mailto):$/.test(parsed.protocol)) return `${words}: ${toLine(url, max / 2)}`
  const href = escape(parsed.href.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E'))
  return href.length > max / 2 ? words : `<${href}|${words.replaceAll('|', '/')}>`
}

/** There is no way to write a backtick inside of code; a word joiner keeps @here from calling anyone. */
function escape(text: string): string {
  return text
    .replaceAll('`', "'")
    .replace(/@(?=(?:here|channel|everyone|group))/gi, '@\u2060')
    .replace(/[&<>]/g, (character) => entities[character] ?? '')
}

const entities: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

function splitLine(line: string, max: number): string[] {
  const pieces: string[] = []
  let rest = line
  while (rest.length > max) {
    const at = outsideEntity(rest, breakAt(rest, max))
    pieces.push(rest.slice(0, at).trimEnd())
    rest = rest.slice(at)
  }
  return [...pieces, rest]
}

function outsideEntity(text: string, at: number): number {
  const open = text.lastIndexOf('&', at - 1)
  return open >= 0 && open > at - 5 && text.indexOf(';', open) >= at ? open : at
}
