// Foreign text made fit for people: without control characters, cut and split between what a reader takes for one character.

/** Text of several lines: control characters are replaced, terminal sequences and invisible marks dropped. */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(terminalSequence, '')
    .replace(lineEnd, '\n')
    .replaceAll('\t', ' ')
    .replace(invisible, '')
    .replace(unreadable, '\ufffd')
}

/** The same on one line, without blanks around it. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ').trim()
}

/** At most `max` UTF-16 units, the last one an ellipsis when something was cut. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text
  return `${text.slice(0, boundaryAt(text, Math.max(0, max - 1)))}…`.slice(0, max)
}

/** At most so many bytes of UTF-8, without half a character at the end. */
export function cutBytes(text: string, most: number): string {
  if (text.length * 3 <= most) return text
  // A character cut in two at the end decodes to U+FFFD.
  return Buffer.from(text)
    .subarray(0, most)
    .toString()
    .replace(/\ufffd$/, '')
}

/**
 * Where text longer than `max` is best broken: behind a line end, behind a blank, else between two characters; at
 * least 1. `max` is 2 or more, since a single unit may be half a character.
 */
export function breakAt(text: string, max: number): number {
  if (text.length <= max) return text.length
  const line = text.lastIndexOf('\n', max - 1)
  if (line >= max / 2) return line + 1
  const blank = text.lastIndexOf(' ', max - 1)
  if (blank >= (max * 3) / 4) return blank + 1
  return Math.max(1, boundaryAt(text, max))
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** A character of more units than this is cut in two; only hostile ones are. */
const longestCharacter = 128

/** The last boundary between two characters at or before `index`. */
function boundaryAt(text: string, index: number): number {
  const from = Math.max(0, index - longestCharacter)
  const near = text.slice(from, index + longestCharacter)
  const found = segmenter.segment(near).containing(index - from)
  if (found && (found.index > 0 || from === 0) && from + found.index > 0) return from + found.index
  return isInsidePair(text, index) ? index - 1 : index
}

function isInsidePair(text: string, index: number): boolean {
  return /^[\udc00-\udfff]/.test(text.charAt(index)) && /^[\ud800-\udbff]/.test(text.charAt(index - 1))
}

/** ECMA-48: control sequences, and strings up to their end, such as colours and window titles. */
const terminalSequence =
  // eslint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u0090\u0098\u009c-\u009f]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-Z\\^-~]/g
const lineEnd = /\r\n|[\r\v\f\u0085\u2028\u2029]/g
/** Soft hyphens, zero-width marks and the like; the joiners U+200C and U+200D belong to scripts and emoji. */
const invisible = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb]/g
/** Controls but the line feed, and what turns the direction of reading. */
const unreadable = /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu
