// A draft as a post that fits: the body is shortened, by whole lines; title, first link and mention always stand in it.
import { countLength, cutToFit, type Counting } from '../../lib/fediverse/length.ts'
import { pens, type Markup, type Pen } from '../../lib/fediverse/escape.ts'
import { readAccount } from '../../lib/fediverse/account.ts'
import type { Draft, Row } from './draft.ts'
import type { Options } from './options.ts'

export interface Space {
  readonly maxLength: number
  /** Of the spoiler, where it counts by itself. */
  readonly maxSpoiler?: number
  readonly counting: Counting
  readonly markup: Markup
}

export interface Post {
  readonly status: string
  readonly spoiler?: string
  /** The account it calls. */
  readonly mention?: string
}

/** Before what is over: there must be room for it in every post that may get it. */
export const overMark = '✅ Over: '

export function fit(draft: Draft, options: Pick<Options, 'spoiler' | 'mention'>, space: Space): Post {
  const pen = pens[space.markup]
  const count = (text: string): number => countLength(text, space.counting)
  const mention = mentionOf(draft, options)
  const isFolded =
    draft.answers === undefined &&
    (options.spoiler === 'always' || (options.spoiler === 'summary' && draft.folded && draft.rows.length > 0))
  const reserved = draft.answers === undefined ? count(overMark) : 0
  const called = draft.answers !== undefined && mention !== undefined ? `${mention} ` : ''
  const calling = called === '' && mention !== undefined ? [mention] : []
  const endingOf = (links: readonly string[]): string[] => [
    ...(links.length > 0 ? ['', ...links] : []),
    ...(calling.length > 0 ? ['', ...calling] : []),
  ]
  let links = draft.links.map(({ text, href }) => `${pen.line(text)}: ${pen.address(href)}`)
  const roomBeside = (): number =>
    space.maxLength - reserved - count(called) - count(pen.lines(['', ...endingOf(links)]))
  // Further links go before the title is cut; the first one only where not even a short title has room.
  const least = Math.min(shortTitle, count(pen.strong(draft.title)))
  while (links.length > 1 && roomBeside() < least + shortBody) links = links.slice(0, -1)
  if (roomBeside() < least) links = []

  // Beside a long title something of the body has to be seen.
  const titleRoom = Math.min(roomBeside(), Math.max(longTitle, Math.floor(space.maxLength / 3)))
  const spoilerRoom = Math.min(titleRoom, (space.maxSpoiler ?? Infinity) - reserved)
  // A spoiler knows no markup anywhere.
  const spoiler = isFolded ? cutWritten(draft.title, spoilerRoom, pens.plain.text, count) : undefined
  const head = isFolded ? [] : [called + cutWritten(draft.title, titleRoom, pen.strong, count)]
  const ending = endingOf(links)
  const fixed = [...head, ...ending]
  const used = count(pen.lines(fixed)) + (spoiler === undefined || space.maxSpoiler !== undefined ? 0 : count(spoiler))
  const room = space.maxLength - reserved - used
  const body = fitRows(draft, pen, count, room, head.length > 0)
  const blocks = [...head, ...body, ...ending]
  // With a spoiler there may be nothing else to say; a post without text is refused.
  const first = blocks.findIndex((line) => line !== '')
  return {
    status: first < 0 ? '…' : pen.lines(blocks.slice(first)),
    ...(spoiler === undefined ? {} : { spoiler }),
    ...(mention === undefined ? {} : { mention }),
  }
}

/** So much of a title is always shown. */
const shortTitle = 100
const longTitle = 130
const shortBody = 60

/** An answer calls who asked, and nobody else. */
function mentionOf({ answers }: Draft, { mention }: Pick<Options, 'mention'>): string | undefined {
  const wanted = answers === undefined ? mention : answers.account
  return wanted === undefined || readAccount(wanted) === undefined ? undefined : wanted
}

/** Cut before it is written, so that no markup is cut in two. */
function cutWritten(
  text: string,
  room: number,
  write: (words: string) => string,
  count: (text: string) => number,
): string {
  const lengthOf = (words: string): number => count(write(words))
  return write(cutToFit(text, room, lengthOf))
}

/** Marked rows before others, all in their order; what is left out is counted. */
function fitRows(draft: Draft, pen: Pen, count: (text: string) => number, room: number, hasHead: boolean): string[] {
  const { rows, left } = draft
  const written = rows.map((row) => writeRow(row, pen))
  const newline = count(pen.lines(['', '']))
  const cost = (index: number): number => count(written[index] ?? '') + newline * (rows[index]?.gap ? 2 : 1)
  const costs = rows.map((_, index) => cost(index))
  const total = costs.reduce((sum, one) => sum + one, 0) + (hasHead ? newline : 0)
  if (left === 0 && total <= room) return lay(rows, written, new Set(rows.keys()), hasHead)

  const order = [...rows.keys()].sort(
    (a, b) => Number(rows[b]?.first ?? false) - Number(rows[a]?.first ?? false) || a - b,
  )
  const kept = new Set<number>()
  // For a blank line under the title and for the line that counts what is left out.
  let rest = room - newline * 3 - count(leftWords(rows.length + left))
  for (const index of order) {
    const one = costs[index] ?? 0
    if (one > rest) {
      // The first one that matters is rather cut than lost.
      if (kept.size > 0 || rest < shortRow) continue
      const row = rows[index] as Row
      const space = rest - newline * 2
      written[index] = cutRow(row, pen, space, count)
      if (count(written[index] ?? '') > space) continue
      kept.add(index)
      rest = 0
      continue
    }
    kept.add(index)
    rest -= one
  }
  const missing = rows.length - kept.size + left
  const shown = lay(rows, written, kept, hasHead)
  if (missing === 0 || room < count(leftWords(missing)) + newline) return shown
  return [...shown, pen.text(leftWords(missing))]
}

const shortRow = 30

function lay(rows: readonly Row[], written: readonly string[], kept: ReadonlySet<number>, hasHead: boolean): string[] {
  const lines: string[] = []
  for (const [index, row] of rows.entries()) {
    if (!kept.has(index)) continue
    // A blank line under the title, and where the writer had one.
    if (lines.length === 0 ? hasHead : row.gap) lines.push('')
    lines.push(written[index] ?? '')
  }
  return lines
}

/** In the form of the Janitor's report; as a list, since some servers join lines of Markdown into one. */
function writeRow({ name, value, code, note }: Row, pen: Pen): string {
  const shown = code === true ? pen.code(value) : name === undefined ? pen.line(value) : pen.text(value)
  const behind = note === undefined ? '' : ` (${pen.text(note)})`
  return name === undefined ? `${shown}${behind}` : `- ${pen.strong(name)}: ${shown}${behind}`
}

function cutRow(row: Row, pen: Pen, room: number, count: (text: string) => number): string {
  const { note: _note, ...bare } = row
  const write = (value: string): string => writeRow({ ...bare, value }, pen)
  return cutWritten(row.value, room, write, count)
}

function leftWords(count: number): string {
  return count === 1 ? '… 1 more line' : `… ${count} more lines`
}
