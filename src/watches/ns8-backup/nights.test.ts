// Nights of a small cluster, from what Redis, Alertmanager and the repositories show to what is told, and to silence.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import types from '../../event-types/backup/index.ts'
import type { EventType } from '../../event-type.ts'
import type { HubEvent, JsonObject } from '../../words.ts'
import {
  alerts,
  plans,
  repositories,
  shifted,
  show,
  startNight,
  statuses,
  withStatuses,
  type Night,
  type Plan,
} from '../../../test/support/ns8-night.ts'

const daily = plans['daily'] as Plan
const weekly = plans['weekly'] as Plan
const may31 = statuses['may31'] ?? {}
const june1 = statuses['june1'] ?? {}
const failedAlert = alerts['daily'] ?? {}
const allGood = { ...june1, mail1: shifted(june1['mail1'], 0, { errors: 0 }) }
const allFailed = Object.fromEntries(
  Object.entries(june1).map(([id, status]) => [id, shifted(status, 0, { errors: 1 })]),
)

const opened = '06-01 02:07:35 report warning PARTIAL [plan/1 firing] Backup "BB daily" (1): 1 of 3 applications failed'

/** The cluster as it was after a good run on 31 May. */
function startAfterGoodRun(options = {}): Night {
  const night = startNight('2026-05-31T02:30:00Z', options)
  show(night, withStatuses(daily, may31))
  assert.deepEqual(night.said(), [
    '05-31 02:30:00 report info SUCCESS [-] Backup "BB daily" (1): all 3 applications backed up',
  ])
  return night
}

/** The first run that fails: mail1 does, the others follow. */
function runFailingNight(night: Night): void {
  night.repositories.set('1/mail1', repositories['locked'] ?? {})
  night.until('01:02:22')
  show(night, withStatuses(daily, { ...may31, samba1: june1['samba1'] ?? {} }))
  night.until('02:00:11')
  show(night, withStatuses(daily, { ...june1, nextcloud1: may31['nextcloud1'] ?? {} }))
  night.until('02:01:35')
  night.alert('1', failedAlert)
  night.until('02:07:35')
  show(night, withStatuses(daily, june1))
  night.until('02:08')
}

/** A whole run in one picture, `days` after 1 June. */
function runNight(night: Night, days: number, run: JsonObject): void {
  night.until(new Date(Date.parse('2026-06-01T02:07:35Z') + days * 86_400_000).toISOString())
  show(
    night,
    withStatuses(daily, Object.fromEntries(Object.entries(run).map(([id, status]) => [id, shifted(status, days)]))),
  )
  night.until(new Date(night.now() + 1000).toISOString())
}

function lookTimes(night: Night, name: string): string[] {
  return night.looks.filter((look) => look.name === name).map(({ madeAt, key }) => `${time(madeAt)} ${key}`)
}

function time(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}

function lastEvent(night: Night): HubEvent {
  return night.events.at(-1) ?? assert.fail('nothing was said')
}

function words(event: HubEvent): string {
  const type = (types as readonly EventType[]).find(({ name }) => name === event.type)
  const { title, lines = [] } = type?.message(event) ?? assert.fail(event.type)
  return [title, ...lines].join('\n')
}

