// A message as the pieces of a post, cleaned and bounded, before it is known how much of it fits and in which markup.
import type { ChannelPlace } from '../../channel.ts'
import { readAccount } from '../../lib/fediverse/account.ts'
import { cleanLine, cleanText, cutText } from '../../lib/text.ts'
import type { Asked, Graph, Message, MessageField, Severity } from '../../words.ts'
import { emojis } from './emojis.ts'

/** What a part carries to `send`, where the server's limits are known. */
export interface Draft {
  /** With its icon. */
  readonly title: string
  readonly rows: readonly Row[]
  /** Lines beyond what any post could show. */
  readonly left: number
  /** The first is never left out. */
  readonly links: readonly { readonly text: string; readonly href: string }[]
  readonly folded: boolean
  readonly graphs: readonly Graph[]
  readonly answers?: Asked
}

export interface Row {
  readonly name?: string
  readonly value: string
  readonly code?: true
  readonly note?: string
  /** Comes before others when not all fit. */
  readonly first?: true
  /** A blank line stands before it. */
  readonly gap?: true
}

/** Some servers take much more; who wants that much reads the event. */
const mostRows = 1000
const bodyLength = 20_000
const rowLength = 2000
const nameLength = 100
const noteLength = 300
const titleLength = 250
const mostLinks = 4
const urlLength = 400
/** As many as Mastodon takes. */
const mostGraphs = 4

export function toDraft(message: Message, place: ChannelPlace): Draft {
  const { answers } = message
  const all = [...rowsOf(message)]
  const rows = boundRows(all)
  return {
    title: titleOf(message),
    rows,
    left: all.length - rows.length,
    links: linksOf(message, place),
    folded: message.folded === true,
    graphs: (message.graphs ?? []).slice(0, mostGraphs),
    ...(answers === undefined || readAccount(answers.account) === undefined ? {} : { answers: answered(answers) }),
  }
}

function answered({ handle, account, visibility }: Asked): Asked {
  return { handle, account: account.startsWith('@') ? account : `@${account}`, visibility }
}

const severityEmojis: { readonly [severity in Severity]: string } = {
  info: '',
  warning: '⚠️',
  error: '🔥',
  critical: '🚨',
}

function titleOf({ icon, severity, title }: Message): string {
  const words = cutText(cleanLine(title), titleLength) || '?'
  const known = icon !== undefined && Object.hasOwn(emojis, icon) ? emojis[icon] : undefined
  const emoji = known ?? severityEmojis[severity]
  return emoji === '' || words.startsWith(emoji) ? words : `${emoji} ${words}`
}

function* rowsOf(message: Message): Generator<Row> {
  for (const field of message.fields) yield fieldRow(field)
  for (const paragraph of message.lines) {
    let gap = true
    for (const line of linesOf(paragraph)) {
      if (line === '') gap = true
      else {
        const value = cutText(unstar(line), rowLength)
        yield { value, ...firstIf(value), ...(gap ? { gap } : {}) }
        gap = false
      }
    }
  }
  for (const [index, note] of message.notes.entries()) {
    const value = cutText(cleanLine(note), noteLength)
    if (value !== '') yield { value, first: true, ...(index === 0 ? { gap: true } : {}) }
  }
}

function fieldRow({ name, value, code, note }: MessageField): Row {
  const shown = cutText(cleanLine(value), rowLength) || '?'
  const behind = cutText(cleanLine(note ?? ''), noteLength)
  return {
    name: cutText(cleanLine(name), nameLength) || '?',
    value: shown,
    ...(code === true ? { code } : {}),
    ...(behind === '' ? {} : { note: behind }),
    ...firstIf(`${shown} ${behind}`),
  }
}

function linesOf(paragraph: string): string[] {
  // No more than could be shown; a pattern for blanks at a line's end would take quadratic time on a long run of them.
  return cleanText(paragraph.slice(0, bodyLength * 2))
    .split('\n')
    .map((line) => line.trimEnd())
}

/** What is wrong among much that is right is marked, such as a line of a report over its limit. */
function firstIf(text: string): { readonly first?: true } {
  return /[❗‼⚠🔥🚨❌✗]/u.test(text) ? { first: true } : {}
}

/** Nobody renders `**bold**` of a stranger, so its stars only stand in the way. */
function unstar(line: string): string {
  return line.replace(/(^|[^\w*])\*\*([^\s*](?:[^*]*[^\s*])?)\*\*(?![\w*])/g, '$1$2')
}

function boundRows(rows: readonly Row[]): Row[] {
  let room = bodyLength
  return rows.slice(0, mostRows).filter(({ name, value, note }) => {
    room -= (name ?? '').length + value.length + (note ?? '').length + 6
    return room >= 0
  })
}

/** The way to the reason stands first, however many others there are. */
function linksOf({ links, ids }: Message, { hubUrl }: ChannelPlace): Draft['links'] {
  const [id] = ids
  const own =
    hubUrl === undefined || id === undefined ? [] : [{ text: 'why', url: `${hubUrl.replace(/\/$/, '')}/events/${id}` }]
  const seen = new Set<string>()
  const fit: { text: string; href: string }[] = []
  for (const { text, url } of [...own, ...links]) {
    const href = url.length > urlLength * 2 ? undefined : toHref(url)
    if (href === undefined || seen.has(href) || fit.length === mostLinks) continue
    seen.add(href)
    fit.push({ text: cutText(cleanLine(text), 60) || 'link', href })
  }
  return fit
}

function toHref(url: string): string | undefined {
  const parsed = URL.parse(cleanLine(url))
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '') return undefined
  return parsed.href.length <= urlLength ? parsed.href : undefined
}
