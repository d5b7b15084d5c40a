// A span of the day covers what the wall clock says, also in the nights in which the clock is moved.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { coveredUntil, readTimeOfDay } from './daily-span.ts'
import { localTime } from './local-time.ts'
import { createZone } from './zone.ts'

const madrid = createZone('Europe/Madrid')
const night = { from: 22 * 60, until: 6 * 60 + 30 }

function until(text: string, span = night): string | undefined {
  const end = coveredUntil(span, madrid, Date.parse(text))
  return end === undefined ? undefined : new Date(end).toISOString()
}

test('times of a day are read, and nothing else', () => {
  assert.deepEqual(['00:00', '7:05', '23:59', '24:00'].map(readTimeOfDay), [0, 425, 1439, 1440])
  assert.deepEqual(['24:01', '25:00', '7', '07:60', ' 07:00', '07:00:00'].map(readTimeOfDay), Array(6).fill(undefined))
})

test('a span that crosses midnight covers both sides of it; its end is outside', () => {
  assert.equal(until('2026-07-01T22:00:00+02:00'), '2026-07-02T04:30:00.000Z')
  assert.equal(until('2026-07-02T06:29:59+02:00'), '2026-07-02T04:30:00.000Z')
  assert.equal(until('2026-07-02T06:30:00+02:00'), undefined)
  assert.equal(until('2026-07-02T21:59:59+02:00'), undefined)
})

test('within a day, and a whole one', () => {
  const noon = { from: 720, until: 780 }
  assert.equal(until('2026-07-01T12:30:00+02:00', noon), '2026-07-01T11:00:00.000Z')
  assert.equal(until('2026-07-01T13:00:00+02:00', noon), undefined)
  assert.equal(until('2026-07-01T13:00:00+02:00', { from: 0, until: 1440 }), '2026-07-01T22:00:00.000Z')
})

test('the nights in which the clock is moved', () => {
  // 02:30 does not exist: it ends when the clock shows 03:30.
  assert.equal(until('2026-03-29T01:00:00+01:00', { from: 22 * 60, until: 150 }), '2026-03-29T01:30:00.000Z')
  // 02:30 comes twice: the first one ends it.
  assert.equal(until('2026-10-25T01:00:00+02:00', { from: 22 * 60, until: 150 }), '2026-10-25T00:30:00.000Z')
  assert.equal(until('2026-10-25T02:30:00+01:00', { from: 22 * 60, until: 150 }), undefined)
  assert.equal(until('2026-10-25T05:00:00+01:00'), '2026-10-25T05:30:00.000Z')
})

test('whatever is covered is so by the wall clock', () => {
  const minute = fc.integer({ min: 0, max: 1439 })
  const at = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) })
  fc.assert(
    fc.property(minute, minute, at, (from, to, instant) => {
      fc.pre(from !== to)
      const wall = localTime(instant, 'Europe/Madrid')
      fc.pre(!/-03-29 0[1-4]|-10-25 0[1-3]/.test(wall))
      const now = Number(wall.slice(11, 13)) * 60 + Number(wall.slice(14, 16))
      const inside = from < to ? from <= now && now < to : now >= from || now < to
      const end = coveredUntil({ from, until: to }, madrid, instant)
      assert.equal(end !== undefined, inside)
      if (end === undefined) return
      assert.ok(end > instant && end - instant <= 25 * 3_600_000)
    }),
    { numRuns: 500 },
  )
})
