// One value of one series against its limits: which levels are passed for long enough, and what there is to say about it.
import { fullInSeconds, withPoint } from './filling.ts'
import { idOf, type Limit } from './limits.ts'
import { type Level, type Operator, rank } from './options.ts'
import type { Firing, Passed, Series } from './state.ts'

export interface Seen {
  readonly name: string
  readonly source: string
  readonly at: number
  readonly value: number
  /** Nothing came for so long that what was waited for is waited for anew. */
  readonly isAfterGap: boolean
}

/**
 * `over`: it passed a limit, or a worse one. `eased`: the worse one no longer. `returned`: it was missing and is here
 * again. `cleared`: it is back. `missing`, `unwatched`, `forgotten`: nothing more is known.
 */
export type Reason = 'over' | 'eased' | 'returned' | 'cleared' | 'missing' | 'unwatched' | 'forgotten'

export interface Said {
  readonly state: 'firing' | 'changed' | 'resolved'
  readonly reason: Reason
  readonly firing?: Firing
}

export interface Judged {
  readonly series: Series
  readonly said?: Said
}

type PassedBy = { readonly [level: string]: Passed }

export function judge(before: Series | undefined, seen: Seen, limit: Limit): Judged {
  const { name, source, at, value } = seen
  const forecast = forecastOf(before, seen, limit)
  const passed = passedBy(before, seen, limit, forecast.fullIn)
  const level = limit.levels.findLast((one) => passed[idOf(one)]?.active === true)
  const { firing: was } = before ?? {}
  const kept = { name, source, ...(Object.keys(passed).length === 0 ? {} : { passed }), ...forecast.kept }
  if (level === undefined) {
    if (was !== undefined)
      return { series: kept, said: { state: 'resolved', reason: 'cleared', firing: moved(was, at, value) } }
    return before?.missing === true
      ? { series: kept, said: { state: 'resolved', reason: 'returned' } }
      : { series: kept }
  }
  const firing: Firing = {
    ...levelWords(level, limit),
    ...(was === undefined ? sinceOf(level, passed, at) : pick(moved({ ...was, operator: level.operator }, at, value))),
    value,
    ...(forecast.fullIn === Infinity ? {} : { fullInSeconds: Math.round(forecast.fullIn) }),
  }
  const series = { ...kept, firing }
  if (was === undefined)
    return { series, said: { state: before?.missing === true ? 'changed' : 'firing', reason: 'over', firing } }
  const reason = before?.missing === true ? 'returned' : changeOf(was, level, limit)
  return reason === undefined ? { series } : { series, said: { state: 'changed', reason, firing } }
}

export function passes(operator: Operator, value: number, limit: number): boolean {
  switch (operator) {
    case 'above':
      return value > limit
    case 'atLeast':
      return value >= limit
    case 'below':
    case 'fullWithin':
      return value < limit
    case 'atMost':
      return value <= limit
  }
}

/** More is worse, but where the limit is a lower one. */
export function isWorse(operator: Operator, value: number, than: number): boolean {
  return operator === 'below' || operator === 'atMost' ? value < than : value > than
}

/** Each level by itself; then those below an active one, so that what eases does not end and begin anew. */
function passedBy(before: Series | undefined, seen: Seen, { levels }: Limit, fullIn: number): PassedBy {
  const entries = levels.flatMap((level): [Level, Passed][] => {
    const id = idOf(level)
    const last = before?.passed?.[id]
    const known = last?.active !== true && seen.isAfterGap ? undefined : last
    const value = level.operator === 'fullWithin' ? fullIn : seen.value
    if (!passes(level.operator, value, known?.active === true ? level.clear : level.limit)) return []
    const next = counted(known, level, seen)
    const isActive = next.active === true || (seen.at - next.since >= level.forMs && next.count >= level.samples)
    return [[level, isActive ? { ...next, active: true } : next]]
  })
  const worst = Math.max(
    entries.findLastIndex(([, { active }]) => active === true),
    entries.findLastIndex(([{ severity }]) => rank(severity) <= lostRank(before, levels)),
  )
  return Object.fromEntries(
    entries.map(([level, one], index) => [idOf(level), index <= worst ? { ...one, active: true as const } : one]),
  )
}

function counted(known: Passed | undefined, level: Level, { at, value }: Seen): Passed {
  if (known === undefined) return { since: at, count: 1, peak: value, peakAt: at }
  const count = Math.min(known.count + 1, 10_000)
  return isWorse(level.operator, value, known.peak) ? { ...known, count, peak: value, peakAt: at } : { ...known, count }
}

/** What was told by a level that is no longer configured goes on by the new ones of at most its severity, without a wait. */
function lostRank(before: Series | undefined, levels: readonly Level[]): number {
  const was = before?.firing
  if (was === undefined || levels.some((level) => idOf(level) === idOf(was))) return -1
  return rank(was.severity)
}

function changeOf(was: Firing, level: Level, { levels }: Limit): Reason | undefined {
  const worse = rank(level.severity) - rank(was.severity)
  if (worse !== 0) return worse > 0 ? 'over' : 'eased'
  const [now, then] = [levels.indexOf(level), levels.findIndex((one) => idOf(one) === idOf(was))]
  return then >= 0 && now > then ? 'over' : undefined
}

function levelWords(
  { operator, limit, severity }: Level,
  { origin }: Limit,
): Pick<Firing, 'operator' | 'limit' | 'severity' | 'origin'> {
  return { operator, limit, severity, origin }
}

/** It began when the first limit was passed that is told of now. */
function sinceOf(level: Level, passed: PassedBy, at: number): Pick<Firing, 'since' | 'peak' | 'peakAt'> {
  const active = Object.values(passed).filter((one) => one.active === true)
  const own = passed[idOf(level)]
  const since = Math.min(at, ...active.map((one) => one.since))
  const [worst = { peak: 0, peakAt: at }] = active.toSorted(
    (one, other) =>
      Number(isWorse(level.operator, other.peak, one.peak)) - Number(isWorse(level.operator, one.peak, other.peak)),
  )
  const { peak, peakAt } = own !== undefined && !isWorse(level.operator, worst.peak, own.peak) ? own : worst
  return { since, peak, peakAt }
}

function moved(firing: Firing, at: number, value: number): Firing {
  const { fullInSeconds: _full, ...rest } = firing
  return isWorse(firing.operator, value, firing.peak) ? { ...rest, value, peak: value, peakAt: at } : { ...rest, value }
}

function pick({ since, peak, peakAt }: Firing): Pick<Firing, 'since' | 'peak' | 'peakAt'> {
  return { since, peak, peakAt }
}

function forecastOf(
  before: Series | undefined,
  { at, value }: Seen,
  { levels }: Limit,
): { readonly fullIn: number; readonly kept: Pick<Series, 'points'> } {
  const asked = levels.filter(({ operator }) => operator === 'fullWithin').map(({ limit }) => limit)
  if (asked.length === 0) return { fullIn: Infinity, kept: {} }
  const within = Math.max(...asked)
  const past = before?.points ?? []
  return { fullIn: fullInSeconds(past, at, value, within), kept: { points: withPoint(past, at, value, within) } }
}
