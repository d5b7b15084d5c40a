// Runs that are not as usual: by hand, late, overlapping, on days of summer time, of plans that were just made or changed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  plans,
  repositories,
  shifted,
  show,
  startInIncident,
  startNight,
  statuses,
  toTime,
  withStatuses,
  type Plan,
} from '../../../test/support/ns8-night.ts'
import type { Json, JsonObject } from '../../words.ts'

const daily = plans['daily'] as Plan
const may31 = statuses['may31'] ?? {}
const june1 = statuses['june1'] ?? {}
const allGood: { readonly [id: string]: JsonObject } = { ...june1, mail1: shifted(june1['mail1'], 0, { errors: 0 }) }
const good = 'report info SUCCESS [-] Backup "BB daily" (1): all 3 applications backed up'

function timeAndOutcome(line: string): string {
  const [day = '', time = '', , , outcome = ''] = line.split(' ')
  return `${day} ${time} ${outcome}`
}

/** A status by the time of day of 1 June, or by ISO times. */
function ran(from: string, until: string, errors = 0): JsonObject {
  return { start: toTime(from) / 1000, end: toTime(until) / 1000, errors, node: '1' }
}

/** One application on one node. */
function solo(schedule: string, status: JsonObject | null, zone = 'UTC'): Plan {
  const plan = withStatuses(daily, { mail1: status }, { schedule })
  return { ...plan, modules: plan.modules.slice(0, 1), nodes: { 1: { zone } } }
}

/** Two applications, one after the other on one node. */
function pair(mail: Json, nextcloud: Json): Plan {
  const plan = withStatuses(daily, { mail1: mail, nextcloud1: nextcloud })
  return { ...plan, modules: plan.modules.slice(0, 2) }
}

test('a run started by hand that goes well ends the incident, once all of it is done', () => {
  const night = startInIncident()
  night.until('10:20')
  const mailDone = { ...june1, mail1: ran('10:00', '10:20') }
  show(night, withStatuses(daily, mailDone))
  night.until('10:25')
  assert.deepEqual(night.said(), [], 'the run is still on')
  show(night, withStatuses(daily, { ...mailDone, nextcloud1: ran('10:20', '10:25'), samba1: ran('10:00', '10:02') }))
  assert.deepEqual(night.said(), [
    '06-01 10:25:00 report info SUCCESS [plan/1 resolved] Backup "BB daily" (1): recovered after 9 h, 1 failed run',
  ])
  assert.equal(night.events.at(-1)?.data['startedByHand'], '2026-06-01T10:00:00.000Z')
})

test('a run started by hand that is killed leaves the others as they were', () => {
  const night = startInIncident()
  night.until('10:20')
  show(night, withStatuses(daily, { ...june1, mail1: ran('10:00', '10:20') }))
  night.until('23:00')
  assert.deepEqual(night.said(), [
    '06-01 12:56:23 report info SUCCESS [plan/1 resolved] Backup "BB daily" (1): recovered after 11 h, 1 failed run',
  ])
})

test('a run started by hand that fails is told as one change, whatever it takes along', () => {
  const night = startInIncident()
  night.repositories.set('1/samba1', repositories['yesterday'] ?? {})
  night.until('10:20')
  show(night, withStatuses(daily, { ...june1, samba1: ran('10:00', '10:02', 1) }))
  night.until('10:24')
  show(
    night,
    withStatuses(daily, {
      mail1: ran('10:00', '10:23', 2),
      nextcloud1: ran('10:23', '10:24'),
      samba1: ran('10:00', '10:02', 1),
    }),
  )
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 10:24:00 report warning PARTIAL [plan/1 changed] Backup "BB daily" (1): 2 of 3 applications failed',
  ])
  assert.equal(night.events.at(-1)?.data['failedRuns'], 2)
})

test('a run started by hand before the due time is not the run that is due', () => {
  const night = startNight('2026-05-31T02:30:00Z')
  show(night, withStatuses(daily, may31))
  night.until('00:50')
  const early = { mail1: ran('00:30', '00:50'), nextcloud1: may31['nextcloud1'] ?? {}, samba1: ran('00:30', '00:31') }
  show(night, withStatuses(daily, early))
  night.until('01:10')
  show(night, withStatuses(daily, { ...early, nextcloud1: ran('00:50', '01:10') }))
  night.said()
  night.until('12:00')
  assert.match(night.said().join('\n'), /MISSED/)
})

