// Globs of names, held against the same pattern as a regular expression.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { globMatches } from './glob.ts'

test('a star stands for any characters, dots among them', () => {
  assert.ok(globMatches('*', ''))
  assert.ok(globMatches('kms.*', 'kms.activation'))
  assert.ok(globMatches('backup.*.digest', 'backup.a.b.digest'))
  assert.ok(!globMatches('kms.*', 'kmsx'))
  assert.ok(!globMatches('a*a', 'a'))
  assert.ok(!globMatches('kms.activation', 'kms.activations'))
})

test('agrees with a regular expression on any pattern', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 })
  fc.assert(
    fc.property(piece, text, (pattern, name) => {
      const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
      assert.equal(globMatches(pattern, name), expression.test(name))
    }),
    { numRuns: 2000 },
  )
})
