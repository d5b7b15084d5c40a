// Alerts that say something else than the record, plans and repositories that give no answer, and our own absence.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  alerts,
  plans,
  repositories,
  shifted,
  show,
  startInIncident,
  startNight,
  statuses,
  withStatuses,
  type Plan,
} from '../../../test/support/ns8-night.ts'
import type { JsonObject } from '../../words.ts'

const daily = plans['daily'] as Plan
const may31 = statuses['may31'] ?? {}
const june1 = statuses['june1'] ?? {}
const allGood: { readonly [id: string]: JsonObject } = { ...june1, mail1: shifted(june1['mail1'], 0, { errors: 0 }) }
const good = 'report info SUCCESS [-] Backup "BB daily" (1): all 3 applications backed up'

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

test('only the plans that were asked for are watched', () => {
  const night = startNight('06:00', { plans: ['2'] })
  show(night, withStatuses(daily, june1))
  night.alert('1', alerts['daily'] ?? {})
  night.until('12:00')
  assert.deepEqual([night.said(), night.looks, night.state('1')], [[], [], undefined])
})