test('a run that comes in after it was missed ends the incident', () => {
  const night = startNight('04:00')
  show(night, withStatuses(daily, may31))
  night.until('04:01')
  assert.equal(night.said().length, 1)
  night.until('05:00')
  show(night, withStatuses(daily, { ...may31, mail1: ran('03:40', '05:00') }))
  night.until('05:07')
  assert.deepEqual(night.said(), [], 'it is still on')
  show(
    night,
    withStatuses(daily, {
      mail1: ran('03:40', '05:00'),
      nextcloud1: ran('05:00', '05:07'),
      samba1: ran('03:40', '03:45'),
    }),
  )
  assert.deepEqual(night.said(), [
    '06-01 05:07:00 missed info SUCCESS [plan/1 resolved] Backup "BB daily" (1): recovered after 4 h, 1 failed run',
  ])
})

test('a run that comes late and stops half way is told as it ended', () => {
  const night = startNight('04:00')
  show(night, withStatuses(daily, may31))
  night.until('04:01')
  night.said()
  night.until('05:00')
  show(night, withStatuses(daily, { ...may31, mail1: ran('03:40', '05:00') }))
  night.until('23:00')
  assert.deepEqual(night.said(), [
    '06-01 07:15:01 missed warning PARTIAL [plan/1 changed] Backup "BB daily" (1): 2 of 3 applications not backed up',
  ])
})

test('an hourly run that takes longer than an hour is not missed', () => {
  const night = startNight('01:30')
  const [mail, nextcloud] = daily.modules
  const hourly = (first: JsonObject, second: JsonObject): Plan => {
    const plan = withStatuses(daily, { mail1: first, nextcloud1: second }, { schedule: '*-*-* *:00:00' })
    return { ...plan, modules: plan.modules.filter(({ id }) => id === mail?.id || id === nextcloud?.id) }
  }
  show(night, hourly(ran('01:00', '01:10'), ran('01:10', '01:20')))
  night.until('02:40')
  show(night, hourly(ran('02:00', '02:40'), ran('01:10', '01:20')))
  night.until('03:20')
  show(night, hourly(ran('02:00', '02:40'), ran('02:40', '03:20')))
  night.until('04:10')
  show(night, hourly(ran('04:00', '04:10'), ran('02:40', '03:20')))
  night.until('04:20')
  show(night, hourly(ran('04:00', '04:10'), ran('04:10', '04:20')))
  night.until('05:07')
  const told = night.said().filter((line) => !line.includes('[DURATION]'))
  assert.deepEqual(
    told.map((line) => line.slice(6, 33)),
    ['01:30:00 report info SUCCES', '03:20:00 report info SUCCES', '04:20:00 report info SUCCES'],
  )
})

test('an hourly run that stays away is missed, though the next ones are due before that is certain', () => {
  const night = startNight('01:30')
  show(night, solo('hourly', ran('01:00', '01:10')))
  night.until('06:00')
  assert.deepEqual(night.said(), [
    '06-01 01:30:00 report info SUCCESS [-] Backup "BB daily" (1): its application backed up',
    '06-01 03:25:01 missed critical MISSED [plan/1 firing] Backup "BB daily" (1): did not run',
    '06-01 04:25:01 missed critical MISSED [plan/1 firing] Backup "BB daily" (1): did not run',
    '06-01 05:25:01 missed critical MISSED [plan/1 firing] Backup "BB daily" (1): did not run',
  ])
})

test('a plan for the 31st waits through the months that have none', () => {
  const night = startNight('2026-05-31T06:00:00Z')
  const schedule = '*-*-31 01:00:00'
  show(night, solo(schedule, shifted(ran('01:00', '01:20'), -1)))
  assert.equal(night.said().length, 1)
  night.until('2026-07-31T00:59:00Z')
  assert.deepEqual(night.said(), [])
  night.until('2026-07-31T12:00:00Z')
  assert.match(night.said().join(), /07-31 02:35:01 missed critical MISSED/)
})

