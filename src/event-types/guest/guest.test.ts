// What people read of guests and storages: every type has words from its sample, from its end, and from anything.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { EventType, MessageWords } from '../../event-type.ts'
import type { HubEvent, JsonObject, NewEvent } from '../../words.ts'
import storages from '../storage.ts'
import guests from './index.ts'

const all: readonly EventType[] = [...guests, ...storages]

function words(type: EventType, event: Partial<NewEvent>): MessageWords {
  const at = Date.UTC(2026, 10, 20, 3)
  const base = { seq: 1, id: '1', time: at, receivedAt: at, source: 'pve', labels: {}, data: {} }
  return type.message({ ...base, type: type.name, severity: type.severity, ...event } as HubEvent)
}

function title(name: string, data: JsonObject, event: Partial<NewEvent> = {}): string {
  const type = all.find((one) => one.name === name) ?? assert.fail(name)
  return words(type, { host: 'pve1', data: { id: 100, guest: 'vm', name: 'web', ...data }, ...event }).title
}

for (const type of all) {
  describe(type.name, () => {
    test('has words for its sample, without gaps', () => {
      const { title: first, fields = [], lines = [] } = words(type, type.sample)
      assert.ok(first.length > 0 && first.length < 100)
      assert.doesNotMatch(JSON.stringify([first, fields, lines]), /undefined|NaN|null|\?/)
    })

    test('describes each field of its sample, and its labels are fields', () => {
      assert.equal(type.sample.type, type.name)
      assert.deepEqual(
        Object.keys(type.sample.data ?? {}).filter((name) => type.fields[name] === undefined),
        [],
      )
      assert.deepEqual(
        type.labels.filter((name) => type.fields[name] === undefined),
        [],
      )
    })

    test('has words for whatever its data is, on one line', () => {
      const data = fc.dictionary(fc.constantFrom(...Object.keys(type.fields)), fc.jsonValue({ maxDepth: 2 }))
      const state = fc.constantFrom('firing' as const, 'resolved' as const)
      fc.assert(
        fc.property(data, state, (some, how) => {
          const said = words(type, { data: some as JsonObject, condition: { key: 'k', state: how } })
          assert.ok(said.title.length > 0 && !/[\n\r]/.test(said.title))
        }),
        { numRuns: 100 },
      )
    })
  })
}

test('a stop that failed is not told as a stop', () => {
  assert.equal(
    title('guest.stop-failed', { action: 'stop', outcome: 'failed' }),
    'pve1: web (100) could not be stopped',
  )
  assert.equal(title('guest.stop-failed', { action: 'shutdown' }), 'pve1: web (100) could not be shut down')
  assert.equal(title('guest.restart-failed', { action: 'reset' }), 'pve1: web (100) could not be reset')
  assert.equal(title('guest.stopped', { outcome: 'warnings' }), 'pve1: web (100) was stopped, with warnings')
})

test('a guest without a name is told by its number', () => {
  assert.equal(title('guest.died', { name: '', guest: 'ct' }), 'pve1: CT 100 stopped by itself')
})

test('a job counts what failed, and never nothing', () => {
  const titles = [
    { outcome: 'ok', total: 3, failed: 0, warnings: 0 },
    { outcome: 'warnings', total: 3, failed: 0, warnings: 1 },
    { outcome: 'failed', total: 3, failed: 2, warnings: 1 },
    { outcome: 'failed', total: 3, failed: 0, warnings: 0 },
    { outcome: 'failed', total: 0, failed: 0, warnings: 0 },
    { outcome: 'ok', total: 0, failed: 0, warnings: 0 },
  ].map((data) => title('guest.backup-report', data))
  assert.deepEqual(titles, [
    'pve1: 3 backed up',
    'pve1: 3 backed up, 1 of them with warnings',
    'pve1: 2 of 3 backups failed',
    'pve1: Backup job failed, 3 backed up',
    'pve1: Backup job failed',
    'pve1: Backup job done',
  ])
})

test('an end says what is so now', () => {
  const end = (name: string, data: JsonObject): string =>
    title(name, data, { condition: { key: 'k', state: 'resolved' } })
  assert.equal(end('guest.start-failed', { end: 'runs' }), 'pve1: web (100) runs')
  assert.equal(end('guest.died', { end: 'task' }), 'pve1: web (100) was stopped by a task after all')
  assert.equal(end('guest.backup', { outcome: 'ok' }), 'pve1: web (100) is backed up')
  assert.equal(end('storage.unavailable', { storage: 'nas', end: 'available' }), 'pve1: storage nas is available again')
  assert.equal(
    end('storage.full', { storage: 'nas', end: 'cleared', usedPercent: 80 }),
    'pve1: storage nas has room again, 80 % used',
  )
})
