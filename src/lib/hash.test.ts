// The hash is the same each time, and spreads texts evenly.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashText } from './hash.ts'

test('the same text has the same number, between 0 and 2^32', () => {
  for (const text of ['', 'nas', 'ñandú', '2026-03-29']) {
    const hash = hashText(text)
    assert.equal(hashText(text), hash)
    assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32)
  }
})

test('texts that differ in their end only are spread evenly', () => {
  const counts = Array.from({ length: 16 }, () => 0)
  for (let index = 0; index < 16_000; index += 1) {
    const bucket = hashText(`host-${index}`) % 16
    counts[bucket] = (counts[bucket] ?? 0) + 1
  }
  assert.ok(Math.min(...counts) > 800 && Math.max(...counts) < 1200, counts.join(' '))
})
