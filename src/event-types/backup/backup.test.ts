// What people read of backups: every type has words from its sample, from less, and from anything.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { EventType, MessageWords } from '../../event-type.ts'
import type { HubEvent, JsonObject, NewEvent } from '../../words.ts'
import types from './index.ts'

const all: readonly EventType[] = types

function words(type: EventType, event: Partial<NewEvent>): MessageWords {
  const at = Date.UTC(2026, 5, 1, 6)
  const base = { seq: 1, id: '1', time: at, receivedAt: at, source: 'ns8', labels: {}, data: {} }
  return type.message({ ...base, type: type.name, severity: type.severity, ...event } as HubEvent)
}

function named(name: string): EventType {
  return all.find((type) => type.name === name) ?? assert.fail(name)
}

function report(data: JsonObject, event: Partial<NewEvent> = {}): string {
  const { title, lines = [] } = words(named('backup.report'), { ...event, data })
  return [title, ...lines].join('\n')
}

for (const type of all) {
  describe(type.name, () => {
    test('has words for its sample, without gaps', () => {
      const { title, lines = [] } = words(type, type.sample)
      assert.ok(title.length > 0 && title.length < 100)
      assert.ok(lines.length > 0)
      assert.doesNotMatch([title, ...lines].join('\n'), /undefined|NaN|null|""|: \n/)
    })

    test('has words even for an event without data', () => {
      assert.ok(words(type, {}).title.length > 0)
    })

    test('describes each field of its sample, and its labels are fields', () => {
      assert.equal(type.sample.type, type.name)
      const unknown = Object.keys(type.sample.data ?? {}).filter((field) => !(field in type.fields))
      assert.deepEqual(unknown, [])
      for (const label of type.labels) assert.ok(label in type.fields, label)
    })

    test('has words for anything', () => {
      const field = fc.oneof(fc.constantFrom(...Object.keys(type.fields)), fc.string())
      const data = fc.dictionary(
        field,
        fc.oneof(fc.jsonValue(), fc.constantFrom('2026-06-01T01:00:00Z', [{ id: 'a1' }])),
      )
      fc.assert(
        fc.property(data, (found) => {
          const { title, lines = [] } = words(type, { data: found as JsonObject })
          assert.ok(title.length > 0)
          for (const line of lines) assert.ok(line.length > 0)
        }),
      )
    })
  })
}

const app = { id: 'mail1', app: 'mail', node: '1', verdict: 'OK' }

test('a run that ends on another day says so', () => {
  const text = report({ plan: '1', due: '2026-06-01T22:00:00Z', ended: '2026-06-02T00:10:05Z', modules: [] })
  assert.match(text, /^Plan 1, due 2026-06-01 22:00 UTC, ended 2026-06-02 00:10:05 UTC$/m)
})

test('a run that is on, one that never ended and one that somebody started are told apart', () => {
  const due = { plan: '1', planName: 'BB daily', due: '2026-06-01T01:00:00Z', deadline: '2026-06-01T03:15:00Z' }
  assert.match(report({ ...due, provisional: true }), /^Plan 1 "BB daily", due 2026-06-01 01:00 UTC, still on$/m)
  assert.match(report(due), /^Plan 1 "BB daily", due 2026-06-01 01:00 UTC, given up 2026-06-01 03:15 UTC$/m)
  assert.match(
    report({ ...due, outcome: 'MISSED' }, { time: Date.UTC(2026, 5, 1, 2, 5) }),
    /^Plan 1 "BB daily", due 2026-06-01 01:00 UTC, nothing had started by 2026-06-01 02:05 UTC$/m,
    'a deadline that is ahead is not named as past',
  )
  assert.match(report(due, { time: Date.UTC(2026, 5, 1, 2, 5) }), /^Plan 1 "BB daily", due 2026-06-01 01:00 UTC$/m)
  assert.match(
    report({ ...due, startedByHand: '2026-06-01T10:00:00Z', ended: '2026-06-01T10:20:00Z' }),
    /^Plan 1 "BB daily", started by hand 2026-06-01 10:00 UTC, ended 10:20:00 UTC$/m,
  )
})

