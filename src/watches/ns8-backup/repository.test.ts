// Repositories in trouble: told as conditions of their own by the daily look, unless the plan's incident is about them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  plans,
  repositories,
  shifted,
  startNight,
  statuses,
  withStatuses,
  type Night,
  type Plan,
} from '../../../test/support/ns8-night.ts'
import type { JsonObject } from '../../words.ts'

const daily = plans['daily'] as Plan
const june1 = statuses['june1'] ?? {}
const allGood = { ...june1, mail1: shifted(june1['mail1'], 0, { errors: 0 }) }
const plan = 'Backup "BB daily" (1)'

/** The daily look has been into a repository. */
function probe(night: Night, module: string, found: JsonObject | undefined, fields: JsonObject = {}): void {
  night.repositories.set(`1/${module}`, { ...found, ...fields })
  night.fact('backup.repository', `1/${module}`, { plan: '1', module, command: 'snapshots', ...found, ...fields })
}

function startAfterGoodRun(): Night {
  const night = startNight('02:30')
  night.cluster.set('1', withStatuses(daily, allGood))
  night.see('1')
  night.said()
  night.until('03:00')
  return night
}

test('a repository that is gone is told at once, and its return too', () => {
  const night = startAfterGoodRun()
  probe(night, 'mail1', repositories['ok'])
  probe(night, 'mail1', repositories['notFound'])
  probe(night, 'mail1', repositories['notFound'])
  night.until('10:00')
  probe(night, 'mail1', { ...repositories['notFound'], state: 'WRONG_PASSWORD' })
  night.until('12:00')
  probe(night, 'mail1', repositories['ok'])
  assert.deepEqual(night.said(), [
    `06-01 03:00:00 repository critical - [repository/1/mail1 firing] ${plan}: the repository of mail1 is in trouble: NOT_FOUND`,
    `06-01 10:00:00 repository critical - [repository/1/mail1 changed] ${plan}: the repository of mail1 is in trouble: WRONG_PASSWORD`,
    `06-01 12:00:00 repository info - [repository/1/mail1 resolved] ${plan}: the repository of mail1 is well again after 9 h`,
  ])
})

test('one that cannot be reached is tried again before anyone is woken', () => {
  const night = startAfterGoodRun()
  probe(night, 'mail1', repositories['unreachable'])
  night.repositories.set('1/mail1', repositories['ok'] ?? {})
  night.until('04:00')
  assert.deepEqual(night.said(), [])
  probe(night, 'mail1', repositories['unreachable'])
  night.until('05:00')
  assert.deepEqual(night.said(), [
    `06-01 04:05:00 repository critical - [repository/1/mail1 firing] ${plan}: the repository of mail1 is in trouble: UNREACHABLE`,
  ])
  assert.deepEqual(
    night.looks.map(({ madeAt, key }) => `${new Date(madeAt).toISOString().slice(11, 19)} ${key}`),
    ['03:05:00 1/mail1', '04:05:00 1/mail1'],
  )
})

test('a lock that is alive is no trouble, one that was left behind is, and the way out is named', () => {
  const night = startAfterGoodRun()
  probe(night, 'mail1', repositories['locked'])
  assert.deepEqual(night.said(), [])
  probe(night, 'mail1', repositories['lockedStale'])
  assert.match(night.said().join(), /critical .*LOCKED_STALE$/)
  assert.equal(night.events.at(-1)?.data['advice'], 'runagent -m mail1 restic-wrapper --backup 1 unlock')
})

test('a repository without the snapshot of a run that went well is told as stale', () => {
  const night = startAfterGoodRun()
  probe(night, 'mail1', repositories['yesterday'])
  assert.deepEqual(night.said(), [
    `06-01 03:00:00 repository critical - [repository/1/mail1 firing] ${plan}: the repository of mail1 is in trouble: STALE`,
  ])
  const { message } = night.events.at(-1)?.data ?? {}
  assert.match(
    typeof message === 'string' ? message : '',
    /^The repository has no snapshot newer than 2026-05-31 01:00 UTC, though the record of "BB daily" says/,
  )
})

test('a look that began before the run had ended does not make the repository stale', () => {
  const night = startNight('02:07:40')
  night.cluster.set('1', withStatuses(daily, allGood))
  night.see('1')
  night.said()
  probe(night, 'nextcloud1', repositories['yesterday'], { tookMs: 6000 })
  assert.deepEqual(night.said(), [])
  probe(night, 'nextcloud1', repositories['yesterday'], { tookMs: 1000 })
  assert.match(night.said().join(), /trouble: STALE$/)
})

test('what the incident of the plan is about is not told twice', () => {
  const night = startNight('02:30')
  night.repositories.set('1/mail1', repositories['lockedStale'] ?? {})
  night.cluster.set('1', withStatuses(daily, june1))
  night.see('1')
  night.until('12:00')
  assert.equal(night.said().length, 1)
  probe(night, 'mail1', repositories['lockedStale'])
  assert.deepEqual(night.said(), [])
  probe(night, 'samba1', repositories['notFound'])
  assert.match(night.said().join(), /repository\/1\/samba1 firing/)
})

test('a look without an answer, or into what is not in the plan, says nothing', () => {
  const night = startAfterGoodRun()
  probe(night, 'mail1', { state: 'UNKNOWN' })
  probe(night, 'webtop1', repositories['notFound'])
  night.fact('backup.repository', '1', repositories['notFound'] ?? {})
  assert.deepEqual(night.said(), [])
})

test('an application of another node is out of reach, which is no trouble of its repository', () => {
  const night = startAfterGoodRun()
  const elsewhere = { state: 'TOOL_ERROR', message: 'This application runs on another node.', elsewhere: true }
  probe(night, 'samba1', elsewhere)
  night.until('05:00')
  assert.deepEqual([night.said(), night.looks], [[], []])
  probe(night, 'samba1', repositories['notFound'])
  probe(night, 'samba1', elsewhere)
  assert.match(night.said().join('\n'), /samba1 firing\].*\n.*samba1 resolved\].* is watched no more$/)
})

test('a run in which no probe reaches its application is FAILED, not REPO_FAILURE', () => {
  const night = startNight('02:30')
  const failed = Object.fromEntries(Object.entries(june1).map(([id, one]) => [id, shifted(one, 0, { errors: 1 })]))
  for (const id of Object.keys(june1)) night.repositories.set(`1/${id}`, { state: 'TOOL_ERROR', elsewhere: true })
  night.cluster.set('1', withStatuses(daily, failed))
  night.see('1')
  night.until('03:00')
  assert.match(night.said().join(), /critical FAILED \[plan\/1 firing\]/)
})

test('an application that is removed takes the trouble of its repository along', () => {
  const night = startAfterGoodRun()
  probe(night, 'mail1', repositories['notFound'])
  night.said()
  const { modules } = withStatuses(daily, allGood)
  night.cluster.set('1', {
    ...withStatuses(daily, allGood),
    modules: modules.map((one) => (one.id === 'mail1' ? { id: 'mail1', node: null } : one)),
  })
  night.see('1')
  assert.deepEqual(night.said(), [
    `06-01 03:00:00 repository info - [repository/1/mail1 resolved] ${plan}: the repository of mail1 is watched no more`,
  ])
})