test('a run that goes on after a failure is told at its end, once, with every application', () => {
  const night = startAfterGoodRun()
  night.cluster.set('2', withStatuses(weekly, may31))
  runFailingNight(night)
  night.until('23:00')
  assert.deepEqual(night.said(), [opened])
  assert.deepEqual(lookTimes(night, 'backup.repository'), ['02:07:35 1/mail1'])
  const { body } = night.looks.find(({ name }) => name === 'backup.repository') ?? assert.fail()
  assert.deepEqual(body, { due: Date.parse('2026-06-01T01:00:00Z'), runInProgress: false })
  assert.equal(
    words(lastEvent(night)),
    [
      'Backup "BB daily" (1): 1 of 3 applications failed',
      'Plan 1 "BB daily" -> BackBlaze repo1 (b2:ns8-backups), due 2026-06-01 01:00 UTC, ended 02:07:35 UTC',
      'FAILED  mail1       node 1  01:00:00-02:00:11 (1 h 0 min)   last good: 2026-05-31 01:58 (24 h ago)',
      'OK      nextcloud1  node 1  02:00:12-02:07:35 (7 min)       45.0 GiB  (+0.1 %)',
      'OK      samba1      node 2  01:00:01-01:02:22 (2 min)       870.4 MiB (+0.0 %)',
      'Repository mail/3792c7db-...: LOCKED since 2026-05-28 23:38 by PID 1 on node1',
      'Next run 2026-06-02 01:00 UTC. First failure of this incident: 2026-06-01 (1 in a row).',
    ].join('\n'),
  )
})

test('while a run goes on after an alert, its plan is read once it has settled and then every minute', () => {
  const night = startNight('02:01:05')
  night.cluster.set('1', withStatuses(daily, { ...june1, nextcloud1: may31['nextcloud1'] ?? {} }))
  night.until('02:01:35')
  night.alert('1', failedAlert)
  night.until('02:05:30')
  assert.deepEqual(lookTimes(night, 'backup.plan'), ['02:02:05 1', '02:03:05 1', '02:04:05 1', '02:05:05 1'])
  assert.deepEqual(night.said(), [])
})

test('a run that goes on for long after a failure is told as it stands, then once more at its end', () => {
  const night = startNight('2026-05-31T02:30:00Z')
  show(night, withStatuses(daily, may31))
  night.said()
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  night.until('02:00:11')
  show(night, withStatuses(daily, { ...june1, nextcloud1: may31['nextcloud1'] ?? {} }))
  night.until('02:40')
  assert.deepEqual(night.said(), [
    '06-01 02:15:11 report warning PARTIAL provisional [plan/1 firing] Backup "BB daily" (1): 1 of 3 applications failed so far',
  ])
  const modules = lastEvent(night).data['modules'] as readonly { readonly verdict: string }[]
  assert.deepEqual(
    modules.map(({ verdict }) => verdict),
    ['FAILED', 'PENDING', 'OK'],
  )
  night.until('02:50:30')
  night.cluster.set(
    '1',
    withStatuses(daily, { ...june1, nextcloud1: shifted(june1['nextcloud1'], 0, { end: 1780282200 }) }),
  )
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 02:51:20 report warning PARTIAL [plan/1 changed] Backup "BB daily" (1): 1 of 3 applications failed',
    '06-01 02:51:20 report warning SUCCESS [DURATION] Backup "BB daily" (1): nextcloud1 took 582 % longer than usual: 49 min instead of 7 min',
  ])
})

test('an alert about another plan is an incident of its own', () => {
  const night = startNight('2026-06-01T02:08:00Z')
  night.cluster.set('1', withStatuses(daily, june1))
  night.cluster.set('2', withStatuses(weekly, may31))
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  night.repositories.set('2/webtop1', repositories['yesterday'] ?? {})
  night.alert('1', failedAlert)
  night.alert('2', alerts['weekly'] ?? {})
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 02:08:30 report warning PARTIAL [plan/1 firing] Backup "BB daily" (1): 1 of 3 applications failed',
    '06-01 02:08:30 report critical FAILED [plan/2 firing] Backup "Weekly" (2): its application failed',
  ])
})

