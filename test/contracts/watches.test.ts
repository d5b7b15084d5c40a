// Every watch keeps its contract: an example its options take, no way to make it throw, and the same answer to the same question.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadWatch, watchNames } from '../../src/registry.ts'
import type { WatchInput, WatchSees } from '../../src/watch.ts'
import type { Fact, HubEvent, Json, JsonObject } from '../../src/words.ts'

const place = { name: 'it', zone: 'Europe/Rome', host: 'hub' }
const start = Date.UTC(2026, 2, 28, 23)

const data = fc
  .dictionary(fc.string({ maxLength: 12 }), fc.jsonValue({ maxDepth: 3 }))
  .map((found) => JSON.parse(JSON.stringify(found)) as JsonObject)

function factOf(name: string, key: string, at: number, said: JsonObject): Fact {
  return { seq: at, source: 'it', name, key, time: at, receivedAt: at, data: said }
}

function eventOf(type: string, at: number, said: JsonObject): HubEvent {
  return { seq: at, id: '1', type, time: at, receivedAt: at, source: 'it', severity: 'info', labels: {}, data: said }
}

for (const name of watchNames) {
  test(`${name} survives garbage, and is pure`, async () => {
    const kind = await loadWatch(name)
    assert.match(kind.about, /^[^\n]{10,}$/)
    const options = kind.options.parse(kind.example)
    const names = [...(kind.facts ?? []), 'x']
    const types = [...(kind.events ?? []), 'x']
    const saw = fc.oneof(
      fc.record({ sort: fc.constant('fact' as const), name: fc.constantFrom(...names), key: fc.string(), data }),
      fc.record({ sort: fc.constant('event' as const), name: fc.constantFrom(...types), key: fc.string(), data }),
      fc.record({
        sort: fc.constantFrom('timer' as const, 'begin' as const),
        name: fc.string(),
        key: fc.string(),
        data,
      }),
    )
    fc.assert(
      fc.property(fc.array(saw, { minLength: 1, maxLength: 20 }), (inputs) => {
        const rows = new Map<string, Json>()
        for (const [index, one] of inputs.entries()) {
          const at = start + index * 1_200_000
          for (const input of inputsOf(one, at)) {
            const before = rows.get(input.key)
            const asked = structuredClone({ options, before, input })
            const result = kind.step(options, before, input, at, place)
            assert.deepEqual(kind.step(asked.options, asked.before, asked.input, at, place), result, 'the same again')
            assert.deepEqual({ before, input }, { before: asked.before, input: asked.input }, 'nothing was changed')
            if (result.state === undefined) continue
            assert.deepEqual(JSON.parse(JSON.stringify(result.state)), result.state, 'its state is JSON')
            if (result.state === null) rows.delete(input.key)
            else rows.set(input.key, result.state)
          }
        }

        function inputsOf(one: (typeof inputs)[number], at: number): WatchInput[] {
          if (one.sort === 'begin') return [{ kind: 'begin', key: one.key }]
          if (one.sort === 'timer') return [{ kind: 'timer', key: one.key, name: one.name, body: one.data }]
          const sees: WatchSees =
            one.sort === 'fact'
              ? { kind: 'fact', fact: factOf(one.name, one.key, at, one.data) }
              : { kind: 'event', event: eventOf(one.name, at, one.data) }
          return kind.keys(options, sees, place).map((key) => ({ ...sees, key }))
        }
      }),
      { numRuns: 150 },
    )
  })
}

test('there is a table of watches to look at', () => {
  assert.ok(Array.isArray(watchNames))
})
