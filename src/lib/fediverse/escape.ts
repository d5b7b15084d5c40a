// Plain words of strangers made harmless in a post: nobody is called, nothing is tagged, nothing becomes markup.

/** `mfm` is what Misskey and its relatives read in every note. */
export type Markup = 'plain' | 'markdown' | 'html' | 'mfm'

/** Writes pieces of one line in the markup of a post. */
export interface Pen {
  text(words: string): string
  /** The same at the beginning of a line, where more is markup. */
  line(words: string): string
  /** A title, or what a value is called. */
  strong(words: string): string
  /** A machine's word. */
  code(words: string): string
  /** Of an address that was made by `URL`. */
  address(href: string): string
  lines(rows: readonly string[]): string
}

/**
 * A word joiner behind the sign is seen by nobody, and keeps Mastodon, Pleroma and Misskey alike from making a mention
 * or a hashtag of it. Mail addresses, and addresses of the web with such a sign in their path, stay as they are.
 */
export function harmless(text: string): string {
  return text.replace(sign, (found, at: number) => (isWithinWord(text, at) ? found : `${found}\u2060`))
}

export const pens: { readonly [markup in Markup]: Pen } = {
  plain: {
    text: harmless,
    line: harmless,
    strong: harmless,
    code: harmless,
    address: addressText,
    lines: (rows) => rows.join('\n'),
  },
  markdown: {
    text: toMarkdown,
    line: (words) => toMarkdown(words, true),
    strong: (words) => (words.trim() === '' ? toMarkdown(words) : `**${toMarkdown(words.trim())}**`),
    code: (words) => (isPlainCode(words) ? `\`${harmless(words)}\`` : toMarkdown(words)),
    address: addressText,
    lines: (rows) => rows.join('\n'),
  },
  html: {
    text: toHtml,
    line: toHtml,
    strong: (words) => `<strong>${toHtml(words)}</strong>`,
    code: (words) => `<code>${toHtml(words)}</code>`,
    address: (href) => `<a href="${escapeHtml(addressText(href))}">${escapeHtml(addressText(href))}</a>`,
    lines: (rows) => rows.join('<br>'),
  },
  mfm: {
    text: toMfm,
    line: toMfm,
    strong: (words) => (words.trim() === '' || words.includes('*') ? toMfm(words) : `**${toMfm(words.trim())}**`),
    code: (words) => (isPlainCode(words) ? `\`${harmless(words)}\`` : toMfm(words)),
    address: addressText,
    lines: (rows) => rows.join('\n'),
  },
}

function isPlainCode(words: string): boolean {
  return words !== '' && !/[`\n]/.test(words) && words.trim() === words
}

/** `@`, `#` and their wide forms before anything but a blank. */
const sign = /[@#＠＃](?=[^\s\u2060])/g

function isWithinWord(text: string, at: number): boolean {
  const before = text.charAt(at - 1)
  // Behind an underscore Misskey and its relatives see a mention, others do not.
  if (/[a-z0-9]/i.test(before)) return true
  // `https://example.org/@ann` and `…/page/#part`: a joiner would break the address, and after a slash none is a mention,
  // as long as it is one address: these are the characters that Misskey takes into one.
  return (
    before === '/' && /https?:\/\/[\w.-]+\.[\w:-]+\/[\w.,/:%#@$&?!~=+-]*$/i.test(text.slice(Math.max(0, at - 300), at))
  )
}

/** An address of ours: what might be taken for a mention in it is written otherwise. */
function addressText(href: string): string {
  return href.replaceAll('@', '%40')
}

function toHtml(words: string): string {
  return escapeHtml(harmless(words))
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * Backslashes where every dialect takes them, entities for the rest. Addresses of the web are left alone, since a
 * backslash in one would become part of it.
 */
function toMarkdown(words: string, isStart = false): string {
  return harmless(words)
    .split(/(https?:\/\/[\w.-]+(?::\d+)?(?:\/[\w/.~%?&=+@#-]*)?)/i)
    .map((piece, index) => (index % 2 === 1 ? piece : escapeMarkdown(piece, isStart && index === 0)))
    .join('')
}

function escapeMarkdown(text: string, isStart: boolean): string {
  const inline = text
    .replace(/[\\`*_{}[\]()]/g, (character) => `\\${character}`)
    .replace(/[&<>~|]/g, (character) => `&#${character.charCodeAt(0)};`)
  if (!isStart) return inline
  // What makes a line a heading, a list, a rule, an underline or a block of code.
  return inline
    .replace(/^\s+/, (blanks) => '\u00a0'.repeat(Math.min(blanks.length, 8)))
    .replace(/^(\u00a0*)([#+=-])/, '$1\\$2')
    .replace(/^(\u00a0*\d{1,9})([.)])/, '$1\\$2')
}

/** There is no way to write its signs as such; broken in two they are none. https://misskey-hub.net/en/docs/for-users/features/mfm/ */
function toMfm(words: string): string {
  return harmless(words)
    .replaceAll('`', "'")
    .replace(/[$\]](?=[[(])|<(?=[a-z/])|([*_~])(?=\1)|^>/gi, '$&\u2060')
}