test('when all fail and no repository can be used, that is said, with what helps', () => {
  const night = startNight('06:00')
  for (const id of ['mail1', 'nextcloud1', 'samba1']) {
    const advice = `runagent -m ${id} restic-wrapper --backup 1 unlock`
    night.repositories.set(`1/${id}`, { ...repositories['lockedStale'], advice })
  }
  show(night, withStatuses(daily, allFailed))
  night.until('06:10')
  assert.deepEqual(night.said(), [
    '06-01 06:00:00 report critical REPO_FAILURE [plan/1 firing] Backup "BB daily" (1): all 3 applications failed, and no repository can be used',
  ])
  const message = words(lastEvent(night))
  assert.match(message, /Repository samba\/b1c9a1de-\.\.\.: LOCKED_STALE since 2026-05-28 23:38 by PID 24094 on node1/)
  for (const id of ['mail1', 'nextcloud1', 'samba1'])
    assert.match(message, new RegExp(`^runagent -m ${id} restic-wrapper --backup 1 unlock$`, 'm'))
})

test('when all fail and one repository answers, the repositories are not to blame', () => {
  const night = startNight('06:00')
  night.repositories.set('1/mail1', repositories['lockedStale'] ?? {})
  night.repositories.set('1/nextcloud1', repositories['lockedStale'] ?? {})
  night.repositories.set('1/samba1', repositories['yesterday'] ?? {})
  show(night, withStatuses(daily, allFailed))
  night.until('06:10')
  assert.deepEqual(night.said(), [
    '06-01 06:00:00 report critical FAILED [plan/1 firing] Backup "BB daily" (1): all 3 applications failed',
  ])
})

test('a run that never came is missed, node by node, without any alert', () => {
  const night = startNight('04:00')
  show(night, withStatuses(daily, may31))
  night.until('04:30')
  assert.deepEqual(night.said(), [
    '06-01 04:00:00 missed critical MISSED [plan/1 firing] Backup "BB daily" (1): did not run',
  ])
  const event = lastEvent(night)
  assert.equal(event.data['due'], '2026-06-01T01:00:00.000Z')
  assert.deepEqual(event.data['reasons'], [
    'node 1: nothing has run (mail1, nextcloud1)',
    'node 2: nothing has run (samba1)',
  ])
})

test('a run that does not come is missed at its deadline, after one more look', () => {
  const night = startAfterGoodRun()
  for (const id of ['mail1', 'nextcloud1', 'samba1']) night.repositories.set(`1/${id}`, repositories['yesterday'] ?? {})
  night.until('12:00')
  // 01:00, a quarter of an hour of grace, an hour of retries, and the 58 minutes that the first application of node 1 takes.
  assert.deepEqual(night.said(), [
    '06-01 03:13:01 missed critical MISSED [plan/1 firing] Backup "BB daily" (1): did not run',
  ])
  assert.deepEqual(lookTimes(night, 'backup.plan'), ['02:17:20 1', '03:13:01 1'])
})

test('an application without a new status is never taken for a success, least of all under an alert', () => {
  const night = startNight('06:00')
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  night.cluster.set('1', withStatuses(daily, { ...june1, mail1: shifted(may31['mail1'], 0, { end: 1780192811 }) }))
  night.alert('1', failedAlert)
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 06:00:30 report warning PARTIAL [plan/1 firing] Backup "BB daily" (1): 1 of 3 applications not backed up',
  ])
  assert.deepEqual(lastEvent(night).data['reasons'], [
    'mail1: alert firing, no new status: still running elsewhere, gave up after 1 h, or killed',
  ])
  assert.match(words(lastEvent(night)), /^STALE +mail1 .* last good: 2026-05-31 02:00 \(28 h ago\)$/m)
})

test('errors of a run that has left its snapshot are a warning: the data is saved', () => {
  const night = startNight('06:00')
  night.repositories.set('1/mail1', repositories['ok'] ?? {})
  show(night, withStatuses(daily, june1))
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 06:00:00 report warning DEGRADED [plan/1 firing] Backup "BB daily" (1): data saved, but a later step failed (mail1)',
  ])
  assert.deepEqual(lastEvent(night).data['reasons'], [
    'mail1: data saved 2026-06-01 01:00:12 UTC, a later step failed (retention, cleanup or statistics)',
  ])
  assert.match(words(lastEvent(night)), /^DEGRADED +mail1 .* data saved: 2026-06-01 01:00$/m)
})

