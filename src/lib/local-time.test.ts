// Times are read in the zone they are asked for; foreign text cannot draw on a terminal.
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { localTime, localTimeBeside } from './local-time.ts'
import { cut, printable } from './printable.ts'

describe('local time', () => {
  const at = Date.UTC(2026, 4, 10, 11, 12, 17, 900)

  test('is that of the zone, in summer and in winter', () => {
    assert.equal(localTime(at, 'UTC'), '2026-05-10 11:12:17')
    assert.equal(localTime(at, 'Europe/Madrid'), '2026-05-10 13:12:17')
    assert.equal(localTime(Date.UTC(2026, 0, 1, 0, 0, 0), 'Europe/Madrid'), '2026-01-01 01:00:00')
    assert.equal(localTime(Date.UTC(2026, 0, 1, 0, 0, 0), 'UTC'), '2026-01-01 00:00:00')
  })

  test('drops the date beside a time of the same day', () => {
    assert.equal(localTimeBeside(at + 1000, at, 'UTC'), '11:12:18')
    assert.equal(localTimeBeside(at + 86_400_000, at, 'UTC'), '2026-05-11 11:12:17')
  })
})

describe('printable text', () => {
  test('names what it replaced', () => {
    assert.equal(printable('a\nb\u001b[2J\u202ec\u009b'), 'a\\nb\\u001b[2J\\u202ec\\u009b')
    assert.equal(printable('Größe 日本 🙂'), 'Größe 日本 🙂')
  })

  test('never holds a control character, and cutting keeps to the width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, width) => {
        assert.doesNotMatch(printable(text), /[\p{Cc}\u2028\u2029]/u)
        assert.ok(Array.from(cut(text, width)).length <= width)
      }),
    )
  })
})
