// Makes the sources of a configuration: those that are named, and those that are there all the same.
import type { Issue } from '../words.ts'
import type { Given } from './check.ts'
import type { SourceConfig } from './config.ts'
import { unknownName } from './issue-words.ts'
import type { Kinds } from './kinds.ts'
import type { Entry, NamedEntries } from './named.ts'
import { type SourceOptions, sourceOptions } from './options.ts'

export interface SourceParts {
  readonly sources: NamedEntries<SourceOptions>
  readonly watches: NamedEntries<unknown>
  readonly kinds: Kinds
  readonly given: Given
}

export interface ReadSources {
  /** In the order of the file, the implied ones last. */
  readonly sources: readonly SourceConfig[]
  /** Names of those that are not in the file. */
  readonly implied: readonly string[]
  readonly issues: readonly Issue[]
}

/** Endpoints that are there without being named, so that scripts and other programs always find them. */
const impliedKinds = [
  { kind: 'message', name: 'message', given: {} },
  { kind: 'cloudevents', name: 'events', given: {} },
]
/** There when a watch of its kind wants to be called; it answers for the names of those. */
const heartbeat = 'heartbeat'

export async function readSources({ sources, watches, kinds, given }: SourceParts): Promise<ReadSources> {
  const beats = watches.entries.filter(({ kind }) => kind === heartbeat).map(({ name }) => name)
  const taken = { names: [...sources.names, ...watches.names], kinds: sources.kinds }
  const implied = await impliedSources(taken, beats, kinds)
  // Of a watch with a mistake it is not known what it is.
  const broken = watches.names.filter((name) => !watches.entries.some((entry) => entry.name === name))
  return {
    sources: [...sources.entries.map((source) => toSource(withBeats(source, beats))), ...implied],
    implied: implied.map(({ name }) => name),
    issues: unwatchedBeats(sources.entries, [...beats, ...broken], given),
  }
}

async function impliedSources(
  { names, kinds: used }: { readonly names: readonly string[]; readonly kinds: readonly string[] },
  beats: readonly string[],
  kinds: Kinds,
): Promise<SourceConfig[]> {
  const called = { kind: heartbeat, name: heartbeat, given: { names: beats } }
  const wanted = beats.length === 0 ? impliedKinds : [...impliedKinds, called]
  const missing = wanted.filter(({ kind }) => kinds.sources.names.includes(kind) && !used.includes(kind))
  return Promise.all(
    missing.map(async ({ kind, name, given }) => {
      const { options } = await kinds.sources.load(kind)
      const common = sourceOptions.parse({ kind })
      const free = names.includes(name) ? `hub-${name}` : name
      return { ...toSource({ name: free, kind, common, options: options.parse(given) }), implied: true }
    }),
  )
}

/** One that is named, such as to open it to a range of addresses, answers for the same names unless it is given some. */
function withBeats(source: Entry<SourceOptions>, beats: readonly string[]): Entry<SourceOptions> {
  if (source.kind !== heartbeat || namesOf(source).length > 0) return source
  return { ...source, options: { ...(source.options as object), names: beats } }
}

/** Whoever calls a name that nobody watches would be told that all is well. */
function unwatchedBeats(
  sources: readonly Entry<SourceOptions>[],
  beats: readonly string[],
  { document }: Given,
): Issue[] {
  return sources
    .filter(({ kind }) => kind === heartbeat)
    .flatMap((source) =>
      namesOf(source).flatMap((beat, index) => {
        if (beats.includes(beat)) return []
        const message = unknownName('the watch of kind heartbeat', beat, beats, 'there are')
        return document.issueAt(['sources', source.name, 'names', index], 'value', message)
      }),
    )
}

function namesOf({ options }: Entry<SourceOptions>): readonly string[] {
  return (options as { readonly names?: readonly string[] }).names ?? []
}

function toSource({ name, kind, common, options }: Entry<SourceOptions>): SourceConfig {
  const { timezone, host, labels, open, maxAge } = common
  const always = { name, kind, options, labels, open, maxAgeMs: maxAge, implied: false }
  return {
    ...always,
    ...(timezone !== undefined && { timezone }),
    ...(host !== undefined && { host }),
  }
}
