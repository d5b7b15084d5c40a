// Reads a configuration: every mistake in it at once with its place, or what the hub is to do.
import { z } from 'zod'
import type { Issue, Json } from '../words.ts'
import { check, type Given } from './check.ts'
import type { ChannelConfig, Config } from './config.ts'
import { readDocument } from './document.ts'
import { readHub } from './hub.ts'
import { showValue, unknownName } from './issue-words.ts'
import type { Kinds } from './kinds.ts'
import { at, isMapping, readNamed, type Entry } from './named.ts'
import { channelOptions, hubOptions, sourceOptions, watchOptions } from './options.ts'
import { readMutes } from './mute.ts'
import { maskSecrets, resolveReferences } from './references.ts'
import { readRules } from './rules.ts'
import { withoutSecrets } from './schema-walk.ts'
import { readSources } from './sources.ts'

export interface ReadOptions {
  readonly text: string
  /** As people named it; stands before every mistake. */
  readonly file: string
  /** Where it lies, for files that are named from there; absent for what is no file. */
  readonly folder?: string
  readonly env: { readonly [name: string]: string | undefined }
  /** Rejects for a file that cannot be read. */
  readFile(path: string): Promise<string>
  readonly kinds: Kinds
  /** `may-be-missing`: for replays and scenarios, which send nothing and so need no secret. Default: must-exist. */
  readonly references?: 'must-exist' | 'may-be-missing'
  /** What is wrong with a Liquid text, in words; undefined when it is good. */
  templateProblem?(text: string): string | undefined
}

export interface ReadResult {
  /** Absent when there are issues. */
  readonly config?: Config
  /** The file as JSON, with references for what they stand for and `***` for secrets: this may be stored. */
  readonly document: Json
  /** Mistakes, in the order of the file. */
  readonly issues: readonly Issue[]
  /** Odd, but the hub would start. */
  readonly warnings: readonly Issue[]
}

export const sections = ['hub', 'sources', 'watches', 'channels', 'mute', 'rules', 'templates'] as const

export async function readConfig(options: ReadOptions): Promise<ReadResult> {
  const { kinds } = options
  const document = readDocument(options.text, options.file)
  if (!document.readable) return { document: null, issues: document.issues, warnings: [] }
  const resolved = await resolveReferences(document, options)
  const lenient = options.references === 'may-be-missing'
  const { folder } = options
  const given: Given = { document, resolved, lenient, ...(folder === undefined ? {} : { folder }) }
  const issues: Issue[] = [...document.issues, ...(lenient ? [] : resolved.issues)]
  if (!isMapping(resolved.value)) return { document: null, issues: [...issues, notAMapping(given)], warnings: [] }

  issues.push(...findUnknownSections(given))
  const hub = check(hubOptions, { path: ['hub'], value: at(resolved.value, 'hub') ?? {} }, given)
  const sources = await readNamed(
    { key: 'sources', noun: 'source', common: sourceOptions, table: kinds.sources },
    given,
  )
  const watches = await readNamed({ key: 'watches', noun: 'watch', common: watchOptions, table: kinds.watches }, given)
  const channels = await readNamed(
    { key: 'channels', noun: 'channel', common: channelOptions, table: kinds.channels },
    given,
  )
  const all = await readSources({ sources, watches, kinds, given })
  const sourceNames = [...sources.names, ...all.implied]
  const rules = readRules({
    given,
    eventTypes: kinds.eventTypes,
    channels: channels.names,
    ...(options.templateProblem && { templateProblem: options.templateProblem }),
  })
  const mutes = await readMutes(given)
  const hubRead = readHub(hub, { given, channels: channels.names, sources: sourceNames })
  issues.push(
    ...hubRead.issues,
    ...sources.issues,
    ...watches.issues,
    ...clashes(sources.names, watches.names, given),
    ...all.issues,
    ...channels.issues,
    ...mutes.issues,
    ...rules.issues,
  )

  const finish = (found: readonly Issue[]) => inOrder(found).map((issue) => masked(issue, given))
  const watching = watches.names.length === 0 ? {} : { watches: watches.written }
  const safe = { ...rest(document.written), hub: withoutSecrets(hubOptions, at(document.written, 'hub') ?? {}) }
  const stored = { ...safe, sources: sources.written, ...watching, channels: channels.written }
  const answer = { document: stored, issues: finish(issues), warnings: finish(rules.warnings) }
  if (issues.length > 0 || !hubRead.hub) return answer
  const config: Config = {
    hub: hubRead.hub,
    sources: all.sources,
    watches: watches.entries.map(({ name, kind, options: own }) => ({ name, kind, options: own })),
    channels: channels.entries.map(toChannel),
    mutes: mutes.mutes,
    rules: rules.rules,
    templates: rules.templates,
  }
  return { ...answer, config }
}

function notAMapping({ document, resolved }: Given): Issue {
  const message =
    resolved.value === null
      ? "the configuration is empty; 'sereno init' writes one to begin with"
      : `a configuration is a mapping with the keys ${sections.join(', ')}, not ${showValue(resolved.value)}; 'sereno init' writes one to begin with`
  return document.issueAt([], 'value', message)
}

function findUnknownSections({ document, resolved }: Given): Issue[] {
  if (!isMapping(resolved.value)) return []
  return Object.keys(resolved.value)
    .filter((key) => !sections.some((known) => known === key))
    .map((key) => document.issueAt([key], 'key', unknownName('the section', key, sections, 'there are')))
}

/** Conditions belong to a source or a watch by name. */
function clashes(sources: readonly string[], watches: readonly string[], { document }: Given): Issue[] {
  return watches
    .filter((name) => sources.includes(name))
    .map((name) => {
      const message = `a source is named "${name}" too; what both say could not be told apart, so give the watch another name`
      return document.issueAt(['watches', name], 'key', message)
    })
}

function toChannel({ name, kind, common, options }: Entry<ReturnType<typeof channelOptions.parse>>): ChannelConfig {
  const { throttle, expireAfter, fallback, minInterval } = common
  const always = { name, kind, options, expireAfterMs: expireAfter }
  return {
    ...always,
    ...(throttle && { throttle: { max: throttle.max, perMs: throttle.per } }),
    ...(fallback !== undefined && { fallback }),
    ...(minInterval !== undefined && { minIntervalMs: minInterval }),
  }
}

/** Sections that have no secrets of their own. */
function rest(written: Json): { readonly [key: string]: Json } {
  const found = ['mute', 'rules', 'templates'].flatMap((key): [string, Json][] => {
    const value = at(written, key)
    return value === undefined ? [] : [[key, withoutSecrets(z.unknown(), value)]]
  })
  return Object.fromEntries(found)
}

function inOrder(issues: readonly Issue[]): Issue[] {
  return issues.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

function masked(issue: Issue, { resolved }: Given): Issue {
  return { ...issue, message: maskSecrets(issue.message, resolved.secrets) }
}