test('applications stand in columns, with the name that people know', () => {
  const text = report({
    plan: '1',
    modules: [
      {
        ...app,
        uiName: 'Office',
        start: '2026-06-01T01:00:00Z',
        end: '2026-06-01T01:00:42Z',
        sizeBytes: 1024,
        sizeChange: -0.25,
      },
      { ...app, id: 'nextcloud1', node: '10', verdict: 'NEVER_RUN' },
      { ...app, id: 'samba1', verdict: 'PENDING', lastGoodAt: '2026-05-30T01:00:00Z' },
    ],
  })
  assert.ok(
    text.includes(
      [
        'OK         mail1 (Office)  node 1   01:00:00-01:00:42 (42 s)   1.0 KiB (-25.0 %)',
        'NEVER_RUN  nextcloud1      node 10  never                      last good: not known',
        'PENDING    samba1          node 1   not yet                    last good: 2026-05-30 01:00 (2 d ago)',
      ].join('\n'),
    ),
    text,
  )
})

test('the row of a single application stands in a paragraph of several lines, so that channels keep its columns', () => {
  const { lines = [] } = words(named('backup.report'), { data: { plan: '1', planName: 'BB daily', modules: [app] } })
  assert.deepEqual(lines, ['Plan 1 "BB daily"\nOK  mail1  node 1'])
  assert.match(words(named('backup.report'), { data: { modules: [app] } }).lines?.join() ?? '', /^Application:\nOK/)
})

test('of very many applications those that are not well come first', () => {
  const modules = Array.from({ length: 200 }, (_, index) => ({
    ...app,
    id: `app${index}`,
    verdict: index === 150 ? 'FAILED' : 'OK',
  }))
  const lines = report({ plan: '1', modules }).split('\n')
  assert.match(lines[2] ?? '', /^FAILED {2}app150 /)
  assert.equal(lines.length, 43)
  assert.equal(lines.at(-1), '… and 160 more')
})

test('a lock names its holder, any other trouble its reason, and a repository that is well nothing', () => {
  const of = (repository: JsonObject) =>
    report({ plan: '1', modules: [{ ...app, verdict: 'FAILED', repository }] })
      .split('\n')
      .at(-1)
  assert.equal(
    of({
      name: 'mail/3792c7db-9b7c-4e7f-8d5c-0a9e6c6f2b11',
      state: 'LOCKED',
      since: '2026-05-28T23:38:00Z',
      holder: 'PID 1 on node1',
    }),
    'Repository mail/3792c7db-...: LOCKED since 2026-05-28 23:38 by PID 1 on node1',
  )
  assert.equal(
    of({ state: 'NO_SPACE', message: 'The storage is full.' }),
    'Repository mail1: NO_SPACE. The storage is full.',
  )
  assert.match(of({ state: 'OK', message: 'All is well.' }) ?? '', /^FAILED/)
})

test('an alert in its own words is not told twice', () => {
  const alert = {
    alertname: 'BackupFailed',
    node: '1',
    startsAt: '2026-06-01T02:01:05Z',
    text: 'Backup job has failed.',
  }
  assert.match(
    report({ plan: '1', alerts: [alert] }),
    /^Alert BackupFailed on node 1 since 2026-06-01 02:01 UTC: Backup job has failed\.$/m,
  )
  const notice = report({ notice: 'UNKNOWN_PLAN', reasons: [alert.text], alerts: [alert] })
  assert.equal(notice.match(/Backup job has failed/g)?.length, 1)
})

test('the well-being of a repository is told without advice', () => {
  const type = named('backup.repository')
  const data = { module: 'mail1', state: 'OK', message: 'The repository answers.', advice: 'restic unlock' }
  const { lines = [] } = words(type, { data, condition: { key: 'repository/1/mail1', state: 'resolved' } })
  assert.deepEqual(lines, ['Repository mail1: OK. The repository answers.'])
  assert.match(words(type, { data }).lines?.at(-1) ?? '', /restic unlock$/)
})
