// One sample of one host: each of its series against its limits, then those that it no longer sends.
import { type HostSample, mostSeries, readSeries } from '../../source-sample.ts'
import type { Fact, NewEvent } from '../../words.ts'
import { judge, type Said } from './judge.ts'
import { limitsOf } from './limits.ts'
import type { ThresholdOptions } from './options.ts'
import { timeOf, type Timed } from './sample-time.ts'
import { type Saying, toEvent } from './say.ts'
import { type Heard, isOpen, keyOf, type Series, type State } from './state.ts'

/** A host is seldom looked at by more than two. */
const mostSources = 8
/** Without a word from a source for so long, another one may go on with its series. */
const sourceGoneMs = 600_000

export interface Taken {
  readonly state: State
  readonly events: readonly NewEvent[]
}

/** Undefined: it says nothing about now. */
export function take(
  options: ThresholdOptions,
  before: State,
  host: string,
  fact: Fact,
  sample: HostSample,
): Taken | undefined {
  const { source } = fact
  const timed = timeOf(fact, sample, ownHeard(before, source))
  if (timed === undefined) return undefined
  const limitOf = limitsOf(options, host)
  const series = new Map<string, Series>()
  const sayings: Saying[] = []
  const done = new Set<string>()
  // What is known already may stay, so that what was told will end.
  let room = mostSeries - Object.keys(before.series).length
  const note = (key: string, one: Series, said: Said | undefined): void => {
    if (isWorthKeeping(one, options)) series.set(key, one)
    if (said !== undefined) sayings.push({ key, series: one, said })
  }
  for (const [name, value] of Object.entries(sample.metrics)) {
    const limit = limitOf(name)
    if (limit === undefined) continue
    const { metric, instance } = readSeries(name)
    const key = keyOf(host, metric, instance)
    const known = Object.hasOwn(before.series, key) ? before.series[key] : undefined
    // Twice in one sample, or another source's: that one goes on.
    if (done.has(key) || (known !== undefined && isAnothers(known, before, source, timed.at))) continue
    if (known === undefined && room <= 0) continue
    const judged = judge(known, { name, source, value, ...timed }, limit)
    note(key, judged.series, judged.said)
    done.add(key)
    if (known === undefined && series.has(key)) room -= 1
  }
  for (const [key, one] of Object.entries(before.series)) {
    if (done.has(key)) continue
    if (limitOf(one.name) === undefined) {
      if (isOpen(one))
        sayings.push({ key, series: one, said: { state: 'resolved', reason: 'unwatched', ...firingOf(one) } })
    } else if (!isAnothers(one, before, source, timed.at)) {
      const { said, ...missed } = gone(one, timed, options)
      if (missed.series !== undefined) note(key, missed.series, said)
    } else series.set(key, one)
  }
  const state: State = { v: 1, sources: heardOf(before, source, timed.heard), series: Object.fromEntries(series) }
  const over = [...series.values()].filter(({ firing, missing }) => firing !== undefined && missing !== true)
  const context = { host, at: timed.at, sample, over: over.map(({ name }) => name) }
  return { state, events: sayings.map((saying) => toEvent(saying, context)) }
}

/** Its host talks and does not send it. */
function gone(
  { passed, ...rest }: Series,
  { at, isAfterGap }: Timed,
  { missing: { afterMs, tell } }: ThresholdOptions,
): { readonly series?: Series; readonly said?: Said } {
  const goneAt = isAfterGap ? at : (rest.goneAt ?? at)
  const active = Object.entries(passed ?? {}).filter(([, one]) => one.active === true)
  const series: Series = { ...rest, goneAt, ...(active.length === 0 ? {} : { passed: Object.fromEntries(active) }) }
  if (at - goneAt < afterMs || series.missing === true) return { series }
  if (series.firing === undefined && tell === 'firing') return {}
  const state = series.firing === undefined ? 'firing' : 'changed'
  return { series: { ...series, missing: true }, said: { state, reason: 'missing', ...firingOf(series) } }
}

function firingOf({ firing }: Series): Pick<Said, 'firing'> {
  return firing === undefined ? {} : { firing }
}

function isWorthKeeping(series: Series, { missing }: ThresholdOptions): boolean {
  const { passed, points } = series
  return isOpen(series) || passed !== undefined || points !== undefined || missing.tell === 'always'
}

function isAnothers(series: Series, { sources }: State, source: string, at: number): boolean {
  if (series.source === source) return false
  const heard = Object.hasOwn(sources, series.source) ? sources[series.source] : undefined
  return heard !== undefined && at - heard.at < Math.max(sourceGoneMs, 3 * (heard.everyMs ?? 0))
}

function ownHeard({ sources }: State, source: string): Heard | undefined {
  return Object.hasOwn(sources, source) ? sources[source] : undefined
}

function heardOf({ sources }: State, source: string, heard: Heard): State['sources'] {
  const others = Object.entries(sources).filter(([name]) => name !== source)
  const newest = others.toSorted(([, one], [, other]) => other.at - one.at).slice(0, mostSources - 1)
  return Object.fromEntries([...newest, [source, heard]])
}
