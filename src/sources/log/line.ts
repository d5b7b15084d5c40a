// A line as those see it that look for patterns in it.
import type { Groups, Pattern, Prefilter } from '../../lib/pattern.ts'

/** What one line is to those that look at it; its text is decoded at most once, and for most lines never. */
export interface Line {
  /** Log time. */
  readonly time: number
  groups(matcher: Matcher): Groups | undefined
}

export interface Matcher {
  readonly pattern: Pattern
  readonly prefilter: Prefilter
}
