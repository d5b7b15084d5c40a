// Comparing eight bytes at a time gives what comparing them one by one gives.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAt, toAscii, toView } from './ascii.ts'

const printable = fc.string({ unit: fc.constantFrom(' ', '0', '1', 'a', '~'), minLength: 8, maxLength: 40 })

test('a text is found where it stands, and nowhere else', () => {
  fc.assert(
    fc.property(printable, fc.uint8Array({ maxLength: 9 }), fc.uint8Array({ maxLength: 9 }), (text, before, after) => {
      const bytes = Buffer.concat([before, Buffer.from(text), after])
      const view = toView(bytes)
      for (let at = 0; at + text.length <= bytes.length; at++)
        assert.equal(isAt(view, at, toAscii(text)), bytes.toString('latin1', at, at + text.length) === text)
    }),
  )
})

test('a single other byte anywhere makes it another text', () => {
  fc.assert(
    fc.property(printable, fc.nat(39), fc.integer({ min: 1, max: 255 }), (text, place, change) => {
      const bytes = Buffer.from(text)
      const at = place % bytes.length
      bytes[at] = (bytes[at] ?? 0) ^ change
      assert.equal(isAt(toView(bytes), 0, toAscii(text)), false)
    }),
    { numRuns: 2000 },
  )
})

test('what cannot be compared so is refused', () => {
  for (const text of ['', 'too few', 'a line\nfeed', 'grüße an alle', '\0\0\0\0\0\0\0\0'])
    assert.throws(() => toAscii(text), RangeError)
})
