// Schedules: which of two ways of writing it is, and when each comes next and came last, through summer time as well.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSchedule, type Schedule } from './schedule.ts'

function read(text: string): Schedule {
  const schedule = parseSchedule(text)
  assert.ok(!('error' in schedule), 'error' in schedule ? schedule.error : '')
  return schedule
}

function runs(text: string, from: string, until: string, zone: string): { next: string[]; previous: string[] } {
  const schedule = read(text)
  const show = (at: number) => new Date(at).toISOString().slice(5, 16)
  const [first, last] = [Date.parse(from), Date.parse(until)]
  const next: string[] = []
  const previous: string[] = []
  for (let at = schedule.next(first - 1, zone); at !== undefined && at <= last; at = schedule.next(at, zone))
    next.push(show(at))
  for (let at = schedule.previous(last, zone); at !== undefined && at >= first; at = schedule.previous(at - 1, zone))
    previous.unshift(show(at))
  return { next, previous }
}

test('five and six words are cron, fewer are systemd', () => {
  assert.equal(read('30 2 * * *').kind, 'cron')
  assert.equal(read('  */10 30  2 * * MON-FRI ').text, '*/10 30 2 * * MON-FRI')
  assert.equal(read('daily').text, '*-*-* 00:00:00')
  const systemd = read(' Mon..Fri, *-*-* 22:00 Europe/Rome ')
  assert.equal(systemd.kind, 'OnCalendar')
  assert.equal(systemd.text, 'Mon..Fri *-*-* 22:00:00 Europe/Rome')
})

test('both come and came when the clock says so in the zone asked for', () => {
  const noon = Date.UTC(2026, 5, 1, 12)
  for (const text of ['30 2 * * *', '0 30 2 * * *', '02:30']) {
    assert.equal(read(text).next(noon, 'Europe/Rome'), Date.UTC(2026, 5, 2, 0, 30), text)
    assert.equal(read(text).next(noon, 'Asia/Kathmandu'), Date.UTC(2026, 5, 1, 20, 45), text)
    assert.equal(read(text).previous(noon, 'Europe/Rome'), Date.UTC(2026, 5, 1, 0, 30), text)
    const at = Date.UTC(2026, 5, 1, 2, 30)
    assert.equal(read(text).next(at, 'UTC'), at + 86_400_000, text)
    assert.equal(read(text).next(at - 1, 'UTC'), at, text)
    assert.equal(read(text).previous(at, 'UTC'), at, text)
    assert.equal(read(text).previous(at - 1, 'UTC'), at - 86_400_000, text)
  }
  assert.equal(read('0 12 * * MON#2').next(noon, 'UTC'), Date.UTC(2026, 5, 8, 12))
  assert.equal(read('0 12 L * *').next(noon, 'UTC'), Date.UTC(2026, 5, 30, 12))
})

test('when clocks go forward, cron runs a time of the lost hour after it, and systemd does not', () => {
  const cron = ['03-28T01:30', '03-29T01:00', '03-30T00:30']
  const systemd = ['03-28T01:30', '03-30T00:30']
  const days = ['2026-03-28T00:00Z', '2026-03-30T12:00Z', 'Europe/Rome'] as const
  assert.deepEqual(runs('30 2 * * *', ...days), { next: cron, previous: cron })
  assert.deepEqual(runs('02:30', ...days), { next: systemd, previous: systemd })
})

test('when clocks go back, a time of the day comes once; what cron runs by the minute runs in both hours', () => {
  const once = ['10-24T00:30', '10-25T00:30', '10-26T01:30']
  const days = ['2026-10-24T00:00Z', '2026-10-26T12:00Z', 'Europe/Rome'] as const
  assert.deepEqual(runs('30 2 * * *', ...days), { next: once, previous: once })
  assert.deepEqual(runs('02:30', ...days), { next: once, previous: once })
  const cron = ['10-24T23:30', '10-25T00:00', '10-25T00:30', '10-25T01:00', '10-25T01:30', '10-25T02:00']
  const systemd = ['10-24T23:30', '10-25T00:00', '10-25T00:30', '10-25T02:00']
  const hours = ['2026-10-24T23:30Z', '2026-10-25T02:00Z', 'Europe/Rome'] as const
  assert.deepEqual(runs('*/30 * * * *', ...hours), { next: cron, previous: cron })
  assert.deepEqual(runs('*:0/30', ...hours), { next: systemd, previous: systemd })
})

test('the same plan in either way of writing has the same times', () => {
  const list = (first: number, last: number) =>
    fc.option(fc.uniqueArray(fc.integer({ min: first, max: last }), { minLength: 1, maxLength: 4 }), { freq: 3 })
  const write = (values: readonly number[] | null) => values?.join(',') ?? '*'
  const names = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
  const day = fc.oneof(
    list(1, 28).map((days) => ({ days, weekdays: null })),
    list(0, 6).map((weekdays) => ({ days: null, weekdays })),
  )
  const anyAt = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2060, 0) })
  fc.assert(
    fc.property(list(0, 59), list(0, 23), day, list(1, 12), anyAt, (minutes, hours, { days, weekdays }, months, at) => {
      const time = `${write(hours)}:${write(minutes)}`
      const week = weekdays === null ? '' : `${weekdays.map((index) => names[index]).join(',')} `
      const systemd = read(`${week}*-${write(months)}-${write(days)} ${time}`)
      const cron = read(`${write(minutes)} ${write(hours)} ${write(days)} ${write(months)} ${write(weekdays)}`)
      assert.equal(cron.next(at, 'UTC'), systemd.next(at, 'UTC'), `${cron.text} = ${systemd.text}`)
      assert.equal(cron.previous(at, 'UTC'), systemd.previous(at, 'UTC'), `${cron.text} = ${systemd.text}`)
    }),
    { numRuns: 1000 },
  )
})

test('a mistake says how the two are told apart', () => {
  const told: { readonly [text: string]: RegExp } = {
    '60 * * * *': /^'60 \* \* \* \*' is no schedule of cron: Invalid value for minute: 60/,
    '0 2 * * Mon..Fri': /^'0 2 \* \* Mon\.\.Fri' is no schedule of cron: .*illegal characters/,
    '0 0 31 2 *': /no year has such a day, so it would never run/,
    '24:00': /^'24:00' is no calendar expression of systemd: 24 is no hour/,
    '@daily': /write daily/,
    '* * * *': /is no calendar expression of systemd/,
    '': /it is empty/,
    '1 2 3 4 5 6 7': /^'1 2 3 4 5 6 7' is no schedule: it has 7 words/,
  }
  for (const [text, pattern] of Object.entries(told)) {
    const result = parseSchedule(text)
    assert.match('error' in result ? result.error : 'was read', pattern)
    assert.match('error' in result ? result.error : '', /five or six are cron's.*and fewer are systemd's/)
  }
  for (const text of [`${'1,'.repeat(100_000)}1 * * * *`, `\u001b[2J ${'* '.repeat(50_000)}`]) {
    const result = parseSchedule(text)
    assert.ok('error' in result && result.error.length < 400 && !result.error.includes('\u001b'))
  }
})

test('a time that is none, or far off, has no run', () => {
  for (const text of ['30 2 * * *', '02:30'])
    for (const at of [NaN, Infinity, 8.64e15, 1e300]) assert.equal(read(text).next(at, 'UTC'), undefined, text)
  for (const text of ['30 2 * * *', '02:30'])
    for (const at of [NaN, -Infinity, -8.64e15]) assert.equal(read(text).previous(at, 'UTC'), undefined, text)
})
