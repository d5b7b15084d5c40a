// Checks a part of the document against a schema: its value, or every mistake in it with its place.
import type { z } from 'zod'
import type { Issue, Json } from '../words.ts'
import type { Document, Path } from './document.ts'
import { pathKey } from './document.ts'
import { isPlainIssue, unknownName, wordsFor } from './issue-words.ts'
import { keepReferences, maskSecrets, type Resolved } from './references.ts'
import { descriptionOf, isSecret, knownKeys, knownValues, secretTexts } from './schema-walk.ts'

export interface Given {
  readonly document: Document
  readonly resolved: Resolved
  /** References to what is not there are no mistake: nothing will be sent. */
  readonly lenient: boolean
  /** Where the configuration lies; absent for one that is no file. */
  readonly folder?: string
}

export interface Part {
  readonly path: Path
  readonly value: Json
  /** Keys that are known here beside the schema's, for suggestions. */
  readonly alsoKnown?: readonly string[]
}

export type Checked<Value> = { readonly value: Value } | { readonly issues: readonly Issue[] }

/** Stands in for an address that is not there; the domain is reserved never to exist (RFC 6761). */
const standIn = 'https://missing.invalid/'

/** Each round takes one kind of obstacle out of the way, so that the mistakes behind it are found as well. */
const rounds = 4

export function check<Value>(schema: z.ZodType<Value>, part: Part, given: Given): Checked<Value> {
  const issues: Issue[] = []
  const hiddenTexts = secretTexts(schema, part.value).map((text) => {
    return { text, shown: keepReferences(maskSecrets(text, given.resolved.secrets)) }
  })
  let value = part.value
  for (let round = 0; ; round++) {
    const result = schema.safeParse(value)
    if (result.success) return issues.length > 0 ? { issues } : { value: result.data }
    const found = result.error.issues.flatMap((issue) => flatten(issue))
    const next = round < rounds ? remedy(found) : undefined
    if (next === undefined) {
      issues.push(...found.filter(isNews).map(toIssue))
      return { issues }
    }
    value = next
  }

  /** The value without the obstacle; undefined when there is none. */
  function remedy(found: readonly z.core.$ZodIssue[]): Json | undefined {
    let next = value
    for (const issue of found) {
      if (issue.code === 'unrecognized_keys') {
        issues.push(...issue.keys.map((key) => unknownKey(issue.path as Path, key)))
        for (const key of issue.keys) next = replaceAt(next, [...(issue.path as Path), key], undefined)
        continue
      }
      const replacement = replacementFor(issue)
      if (replacement !== undefined) next = replaceAt(next, issue.path as Path, replacement)
    }
    return next === value ? undefined : next
  }

  /** A reference is a text, also where a number is wanted. */
  function replacementFor(issue: z.core.$ZodIssue): Json | undefined {
    const key = keyOf(issue.path as Path)
    const text = valueAt(value, issue.path as Path)
    if (typeof text !== 'string' || !given.resolved.referring.has(key)) return undefined
    if (given.resolved.missing.has(key)) return given.lenient && text !== standIn ? standIn : undefined
    if (issue.code !== 'invalid_type') return undefined
    if (issue.expected === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
    return /^(number|int)$/.test(issue.expected) && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
  }

  /** What a missing reference led to is told by the reference. */
  function isNews(issue: z.core.$ZodIssue): boolean {
    return given.lenient || !given.resolved.missing.has(keyOf(issue.path as Path))
  }

  function unknownKey(at: Path, key: string): Issue {
    const known = [...knownKeys(schema, at), ...(at.length === 0 ? (part.alsoKnown ?? []) : [])]
    return given.document.issueAt([...part.path, ...at, key], 'key', unknownName('the key', key, known))
  }

  function toIssue(issue: z.core.$ZodIssue): Issue {
    const at = issue.path as Path
    const missing = given.resolved.missing.has(keyOf(at))
    const cause = given.resolved.issues.find(({ path }) => missing && path === [...part.path, ...at].join('.'))
    if (cause) return cause
    const found = valueAt(value, at)
    const about = descriptionOf(schema, at)
      ?.split(/(?<=\.) /)[0]
      ?.replace(/\.$/, '')
    const written = given.resolved.referring.get(keyOf(at))
    const shown = isSecret(schema, at) ? 'this value' : written === undefined ? undefined : JSON.stringify(written)
    const message = wordsFor(issue, {
      key: String(at.at(-1) ?? part.path.at(-1) ?? ''),
      ...(found !== undefined && { value: found }),
      ...(shown !== undefined && { shown }),
      ...(about !== undefined && { about }),
      knownValues: knownValues(schema, at),
    })
    const safe = maskSecrets(message, hiddenTexts)
    return given.document.issueAt([...part.path, ...at], issue.code === 'invalid_key' ? 'key' : 'value', safe)
  }

  function keyOf(at: Path): string {
    return pathKey([...part.path, ...at])
  }
}

/** Of a union, the mistakes of the branch that was meant: the one whose type fits. */
function flatten(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const branches = issue.errors.map((branch) => branch.flatMap(flatten))
  const fitting = branches.filter((branch) => branch.length > 0 && !branch.some(isAtRoot))
  const meant = fitting.sort((a, b) => a.length - b.length)[0]
  if (meant === undefined) return [issue]
  return meant.map((inside) => ({ ...inside, path: [...issue.path, ...inside.path] }))
}

function isAtRoot(issue: z.core.$ZodIssue): boolean {
  if (issue.path.length > 0) return false
  if (issue.code === 'invalid_union') return true
  // A word of our own, such as "60 has no unit", says more than "not a list".
  return (issue.code === 'invalid_value' || issue.code === 'invalid_type') && isPlainIssue(issue)
}

function valueAt(value: Json, path: Path): Json | undefined {
  let at: Json | undefined = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as { readonly [key: string]: Json })[step]
  }
  return at
}

/** A copy with another value at `path`; undefined takes the key away. */
function replaceAt(value: Json, path: Path, replacement: Json | undefined): Json {
  const [step, ...rest] = path
  if (step === undefined) return replacement ?? null
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((item, index) => (index === step ? replaceAt(item, rest, replacement) : item))
  const entries = Object.entries(value).flatMap(([key, inside]): [string, Json][] => {
    if (key !== step) return [[key, inside]]
    return rest.length === 0 && replacement === undefined ? [] : [[key, replaceAt(inside, rest, replacement)]]
  })
  return Object.fromEntries(entries)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
