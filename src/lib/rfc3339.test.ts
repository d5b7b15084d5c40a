// RFC 3339 times are read as they are meant, and what only looks like one is not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readRfc3339 } from './rfc3339.ts'

const right: readonly [text: string, iso: string][] = [
  ['1985-04-12T23:20:50.52Z', '1985-04-12T23:20:50.520Z'],
  ['1996-12-19T16:39:57-08:00', '1996-12-20T00:39:57.000Z'],
  ['1937-01-01T12:00:27.87+00:20', '1937-01-01T11:40:27.870Z'],
  ['1990-12-31T23:59:60Z', '1990-12-31T23:59:59.000Z'],
  ['2024-02-29t00:00:00z', '2024-02-29T00:00:00.000Z'],
  ['2026-11-20 03:00:00.123456789+00:00', '2026-11-20T03:00:00.123Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
]
const wrong = [
  '2026-11-20T03:00:00',
  '2026-11-20',
  '2026-11-20T03:00Z',
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-11-20T24:00:00Z',
  '2026-11-20T03:60:00Z',
  '2026-11-20T03:00:61Z',
  '2026-11-20T03:00:00+24:00',
  '2026-11-20T03:00:00.Z',
  '20261120T030000Z',
  'yesterday',
  '',
]

for (const [text, iso] of right) {
  test(`${text} is ${iso}`, () => assert.equal(new Date(readRfc3339(text) ?? Number.NaN).toISOString(), iso))
}
for (const text of wrong) test(`"${text}" is no such time`, () => assert.equal(readRfc3339(text), undefined))

test('every time of a computer comes back as it was written', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
      (date) => assert.equal(readRfc3339(date.toISOString()), date.getTime()),
    ),
  )
})
