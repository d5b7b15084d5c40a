// How long a server takes a post to be: each software counts addresses, mentions and characters in its own way.

export interface Counting {
  /** So many characters for any http address, however long it is; absent: as long as it is. */
  readonly urlLength?: number
  /** Of `@user@host` only `@user` counts. */
  readonly freeDomains: boolean
  /** What counts as one character: what a reader takes for one, or a unit of UTF-16, which is never less. */
  readonly unit: 'grapheme' | 'utf-16'
}

/** Never less than any server counts: for those of which nothing is known. */
export const strictest: Counting = { freeDomains: false, unit: 'utf-16' }

/**
 * Mastodon: https://docs.joinmastodon.org/user/posting/#text, and its StatusLengthValidator. What may not be taken for an
 * address there, such as one of an unknown top-level domain, is counted in full, lest a post be refused.
 */
export function countLength(text: string, { urlLength, freeDomains, unit }: Counting): number {
  let length = 0
  let counted = text
  if (urlLength !== undefined) {
    counted = counted.replace(webAddress, (url) => {
      length += isPlainAddress(url) ? urlLength : Math.max(urlLength, url.length)
      return ''
    })
  }
  if (freeDomains) counted = counted.replace(mentionedDomain, '$1')
  return length + (unit === 'utf-16' ? counted.length : graphemesOf(counted))
}

/** The longest beginning of at most `max` by `count`, behind it an ellipsis when something was cut; never half a character. */
export function cutToFit(text: string, max: number, count: (text: string) => number): string {
  if (count(text) <= max) return text
  const ends = [0, ...boundaries(text)]
  let low = 0
  let high = ends.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (count(`${text.slice(0, ends[middle]).trimEnd()}…`) <= max) low = middle
    else high = middle - 1
  }
  const kept = text.slice(0, ends[low]).trimEnd()
  return kept === '' && max < 1 ? '' : `${kept}…`
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

function graphemesOf(text: string): number {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0020-\u007e\n]*$/.test(text)) return text.length
  let count = 0
  for (const _ of segmenter.segment(text)) count += 1
  return count
}

function boundaries(text: string): number[] {
  return Array.from(segmenter.segment(text), ({ index, segment }) => index + segment.length)
}

const webAddress = /(?<![\w@$#])https?:\/\/[^\s<>"]+/gi
/** The user stays, the host goes. */
const mentionedDomain = /(?<![\w/=])(@\w+)@[\w.-]*\w/g

/** One that is taken for an address everywhere and as a whole: a name under a well-known domain, nothing odd at its end. */
function isPlainAddress(url: string): boolean {
  return plainAddress.test(url)
}

const plainAddress =
  /^https?:\/\/(?:[a-z0-9-]+\.)+(?:[a-z]{2}|com|org|net|info|biz|dev|app|cloud|online|social)(?::\d+)?(?:\/(?:[\w/.~%?&=+-]*[\w/])?)?$/i
