// Silences: for a span, what meets a few matchers is not told. One-shots are suppressed, what lasts is held until the end.
import { createMatcher, type Matcher, writeMatcher } from '../lib/matchers.ts'
import { passes, type Stage, type StageState } from '../rule.ts'
import type { HubEvent } from '../words.ts'

export type Silence = {
  readonly id: string
  /** All must hold; names are source, host, type, severity, subject and labels. */
  readonly matchers: readonly Pick<Matcher, 'name' | 'op' | 'value'>[]
  /** Hub time. */
  readonly from: number
  readonly until: number
  readonly by: string
  readonly comment: string
}

/** The one row of all silences. */
export const silencesKey = 'silences'
export type Silences = { readonly v: 1; readonly list: readonly Silence[] }

/** So many there may be at once; those that are over do not count. */
export const mostSilences = 1000

/** What a silence sees: no data, so that it can be found by an index. */
export type Seen = Pick<HubEvent, 'source' | 'host' | 'type' | 'severity' | 'subject' | 'labels'>

export const silence: Stage = ({ event, state, now }) => {
  const found = silenceOf(event, state, now)
  if (found === undefined) return passes
  return { pass: false, state: 'suppressed', reason: wordsOf(found), until: found.until }
}

/** Of those that cover it now, the one that lasts longest. */
export function silenceOf(seen: Seen, state: Pick<StageState, 'get'>, now: number): Silence | undefined {
  const row = state.get(silencesKey) as Silences | undefined
  if (row === undefined || row.list.length === 0) return undefined
  let longest: Silence | undefined
  for (const one of candidates(indexOf(row), seen)) {
    if (one.from > now || one.until <= now || (longest !== undefined && longest.until >= one.until)) continue
    if (one.matchers.every((matcher) => matcher.matches(valueOf(seen, matcher.name)))) longest = one.silence
  }
  return longest
}

export function wordsOf({ id, by, comment }: Silence): string {
  const why = comment === '' ? '' : `: ${comment}`
  return `${id} of ${by}${why}`
}

/** Such as `host="nas", type=~"backup.*"`. */
export function writeMatchers(silenced: Silence): string {
  return silenced.matchers.map(writeMatcher).join(', ')
}

interface Compiled {
  readonly silence: Silence
  readonly matchers: readonly Matcher[]
  readonly from: number
  readonly until: number
}

/** Each silence stands under one of its equality matchers; those that have none are looked at every time. */
interface Index {
  readonly byValue: ReadonlyMap<string, readonly Compiled[]>
  readonly rest: readonly Compiled[]
}

/** A row is never changed in place, so that what was made of it stays true. */
const indexes = new WeakMap<Silences, Index>()

function indexOf(row: Silences): Index {
  const known = indexes.get(row)
  if (known !== undefined) return known
  const byValue = new Map<string, Compiled[]>()
  const rest: Compiled[] = []
  for (const one of row.list) {
    const compiled = compile(one)
    const pivot = one.matchers.find(({ op, value }) => op === '=' && value !== '')
    if (pivot === undefined) rest.push(compiled)
    else {
      const key = keyOf(pivot.name, pivot.value)
      byValue.set(key, [...(byValue.get(key) ?? []), compiled])
    }
  }
  const index = { byValue, rest }
  indexes.set(row, index)
  return index
}

function compile(one: Silence): Compiled {
  const matchers = one.matchers.map(({ name, op, value }) => createMatcher(name, op, value))
  return { silence: one, matchers, from: one.from, until: one.until }
}

function* candidates({ byValue, rest }: Index, seen: Seen): Generator<Compiled> {
  yield* rest
  if (byValue.size === 0) return
  for (const name of own) yield* byValue.get(keyOf(name, valueOf(seen, name))) ?? []
  for (const [name, value] of Object.entries(seen.labels)) {
    if (!own.has(name)) yield* byValue.get(keyOf(name, value)) ?? []
  }
}

const own = new Set(['source', 'host', 'type', 'severity', 'subject'])

function valueOf(seen: Seen, name: string): string {
  if (own.has(name)) return seen[name as 'source' | 'host' | 'type' | 'severity' | 'subject'] ?? ''
  return Object.hasOwn(seen.labels, name) ? (seen.labels[name] ?? '') : ''
}

function keyOf(name: string, value: string): string {
  return `${name}\n${value}`
}
