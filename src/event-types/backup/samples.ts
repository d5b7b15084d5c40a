// One event of each type, as the watch of a small cluster would make it.
import type { NewEvent } from '../../words.ts'

const time = Date.UTC(2026, 5, 1, 2, 7, 40)

const plan = {
  plan: '1',
  planName: 'BB daily',
  destination: { id: '48ce000a-79b7-5fe6-8558-177fd70c27b4', name: 'BackBlaze repo1', url: 'b2:ns8-backups' },
}

export const reportSample: NewEvent = {
  type: 'backup.report',
  time,
  subject: 'BB daily',
  severity: 'warning',
  title: 'Backup "BB daily" (1): 1 of 2 applications failed',
  data: {
    ...plan,
    outcome: 'PARTIAL',
    provisional: false,
    due: '2026-06-01T01:00:00.000Z',
    deadline: '2026-06-01T03:51:16.500Z',
    ended: '2026-06-01T02:07:35.000Z',
    modules: [
      {
        id: 'mail1',
        app: 'mail',
        node: '1',
        verdict: 'FAILED',
        start: '2026-06-01T01:00:00.000Z',
        end: '2026-06-01T02:00:11.000Z',
        durationSeconds: 3611,
        lastGoodAt: '2026-05-31T01:58:00.000Z',
        repository: {
          name: 'mail/3792c7db-9b7c-4e7f-8d5c-0a9e6c6f2b11',
          state: 'LOCKED_STALE',
          message: 'A restic with PID 1 on node1 left a lock behind; retention and checks fail until it is removed.',
          since: '2026-05-28T23:38:00.000Z',
          holder: 'PID 1 on node1',
          advice: 'runagent -m mail1 restic-wrapper --backup 1 unlock',
          checkedAt: '2026-06-01T02:07:39.000Z',
        },
      },
      {
        id: 'nextcloud1',
        app: 'nextcloud',
        node: '1',
        verdict: 'OK',
        start: '2026-06-01T02:00:12.000Z',
        end: '2026-06-01T02:07:35.000Z',
        durationSeconds: 443,
        sizeBytes: 48_318_382_080,
        sizeChange: 0.001,
        lastGoodAt: '2026-06-01T02:07:35.000Z',
      },
    ],
    failed: 1,
    total: 2,
    reasons: [],
    nextDueAt: '2026-06-02T01:00:00.000Z',
    incidentSince: '2026-06-01T01:00:00.000Z',
    failedRuns: 1,
    advice: ['runagent -m mail1 restic-wrapper --backup 1 unlock'],
  },
  condition: { key: 'plan/1', state: 'firing' },
}

export const missedSample: NewEvent = {
  type: 'backup.missed',
  time: Date.UTC(2026, 5, 1, 3, 15, 1),
  subject: 'BB daily',
  severity: 'critical',
  title: 'Backup "BB daily" (1): did not run',
  data: {
    ...plan,
    outcome: 'MISSED',
    provisional: false,
    due: '2026-06-01T01:00:00.000Z',
    deadline: '2026-06-01T03:15:00.000Z',
    modules: [{ id: 'mail1', app: 'mail', node: '1', verdict: 'STALE', lastGoodAt: '2026-05-31T01:58:00.000Z' }],
    failed: 1,
    total: 1,
    reasons: ['node 1: nothing has run (mail1)'],
    nextDueAt: '2026-06-02T01:00:00.000Z',
    incidentSince: '2026-06-01T01:00:00.000Z',
    failedRuns: 1,
    advice: [],
  },
  condition: { key: 'plan/1', state: 'firing' },
}

export const repositorySample: NewEvent = {
  type: 'backup.repository',
  time,
  subject: 'mail1',
  severity: 'critical',
  title: 'Backup "BB daily" (1): the repository of mail1 is in trouble: NOT_FOUND',
  data: {
    plan: '1',
    planName: 'BB daily',
    module: 'mail1',
    node: '1',
    name: 'mail/3792c7db-9b7c-4e7f-8d5c-0a9e6c6f2b11',
    state: 'NOT_FOUND',
    message:
      'There is no repository at this place: it was never made, was moved or emptied, or its disk is not mounted.',
    checkedAt: '2026-06-01T02:07:39.000Z',
  },
  condition: { key: 'repository/1/mail1', state: 'firing' },
}

export const digestSample: NewEvent = {
  type: 'backup.digest',
  time: Date.UTC(2026, 5, 1, 8),
  severity: 'warning',
  data: {
    plans: [
      {
        id: '1',
        name: 'BB daily',
        enabled: true,
        destination: 'BackBlaze repo1',
        outcome: 'PARTIAL',
        since: '2026-06-01T02:07:40.000Z',
        endedAt: '2026-06-01T02:07:35.000Z',
        lastGoodAt: '2026-05-31T01:58:00.000Z',
        nextDueAt: '2026-06-02T01:00:00.000Z',
        modules: [
          {
            id: 'mail1',
            node: '1',
            verdict: 'FAILED',
            lastGoodAt: '2026-05-31T01:58:00.000Z',
            repository: { state: 'LOCKED_STALE', checkedAt: '2026-06-01T02:07:39.000Z' },
          },
          {
            id: 'nextcloud1',
            node: '1',
            verdict: 'OK',
            lastGoodAt: '2026-06-01T02:07:35.000Z',
            sizeBytes: 48_318_382_080,
            sizeChange: 0.001,
            repository: { state: 'OK', checkedAt: '2026-06-01T01:40:00.000Z' },
          },
        ],
      },
    ],
    failing: 1,
    total: 1,
    troubled: ['mail1: LOCKED_STALE'],
    disabled: [],
    unprotected: ['webtop1 (Groupware)'],
    warnings: [
      {
        at: '2026-05-30T02:10:00.000Z',
        text: 'Backup "BB daily" (1): nextcloud1 is 60 % smaller than usual: 18.0 GiB instead of 45.0 GiB',
      },
    ],
  },
}
