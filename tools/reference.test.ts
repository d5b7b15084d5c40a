// The reference: every option has its sentence, and the JSON Schema takes what the reader takes.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import { defaultText } from '../src/config/default.ts'
import { initFile } from '../src/config/init.ts'
import { toConfigSchema, toJsonSchema, type JsonSchema } from '../src/config/json-schema.ts'
import { channelOptions, hubOptions, ruleOptions, sourceOptions, templateOptions } from '../src/config/options.ts'
import { renderReference, rowsOf } from './reference-page.ts'
import { loadKinds } from './reference.ts'

const kinds = await loadKinds()
const schema = toConfigSchema(kinds)

test('every option is described in a sentence', () => {
  const schemas = [hubOptions, sourceOptions, channelOptions, ruleOptions, templateOptions]
  const own = [...kinds.sources.values(), ...kinds.channels.values()].map(({ options }) => options)
  const rows = [...schemas, ...own].flatMap((options) => rowsOf(toJsonSchema(options)))
  assert.ok(rows.length > 50)
  assert.deepEqual(
    rows.filter(({ about }) => !/^\S.*[.:]$/s.test(about.trim())).map(({ name }) => name),
    [],
  )
})

test('the page names every option, every kind and every event type', () => {
  const page = renderReference(kinds)
  for (const { name } of rowsOf(toJsonSchema(hubOptions))) assert.ok(page.includes(`| \`${name}\` |`), name)
  for (const name of kinds.sources.keys()) assert.ok(page.includes(`### source: ${name}\n`), name)
  for (const name of kinds.channels.keys()) assert.ok(page.includes(`### channel: ${name}\n`), name)
  for (const { name } of kinds.eventTypes) assert.ok(page.includes(`### event: ${name}\n`), name)
  assert.ok(page.includes('| `tokens[].token` |') && page.includes('| `heartbeat.every` | duration | `1m` |'))
})

test('the JSON Schema takes what is good', async () => {
  const example = await readFile(new URL('../examples/kms.yaml', import.meta.url), 'utf8')
  for (const text of [
    defaultText,
    initFile(),
    example,
    'sources:\nrules:\n',
    'hub: { heartbeat: { url: x, every: 5m } }',
  ]) {
    assert.deepEqual(faults(schema, parse(text)), [], text)
  }
  const examples = [
    ...[...kinds.sources].map(([kind, { example }]) => ({ sources: { a: { kind, ...example } } })),
    ...[...kinds.channels].map(([kind, { example }]) => ({ channels: { a: { kind, ...example } } })),
  ]
  for (const value of examples) assert.deepEqual(faults(schema, value), [], JSON.stringify(value))
})

test('the JSON Schema refuses what is wrong', () => {
  const wrong = [
    'hubs: {}',
    'hub: { listn: x }',
    'hub: { insecure: yes please }',
    'hub: { retention: { rest: 90 } }',
    'hub: { retention: { rest: soon } }',
    'channels: { a: { kind: slak } }',
    'channels: { a: { kind: slack } }',
    'channels: { a: { kind: console, url: x } }',
    'channels: { a: { kind: console, throttle: { max: 0, per: 1m } } }',
    'sources: { a: { path: x } }',
    'rules: { on: message }',
    'rules: [{ to: a }]',
    'rules: [{ on: message, severity: bad }]',
  ]
  for (const text of wrong) assert.notDeepEqual(faults(schema, parse(text)), [], text)
})

test('secrets are marked as such, and in no way that editors do not know', () => {
  const text = JSON.stringify(schema)
  assert.ok(text.includes('"writeOnly":true'))
  assert.ok(!text.includes('"secret":true'))
})

/** As much of JSON Schema as ours uses; paths of what does not fit. */
function faults(at: JsonSchema | boolean, value: unknown, path = ''): string[] {
  if (typeof at === 'boolean') return at ? [] : [path]
  const found: string[] = []
  const must = (holds: boolean) => void (holds || found.push(path))
  if (at.type !== undefined) must([at.type].flat().some((type) => isOfType(type, value)))
  if (at.enum) must(at.enum.some((known) => known === value))
  if (at.const !== undefined) must(at.const === value)
  if (at.anyOf) must(at.anyOf.some((form) => faults(form, value, path).length === 0))
  for (const part of at.allOf ?? []) found.push(...faults(part, value, path))
  const branch = at.if && faults(at.if, value, path).length === 0 ? at.then : at.else
  if (branch !== undefined) found.push(...faults(branch, value, path))
  if (typeof value === 'string') {
    must(at.pattern === undefined || new RegExp(at.pattern, 'u').test(value))
    must(value.length >= (at.minLength ?? 0))
  }
  if (typeof value === 'number') must(value >= (at.minimum ?? -Infinity) && value <= (at.maximum ?? Infinity))
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      found.push(...faults((at.items ?? true) as JsonSchema | boolean, item, `${path}/${index}`))
  } else if (typeof value === 'object' && value !== null) {
    for (const name of at.required ?? []) must(name in value)
    for (const [name, inner] of Object.entries(value)) {
      const known = at.properties?.[name] ?? at.additionalProperties
      if (known !== undefined) found.push(...faults(known, inner, `${path}/${name}`))
    }
  }
  return found
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (type === 'null') return value === null
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}
