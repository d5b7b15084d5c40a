// Calendar expressions mean what the real systemd-analyze says: the usual ones, days of summer time, and random ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyBase, anyExpression, anyZone, mutate } from '../../../test/support/on-calendar-texts.ts'
import { askSystemd, type Question } from '../../../test/support/systemd-analyze.ts'
import { localTime } from '../local-time.ts'
import type { OnCalendar } from './calendar.ts'
import { nextElapse, previousElapse } from './elapse.ts'
import { parseOnCalendar } from './parse.ts'
import { writeOnCalendar } from './write.ts'

const zones = ['Europe/Rome', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu']
const minuteMs = 60_000
const dayMs = 86_400_000

function read(text: string): OnCalendar {
  const calendar = parseOnCalendar(text)
  assert.ok(!('error' in calendar), 'error' in calendar ? calendar.error : '')
  return calendar
}

function nextOnes(calendar: OnCalendar, { after, zone, iterations }: Question): number[] {
  const elapses: number[] = []
  let at: number | undefined = after
  while (elapses.length < iterations && (at = nextElapse(calendar, at, zone)) !== undefined) elapses.push(at)
  return elapses
}

/** All that systemd-analyze says of these expressions, we say. */
function compare(question: Question): void {
  const { expressions, after, zone } = question
  askSystemd(question).forEach((answer, index) => {
    const expression = expressions[index] ?? ''
    const where = `'${expression}' after ${new Date(after).toISOString()} in ${zone}`
    const calendar = parseOnCalendar(expression)
    if ('error' in calendar) return assert.equal(answer.verdict, 'refused', `${where}: ${calendar.error}`)
    if (answer.verdict === 'gave up') return
    assert.equal(answer.verdict, 'taken', where)
    assert.equal(writeOnCalendar(calendar), answer.normal, where)
    const elapses = nextOnes(calendar, question)
    // With a ~, systemd may go over to the second coming of an hour: what the wall shows is the same.
    const show = (at: number) => (calendar.fromEnd ? localTime(at, calendar.zone ?? zone) : new Date(at).toISOString())
    assert.deepEqual(
      elapses.map((at) => show(Math.floor(at / 1000) * 1000)),
      answer.elapses.map(show),
      where,
    )
  })
}

const usual = `
  minutely; hourly; daily; weekly; monthly; quarterly; semiannually; yearly; annually; Daily UTC
  *-*-* *:15:00; *:0/15; *:0/7; *:*; *:*:0/20; *-*-* 00/6:00:00; 0/2:00; 0/5:00; 8..18:00/30; 12,14,13,12:20,10,30
  02:30; *-*-01 02:30:00; *-*-31 02:00; *-*~03; *-02~01; *-*~07/2 12:00; *-*~3..7/2; *-02-29; 29..40-02-29
  Sun *-*-* 00:00:00; Mon..Fri *-*-* 22:00; Mon *-05~07/1; Fri *-*-13; Sat,Thu,Mon..Wed,Sat..Sun; wed *-1
  Mon,Sun 12-*-* 2,1:23; Wed, 17:48; monday *-12-* 17:00; Sun *-03~1..7 02:30; Sun *-03-25..31 02:30
  2027-01-01; 2026..2030/2-1/3-5,6 1:2:3; 2030/5-*-* 6:00; @1900000000; @5; 2001-01-01 00:00 America/New_York
  *-*-* 02:30 Europe/Rome; 01:30 America/New_York; 1:45 Australia/Lord_Howe; weekly Pacific/Auckland
  05:40:23.4200004/3.1700005; *:*:0.25/0.5; *:*:58.5; *:*:1.5..3; *:2/3; 2003-02..04-05; *-02-30; *-2,4-31
`
  .trim()
  .split(/ *[;\n] */)

test('the usual expressions elapse when systemd says', () => {
  for (const zone of [...zones, 'UTC'])
    for (const month of [0, 2, 5, 9, 11])
      compare({ expressions: usual, after: Date.UTC(2026, month, 24, 9, 20, 30, 500), zone, iterations: 5 })
})

test('on the days on which clocks are moved all is as systemd has it, wherever one begins', () => {
  const expressions = [
    '*:0/15',
    '*:*:0/30',
    'hourly',
    '0/2:00',
    'daily',
    '*:59:59',
    'Sun 00..05:10,40',
    '*-*-* 01,02,03:00',
  ]
  const times = [
    '00:30',
    '01:00',
    '01:30',
    '01:59:59',
    '02:00',
    '02:05',
    '02:10',
    '02:29:59',
    '02:30',
    '02:59:59.9',
    '03:00',
  ]
  const days: { readonly [zone: string]: readonly string[] } = {
    'Europe/Rome': ['2026-03-29T01:00Z', '2026-10-25T01:00Z', '2091-03-25T01:00Z'],
    'America/New_York': ['2026-03-08T07:00Z', '2026-11-01T06:00Z'],
    'Australia/Lord_Howe': ['2026-10-03T15:30Z', '2026-04-04T15:00Z'],
    'Asia/Kathmandu': ['2026-03-29T01:00Z'],
  }
  for (const [zone, moments] of Object.entries(days))
    for (const moment of moments)
      for (const minutes of [
        -1500, -90, -61, -31, -30, -16, -15, -5, -0.001, 0, 5, 15, 29, 30, 31, 45, 59.999, 60, 61, 90,
      ])
        compare({
          expressions: [...expressions, ...times],
          after: Date.parse(moment) + minutes * minuteMs,
          zone,
          iterations: 5,
        })
})

test('a step without an end that leads out of its unit leaves out what systemd leaves out', () => {
  const expressions = ['*:0/7', '0/5:00', '0/5:0/7', '0/6:0/15', '*-*-1/4', '*-*~7/2', '*:*:0/7', '*:*:0.004/59.991']
  const mixed = [
    '*-1/5-1/7 0/5:0/7:0/13',
    'Mon *:0/7',
    'Mon,Fri 0/5:0/7',
    '22,23:0/7',
    '0..58/2:0/25:3/50',
    '*:*:0/1.5',
  ]
  for (const start of [
    '2026-07-30T23:50Z',
    '2026-07-31T20:30Z',
    '2026-12-29T00:00Z',
    '2026-12-31T23:58Z',
    '2026-02-28T19:59:30Z',
  ])
    compare({ expressions: [...expressions, ...mixed], after: Date.parse(start), zone: 'UTC', iterations: 12 })
  const previous = (text: string, at: string) =>
    new Date(previousElapse(read(text), Date.parse(at), 'UTC') ?? NaN).toISOString().slice(0, 19)
  assert.equal(previous('*:0/7', '2026-07-31T00:06Z'), '2026-07-30T23:56:00')
  assert.equal(previous('*:0/7', '2026-07-31T01:06Z'), '2026-07-31T01:00:00')
  assert.equal(previous('Mon *:0/7', '2026-07-27T00:06Z'), '2026-07-27T00:00:00')
  assert.equal(previous('0/5:00', '2026-08-01T04:00Z'), '2026-07-31T20:00:00')
  assert.equal(previous('0/5:00', '2026-08-02T04:00Z'), '2026-08-02T00:00:00')
  assert.equal(previous('*-*-1/4', '2027-01-03T00:00Z'), '2026-12-29T00:00:00')
  assert.equal(previous('*:*:0/7', '2026-07-31T01:00:06Z'), '2026-07-31T00:59:56')
  assert.equal(previous('*:*:0.004/59.991', '2026-07-31T00:31:30Z'), '2026-07-31T00:30:59')
})

test('random expressions are read, written and reckoned as by systemd, from random times on', () => {
  fc.assert(
    fc.property(
      fc.array(anyExpression, { minLength: 1, maxLength: 25 }),
      anyBase,
      anyZone,
      (expressions, after, zone) => compare({ expressions, after, zone, iterations: 5 }),
    ),
    { numRuns: 100 },
  )
})

test('what systemd refuses of damaged expressions is refused, and nothing else', () => {
  const damaged = fc.tuple(fc.constantFrom(...usual), anyExpression, fc.infiniteStream(fc.nat()), fc.boolean())
  fc.assert(
    fc.property(fc.array(damaged, { minLength: 1, maxLength: 40 }), (seeds) =>
      compare({
        expressions: seeds.map(([known, random, numbers, which]) =>
          mutate(which ? known : random, () => numbers.next().value),
        ),
        after: Date.UTC(2026, 2, 28),
        zone: 'UTC',
        iterations: 2,
      }),
    ),
    { numRuns: 60 },
  )
})

test('the previous elapse is one, lies at or before its time, and no other lies between', () => {
  fc.assert(
    fc.property(anyExpression, anyBase, anyZone, (expression, at, zone) => {
      const calendar = parseOnCalendar(expression)
      if ('error' in calendar) return
      const previous = previousElapse(calendar, at, zone)
      const next = nextElapse(calendar, previous ?? Date.UTC(1960, 0), zone)
      assert.ok(next === undefined || next > at, `${next} lies between`)
      if (previous === undefined) return
      assert.ok(previous <= at)
      assert.equal(nextElapse(calendar, previous - 1, zone), previous)
      assert.equal(previousElapse(calendar, previous, zone), previous)
    }),
    { numRuns: 3000 },
  )
})

test('previous and next elapse meet on the days on which clocks are moved', () => {
  const elapses = (text: string, from: string, until: string, zone: string) => {
    const found: string[] = []
    let at = previousElapse(read(text), Date.parse(until), zone)
    for (; at !== undefined && at >= Date.parse(from); at = previousElapse(read(text), at - 1, zone))
      found.unshift(new Date(at).toISOString().slice(5, 16))
    return found
  }
  assert.deepEqual(elapses('hourly', '2026-03-28T23:00Z', '2026-03-29T02:30Z', 'Europe/Rome'), [
    '03-28T23:00',
    '03-29T00:00',
    '03-29T01:00',
    '03-29T02:00',
  ])
  assert.deepEqual(elapses('02:30', '2026-03-27T00:00Z', '2026-03-31T00:00Z', 'Europe/Rome'), [
    '03-27T01:30',
    '03-28T01:30',
    '03-30T00:30',
  ])
  // 02:00 and 02:30 come at 00:00Z and 00:30Z, and again an hour later, which does not count.
  assert.deepEqual(elapses('*:0/30', '2026-10-24T23:30Z', '2026-10-25T02:00Z', 'Europe/Rome'), [
    '10-24T23:30',
    '10-25T00:00',
    '10-25T00:30',
    '10-25T02:00',
  ])
  assert.equal(
    previousElapse(read('02:30'), Date.parse('2026-10-25T01:10Z'), 'Europe/Rome'),
    Date.parse('2026-10-25T00:30Z'),
  )
  assert.equal(
    nextElapse(read('02:30'), Date.parse('2026-10-25T01:10Z'), 'Europe/Rome'),
    Date.parse('2026-10-25T01:30Z'),
  )
  assert.deepEqual(elapses('*:0/15', '2026-10-03T15:00Z', '2026-10-03T15:50Z', 'Australia/Lord_Howe'), [
    '10-03T15:00',
    '10-03T15:15',
    '10-03T15:30',
    '10-03T15:45',
  ])
})

test('what never elapses has no next and no previous, soon', () => {
  const never = ['*-02-30', 'Mon *-2,4,6,9,11-31', '*-02-30 *:*:0.001/0.001', 'Tue 2026-01-01', '2026-02-29 1:1 UTC']
  for (const expression of never) {
    assert.equal(nextElapse(read(expression), Date.UTC(1971, 0), 'Europe/Rome'), undefined, expression)
    assert.equal(previousElapse(read(expression), Date.UTC(2190, 0), 'Europe/Rome'), undefined, expression)
  }
  // The last Sunday of March at half past two never is: clocks go forward then.
  assert.equal(nextElapse(read('Sun *-03-25..31 02:30'), Date.UTC(1997, 0), 'Europe/Rome'), undefined)
})

test('a time far off, or none at all, has no elapse where there is none', () => {
  const daily = read('daily UTC')
  assert.equal(nextElapse(daily, -1, 'UTC'), 0)
  assert.equal(nextElapse(daily, -Infinity, 'UTC'), 0)
  assert.equal(nextElapse(daily, Date.UTC(2199, 11, 30), 'UTC'), Date.UTC(2199, 11, 31))
  assert.equal(nextElapse(daily, Date.UTC(2199, 11, 31), 'UTC'), undefined)
  for (const at of [NaN, Infinity, 8.64e15, 1e300]) assert.equal(nextElapse(daily, at, 'UTC'), undefined)
  for (const at of [NaN, -Infinity, -8.64e15, -3 * dayMs]) assert.equal(previousElapse(daily, at, 'UTC'), undefined)
  assert.equal(previousElapse(daily, dayMs - 1, 'UTC'), 0)
  assert.equal(previousElapse(daily, Infinity, 'UTC'), Date.UTC(2199, 11, 31))
  assert.throws(() => nextElapse(read('daily'), 0, 'Middle/Earth'), RangeError)
})

test('the zone in the expression wins over the one that is asked for', () => {
  const noon = Date.UTC(2026, 5, 1, 12)
  assert.equal(nextElapse(read('22:00 America/New_York'), noon, 'Europe/Rome'), Date.UTC(2026, 5, 2, 2))
  assert.equal(nextElapse(read('22:00'), noon, 'Europe/Rome'), Date.UTC(2026, 5, 1, 20))
  assert.equal(previousElapse(read('22:00 utc'), noon, 'Europe/Rome'), Date.UTC(2026, 4, 31, 22))
})

test('fractions of a second elapse at the next whole millisecond', () => {
  const calendar = read('*:*:1.0004,1.0007,1.5')
  const elapses: number[] = []
  for (let at: number | undefined = 0; elapses.length < 3 && (at = nextElapse(calendar, at, 'UTC'));) elapses.push(at)
  assert.deepEqual(elapses, [1001, 1500, 61_001])
  assert.equal(previousElapse(calendar, 1000, 'UTC'), undefined)
  assert.equal(previousElapse(calendar, 1001, 'UTC'), 1001)
  assert.equal(previousElapse(calendar, 1499.9, 'UTC'), 1001)
})

test('the normal form reads back as the same', () => {
  fc.assert(
    fc.property(anyExpression, (expression) => {
      const calendar = parseOnCalendar(expression)
      if ('error' in calendar) return
      const text = writeOnCalendar(calendar)
      const again = read(text)
      assert.equal(writeOnCalendar(again), text)
      // What says the same twice, as `0/1,0` does, is written once.
      for (const after of [Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 9, 24, 22, 30)])
        assert.equal(nextElapse(again, after, 'Europe/Rome'), nextElapse(calendar, after, 'Europe/Rome'))
    }),
    { numRuns: 1000 },
  )
  // Here systemd prints `*` for the seconds, which would lose the half.
  assert.equal(writeOnCalendar(read('*:*:0/1,5.5')), '*-*-* *:*:00/1,05.500000')
})

