// What is told of the cluster as a whole: the regular report, Redis that cannot be read, alerts that name no plan.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import types from '../../event-types/backup/index.ts'
import type { EventType } from '../../event-type.ts'
import {
  alerts,
  plans,
  repositories,
  shifted,
  startNight,
  statuses,
  withStatuses,
  type Night,
  type Plan,
} from '../../../test/support/ns8-night.ts'

const daily = plans['daily'] as Plan
const weekly = plans['weekly'] as Plan
const june1 = statuses['june1'] ?? {}
const allGood = { ...june1, mail1: shifted(june1['mail1'], 0, { errors: 0 }) }

function tellOf(night: Night): string {
  const event = night.events.at(-1) ?? assert.fail('nothing was said')
  const type = (types as readonly EventType[]).find(({ name }) => name === event.type)
  const { title, lines = [] } = type?.message(event) ?? assert.fail(event.type)
  return [title, ...lines].join('\n\n')
}

test('the regular report has every plan and application, and what nobody backs up', () => {
  const night = startNight('2026-05-31T02:30:00Z', { digest: { at: 'Mon *-*-* 08:00' } })
  night.cluster.set('1', withStatuses(daily, statuses['may31'] ?? {}))
  night.see('1')
  night.until('06:00')
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  night.cluster.set('1', withStatuses(daily, { ...june1, samba1: shifted(june1['samba1'], 0, { totalSize: 100_000 }) }))
  night.see('1')
  night.cluster.set('2', withStatuses(weekly, {}, { enabled: false }))
  night.see('2')
  night.fact('backup.cluster', 'cluster', {
    redis: 'ok',
    unprotected: [{ module: 'webtop2', uiName: 'Groupware' }, { module: 'loki1' }],
  })
  night.until('07:59')
  night.said()
  night.until('08:00')
  assert.deepEqual(night.said(), ['06-01 08:00:00 digest warning - [-] '])
  assert.equal(
    tellOf(night),
    [
      'Backups: 1 of 2 plans (1 disabled) not well, 1 repository in trouble, 2 applications unprotected, 1 thing odd',
      [
        'BB daily (1) -> BackBlaze repo1, PARTIAL, last good 2026-05-31 01:58 UTC, next 2026-06-02 01:00 UTC',
        'FAILED  mail1       node 1  last good: 2026-05-31 01:58                       repository STALE 2026-06-01 06:00',
        'OK      nextcloud1  node 1  last good: 2026-06-01 02:07  45.0 GiB (+0.1 %)    repository never looked at',
        'OK      samba1      node 2  last good: 2026-06-01 01:02  97.7 KiB (-100.0 %)  repository never looked at',
      ].join('\n'),
      'Weekly (2) -> BackBlaze repo1, DISABLED\n?  webtop1  node 1  last good: not known    repository never looked at',
      'Repositories in trouble:\nmail1: STALE (BB daily)',
      'Odd since the last report:\n2026-06-01 06:00 Backup "BB daily" (1): samba1 is 99.9 % smaller than usual: 97.7 KiB instead of 870.3 MiB',
      'In no plan, so backed up by nobody:\nwebtop2 (Groupware)\nloki1',
      'Disabled plans:\nWeekly',
    ].join('\n\n'),
  )
  night.until('2026-06-08T08:00:00Z')
  const second = night.events.findLast(({ type }) => type === 'backup.digest')
  assert.equal(second?.time, Date.parse('2026-06-08T08:00:00Z'))
  assert.deepEqual(second?.data['warnings'], [], 'what was odd is told in one report')
})

test('the report comes at its own time, be it as systemd or cron has it, and not at all when it is switched off', () => {
  const night = startNight('06:00', { digest: { at: '*-*-* 07:00' } })
  assert.deepEqual([...night.timers.keys()], ['cluster|digest'])
  night.configure({ digest: { at: '0 9 * * *' } })
  night.until('08:59')
  assert.deepEqual(night.said(), [])
  night.until('09:00')
  assert.equal(night.said().length, 1)
  assert.equal(tellOf(night), 'Backups: there is no plan')
  night.configure({ digest: false })
  assert.deepEqual([...night.timers.keys()], [])
})

