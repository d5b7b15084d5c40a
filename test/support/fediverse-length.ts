// The length of a post as Mastodon counts it, by its documentation alone: https://docs.joinmastodon.org/user/posting/#text
import { graphemes } from './fediverse-double.ts'

/** Spoiler and text together. */
export function mastodonLength(spoiler: string, status: string): number {
  return graphemes(spoiler) + countText(status)
}

/** Addresses count 23, of mentions only the user. */
function countText(status: string): number {
  const short = status
    .replace(/(?<![\w@$#/])https?:\/\/[\w.-]+\.[a-z]{2,}(?::\d+)?(?:\/[^\s<>"]*[\w/])?/gi, 'x'.repeat(23))
    .replace(/(?<![=/\w])(@[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)@[\w]+(?:[.-]+\w+)*/gi, '$1')
  return graphemes(short)
}