test('a failure that no alert tells of is found in the record', () => {
  const night = startNight('06:00')
  night.repositories.set('1/nextcloud1', { ...repositories['ok'], newest: 1780279212500 })
  show(night, withStatuses(daily, { ...allGood, nextcloud1: shifted(june1['nextcloud1'], 0, { errors: 1 }) }))
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 06:00:00 report warning DEGRADED [plan/1 firing] Backup "BB daily" (1): data saved, but a later step failed (nextcloud1)',
  ])
})

test('a good run is recorded, and nothing else', () => {
  const night = startNight('06:00')
  show(night, withStatuses(daily, allGood))
  night.until('23:00')
  assert.deepEqual(night.said(), [
    '06-01 06:00:00 report info SUCCESS [-] Backup "BB daily" (1): all 3 applications backed up',
  ])
  assert.deepEqual(night.looks, [])
})

test('an incident ends with a good run, and its end counts the days and the failed runs', () => {
  const night = startAfterGoodRun()
  runFailingNight(night)
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  runNight(night, 1, june1)
  runNight(night, 2, june1)
  assert.deepEqual(night.said(), [
    opened,
    '06-02 02:07:35 report critical PARTIAL [plan/1 changed] Backup "BB daily" (1): 1 of 3 applications failed',
    '06-03 02:07:35 report critical PARTIAL [plan/1 firing] Backup "BB daily" (1): 1 of 3 applications failed',
  ])
  night.alert('1', { ...failedAlert, status: 'resolved' })
  runNight(night, 3, allGood)
  assert.deepEqual(night.said(), [
    '06-04 02:07:35 report info SUCCESS [plan/1 resolved] Backup "BB daily" (1): recovered after 3 d, 3 failed runs',
  ])
})

test('an incident began when its first bad run was due, so that its words and the hub count alike', () => {
  const night = startAfterGoodRun()
  runFailingNight(night)
  assert.equal(lastEvent(night).condition?.since, Date.parse('2026-06-01T01:00:00Z'))
  runNight(night, 1, june1)
  assert.equal(lastEvent(night).condition?.since, Date.parse('2026-06-01T01:00:00Z'), 'as in the beginning')
  night.alert('1', { ...failedAlert, status: 'resolved' })
  runNight(night, 2, allGood)
  assert.deepEqual(lastEvent(night).condition, { key: 'plan/1', state: 'resolved' }, 'it ends when that is seen')
})

test('an alert that is taken back without a good run ends nothing', () => {
  const night = startAfterGoodRun()
  runFailingNight(night)
  night.said()
  night.until('07:00')
  night.alert('1', { ...failedAlert, status: 'resolved' })
  night.until('23:00')
  assert.deepEqual(night.said(), [])
  assert.equal(lookTimes(night, 'backup.plan').at(-1), '07:00:00 1')
  runNight(night, 1, june1)
  assert.deepEqual(lastEvent(night).data['reasons'], [
    'alert cleared without a good run on 2026-06-01 07:00 UTC (node down? leader switch? plan disabled?)',
    'mail1: no good backup since 2026-05-31 01:58 UTC',
  ])
  assert.equal(lastEvent(night).condition?.state, 'changed')
})

test('an alert that is sent again starts nothing', () => {
  const night = startAfterGoodRun()
  runFailingNight(night)
  night.until('05:01:35')
  const looks = night.looks.length
  night.said()
  night.alert('1', failedAlert)
  night.until('23:00')
  assert.deepEqual(night.said(), [])
  assert.equal(night.looks.length, looks)
})

