// What Sereno says of itself: each of its events has words for people, from its sample and from nothing.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listFiles } from '../../../tools/tree.ts'
import type { EventType } from '../../event-type.ts'
import type { HubEvent, NewEvent } from '../../words.ts'

import types from './index.ts'

const all: readonly EventType[] = types
const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

function words(type: EventType, event: Partial<NewEvent>) {
  const at = Date.UTC(2026, 10, 20, 3)
  const base = { seq: 1, id: '1', time: at, receivedAt: at, source: 'sereno', labels: {}, data: {} }
  return type.message({ ...base, type: type.name, severity: type.severity, ...event } as HubEvent)
}

function named(name: string): EventType {
  return all.find((type) => type.name === name) ?? assert.fail(name)
}

for (const type of all) {
  describe(type.name, () => {
    test('has words for its sample, without gaps', () => {
      const { title, lines = [], fields = [] } = words(type, type.sample)
      assert.ok(title.length > 0 && title.length < 100)
      const read = [title, ...lines, ...fields.flatMap(({ value, note = '' }) => [value, note])].join('\n')
      assert.doesNotMatch(read, /undefined|NaN|null|""/)
    })

    test('has words even for an event without data', () => {
      assert.ok(words(type, {}).title.length > 0)
    })

    test('describes each field of its sample, and its labels are fields', () => {
      assert.equal(type.sample.type, type.name)
      assert.deepEqual(Object.keys(type.sample.data ?? {}).toSorted(), Object.keys(type.fields).toSorted())
      for (const label of type.labels) assert.ok(label in type.fields, label)
    })
  })
}

test('every event that the code makes of itself is one of these', () => {
  const made = new Set<string>()
  for (const path of listFiles(root).filter((file) => /^src\/(engine|hub)\/|^src\/hub\.ts$/.test(file))) {
    if (path.endsWith('.test.ts')) continue
    for (const [, name = ''] of readFileSync(join(root, path), 'utf8').matchAll(/type: '(sereno\.[\w-]+)'/g))
      made.add(name)
  }
  const known = new Set(all.map((type) => type.name))
  assert.deepEqual(
    [...made].filter((name) => !known.has(name)),
    [],
  )
  assert.ok(made.size > 4)
})

test('a step of the clock is told in the unit that fits', () => {
  const title = (bySeconds: number) => words(named('sereno.clock-jump'), { data: { bySeconds } }).title
  assert.equal(title(-3600), 'The clock was set back by 60 min')
  assert.equal(title(90), 'The clock was set forward by 90 s')
  assert.equal(title(9000), 'The clock was set forward by 2.5 h')
})

test('a channel that is dead is named with since when and why', () => {
  const type = named('sereno.channel-dead')
  const { title, fields } = words(type, type.sample)
  assert.equal(title, 'Channel team cannot be told')
  assert.deepEqual(
    fields?.map(({ value }) => value),
    ['2026-11-20T03:00:00.000Z', 'unauthorised', '1'],
  )
})
