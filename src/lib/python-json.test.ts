// JSON as Python writes it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { withoutNonNumbers } from './python-json.ts'

test('numbers that are none become null', () => {
  const text = String.raw`{"a": NaN, "b": [Infinity, -Infinity, -1], "NaN \" Infinity": "-Infinity"}`
  assert.deepEqual(JSON.parse(withoutNonNumbers(text)), {
    a: null,
    b: [null, null, -1],
    'NaN " Infinity': '-Infinity',
  })
})

test('JSON stays as it is', () => {
  fc.assert(fc.property(fc.json(), (text) => assert.equal(withoutNonNumbers(text), text)))
  const strings = fc.array(fc.constantFrom('NaN', 'Infinity', '"', '\\', '-', ' '))
  fc.assert(
    fc.property(strings, (parts) => {
      const text = JSON.stringify({ [parts.join('')]: parts })
      assert.equal(withoutNonNumbers(text), text)
    }),
  )
})

test('any text is read once from end to end', () => {
  for (const one of ['"', '\\"', 'NaN', '-Inf', '"NaN', '-Infinity,'])
    assert.ok(withoutNonNumbers(`NaN${one.repeat(200_000)}`).startsWith('null'))
})