test('a disabled plan is named once and missed never', () => {
  const night = startAfterGoodRun()
  const disabled = withStatuses(daily, may31, { enabled: false })
  night.until('00:30')
  show(night, disabled)
  show(night, disabled)
  night.until('2026-06-09T12:00:00Z')
  assert.deepEqual(night.said(), [
    '06-01 00:30:00 report info DISABLED [DISABLED] Backup "BB daily" (1): disabled; it will not run until it is enabled again',
  ])
  show(night, withStatuses(daily, may31))
  night.until('2026-06-10T00:59:00Z')
  assert.deepEqual(night.said(), [], 'what was due while it was disabled is not missed')
  night.until('2026-06-10T12:00:00Z')
  assert.match(night.said().join(), /06-10 03:13:01 missed critical MISSED/)
})

test('an incident ends when its plan is disabled, and the next run of the plan is judged anew', () => {
  const night = startAfterGoodRun()
  runFailingNight(night)
  night.said()
  night.until('09:00')
  show(night, withStatuses(daily, june1, { enabled: false }))
  assert.deepEqual(night.said(), [
    '06-01 09:00:00 report info DISABLED [DISABLED] Backup "BB daily" (1): disabled; it will not run until it is enabled again',
    '06-01 09:00:00 report info DISABLED [plan/1 resolved] Backup "BB daily" (1): ended, since the plan was disabled; its last run had failed',
  ])
  assert.equal(lastEvent(night).data['nextDueAt'], undefined)
  night.until('2026-06-03T12:00:00Z')
  assert.deepEqual(night.said(), [])
  show(night, withStatuses(daily, june1))
  night.until('2026-06-04T00:30:00Z')
  assert.deepEqual(night.said(), [], 'what failed before is not told again')
  runNight(night, 3, june1)
  assert.match(night.said().join(), /06-04 02:07:35 report critical PARTIAL \[plan\/1 firing\]/)
})

test('an alert about a plan that does not exist is told in its own words, once', () => {
  const night = startNight('02:01:35')
  night.alert('9', failedAlert)
  night.until('05:01:35')
  night.alert('9', failedAlert)
  night.until('2026-06-05T00:00:00Z')
  assert.deepEqual(night.said(), [
    '06-01 02:02:05 report warning UNKNOWN_PLAN [UNKNOWN_PLAN] Backup plan 9: alert BackupFailed names a plan that does not exist',
  ])
  assert.equal(lastEvent(night).labels['alertname'], 'BackupFailed')
  assert.match(words(lastEvent(night)), /Backup job BB daily \(ID: 1\) has failed\./)
  night.alert('9', { ...failedAlert, startsAt: '2026-06-05T00:01:00Z' })
  night.until('2026-06-05T00:10:00Z')
  assert.equal(night.said().length, 1, 'another occurrence is told')
  night.until('2026-06-20T00:00:00Z')
  assert.equal(night.state('9'), undefined, 'and in the end it is forgotten')
})

test('a plan without live applications is named once', () => {
  for (const modules of [[], [{ id: 'mail1', node: null }]]) {
    const night = startNight('06:00')
    show(night, { ...daily, modules })
    night.until('2026-06-03T12:00:00Z')
    assert.deepEqual(night.said(), [
      '06-01 06:00:00 report warning EMPTY_PLAN [EMPTY_PLAN] Backup "BB daily" (1): no application is left to back up',
    ])
  }
})

test('a status that cannot be read is no success, and is shown', () => {
  for (const status of [{ raw: '{"start": 17802' }, { start: 1780275601, end: 1780275742, errors: 'x' }]) {
    const night = startNight('06:00')
    night.repositories.set('1/samba1', repositories['yesterday'] ?? {})
    show(night, withStatuses(daily, { ...allGood, samba1: status }))
    night.until('12:00')
    assert.deepEqual(night.said(), [
      '06-01 06:00:00 report warning PARTIAL [plan/1 firing] Backup "BB daily" (1): 1 of 3 applications cannot be judged',
    ])
    const shown = 'raw' in status ? status.raw : JSON.stringify(status)
    assert.deepEqual(lastEvent(night).data['reasons'], [`samba1: its status cannot be read: ${shown}`])
  }
})

