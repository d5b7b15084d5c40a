// What strangers send as JSON is a value or a sentence, however deep, broken or long it is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mostDepth, readJson, showJson } from './read-json.ts'

const read = (text: string) => readJson(Buffer.from(text), 'The body')
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

test('JSON is read, also as a part of a larger buffer', () => {
  assert.deepEqual(read('{"a": [1, null]}'), { value: { a: [1, null] } })
  assert.deepEqual(readJson(Buffer.from('xx[7]xx').subarray(2, 5), 'It'), { value: [7] })
})

test('what is none is told where it breaks, what is too deep by how much it may be', () => {
  const broken = read('{"a":')
  assert.match('error' in broken ? broken.error : '', /^The body is no JSON: .+\.$/)
  assert.ok('value' in read(nested(mostDepth)))
  for (const levels of [mostDepth + 1, 1_000_000])
    assert.deepEqual(read(nested(levels)), { error: 'The body is nested deeper than 64 levels.' })
})

test('bytes of any kind are a value or a sentence', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      const result = readJson(bytes, 'It')
      return 'value' in result || /^It is .+\.$/s.test(result.error)
    }),
  )
})

test('a value in a sentence is short', () => {
  assert.equal(showJson(undefined), 'nothing')
  assert.equal(showJson('a"b'), '"a\\"b"')
  assert.equal(showJson('x'.repeat(500)).length, 100)
})
