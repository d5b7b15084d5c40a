// Who sees a post: as configured, and of an answer nobody who did not see the question.
import type { Draft } from './draft.ts'
import type { Options, Visibility } from './options.ts'

export function visibilityOf({ answers }: Draft, options: Pick<Options, 'visibility'>): Visibility {
  if (answers === undefined) return options.visibility
  // A question in public need not have its answer in the timelines. What is not known is shown to nobody else.
  return asked.get(answers.visibility) ?? 'direct'
}

/** In the words of Mastodon and of Misskey. */
const asked: ReadonlyMap<string, Visibility> = new Map([
  ['public', 'unlisted'],
  ['unlisted', 'unlisted'],
  ['home', 'unlisted'],
  ['private', 'private'],
  ['followers', 'private'],
  ['direct', 'direct'],
  ['specified', 'direct'],
])