test('Redis that refuses for a moment is not worth a word', () => {
  const night = startNight('06:00')
  night.fact('backup.cluster', 'cluster', {
    redis: 'refused',
    problem: 'connection refused',
    since: '2026-06-01T05:59:00Z',
    unprotected: [],
  })
  night.until('06:08:59')
  night.fact('backup.cluster', 'cluster', { redis: 'ok', unprotected: [] })
  night.until('12:00')
  assert.deepEqual(night.said(), [])
})

test('Redis that refuses for ten minutes is told, with the reason, and its return too', () => {
  const night = startNight('06:00')
  const refused = { redis: 'refused', problem: 'connection refused', since: '2026-06-01T05:59:00Z', unprotected: [] }
  night.fact('backup.cluster', 'cluster', refused)
  night.fact('backup.cluster', 'cluster', { ...refused, problem: 'NOAUTH' })
  night.until('08:00')
  assert.deepEqual(night.said(), [
    '06-01 06:09:00 report error UNKNOWN [redis firing] Cannot read the state of NethServer 8',
  ])
  assert.equal(
    tellOf(night),
    'Cannot read the state of NethServer 8\n\nNOAUTH\nuntil it can be read again, no failed or missed backup is noticed',
  )
  night.fact('backup.cluster', 'cluster', { redis: 'ok', unprotected: [] })
  assert.deepEqual(night.said(), [
    '06-01 08:00:00 report info SUCCESS [redis resolved] The state of NethServer 8 can be read again',
  ])
})

test('after our own absence Redis is given its ten minutes anew', () => {
  const night = startNight('06:00')
  night.fact('backup.cluster', 'cluster', { redis: 'refused', unprotected: [] })
  night.wake('09:00')
  night.until('09:09')
  night.fact('backup.cluster', 'cluster', { redis: 'ok', unprotected: [] })
  night.until('12:00')
  assert.deepEqual(night.said(), [])
})

test('an alert that names no plan is told in its own words, once', () => {
  const night = startNight('06:00')
  night.alert('', alerts['daily'] ?? {})
  night.alert('', alerts['daily'] ?? {})
  night.alert('', { ...alerts['daily'], status: 'resolved' })
  assert.deepEqual(night.said(), [
    '06-01 06:00:00 report warning UNKNOWN_PLAN [UNKNOWN_PLAN] Alert BackupFailed names no backup plan',
  ])
  assert.match(tellOf(night), /Backup job BB daily \(ID: 1\) has failed/)
})

test('a report in which all plans are well is no good one while a repository is not, or nobody saves an application', () => {
  const night = startNight('02:30', { digest: { at: '*-*-* 08:00' } })
  night.cluster.set('1', withStatuses(daily, allGood))
  night.see('1')
  const found = (state: object) =>
    night.fact('backup.repository', '1/samba1', { plan: '1', module: 'samba1', ...state })
  found({ state: 'TOOL_ERROR', elsewhere: true })
  night.until('08:00')
  assert.match(tellOf(night), /^Backups: 1 plan, nothing wrong\n/)
  assert.equal(night.events.at(-1)?.severity, 'info')
  found(repositories['notFound'] ?? {})
  night.fact('backup.cluster', 'cluster', { redis: 'ok', unprotected: [{ module: 'webtop2' }] })
  night.until('2026-06-01T20:00:00Z')
  found(repositories['notFound'] ?? {})
  night.cluster.set(
    '1',
    withStatuses(daily, Object.fromEntries(Object.entries(allGood).map(([id, one]) => [id, shifted(one, 1)]))),
  )
  night.until('2026-06-02T02:08:00Z')
  night.see('1')
  night.until('2026-06-02T08:00:00Z')
  assert.match(tellOf(night), /^Backups: 1 plan, 1 repository in trouble, 1 application unprotected\n/)
  assert.match(tellOf(night), /^samba1: NOT_FOUND \(BB daily\)$/m)
  assert.equal(night.events.at(-1)?.severity, 'warning')
})

test('a good run shows in the report of the week', () => {
  const night = startNight('02:30', { digest: { at: '*-*-* 08:00' } })
  night.cluster.set('1', withStatuses(daily, allGood))
  night.see('1')
  night.until('08:00')
  assert.match(
    tellOf(night),
    /^Backups: 1 plan, nothing wrong\n\nBB daily \(1\) -> BackBlaze repo1, SUCCESS, last good 2026-06-01 01:02 UTC/,
  )
})
