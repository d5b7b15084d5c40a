// Time stamps of log lines: every common form is read, anything else is left alone.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createStampReader } from './stamp.ts'
import type { StampFormat } from './stamp.ts'

const now = Date.parse('2026-11-20T13:30:00Z')
/** Two hours east of UTC, so that local and UTC stamps are told apart. */
const east = (local: number): number => local - 7_200_000

function read(text: string, format: StampFormat = 'auto', at = now): string | undefined {
  const bytes = Buffer.from(`xx${text}`)
  const time = createStampReader(format, east).read(bytes, 2, bytes.length, at)
  return time === undefined ? undefined : new Date(time).toISOString()
}

test('every common form is read', () => {
  const cases: readonly (readonly [line: string, time: string])[] = [
    ['2026-11-20T13:00:00Z started', '2026-11-20T13:00:00.000Z'],
    ['2026-11-20T13:00:00.1239Z', '2026-11-20T13:00:00.123Z'],
    ['2026-11-20T13:00:00,5+01:00 x', '2026-11-20T12:00:00.500Z'],
    ['2026-11-20t13:00:00-0530', '2026-11-20T18:30:00.000Z'],
    ['2026-11-20 13:00:00 +0000 x', '2026-11-20T13:00:00.000Z'],
    ['2026-11-20 13:00:00.25 UTC [1] LOG', '2026-11-20T13:00:00.250Z'],
    ['2026-11-20 13:00:00: local', '2026-11-20T11:00:00.000Z'],
    ['2026-11-20 13:00:00 x', '2026-11-20T11:00:00.000Z'],
    ['2026/11/20 13:00:00 [error] 7#7', '2026-11-20T11:00:00.000Z'],
    ['[2026-11-20 13:00:00] x', '2026-11-20T11:00:00.000Z'],
    ['2026-11-20 13:00:00 -5 degrees', '2026-11-20T11:00:00.000Z'],
    ['2026-11-20 13:00:00 -12345 left', '2026-11-20T11:00:00.000Z'],
    ['Nov 20 13:00:00 host app[7]: x', '2026-11-20T11:00:00.000Z'],
    ['Nov  2 13:00:00 host', '2026-11-02T11:00:00.000Z'],
    ['<34>Nov 20 13:00:00 host', '2026-11-20T11:00:00.000Z'],
    ['Dec 31 23:00:00 host', '2025-12-31T21:00:00.000Z'],
    ['Feb 29 12:00:00 host', '2024-02-29T10:00:00.000Z'],
    ['1795179600 x', '2026-11-20T13:00:00.000Z'],
    ['1795179600.125 x', '2026-11-20T13:00:00.125Z'],
    ['1795179600125 x', '2026-11-20T13:00:00.125Z'],
    ['20/Nov/2026:13:00:00 +0100] "GET', '2026-11-20T12:00:00.000Z'],
  ]
  for (const [line, time] of cases) assert.equal(read(line), time, line)
})

test('at the turn of the year a syslog stamp is in the year that fits', () => {
  assert.equal(read('Jan  1 01:00:00 x', 'syslog', Date.parse('2026-12-31T22:59:00Z')), '2026-12-31T23:00:00.000Z')
  assert.equal(read('Jan  1 03:00:00 x', 'syslog', Date.parse('2026-12-31T23:59:00Z')), '2027-01-01T01:00:00.000Z')
  assert.equal(read('Dec 31 23:00:00 x', 'syslog', Date.parse('2027-01-01T00:10:00Z')), '2026-12-31T21:00:00.000Z')
})

test('what is no stamp is left alone', () => {
  const lines = [
    '',
    'x',
    '2026',
    '2026-13-01 00:00:00',
    '2026-02-30 00:00:00',
    '2026-11-20 24:00:00',
    '2026-11-20 13:00:6',
    '12345',
  ]
  for (const line of [
    ...lines,
    '12345678901',
    '17951796001234',
    'Foo 20 13:00:00',
    'Nov 31 13:00:00',
    '20/Nov/2026:13:00:00 ',
    '<999',
    '[',
  ])
    assert.equal(read(line), undefined, line)
})

test('a named format reads no other', () => {
  assert.equal(read('1795179600 x', 'iso'), undefined)
  assert.equal(read('2026-11-20 13:00:00', 'epoch'), undefined)
  assert.equal(read('2026-11-20 13:00:00', 'syslog'), undefined)
  assert.equal(read('Nov 20 13:00:00', 'clf'), undefined)
  assert.equal(read('Nov 20 13:00:00', 'iso'), undefined)
})

test('one reader over many lines says the same as a new one for each', () => {
  const stamp = fc
    .tuple(
      fc.date({ min: new Date('1990-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
      fc.constantFrom('', 'Z', '+01:00', ' -0300'),
    )
    .map(([date, offset]) => `${date.toISOString().slice(0, -1)}${offset}`)
  fc.assert(
    fc.property(
      fc.array(fc.oneof(stamp, fc.string(), fc.constantFrom('2026-11-20 13:00:00', '2026-11-20 13:00:01Z'))),
      (lines) => {
        const shared = createStampReader('auto', east)
        for (const line of lines) {
          const bytes = Buffer.from(line)
          const fresh = createStampReader('auto', east).read(bytes, 0, bytes.length, now)
          assert.equal(shared.read(bytes, 0, bytes.length, now), fresh)
          if (/^(?:19|20)\d\d-.*T.*Z$/.test(line)) assert.equal(fresh, Date.parse(line))
        }
      },
    ),
  )
})

test('any bytes give a time or none', () => {
  const bytes = fc.array(fc.constantFrom(...Buffer.from('0129-/:.,TZ +[<>NovUTC \n\xff')), { maxLength: 40 })
  fc.assert(
    fc.property(bytes, fc.constantFrom<StampFormat>('auto', 'iso', 'syslog', 'epoch', 'clf'), (list, format) => {
      const time = createStampReader(format, east).read(Uint8Array.from(list), 0, list.length, now)
      assert.ok(time === undefined || Number.isFinite(time))
    }),
    { numRuns: 2000 },
  )
})
