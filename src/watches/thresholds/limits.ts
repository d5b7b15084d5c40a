// Which limits a series of a host has: those of the host itself, of its tags, of every host; the first that names it decides.
import { globMatches } from '../../lib/glob.ts'
import { readSeries } from '../../source-sample.ts'
import { defaultLimits, type Level, type Levels, type Limits, type ThresholdOptions } from './options.ts'

export interface Limit {
  readonly levels: Levels
  /** Where it stands: `host pi4`, `tag db`, `all hosts`, `default`. */
  readonly origin: string
}

/** Undefined: no limit, or one that is off. */
export function limitsOf(options: ThresholdOptions, host: string): (series: string) => Limit | undefined {
  const scopes = scopesOf(options, host)
  return (series) => {
    const { metric } = readSeries(series)
    for (const { limits, origin } of scopes) {
      const levels = levelsIn(limits, series, metric)
      if (levels !== undefined) return levels.length === 0 ? undefined : { levels, origin }
    }
    return undefined
  }
}

/** A level by what it says, so that it is known again after a reload. */
export function idOf({ operator, limit }: Pick<Level, 'operator' | 'limit'>): string {
  return `${operator} ${limit}`
}

type Scope = { readonly limits: Limits; readonly origin: string }

/** The most special first. */
function scopesOf({ limits, tags, hosts }: ThresholdOptions, host: string): Scope[] {
  const own = Object.hasOwn(hosts, host) ? [host] : []
  const like = Object.keys(hosts).filter((pattern) => pattern !== host && globMatches(pattern, host))
  const tagged = Object.entries(tags).filter(([, tag]) => tag.hosts.some((pattern) => globMatches(pattern, host)))
  return [
    ...[...own, ...like.toReversed()].map((name) => ({ limits: hosts[name] ?? {}, origin: `host ${name}` })),
    ...tagged.toReversed().map(([name, tag]) => ({ limits: tag.limits, origin: `tag ${name}` })),
    limits === undefined ? { limits: defaultLimits, origin: 'default' } : { limits, origin: 'all hosts' },
  ]
}

function levelsIn(limits: Limits, series: string, metric: string): Levels | undefined {
  if (Object.hasOwn(limits, series)) return limits[series]
  if (series !== metric) {
    const like = Object.keys(limits).find((pattern) => pattern.includes('{') && globMatches(pattern, series))
    if (like !== undefined) return limits[like]
  }
  return Object.hasOwn(limits, metric) ? limits[metric] : undefined
}