test('in the night that has an hour twice one run is enough, and in the one that lacks it none is due', () => {
  const schedule = '*-*-* 02:30:00'
  const october = startNight('2026-10-24T06:00:00Z')
  show(october, solo(schedule, ran('2026-10-24T00:30:00Z', '2026-10-24T00:50:00Z'), 'Europe/Rome'))
  october.until('2026-10-25T00:55:00Z')
  show(october, solo(schedule, ran('2026-10-25T00:30:00Z', '2026-10-25T00:50:00Z'), 'Europe/Rome'))
  october.until('2026-10-26T01:00:00Z')
  assert.deepEqual(october.said().map(timeAndOutcome), ['10-24 06:00:00 SUCCESS', '10-25 00:55:00 SUCCESS'])
  const march = startNight('2026-03-28T06:00:00Z')
  show(march, solo(schedule, ran('2026-03-28T01:30:00Z', '2026-03-28T01:50:00Z'), 'Europe/Rome'))
  march.until('2026-03-30T12:00:00Z')
  assert.deepEqual(march.said().map(timeAndOutcome), ['03-28 06:00:00 SUCCESS', '03-30 02:05:01 MISSED'])
})

test('where nodes have clocks of their own, each is due by its own', () => {
  const night = startNight('2026-05-31T12:00:00Z')
  const nodes = { 1: { zone: 'Europe/Rome' }, 2: { zone: 'Europe/London' } }
  const at = (mail: string, samba: string): Plan => {
    const plan = withStatuses(daily, {
      mail1: ran(mail, mail.replace(':00:00Z', ':10:00Z')),
      samba1: ran(samba, samba.replace(':00:00Z', ':10:00Z')),
    })
    return { ...plan, modules: plan.modules.filter(({ id }) => id !== 'nextcloud1'), nodes }
  }
  show(night, at('2026-05-30T23:00:00Z', '2026-05-31T00:00:00Z'))
  night.until('2026-05-31T23:10:00Z')
  show(night, at('2026-05-31T23:00:00Z', '2026-05-31T00:00:00Z'))
  night.until('00:05')
  assert.equal(night.said().length, 1, 'in London it is not one o’clock yet')
  night.until('00:10')
  show(night, at('2026-05-31T23:00:00Z', '2026-06-01T00:00:00Z'))
  night.until('12:00')
  assert.deepEqual(
    night.said().map((line) => line.slice(0, 36)),
    ['06-01 00:10:00 report info SUCCESS ['],
  )
})

test('a plan that was just made is not missed before its first due time', () => {
  const night = startNight('14:00')
  show(night, withStatuses(daily, { mail1: null, nextcloud1: null, samba1: null }))
  night.until('2026-06-02T03:10:00Z')
  assert.deepEqual(night.said(), [])
  night.until('2026-06-02T12:00:00Z')
  assert.match(night.said().join(), /06-02 03:15:01 missed critical MISSED \[plan\/1 firing\]/)
})

test('a schedule that was changed today counts from now on', () => {
  const night = startNight('02:30')
  show(night, withStatuses(daily, allGood))
  night.until('10:00')
  show(night, withStatuses(daily, allGood, { schedule: '*-*-* 09:00:00' }))
  night.until('2026-06-02T08:00:00Z')
  assert.deepEqual(night.said(), [`06-01 02:30:00 ${good}`])
  night.until('2026-06-02T12:30:00Z')
  assert.match(night.said().join(), /06-02 11:15:12 missed critical MISSED/)
})

test('an application that joined after the run waits for the next one', () => {
  const night = startNight('02:30')
  show(night, withStatuses(daily, allGood))
  night.until('10:00')
  const joined = { id: 'webtop1', node: '1' }
  show(night, { ...withStatuses(daily, allGood), modules: [...withStatuses(daily, allGood).modules, joined] })
  night.until('2026-06-02T00:59:00Z')
  assert.deepEqual(night.said(), [`06-01 02:30:00 ${good}`])
  const next = withStatuses(
    daily,
    Object.fromEntries(Object.entries(allGood).map(([id, one]) => [id, shifted(one, 1)])),
  )
  night.until('2026-06-02T02:07:35Z')
  show(night, { ...next, modules: [...next.modules, joined] })
  night.until('2026-06-02T12:00:00Z')
  assert.deepEqual(
    night.said().map((line) => line.slice(0, 80)),
    ['06-02 03:56:23 report warning PARTIAL [plan/1 firing] Backup "BB daily" (1): 1 o'],
  )
  assert.deepEqual(night.events.at(-1)?.data['reasons'], ['webtop1: no run of it is known'])
})

