// The words of a post, out of the HTML that servers make of them.

/** Without tags and mentions at the ends; blanks in a row become one. At most `max` units of the HTML are read. */
export function postText(html: string, max = 20_000): string {
  const text = html
    .slice(0, max)
    .replace(/<(?:br|p|div|li)\b[^<>]*>/gi, ' ')
    .replace(/<[^<>]*>/g, '')
  return stripMentions(decode(text))
}

/** Mentions say who is spoken to, not what is asked. */
export function stripMentions(text: string): string {
  const words = text.split(/\s+/).filter((word) => word !== '')
  const isMention = (word: string | undefined): boolean =>
    word !== undefined && /^@[\w.-]+(?:@[\w.:-]+)?[:,]?$/.test(word)
  let from = 0
  let to = words.length
  while (from < to && isMention(words[from])) from += 1
  while (to > from && isMention(words[to - 1])) to -= 1
  return words.slice(from, to).join(' ')
}

function decode(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,8}));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? whole
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
      return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : whole
    },
  )
}

const entities: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
