// Runs that are not as usual: by hand, late, overlapping, on days of summer time, of plans that were just made or changed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  alerts,
  plans,
  repositories,
  shifted,
  startNight,
  statuses,
  toTime,
  withStatuses,
  type Night,
  type Plan,
} from '../../../test/support/ns8-night.ts'
import type { JsonObject } from '../../words.ts'

const daily = plans['daily'] as Plan
const may31 = statuses['may31'] ?? {}
const june1 = statuses['june1'] ?? {}
const allGood: { readonly [id: string]: JsonObject } = { ...june1, mail1: shifted(june1['mail1'], 0, { errors: 0 }) }
const good = 'report info SUCCESS [-] Backup "BB daily" (1): all 3 applications backed up'

function timeAndOutcome(line: string): string {
  const [day = '', time = '', , , outcome = ''] = line.split(' ')
  return `${day} ${time} ${outcome}`
}

function show(night: Night, plan: Plan): void {
  night.cluster.set('1', plan)
  night.see('1')
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

/** Mail has failed in the night of 1 June, and it was told. */
function startInIncident(): Night {
  const night = startNight('06:00')
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  show(night, withStatuses(daily, june1))
  night.until('09:00')
  assert.equal(night.said().length, 1)
  return night
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

test('a plan that fails from its very first run is told of, even before it was ever due', () => {
  const night = startNight('14:00')
  const never = withStatuses(daily, { mail1: null, nextcloud1: null, samba1: null })
  show(night, never)
  night.until('15:00')
  night.alert('1', alerts['daily'] ?? {})
  night.until('23:00')
  assert.deepEqual(night.said(), [
    '06-01 15:15:00 report warning PARTIAL provisional [plan/1 firing] Backup "BB daily" (1): an alert came in while the run is on',
  ])
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

test('an alert over a good run is given two minutes, then it is inconsistent, and a later good run ends that', () => {
  const night = startNight('02:10')
  night.cluster.set('1', withStatuses(daily, allGood))
  night.alert('1', alerts['daily'] ?? {})
  night.until('02:12:29')
  assert.deepEqual(night.said(), [])
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 02:12:30 report warning INCONSISTENT [plan/1 firing] Backup "BB daily" (1): an alert says that it failed, the record of NethServer that it did not',
  ])
  night.alert('1', { ...alerts['daily'], status: 'resolved' })
  night.until('12:10')
  assert.deepEqual(night.said(), [], 'an alert that is taken back proves nothing')
  night.until('2026-06-02T02:07:35Z')
  show(
    night,
    withStatuses(daily, Object.fromEntries(Object.entries(allGood).map(([id, one]) => [id, shifted(one, 1)]))),
  )
  assert.match(night.said().join(), /06-02 02:07:35 report info SUCCESS \[plan\/1 resolved\]/)
})

test('an alert over a good run that is taken back in time was nothing', () => {
  const night = startNight('02:10')
  night.cluster.set('1', withStatuses(daily, allGood))
  night.alert('1', alerts['daily'] ?? {})
  night.until('02:11')
  night.alert('1', { ...alerts['daily'], status: 'resolved' })
  night.until('12:00')
  assert.deepEqual(night.said(), [`06-01 02:11:00 ${good}`])
})

test('the alert of the failure before may take ten minutes to go after a good run', () => {
  const night = startInIncident()
  night.alert('1', alerts['daily'] ?? {})
  night.until('2026-06-02T02:07:35Z')
  show(
    night,
    withStatuses(daily, Object.fromEntries(Object.entries(allGood).map(([id, one]) => [id, shifted(one, 1)]))),
  )
  night.until('2026-06-02T02:15:00Z')
  assert.deepEqual(night.said(), [])
  night.alert('1', { ...alerts['daily'], status: 'resolved' })
  night.until('2026-06-02T02:16:00Z')
  assert.deepEqual(night.said(), [
    '06-02 02:15:00 report info SUCCESS [plan/1 resolved] Backup "BB daily" (1): recovered after 25 h, 1 failed run',
  ])
})

test('when the leader has changed and all alerts come anew, what is known stays known', () => {
  const night = startInIncident()
  night.alert('1', { ...alerts['daily'], startsAt: '2026-06-01T08:59:00Z' })
  night.alert('1', {
    ...alerts['daily'],
    startsAt: '2026-06-01T08:59:00Z',
    fingerprint: 'ffff000011112222',
    planName: 'Renamed',
  })
  night.until('23:00')
  assert.deepEqual(night.said(), [])
})

test('two hundred alerts about one plan are one look and one message', () => {
  const night = startNight('02:10')
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  night.cluster.set('1', withStatuses(daily, june1))
  for (let index = 0; index < 200; index += 1)
    night.alert('1', { ...alerts['daily'], ...(index % 2 === 0 ? {} : { fingerprint: `f${index}` }) })
  night.until('12:00')
  assert.equal(night.said().length, 1)
  assert.deepEqual(
    night.looks.map(({ name, key }) => `${name} ${key}`),
    ['backup.plan 1', 'backup.repository 1/mail1'],
  )
})

test('a plan that is removed takes its incident along', () => {
  const night = startInIncident()
  show(night, { state: 'gone', modules: [], nodes: {} })
  night.until('2026-06-03T12:00:00Z')
  assert.deepEqual(night.said(), [
    '06-01 09:00:00 report info UNKNOWN_PLAN [plan/1 resolved] Backup plan 1: ended, since the plan was removed',
  ])
  assert.deepEqual([...night.timers.keys()], ['1|forget'])
})

test('an unreadable plan is not missed; it is judged when it can be read again', () => {
  const night = startNight('2026-05-31T02:30:00Z')
  show(night, withStatuses(daily, may31))
  night.said()
  night.until('00:30')
  night.cluster.set('1', { state: 'unreadable', problem: 'refused', modules: [], nodes: {} })
  night.until('06:00')
  assert.deepEqual(night.said(), [], 'that Redis refuses is told for the whole cluster')
  show(night, withStatuses(daily, allGood))
  assert.deepEqual(night.said(), [`06-01 06:00:00 ${good}`])
})

test('a source that gives no answer when a run should have ended is told of, and its end too', () => {
  const night = startNight('2026-05-31T02:30:00Z')
  show(night, withStatuses(daily, may31))
  night.said()
  night.cluster.set('1', 'silent')
  night.until('06:00')
  assert.deepEqual(night.said(), [
    '06-01 02:27:20 report error UNKNOWN [plan/1 firing] Backup "BB daily" (1): cannot read the state of NethServer 8',
  ])
  assert.deepEqual(night.events.at(-1)?.data['reasons'], ['the source gave no answer'])
  show(night, withStatuses(daily, allGood))
  assert.deepEqual(night.said(), [
    '06-01 06:00:00 report info SUCCESS [plan/1 resolved] Backup "BB daily" (1): can be read again: all 3 applications backed up',
  ])
})

test('an alert about a plan that does not run is not lost', () => {
  const night = startNight('06:00')
  night.cluster.set('1', withStatuses(daily, may31, { enabled: false }))
  night.alert('1', alerts['daily'] ?? {})
  night.until('12:00')
  assert.deepEqual(
    night.said().at(-1),
    '06-01 06:00:30 report info DISABLED [DISABLED] Backup "BB daily" (1): alert BackupFailed came in, though the plan is disabled',
  )
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

test('a plan that is taken out of the options leaves nothing behind', () => {
  const night = startInIncident()
  night.configure({ plans: ['2'] })
  night.until('2026-06-03T00:00:00Z')
  assert.deepEqual(night.said(), [
    '06-02 02:17:22 report info PARTIAL [plan/1 resolved] Backup "BB daily" (1): watched no more',
  ])
  assert.deepEqual([night.state('1'), [...night.timers.keys()]], [undefined, []])
})

test('after our own absence nothing is missed before the plan was read anew', () => {
  const night = startNight('2026-05-31T02:30:00Z')
  show(night, withStatuses(daily, may31))
  night.said()
  night.cluster.set('1', withStatuses(daily, allGood))
  night.wake('06:00')
  night.until('12:00')
  assert.deepEqual(night.said(), [`06-01 06:05:00 ${good}`])
})

test('a repository that gives no answer is not waited for without end, nor blamed', () => {
  const night = startNight('06:00')
  show(
    night,
    withStatuses(
      daily,
      Object.fromEntries(Object.entries(june1).map(([id, one]) => [id, shifted(one, 0, { errors: 1 })])),
    ),
  )
  night.until('12:00')
  assert.match(night.said().join(), /06:00:00 report critical FAILED .*all 3 applications failed$/)
})

test('where probes are switched off, no repository is asked for', () => {
  const night = startNight('06:00', { probe: false })
  show(night, withStatuses(daily, june1))
  assert.match(night.said().join(), /06:00:00 report warning PARTIAL .*1 of 3 applications failed$/)
  assert.deepEqual(night.looks, [])
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

test('only the plans that were asked for are watched', () => {
  const night = startNight('06:00', { plans: ['2'] })
  show(night, withStatuses(daily, june1))
  night.alert('1', alerts['daily'] ?? {})
  night.until('12:00')
  assert.deepEqual([night.said(), night.looks, night.state('1')], [[], [], undefined])
})
