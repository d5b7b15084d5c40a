// What lists show of silences, how a new one is read, and which jobs hold what one covers.
import { writeDuration } from '../lib/duration.ts'
import { MatcherError, readMatchers } from '../lib/matchers.ts'
import { mostSilences, type Silence, type Silences, silencesKey, writeMatchers } from '../rules/silence.ts'
import type { Store } from '../store/store.ts'
import { conditionPrefix, jobKeys, keyOfRow, readRows } from './condition-row.ts'

/** Times are ISO 8601 in UTC. */
export interface SilenceEntry {
  readonly id: string
  readonly state: 'active' | 'pending' | 'ended'
  /** As they would be written: `host="nas", type=~"backup.*"`. */
  readonly matchers: string
  readonly from: string
  readonly until: string
  readonly by: string
  readonly comment: string
}

export interface NewSilence {
  /** One text with commas, or several. */
  readonly matchers: string | readonly string[]
  readonly from?: number
  readonly until: number
  readonly by: string
  readonly comment: string
}

/** A silence that lasts longer, or begins later, is a rule to be changed. */
const longestMs = 365 * 86_400_000
const longestComment = 500
const mostMatchers = 20
/** Of a name or a value. All silences are one row, which is read with each event that is new to it. */
const longestMatcher = 1000

/** Those that go on or are to come first, the one that ends first on top; then those that are over. */
export async function listSilences(
  store: Pick<Store, 'states'>,
  now: number,
  which: 'active' | 'all',
): Promise<readonly SilenceEntry[]> {
  const entries = (await readSilences(store)).map((one) => toEntry(one, now))
  const shown = entries.filter(({ state }) => which === 'all' || state !== 'ended')
  return shown.toSorted((one, other) => {
    if ((one.state === 'ended') !== (other.state === 'ended')) return one.state === 'ended' ? 1 : -1
    return one.until < other.until ? -1 : 1
  })
}

export async function readSilences(store: Pick<Store, 'states'>): Promise<readonly Silence[]> {
  const found = (await store.states(silencesKey)).find(([key]) => key === silencesKey)
  return found === undefined ? [] : (found[1] as Silences).list
}

/** What a person wants silenced, or one sentence on what is wrong with it. */
export function readSilence(given: NewSilence, id: string, now: number, others: readonly Silence[]): Silence | string {
  const { until, by, comment } = given
  const from = given.from ?? now
  const matchers = readAll([given.matchers].flat())
  if (typeof matchers === 'string') return matchers
  if (until <= Math.max(now, from)) return 'The silence would be over before it begins; let it end later.'
  if (from - now > longestMs) return 'A silence begins within a year.'
  if (until - from > longestMs)
    return `A silence lasts ${writeDuration(longestMs)} at most; for ever, change the rule instead.`
  const active = others.filter((one) => one.until > now)
  if (active.length >= mostSilences) return `There are ${mostSilences} silences, which is the most; end some first.`
  return { id, matchers, from, until, by: by.slice(0, 100), comment: comment.slice(0, longestComment) }
}

function readAll(texts: readonly string[]): Silence['matchers'] | string {
  try {
    const matchers = texts.flatMap((text) => readMatchers(text))
    if (matchers.length > mostMatchers) return `A silence has ${mostMatchers} matchers at most.`
    if (matchers.some(({ name, value }) => Math.max(name.length, value.length) > longestMatcher))
      return `A matcher of a silence has ${longestMatcher} characters at most.`
    // Forgotten ones that cover far too much are how alerts are missed.
    if (matchers.every((matcher) => matcher.matches('')))
      return 'These matchers cover everything; name at least one thing that must be there, such as host="nas".'
    if (matchers.every(({ name }) => name === 'severity'))
      return 'A severity alone covers every host and every source; name a host, a type or a source beside it.'
    return matchers.map(({ name, op, value }) => ({ name, op, value }))
  } catch (error) {
    if (error instanceof MatcherError) return `The matchers cannot be read: ${error.message}.`
    throw error
  }
}

/** Keys of the jobs that are to look again at what a silence holds. */
export async function heldBySilence(store: Pick<Store, 'states'>): Promise<readonly string[]> {
  const rows = readRows(await store.states(conditionPrefix)).filter(({ state }) => state === 'open')
  const keys = rows.flatMap((row) =>
    row.threads.flatMap(({ rule, channel, state, by, muted }) => {
      const isHeld = (state === 'held' && by === 'silence') || muted?.by === 'silence'
      return isHeld ? [jobKeys.still(keyOfRow(row), rule, channel)] : []
    }),
  )
  return [...new Set(keys)]
}

function toEntry(one: Silence, now: number): SilenceEntry {
  const { id, from, until, by, comment } = one
  const state = until <= now ? 'ended' : from > now ? 'pending' : 'active'
  return { id, state, matchers: writeMatchers(one), from: iso(from), until: iso(until), by, comment }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
