// Looks into zod schemas: which keys and values are known at a place, and what there is a secret.
import { z } from 'zod'
import type { Json } from '../words.ts'
import type { Path } from './document.ts'
import { keepReferences } from './references.ts'

type Schema = z.core.$ZodType

/** All schemas that could describe what stands at `path`: several where unions part. */
export function schemasAt(schema: Schema, path: Path): Schema[] {
  let found = unwrap(schema)
  for (const step of path) found = found.flatMap((outer) => inner(outer, step)).flatMap(unwrap)
  return found
}

/** Keys of the objects at `path`. */
export function knownKeys(schema: Schema, path: Path): string[] {
  return [...new Set(schemasAt(schema, path).flatMap((at) => Object.keys(shapeOf(at) ?? {})))]
}

/** Texts that are allowed at `path`; empty where any is. */
export function knownValues(schema: Schema, path: Path): string[] {
  return schemasAt(schema, path).flatMap((at) => {
    const { def } = (at as z.core.$ZodTypes)._zod
    if (def.type === 'enum') return Object.values(def.entries).map(String)
    return def.type === 'literal' ? def.values.map(String) : []
  })
}

/** The sentence that describes the option at `path`. */
export function descriptionOf(schema: Schema, path: Path): string | undefined {
  const outer = schemasAt(schema, path.slice(0, -1))
  for (const at of outer.flatMap((parent) => inner(parent, path.at(-1) ?? ''))) {
    const said = metaOf(at, 'description')
    if (typeof said === 'string') return said
  }
  return undefined
}

export function isSecret(schema: Schema, path: Path): boolean {
  for (let length = 0; length <= path.length; length++) {
    const outer = length === 0 ? [schema] : schemasAt(schema, path.slice(0, length - 1))
    const here = length === 0 ? outer : outer.flatMap((at) => inner(at, path[length - 1] ?? ''))
    if (here.some(saysSecret)) return true
  }
  return false
}

/** A value as written, with every secret that stands in it literally as `***`; references stay. */
export function withoutSecrets(schema: Schema, written: Json): Json {
  return clean([schema], written, false, keepReferences)
}

/** The secrets in a value with its references resolved. */
export function secretTexts(schema: Schema, value: Json): string[] {
  const found: string[] = []
  clean([schema], value, false, (text) => {
    if (text !== '') found.push(text)
    return ''
  })
  return found
}

/** Passwords in addresses (`redis://user:password@host`) are secrets wherever they stand. */
export function withoutPasswords(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)([^\s/@]+)(?=@)/gi, (_, before: string, word: string) => {
    return before + keepReferences(word)
  })
}

export function shapeOf(schema: Schema): { readonly [key: string]: Schema } | undefined {
  const { def } = (schema as z.core.$ZodTypes)._zod
  return def.type === 'object' ? def.shape : undefined
}

function clean(schemas: readonly Schema[], value: Json, secret: boolean, hide: (text: string) => string): Json {
  const hidden = secret || schemas.some(saysSecret)
  if (typeof value === 'string') return hidden ? hide(value) : withoutPasswords(value)
  if (typeof value !== 'object' || value === null) return hidden && value !== null ? hide(String(value)) : value
  const at = schemas.flatMap(unwrap)
  const within = (step: string | number) => at.flatMap((outer) => inner(outer, step))
  if (isList(value)) return value.map((item, index) => clean(within(index), item, hidden, hide))
  const entries = Object.entries(value).map(([key, inside]) => [key, clean(within(key), inside, hidden, hide)])
  return Object.fromEntries(entries) as Json
}

/** Whether the schema or what it wraps is marked. */
function saysSecret(schema: Schema): boolean {
  return [schema, ...layers(schema)].some((layer) => z.globalRegistry.get(layer)?.['secret'] === true)
}

export function metaOf(schema: Schema, name: string): unknown {
  for (const layer of [schema, ...layers(schema)]) {
    const value = z.globalRegistry.get(layer)?.[name]
    if (value !== undefined) return value
  }
  return undefined
}

/** What one layer of wrapping holds. */
function peel(schema: Schema): Schema[] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  if ('innerType' in def) return [def.innerType]
  // Of a preprocess the first half is the function.
  if (def.type === 'pipe') return [(def.in as z.core.$ZodTypes)._zod.def.type === 'transform' ? def.out : def.in]
  if (def.type === 'lazy') return [def.getter()]
  if (def.type === 'union') return [...def.options]
  return def.type === 'intersection' ? [def.left, def.right] : []
}

/** All wrapped schemas, down to those that wrap nothing. */
function layers(schema: Schema): Schema[] {
  return peel(schema).flatMap((inside) => [inside, ...layers(inside)])
}

function unwrap(schema: Schema): Schema[] {
  const inside = peel(schema)
  return inside.length === 0 ? [schema] : inside.flatMap(unwrap)
}

function inner(schema: Schema, step: string | number): Schema[] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  if (def.type === 'object') {
    const found = Object.hasOwn(def.shape, step) ? def.shape[step] : def.catchall
    return found ? [found] : []
  }
  if (def.type === 'array') return [def.element]
  if (def.type === 'record') return [def.valueType]
  if (def.type !== 'tuple') return []
  const found = def.items[Number(step)] ?? def.rest
  return found ? [found] : []
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
