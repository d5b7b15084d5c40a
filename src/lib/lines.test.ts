// Splitting bytes into lines: the same lines for any split of the stream, and bounded memory for endless ones.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createLineSplitter, cutBytes } from './lines.ts'

interface Seen {
  readonly text: string
  readonly cut: boolean
}

function split(chunks: readonly Uint8Array[], maxBytes: number, ended: boolean) {
  const seen: Seen[] = []
  const splitter = createLineSplitter(maxBytes)
  const note = (buffer: Buffer, start: number, end: number, cut: boolean) => {
    seen.push({ text: buffer.toString('latin1', start, end), cut })
  }
  for (const chunk of chunks) splitter.push(chunk, note)
  const pending = splitter.pending
  if (ended) splitter.end(note)
  return { seen, pending, cut: splitter.cut, after: splitter.pending }
}

/** The same by the plainest means. */
function model(text: string, maxBytes: number, ended: boolean) {
  const parts = text.split('\n')
  const rest = parts.pop() ?? ''
  const lines = ended && rest.length > 0 ? [...parts, rest] : parts
  const seen = lines.map((line) => {
    const bare = line.endsWith('\r') ? line.slice(0, -1) : line
    return bare.length <= maxBytes ? { text: bare, cut: false } : { text: line.slice(0, maxBytes), cut: true }
  })
  return { seen, pending: rest.length, cut: seen.filter((line) => line.cut).length }
}

function chunksOf(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const stops = [...new Set(at.map((n) => n % (bytes.length + 1)))].sort((a, b) => a - b)
  const edges = [0, ...stops, bytes.length]
  return edges.slice(1).map((edge, n) => bytes.subarray(edges[n], edge))
}

const awkward = fc
  .array(fc.constantFrom('\n', '\r', '\r\n', 'a', 'bc', '\0', '\xff', 'long enough to be cut'), { maxLength: 40 })
  .map((parts) => parts.join(''))

test('any split of the stream gives the same lines, pending bytes and cut count', () => {
  fc.assert(
    fc.property(
      awkward,
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      (text, at, max, ended) => {
        const got = split(chunksOf(Buffer.from(text, 'latin1'), at), max, ended)
        const want = model(text, max, ended)
        assert.deepEqual(got.seen, want.seen)
        assert.equal(got.pending, want.pending)
        assert.equal(got.cut, want.cut)
        assert.equal(got.after, ended ? 0 : want.pending)
      },
    ),
    { numRuns: 1000 },
  )
})

test('a line that never ends keeps 64 KiB, counts every byte, and the next line is whole again', () => {
  const splitter = createLineSplitter()
  const seen: string[] = []
  const note = (buffer: Buffer, start: number, end: number, cut: boolean) => {
    seen.push(`${end - start} ${cut}`)
    assert.ok(buffer.length <= 64 * 1024 + 1)
  }
  const chunk = Buffer.alloc(10_000, 'x')
  for (let n = 0; n < 1000; n++) splitter.push(chunk, note)
  assert.equal(splitter.pending, 10_000_000)
  splitter.push(Buffer.from('tail\nnext\n'), note)
  assert.deepEqual(seen, ['65536 true', '4 false'])
  assert.equal(splitter.pending, 0)
  assert.equal(splitter.cut, 1)
})

test('a plain Uint8Array over a part of a larger buffer is read at its own place', () => {
  const whole = new TextEncoder().encode('zzone\ntwo\nzz')
  assert.deepEqual(
    split([whole.subarray(2, 10)], 100, false).seen.map((line) => line.text),
    ['one', 'two'],
  )
})

test('cutting never tears a character apart', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.integer({ min: 4, max: 30 }), (text, max) => {
      const bytes = Buffer.from(text)
      const end = cutBytes(bytes, 0, bytes.length, max)
      assert.ok(end <= max || end === bytes.length)
      assert.ok(bytes.length <= max || end > max - 4)
      assert.ok(text.startsWith(bytes.toString('utf8', 0, end)))
    }),
  )
})