test('a clock that is ahead is borne with for minutes, not for hours', () => {
  const night = startNight('02:30')
  night.repositories.set('1/samba1', repositories['yesterday'] ?? {})
  show(night, withStatuses(daily, { ...allGood, samba1: ran('02:32', '02:34') }))
  assert.deepEqual(night.said(), [`06-01 02:30:00 ${good}`])
  show(night, withStatuses(daily, { ...allGood, samba1: ran('05:07', '05:34') }))
  night.until('02:31')
  assert.match(night.said().join(), /02:30:00 report warning PARTIAL .*1 of 3 applications cannot be judged/)
})

test('an application that joined during a run that fails does not keep its end from being told', () => {
  const night = startNight('2026-05-31T02:30:00Z')
  show(night, withStatuses(daily, may31))
  night.said()
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  night.until('02:07:35')
  const joined = withStatuses(daily, june1)
  show(night, { ...joined, modules: [...joined.modules, { id: 'webtop1', node: '1' }] })
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 02:22:35 report warning PARTIAL provisional [plan/1 firing] Backup "BB daily" (1): 1 of 4 applications failed so far',
    '06-01 03:56:16 report warning PARTIAL [plan/1 changed] Backup "BB daily" (1): 1 of 4 applications failed',
  ])
})

test('a schedule that nobody can read is told once, and runs are judged all the same', () => {
  const night = startNight('06:00')
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  const odd = { schedule: 'when the moon is full' }
  show(night, withStatuses(daily, may31, odd))
  show(night, withStatuses(daily, allGood, odd))
  night.until('2026-06-02T02:07:35Z')
  const next = Object.fromEntries(Object.entries(june1).map(([id, one]) => [id, shifted(one, 1)]))
  show(night, withStatuses(daily, next, odd))
  night.until('2026-06-02T12:00:00Z')
  const told = night.said()
  assert.match(
    told[0] ?? '',
    /report warning - \[BAD_SCHEDULE\] .*its schedule cannot be read, so a missed run would not be noticed/,
  )
  assert.deepEqual(
    told.slice(1).map((line) => line.slice(0, 56)),
    [
      '06-01 06:00:00 report info SUCCESS [-] Backup "BB daily"',
      '06-01 06:00:00 report info SUCCESS [-] Backup "BB daily"',
      '06-02 02:07:35 report warning PARTIAL [plan/1 firing] Ba',
    ],
  )
})

test('a run started by hand within a minute of the one that failed counts by itself', () => {
  const night = startNight('01:00:05')
  const failed = ran('01:00:16', '01:00:20', 1)
  show(night, pair(may31['mail1'] ?? {}, may31['nextcloud1'] ?? {}))
  night.said()
  night.until('01:00:20')
  show(night, pair(ran('01:00:05', '01:00:15'), failed))
  night.until('01:01:11')
  show(night, pair(ran('01:01:10', '01:01:11'), failed))
  assert.equal(night.events.at(-1)?.data['failedRuns'], 1)
  night.until('01:01:12')
  show(night, pair(ran('01:01:10', '01:01:11'), ran('01:01:11', '01:01:12')))
  assert.deepEqual(night.said(), [
    '06-01 01:00:20 report warning PARTIAL [plan/1 firing] Backup "BB daily" (1): 1 of 2 applications failed',
    '06-01 01:01:12 report info SUCCESS [plan/1 resolved] Backup "BB daily" (1): recovered after 1 min, 1 failed run',
  ])
})

test('what was missed before is not judged by a run started by hand that is still on', () => {
  const night = startNight('06:00')
  show(night, pair(ran('01:00', '01:10'), may31['nextcloud1'] ?? {}))
  night.until('06:01')
  assert.equal(night.said().length, 1)
  night.until('10:20')
  show(night, pair(ran('10:00', '10:20'), may31['nextcloud1'] ?? {}))
  assert.deepEqual(night.said(), [])
  night.until('10:25')
  show(night, pair(ran('10:00', '10:20'), ran('10:20', '10:25')))
  assert.deepEqual(night.said(), [
    '06-01 10:25:00 report info SUCCESS [plan/1 resolved] Backup "BB daily" (1): recovered after 9 h, 1 failed run',
  ])
})