test('a mistake is told with what would be right', () => {
  const told: { readonly [expression: string]: RegExp } = {
    '': /it is empty; write one such as 'daily'/,
    ' daily': /begins with a blank; remove that/,
    dayly: /'dayly' is no weekday; write daily/,
    'Fri..Mon': /a week begins with Monday, so 'Fri\.\.Mon' runs backwards; write Fri\.\.Sun,Mon/,
    'Mon,,Tue': /'Mon,,Tue' lacks a weekday/,
    'weekly 10:00': /'weekly' must stand alone/,
    '10': /'10' alone is neither a date nor a time; write a date as \*-\*-10 and a time as 10:00/,
    '24:00': /24 is no hour; write one from 0 to 23/,
    '*:0:60': /60 is no second; write one from 0 below 60/,
    '*-*~31': /31 is no day from the end of every month; write one from 1 to 28/,
    '*:*/5': /a \* has no step; write 0\/5 for '\*\/5'/,
    '*:1,*': /a \* stands for every minute and must stand alone, not as in '1,\*'/,
    '*:30/30': /the step in '30\/30' is too long to come to another minute/,
    '*:10..5': /the range '10\.\.5' runs backwards; write the lesser value first/,
    '*:0/0': /the step behind the \/ in '0\/0' must not be 0/,
    '2026-05': /the date '2026-05' lacks its day; write 2026-05-\*/,
    '2026-01-01T10:00': /a blank between date and time, not a T/,
    '10:00 Europe/Rom': /'Europe\/Rom' is no time zone; write UTC or an IANA name such as Europe\/Rome/,
    '10:00 CEST': /'CEST' is no time zone/,
    '10:00 Mon': /'Mon' is no time zone/,
    '10:00 2026-01-01': /'2026-01-01' must not stand behind the time/,
    '@daily': /an @ stands before seconds since 1970; write daily/,
    '@7258118400': /the year 2199 is the last/,
    '2200-01-01': /2200 is no year; write one from 1970 to 2199/,
  }
  for (const [expression, pattern] of Object.entries(told)) {
    const result = parseOnCalendar(expression)
    assert.match('error' in result ? result.error : 'was read', pattern)
  }
  const long = parseOnCalendar(`10:00\u001b[2J ${'x'.repeat(100_000)}`)
  assert.ok('error' in long && long.error.length < 250 && !long.error.includes('\u001b'))
})
