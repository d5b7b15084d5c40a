// Bytes in pieces of any size, and what they cost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { createPile } from './pile.ts'

test('what was piled up comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5 }), { size: 'max', maxLength: 5000 }), (pieces) => {
      const pile = createPile()
      for (const piece of pieces) pile.add(Buffer.from(piece))
      const whole = Buffer.concat(pieces)
      assert.equal(pile.size, whole.byteLength)
      assert.ok(pile.toBuffer().equals(whole))
    }),
    { numRuns: 50 },
  )
})

test('a single piece is not copied', () => {
  const piece = Buffer.from('all of it')
  const pile = createPile()
  pile.add(piece)
  assert.equal(pile.toBuffer(), piece)
})

test('a million pieces of one byte take little more than a million bytes', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = held()
  const pile = createPile()
  for (let count = 0; count < 1_000_000; count += 1) pile.add(Buffer.from('x'))
  const grown = held() - before
  assert.equal(pile.size, 1_000_000)
  assert.ok(grown < 20_000_000, `${grown} bytes`)
})
