// Every event type has words without gaps: for its sample, for its end, and where a sender left out what they would name.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { EventType, MessageWords } from '../../src/event-type.ts'
import { loadEventTypes } from '../../src/registry.ts'
import type { HubEvent, JsonObject, NewEvent } from '../../src/words.ts'

const types = [...(await loadEventTypes()).values()]

test('there are event types to hold to the contract', () => {
  assert.ok(types.length >= 50, `${types.length}`)
})

test('each of them is told by somebody', () => {
  const root = new URL('../../src/', import.meta.url)
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('event-types/'),
  )
  const code = files.map((path) => readFileSync(new URL(path, root), 'utf8')).join('\n')
  const isTold = ({ name }: EventType): boolean =>
    code.includes(`'${name}'`) || code.includes(`\`${name.slice(0, name.indexOf('.'))}.\${`)
  assert.deepEqual(
    types.filter((type) => !isTold(type)).map(({ name }) => name),
    [],
  )
})

for (const type of types) {
  describe(type.name, () => {
    test('says all of its sample, and describes what it has', () => {
      assert.equal(type.sample.type, type.name)
      assert.match(type.about, /^\S[^]*\.$/)
      const known = Object.keys(type.fields)
      for (const name of [...Object.keys(type.sample.data ?? {}), ...type.labels]) assert.ok(known.includes(name), name)
      assert.deepEqual(gapsIn(words(type, type.sample)), [])
    })

    test('has words for whatever a sender wrote', () => {
      const data = fc.dictionary(fc.constantFrom(...Object.keys(type.fields), 'x'), fc.jsonValue({ maxDepth: 3 }))
      const states = fc.constantFrom('firing' as const, 'changed' as const, 'resolved' as const)
      fc.assert(
        fc.property(data, fc.string(), fc.string(), states, (some, host, subject, state) => {
          const event = { data: JSON.parse(JSON.stringify(some)) as JsonObject, host, subject }
          const { title } = words(type, { ...event, condition: { key: 'k', state } })
          assert.equal(typeof title, 'string')
        }),
        { numRuns: 100 },
      )
    })

    test('leaves no gap where something is missing', () => {
      const { data = {}, host, subject, condition } = type.sample
      const left = fc.subarray(Object.keys(data))
      const states = fc.constantFrom('firing' as const, 'changed' as const, 'resolved' as const)
      fc.assert(
        fc.property(left, fc.boolean(), fc.boolean(), states, (names, hasHost, hasSubject, state) => {
          const event: Partial<NewEvent> = {
            data: Object.fromEntries(names.map((name) => [name, data[name] ?? null])),
            ...(hasHost && host !== undefined ? { host } : {}),
            ...(hasSubject && subject !== undefined ? { subject } : {}),
            ...(condition === undefined ? {} : { condition: { key: condition.key, state } }),
          }
          assert.deepEqual(gapsIn(words(type, event)), [], JSON.stringify(event))
        }),
        { numRuns: 60 },
      )
    })
  })
}

function words(type: EventType, event: Partial<NewEvent>): MessageWords {
  const at = Date.UTC(2026, 10, 20, 3)
  const base = { seq: 1, id: '1', time: at, receivedAt: at, source: 'it', labels: {}, data: {} }
  return type.message({ ...base, severity: type.severity, ...event, type: type.name } as HubEvent)
}

/** Where a template would show that it had nothing to put there. */
function gapsIn({ title, fields = [], lines = [] }: MessageWords): string[] {
  const said = [title, ...lines, ...fields.map(({ name, value }) => `${name} ${value}`)]
  const isGap = /undefined|\bNaN\b|\bnull\b|\[object|""|''|\(\s*\)|^\s*[:,;—]|[:,;—(]\s*$/
  return [
    ...said.filter((text) => isGap.test(text)),
    ...(title.trim() === title && title !== '' && !/ {2}| [,;:]/.test(title) ? [] : [`title: ${title}`]),
    ...fields
      .filter(({ name, value }) => name.trim() === '' || value.trim() === '')
      .map(({ name }) => `field: ${name}`),
  ]
}
