// Sizes: thousands with KB, 1024s with KiB; written for people.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSize, writeSize } from './size.ts'

test('a number and a unit', () => {
  const cases: readonly [string, number | undefined][] = [
    ['512', 512],
    ['512B', 512],
    ['10MB', 10_000_000],
    ['64KiB', 65_536],
    ['64 kib', 65_536],
    ['1.5GB', 1_500_000_000],
    ['2TiB', 2_199_023_255_552],
    ['', undefined],
    ['MB', undefined],
    ['10 apples', undefined],
    ['-1MB', undefined],
    ['10M', undefined],
    ['0.3', undefined],
    ['999999999999999TB', undefined],
  ]
  for (const [text, bytes] of cases) assert.equal(readSize(text), bytes, JSON.stringify(text))
})

test('as people read it: 1024s, one decimal', () => {
  const cases: readonly [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [912_680_550, '870.4 MiB'],
    [1_048_570, '1.0 MiB'],
    [48_318_382_080, '45.0 GiB'],
    [2 ** 60, '1024.0 PiB'],
    [-1, '0 B'],
  ]
  for (const [bytes, text] of cases) assert.equal(writeSize(bytes), text, String(bytes))
})