test('nor is what cannot be read, where it could not be read before', () => {
  const night = startNight('06:00')
  show(night, pair(ran('01:00', '01:10'), 'no status'))
  night.until('06:01')
  assert.match(night.said().join(), /1 of 2 applications cannot be judged/)
  night.until('10:20')
  show(night, pair(ran('10:00', '10:20'), 'no status'))
  assert.deepEqual(night.said(), [])
  night.until('10:25')
  show(night, pair(ran('10:00', '10:20'), ran('10:20', '10:25')))
  assert.match(night.said().join(), /recovered after 9 h, 1 failed run$/)
})

test('a run started by hand that goes well as far as it comes has not failed', () => {
  const night = startNight('02:00')
  const failed = ran('01:10', '01:20', 1)
  show(night, pair(ran('01:00', '01:10'), failed))
  night.until('10:20')
  show(night, pair(ran('10:00', '10:20'), failed))
  night.until('2026-06-02T01:20:00Z')
  show(
    night,
    pair(ran('2026-06-02T01:00:00Z', '2026-06-02T01:10:00Z'), ran('2026-06-02T01:10:00Z', '2026-06-02T01:20:00Z')),
  )
  assert.match(night.said().at(-1) ?? '', /06-02 01:20:00 .* recovered after 24 h, 1 failed run$/)
})

test('a run started by hand that takes longer than runs do is one run all the same', () => {
  const night = startNight('02:00')
  show(night, pair(ran('01:00', '01:10'), ran('01:10', '01:20', 1)))
  night.until('10:20')
  show(night, pair(ran('10:00', '10:20', 1), ran('01:10', '01:20', 1)))
  night.until('13:00')
  show(night, pair(ran('10:00', '10:20', 1), ran('10:20', '13:00', 1)))
  night.until('23:00')
  assert.equal(night.events.at(-1)?.data['failedRuns'], 2)
  assert.equal(night.events.at(-1)?.data['startedByHand'], '2026-06-01T10:00:00.000Z')
})

test('what failed just before the next run was due is no part of that', () => {
  const night = startNight('01:30')
  const schedule = '*-*-* *:00:00'
  const hourly = (mail: JsonObject, nextcloud: JsonObject): Plan =>
    withStatuses(pair(mail, nextcloud), {}, { schedule })
  const failed = ran('01:59:10', '01:59:50', 1)
  show(night, hourly(ran('01:00', '01:05'), ran('01:05', '01:10')))
  night.until('01:59:50')
  show(night, hourly(ran('01:58', '01:59:10'), failed))
  night.until('02:05')
  show(night, hourly(ran('02:00', '02:05'), failed))
  night.until('02:10')
  show(night, hourly(ran('02:00', '02:05'), ran('02:05', '02:10')))
  assert.match(night.said().at(-1) ?? '', /02:10:00 .* recovered after 12 min, 1 failed run$/)
})

test('a run by hand after one that took over what was due meanwhile is by hand', () => {
  const night = startNight('00:30')
  const hourly = (mail: JsonObject, nextcloud: JsonObject): Plan =>
    withStatuses(pair(mail, nextcloud), {}, { schedule: '*-*-* *:00:00' })
  show(night, hourly(ran('00:00', '00:05'), ran('00:05', '00:10')))
  night.until('01:30')
  show(night, hourly(ran('01:00', '01:30'), ran('00:05', '00:10')))
  night.until('03:00')
  show(night, hourly(ran('01:00', '01:30'), ran('01:30', '03:00')))
  night.until('03:01')
  show(night, hourly(ran('03:00:30', '03:01', 1), ran('01:30', '03:00')))
  night.until('03:02')
  show(night, hourly(ran('03:00:30', '03:01', 1), ran('03:01', '03:02')))
  night.until('03:03')
  const incident = night.events.filter(({ condition }) => condition !== undefined)
  assert.deepEqual(
    incident.map(({ data }) => data['failedRuns']),
    [1],
  )
  assert.equal(night.events.at(-1)?.data['startedByHand'], '2026-06-01T03:00:30.000Z')
})
