// The map of addresses against a Map.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AddressMap } from './address-map.ts'
import type { Key } from './connections.ts'

test('any order of adding and deleting gives what a Map gives', () => {
  const number = fc.oneof(
    fc.nat(40),
    fc.nat(40).map((low) => 0x7f00_0001 * 65_536 + low * 4096),
    fc.maxSafeNat().map((key) => key % 2 ** 48),
  )
  const key: fc.Arbitrary<Key> = fc.oneof(
    { weight: 9, arbitrary: number },
    { weight: 1, arbitrary: fc.constantFrom('[::1]:1', '[::2]:1') },
  )
  const steps = fc.array(fc.tuple(key, fc.boolean()), { maxLength: 3000, size: 'max' })
  fc.assert(
    fc.property(steps, (todo) => {
      const map = new AddressMap()
      const model = new Map<Key, number>()
      todo.forEach(([at, isSet], index) => {
        if (!isSet || model.has(at)) {
          map.delete(at)
          model.delete(at)
        }
        if (isSet) {
          map.add(at, index)
          model.set(at, index)
        }
        assert.equal(map.get(at), model.get(at) ?? -1)
        assert.equal(map.size, model.size)
      })
      for (const [at] of todo) assert.equal(map.get(at), model.get(at) ?? -1)
    }),
    { numRuns: 60 },
  )
})

test('it grows to a hundred thousand and shrinks again', () => {
  const map = new AddressMap()
  for (let index = 0; index < 100_000; index++) map.add(index * 65_536 + (index % 60_000), index)
  for (let index = 0; index < 100_000; index++) assert.equal(map.get(index * 65_536 + (index % 60_000)), index)
  for (let index = 0; index < 99_999; index++) map.delete(index * 65_536 + (index % 60_000))
  assert.equal(map.size, 1)
  assert.equal(map.get(99_999 * 65_536 + (99_999 % 60_000)), 99_999)
})
