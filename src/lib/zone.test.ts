// Wall clocks: plain days, the hour that comes twice, the hour that never comes, and every zone against Intl itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createZone, isZoneName } from './zone.ts'

const hourMs = 3_600_000

test('a plain time has one instant', () => {
  const berlin = createZone('Europe/Berlin')
  assert.deepEqual(berlin.read(Date.UTC(2026, 4, 10, 13, 12, 17)), {
    at: Date.UTC(2026, 4, 10, 11, 12, 17),
    ambiguous: false,
  })
  assert.deepEqual(createZone('UTC').read(Date.UTC(2026, 0, 1)), { at: Date.UTC(2026, 0, 1), ambiguous: false })
  assert.equal(createZone('Asia/Kathmandu').read(Date.UTC(2026, 0, 1, 5, 45)).at, Date.UTC(2026, 0, 1))
})

test('an hour that comes twice is the earlier one and says so', () => {
  const berlin = createZone('Europe/Berlin')
  const wall = Date.UTC(2026, 9, 25, 2, 30)
  assert.deepEqual(berlin.read(wall), { at: Date.UTC(2026, 9, 25, 0, 30), ambiguous: true })
  assert.equal(berlin.read(Date.UTC(2026, 9, 25, 1, 59, 59)).ambiguous, false)
  assert.deepEqual(berlin.read(Date.UTC(2026, 9, 25, 3)), { at: Date.UTC(2026, 9, 25, 2), ambiguous: false })
})

test('a clock that fell back is followed by the order of the lines', () => {
  const berlin = createZone('Europe/Berlin')
  const first = berlin.toUtc(Date.UTC(2026, 9, 25, 2, 59, 59), Date.UTC(2026, 9, 25, 0, 59, 58))
  assert.equal(first, Date.UTC(2026, 9, 25, 0, 59, 59))
  assert.equal(berlin.ambiguous, true)
  assert.equal(berlin.toUtc(Date.UTC(2026, 9, 25, 2, 0, 0), first), Date.UTC(2026, 9, 25, 1, 0, 0))
  assert.equal(berlin.toUtc(Date.UTC(2026, 9, 25, 2, 59, 57), first), Date.UTC(2026, 9, 25, 0, 59, 57))
})

test('an hour that never comes is read as if the clock had not moved yet', () => {
  const berlin = createZone('Europe/Berlin')
  assert.deepEqual(berlin.read(Date.UTC(2026, 2, 29, 2, 30)), { at: Date.UTC(2026, 2, 29, 1, 30), ambiguous: true })
  assert.deepEqual(berlin.read(Date.UTC(2026, 2, 29, 3)), { at: Date.UTC(2026, 2, 29, 1), ambiguous: false })
})

test('half-hour and quarter-hour changes are seen', () => {
  const lordHowe = createZone('Australia/Lord_Howe')
  assert.deepEqual(lordHowe.read(Date.UTC(2026, 3, 5, 1, 45)), { at: Date.UTC(2026, 3, 4, 14, 45), ambiguous: true })
  assert.equal(lordHowe.read(Date.UTC(2026, 3, 5, 1, 15)).ambiguous, false)
  const chatham = createZone('Pacific/Chatham')
  assert.equal(chatham.read(Date.UTC(2026, 8, 27, 3, 0)).ambiguous, true)
  assert.equal(chatham.read(Date.UTC(2026, 8, 27, 2, 44)).ambiguous, false)
})

test('an unknown zone is refused', () => {
  assert.throws(() => createZone('Middle/Earth'), RangeError)
})

test('every unambiguous wall time reads back, whatever was asked before', () => {
  const names = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Africa/Casablanca']
  const zones = names.map((name) => ({
    zone: createZone(name),
    show: new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' }),
  }))
  const from = Date.UTC(1995, 0, 1) / 1000
  const until = Date.UTC(2037, 0, 1) / 1000
  fc.assert(
    fc.property(fc.nat(names.length - 1), fc.integer({ min: from, max: until }), (index, second) => {
      const entry = zones[index]
      assert.ok(entry)
      const wall = Date.parse(`${entry.show.format(second * 1000).replace(' ', 'T')}Z`)
      const { at, ambiguous } = entry.zone.read(wall)
      if (ambiguous) assert.ok(Math.abs(at - second * 1000) <= hourMs)
      else assert.equal(at, second * 1000)
    }),
    { numRuns: 2000 },
  )
})

test('the offset at any instant is that of Intl, whatever was asked before', () => {
  const zones = ['Europe/Rome', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Chatham'].map(
    (name) => ({
      zone: createZone(name),
      show: new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' }),
    }),
  )
  // The quarters around the changes of these zones, and instants anywhere.
  const change = fc.tuple(
    fc.constantFrom(
      '2026-03-29T01:00Z',
      '2026-03-08T07:00Z',
      '2026-10-03T15:30Z',
      '2026-04-04T14:00Z',
      '2026-11-01T06:00Z',
    ),
    fc.integer({ min: -40_000, max: 40_000 }),
  )
  const anyAt = fc.oneof(
    change.map(([at, seconds]) => Date.parse(at) + seconds * 1000),
    fc.integer({ min: Date.UTC(1995, 0) / 1000, max: Date.UTC(2150, 0) / 1000 }).map((seconds) => seconds * 1000),
  )
  fc.assert(
    fc.property(fc.constantFrom(...zones), anyAt, ({ zone, show }, at) => {
      assert.equal(zone.offsetAt(at), Date.parse(`${show.format(at).replace(' ', 'T')}Z`) - at)
      const wall = at + zone.offsetAt(at)
      const { from, until, first, second, never } = zone.spanAt(wall)
      assert.ok(!never && from <= wall && wall < until)
      assert.ok([first, second].includes(zone.offsetAt(at)))
    }),
    { numRuns: 5000 },
  )
})

test('names of the time zone database are known from others', () => {
  const good = [
    'Europe/Rome',
    'UTC',
    'America/Argentina/Buenos_Aires',
    'Etc/GMT+5',
    'Asia/Calcutta',
    'Asia/Kolkata',
    'CET',
    'GB-Eire',
  ]
  for (const name of good) assert.ok(isZoneName(name), name)
  const bad = [
    '',
    'CEST',
    'PST',
    'BST',
    '+01:00',
    'utc',
    'europe/rome',
    'Europe/rome',
    'Europe',
    'Europe/',
    'Europe/Rom',
    '../etc/passwd',
  ]
  for (const name of [...bad, 'SystemV/PST8', `Europe/${'R'.repeat(10_000)}`]) assert.ok(!isZoneName(name), name)
})
