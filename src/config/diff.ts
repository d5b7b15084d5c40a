// What a reload changes, by name.
import { isDeepStrictEqual } from 'node:util'
import type { Config, HubConfig } from './config.ts'

export interface Difference {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

export interface ConfigDifference {
  /** Names of options of the hub. */
  readonly hub: readonly string[]
  readonly sources: Difference
  readonly watches: Difference
  readonly channels: Difference
  readonly mutes: Difference
  readonly rules: Difference
  /** The same rules in another order decide otherwise. */
  readonly rulesMoved: boolean
  readonly templates: Difference
}

export function diffConfig(before: Config, after: Config): ConfigDifference {
  const hub = compare(Object.entries(before.hub), Object.entries(after.hub))
  const stayed = (config: Config, other: Config) =>
    config.rules.map(({ name }) => name).filter((name) => other.rules.some((rule) => rule.name === name))
  return {
    hub: [...hub.added, ...hub.removed, ...hub.changed].sort(),
    sources: compare(byName(before.sources), byName(after.sources)),
    watches: compare(byName(before.watches), byName(after.watches)),
    channels: compare(byName(before.channels), byName(after.channels)),
    mutes: compare(byName(before.mutes), byName(after.mutes)),
    rules: compare(byName(before.rules), byName(after.rules)),
    rulesMoved: !isDeepStrictEqual(stayed(before, after), stayed(after, before)),
    templates: compare(Object.entries(before.templates), Object.entries(after.templates)),
  }
}

/** One line for the log and for whoever asked for the reload, such as "added source web; changed rule kms". */
export function describeDifference(difference: ConfigDifference): string {
  const parts: string[] = []
  for (const [key, noun] of nouns) {
    const { added, removed, changed } = difference[key]
    for (const [verb, names] of Object.entries({ added, removed, changed })) {
      if (names.length > 0) parts.push(`${verb} ${names.length > 1 ? key : noun} ${names.join(', ')}`)
    }
  }
  if (difference.rulesMoved) parts.push('changed the order of rules')
  if (difference.hub.length > 0) parts.push(`changed hub.${difference.hub.join(', hub.')}`)
  return parts.length === 0 ? 'nothing changed' : parts.join('; ')
}

/** Options, as they are called in the file, that a hub takes up only when it starts. */
export function keysForRestart(started: HubConfig, wanted: HubConfig): string[] {
  return forRestart.filter(([, field]) => !isDeepStrictEqual(started[field], wanted[field])).map(([key]) => key)
}

const forRestart = [
  ['listen', 'listen'],
  ['url', 'url'],
  ['tls', 'tls'],
  ['data', 'data'],
  ['store', 'store'],
  ['maxBody', 'maxBodyBytes'],
] as const satisfies readonly (readonly [key: string, field: keyof HubConfig])[]

const nouns = [
  ['sources', 'source'],
  ['watches', 'watch'],
  ['channels', 'channel'],
  ['mutes', 'mute window'],
  ['rules', 'rule'],
  ['templates', 'template'],
] as const

function byName<Named extends { readonly name: string }>(list: readonly Named[]): [string, unknown][] {
  return list.map((item) => [item.name, comparable(item)])
}

/** Matchers hold functions, which are never equal; all else about them says the same. */
function comparable(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function compare(before: readonly [string, unknown][], after: readonly [string, unknown][]): Difference {
  const [old, young] = [new Map(before), new Map(after)]
  return {
    added: [...young.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !young.has(name)),
    changed: [...young.keys()].filter((name) => old.has(name) && !isDeepStrictEqual(old.get(name), young.get(name))),
  }
}
