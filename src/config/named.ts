// Reads the sections of named things, sources, watches and channels: what all of them share, then what their kind asks for.
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { Issue, Json } from '../words.ts'
import { check, type Given } from './check.ts'
import { unknownName, showValue } from './issue-words.ts'
import type { KindTable } from './kinds.ts'
import { metaOf, shapeOf, withoutSecrets } from './schema-walk.ts'

export interface Section<Common> {
  readonly key: 'sources' | 'watches' | 'channels'
  /** As in "this source". */
  readonly noun: string
  readonly common: z.ZodType<Common>
  readonly table: KindTable<{ readonly options: z.ZodType }>
}

export interface Entry<Common> {
  readonly name: string
  readonly kind: string
  readonly common: Common
  readonly options: unknown
}

export interface NamedEntries<Common> {
  /** Those without mistakes. */
  readonly entries: readonly Entry<Common>[]
  /** Names and kinds of all, so that nobody is told of a channel missing that merely has a mistake. */
  readonly names: readonly string[]
  readonly kinds: readonly string[]
  readonly issues: readonly Issue[]
  /** As written, without secrets. */
  readonly written: Json
}

const goodName = /^\w[\w.-]*$/
/** Of a source that an agent runs: the agent's name stands before its own. */
const goodRemoteName = /^\w[\w.-]*\/\w[\w.-]*$/

export async function readNamed<Common>(section: Section<Common>, given: Given): Promise<NamedEntries<Common>> {
  const { key } = section
  const part = mappingAt(given.resolved.value, key)
  if (part === undefined) {
    const message = `${key} is a mapping of names here, not ${showValue(at(given.resolved.value, key))}; write a name, a colon, and its options below it`
    return { ...nothing, issues: [given.document.issueAt([key], 'value', message)] }
  }
  const written = mappingAt(given.document.written, key) ?? {}
  const read = await Promise.all(
    Object.entries(part).map(([name, value]) => readEntry(name, value, written[name] ?? null, section, given)),
  )
  return {
    entries: read.flatMap(({ entry }) => entry ?? []),
    names: Object.keys(part),
    kinds: Object.values(part).flatMap((value) =>
      isMapping(value) && typeof value['kind'] === 'string' ? value['kind'] : [],
    ),
    issues: read.flatMap(({ issues }) => issues),
    written: Object.fromEntries(read.map(({ name, written: safe }) => [name, safe])),
  }
}

const nothing = { entries: [], names: [], kinds: [], issues: [], written: {} }

interface ReadEntry<Common> {
  readonly name: string
  readonly entry?: Entry<Common>
  readonly issues: readonly Issue[]
  readonly written: Json
}

async function readEntry<Common>(
  name: string,
  value: Json,
  written: Json,
  { key, noun, common, table }: Section<Common>,
  given: Given,
): Promise<ReadEntry<Common>> {
  const path = [key, name]
  const issues: Issue[] = []
  const tell = (message: string, part: 'key' | 'value' = 'key', at: readonly string[] = path) =>
    void issues.push(given.document.issueAt(at, part, message))
  const isGood = goodName.test(name) || (key === 'sources' && goodRemoteName.test(name))
  if (!isGood) tell(`"${name}" cannot be the name of a ${noun}; use letters, digits, _ . and -`)
  if (!isMapping(value)) {
    tell(`the ${noun} "${name}" has no options; write at least kind: and one of ${table.names.join(', ')}`)
    return { name, issues, written: null }
  }
  const { kind } = value
  const shared = Object.keys(shapeOf(common) ?? {})
  const [ours, theirs] = split(value, shared)
  const [oursWritten, theirsWritten] = split(isMapping(written) ? written : {}, shared)
  // A kind that is wrong in itself is told below.
  const checkedCommon = check(common, { path, value: typeof kind === 'string' ? ours : { ...ours, kind: '' } }, given)
  if ('issues' in checkedCommon) issues.push(...checkedCommon.issues)

  if (kind === undefined) tell(`the ${noun} "${name}" has no kind; write kind: and one of ${table.names.join(', ')}`)
  else if (typeof kind !== 'string')
    tell(`a kind is a word, not ${showValue(kind)}; write one of ${table.names.join(', ')}`, 'value', [...path, 'kind'])
  else if (!table.names.includes(kind))
    tell(unknownName(`the kind of ${noun}`, kind, table.names, 'there are'), 'value', [...path, 'kind'])
  if (typeof kind !== 'string' || !table.names.includes(kind)) return { name, issues, written: null }

  const { options } = await table.load(kind)
  const checked = check(options, { path, value: placed(options, theirs, given.folder), alsoKnown: shared }, given)
  if ('issues' in checked) issues.push(...checked.issues)
  const safe = {
    ...asMapping(withoutSecrets(common, oursWritten)),
    ...asMapping(withoutSecrets(options, theirsWritten)),
  }
  if (issues.length > 0 || 'issues' in checked || 'issues' in checkedCommon) return { name, issues, written: safe }
  return { name, entry: { name, kind, common: checkedCommon.value, options: checked.value }, issues, written: safe }
}

/** Files that are named from the configuration's folder on, in full. */
function placed(options: z.ZodType, given: Mapping, folder: string | undefined): Mapping {
  if (folder === undefined) return given
  const shape = shapeOf(options) ?? {}
  const entries = Object.entries(given).map(([key, value]): [string, Json] => {
    const schema = Object.hasOwn(shape, key) ? shape[key] : undefined
    const isBeside = schema !== undefined && typeof value === 'string' && metaOf(schema, 'beside') === true
    return [key, isBeside && value !== '' ? resolve(folder, value) : value]
  })
  return Object.fromEntries(entries)
}

type Mapping = { readonly [key: string]: Json }

export function isMapping(value: Json | undefined): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An absent or empty section is an empty mapping; undefined for anything else that is none. */
export function mappingAt(value: Json, key: string): Mapping | undefined {
  const found = at(value, key)
  if (found === undefined || found === null) return {}
  return isMapping(found) ? found : undefined
}

export function at(value: Json, key: string): Json | undefined {
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

function asMapping(value: Json): Mapping {
  return isMapping(value) ? value : {}
}

function split(value: Mapping, keys: readonly string[]): [Mapping, Mapping] {
  const entries = Object.entries(value)
  return [
    Object.fromEntries(entries.filter(([key]) => keys.includes(key))),
    Object.fromEntries(entries.filter(([key]) => !keys.includes(key))),
  ]
}