test('a good backup that is much smaller than usual is a success and worth a word', () => {
  const night = startAfterGoodRun()
  night.until('02:07:35')
  show(night, withStatuses(daily, { ...allGood, mail1: shifted(allGood.mail1, 0, { totalSize: 9_000_000 }) }))
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 02:07:35 report info SUCCESS [-] Backup "BB daily" (1): all 3 applications backed up',
    '06-01 02:07:35 report warning SUCCESS [SIZE_DROP] Backup "BB daily" (1): mail1 is 99.9 % smaller than usual: 8.6 MiB instead of 384.0 GiB',
  ])
  const { module, now, usual } = lastEvent(night).data
  assert.deepEqual({ module, now, usual }, { module: 'mail1', now: 9_000_000, usual: 412312345678 })
})

test('an alert by its old name means the same', () => {
  const night = startAfterGoodRun()
  night.repositories.set('1/mail1', repositories['locked'] ?? {})
  night.until('02:01:35')
  night.cluster.set('1', withStatuses(daily, { ...june1, nextcloud1: may31['nextcloud1'] ?? {} }))
  night.alert('1', alerts['old'] ?? {})
  night.until('02:07:35')
  show(night, withStatuses(daily, june1))
  night.until('12:00')
  assert.deepEqual(night.said(), [opened])
})

test('an alert that a backup is missing, while a run has ended, is contradicted', () => {
  const night = startNight('06:00')
  night.cluster.set('1', withStatuses(daily, allGood))
  night.alert('1', alerts['missing'] ?? {})
  night.until('12:00')
  night.alert('1', alerts['missing'] ?? {})
  night.until('23:00')
  assert.deepEqual(night.said(), [
    '06-01 06:00:30 report info SUCCESS [-] Backup "BB daily" (1): all 3 applications backed up',
    '06-01 06:00:30 report info SUCCESS [CONTRADICTION] Backup "BB daily" (1): missing alert contradicted by run ended 2026-06-01 02:07 UTC',
  ])
})

test('while Redis refuses, an alert waits; after ten minutes it is told in its own words', () => {
  const night = startNight('02:03')
  night.cluster.set('1', { state: 'unreadable', problem: 'Redis at 127.0.0.1:6379 refuses', modules: [], nodes: {} })
  night.fact('backup.cluster', 'cluster', {
    redis: 'refused',
    problem: 'Redis at 127.0.0.1:6379 refuses',
    unprotected: [],
  })
  night.alert('1', failedAlert)
  night.until('02:12')
  assert.deepEqual(night.said(), [])
  night.until('02:40')
  assert.deepEqual(night.said(), [
    '06-01 02:13:00 report error UNKNOWN [redis firing] Cannot read the state of NethServer 8',
    '06-01 02:13:30 report error UNKNOWN [plan/1 firing] Backup plan 1: cannot read the state of NethServer 8',
  ])
  assert.match(words(lastEvent(night)), /Redis at 127\.0\.0\.1:6379 refuses/)
  assert.match(
    words(lastEvent(night)),
    /Alert BackupFailed on node 1 since 2026-06-01 02:01 UTC: Backup job BB daily \(ID: 1\) has failed\./,
  )
  assert.deepEqual(lookTimes(night, 'backup.plan'), [
    '02:03:30 1',
    '02:04:30 1',
    '02:06:30 1',
    '02:10:30 1',
    '02:18:30 1',
    '02:33:30 1',
  ])
  night.repositories.set('1/mail1', repositories['yesterday'] ?? {})
  night.fact('backup.cluster', 'cluster', { redis: 'ok', unprotected: [] })
  show(night, withStatuses(daily, june1))
  night.until('12:00')
  assert.deepEqual(night.said(), [
    '06-01 02:40:00 report info SUCCESS [redis resolved] The state of NethServer 8 can be read again',
    '06-01 02:40:00 report warning PARTIAL [plan/1 changed] Backup "BB daily" (1): 1 of 3 applications failed',
  ])
})
