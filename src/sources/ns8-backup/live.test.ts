// The source beside a living cluster: what changes is said within moments, once; a Redis that is away is said too.
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { fill, startCluster } from '../../../test/support/ns8-cluster.ts'
import type { RedisServer } from '../../../test/support/redis-server.ts'
import { type SourceDouble, type SourceDoubleTools, startSource } from '../../../test/support/source-double.ts'
import type { Json, JsonObject } from '../../words.ts'
import ns8 from './index.ts'

interface Living extends AsyncDisposable {
  readonly source: SourceDouble
  /** The data of all facts of that name and key, in order. */
  said(name: string, key?: string): JsonObject[]
  until(check: () => boolean): Promise<void>
}

async function live(redis: string, options: object = {}, tools: SourceDoubleTools = {}): Promise<Living> {
  const source = await startSource(ns8, { redis, alertmanager: false, probe: false, ...options }, tools)
  return {
    source,
    said: (name, key) =>
      source.facts
        .filter((fact) => fact.name === name && (key === undefined || fact.key === key))
        .map(({ data }) => data),
    async until(check) {
      while (!check()) await wait(5)
    },
    async [Symbol.asyncDispose]() {
      source.stop()
      await source.ended
    },
  }
}

function states(data: readonly JsonObject[]): unknown[] {
  return data.map(({ state, redis }) => state ?? redis)
}

/** As a node writes the end of a module's run, and says so. */
async function endRun(server: RedisServer, module: string, errors: number, start: number): Promise<void> {
  const status = JSON.stringify({ start, end: start + 60, errors })
  await server.command('HSET', 'node/1/backup_status/1', module, status)
  const payload = JSON.stringify({ node_id: 1, backup_id: 1, module_id: module })
  await server.command('PUBLISH', 'node/1/event/backup-status-changed', payload)
}

describe('what the cluster holds', () => {
  test('is said once, at the start, and by nothing that stays as it was', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url, { poll: '1s' })
    await living.until(() => living.said('backup.plan').length > 0)
    assert.deepEqual(
      living.source.facts.map(({ name, key }) => [name, key]),
      [
        ['backup.plan', '1'],
        ['backup.cluster', 'cluster'],
      ],
    )
    const unprotected = [{ module: 'webtop1', uiName: 'Calendars' }]
    assert.deepEqual(living.said('backup.cluster'), [{ leader: '1', unprotected, redis: 'ok' }])
    // Something that is no news makes it read again; what then follows is one more fact, not three.
    await server.command('PUBLISH', 'node/1/event/backup-status-changed', '{}')
    await server.command('SET', 'module/webtop1/ui_name', 'Mail and calendars')
    await living.until(() => living.said('backup.cluster').length > 1)
    assert.equal(living.source.facts.length, 3)
  })

  test('of the same plan is not said again after a restart, and what is gone meanwhile is', async () => {
    await using server = await startCluster('B')
    const rows = await (async () => {
      await using first = await live(server.url)
      await first.until(() => first.said('backup.cluster').length > 0)
      return first.source.rows
    })()
    await using second = await live(server.url, {}, { rows: new Map(rows) })
    await second.until(() => second.source.batches > 0)
    assert.deepEqual(second.source.facts, [])
    await server.command('DEL', 'cluster/backup/1')
    await using third = await live(server.url, {}, { rows: new Map(rows) })
    await third.until(() => third.source.facts.length > 0)
    assert.deepEqual(third.said('backup.plan', '1'), [{ state: 'gone', modules: [], nodes: {}, era: 'B' }])
    assert.equal(third.source.rows.has('plan/1'), false)
  })

  test('is in the zones of its nodes: their own, else that of the source', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url, { zones: { '2': 'America/New_York' } }, { zone: 'Europe/Rome' })
    await living.until(() => living.said('backup.plan').length > 0)
    const expected = { '1': { zone: 'Europe/Rome' }, '2': { zone: 'America/New_York' } }
    assert.deepEqual(living.said('backup.plan')[0]?.['nodes'], expected)
  })

  test('is said of the plans that are asked for only', async () => {
    await using server = await startCluster('B')
    await server.command('HSET', 'cluster/backup/2', 'name', 'Weekly', 'enabled', '1', 'instances', 'mail1')
    await using living = await live(server.url, { plans: ['2'] })
    await living.until(() => living.said('backup.plan').length > 0)
    assert.deepEqual(
      living.source.facts.map(({ key }) => key),
      ['2', 'cluster'],
    )
  })
})

describe('what changes', () => {
  const changes: readonly [what: string, channel: string, change: (server: RedisServer) => Promise<unknown>][] = [
    ['a run, in era B', 'node/2/event/backup-status-changed', (server) =>
      server.command('HSET', 'node/2/backup_status/1', 'samba1', '{"start":1780362000,"end":1780362100,"errors":0}')],
    ['a run, in era A', 'module/samba1/event/backup-status-changed', (server) =>
      server.command('HSET', 'module/samba1/backup_status/1', 'start', 1780362000, 'end', 1780362100, 'errors', 0)],
    ['a schedule', 'cluster/event/backup-schedule-changed', (server) =>
      server.command('HSET', 'cluster/backup/1', 'schedule', 'hourly')],
    ['a destination', 'cluster/event/backup-destination-changed', (server) =>
      server.command('HSET', 'cluster/backup_repository/48ce000a-79b7-5fe6-8558-177fd70c27b4', 'name', 'Other')],
  ] // prettier-ignore
  for (const [what, channel, change] of changes) {
    test(`is seen at once when the cluster says so: ${what}`, async () => {
      await using server = await startCluster('B')
      await using living = await live(server.url)
      await living.until(() => living.said('backup.plan').length > 0)
      await change(server)
      // Nobody may listen yet; once somebody does, it is told.
      while (living.said('backup.plan').length < 2) {
        await server.command('PUBLISH', channel, '{"backup_ids":["1"]}')
        await wait(5)
      }
    })
  }

  test('without a word is seen at the next look', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url, { poll: '1s' })
    await living.until(() => living.said('backup.plan').length > 0)
    await server.command('HSET', 'cluster/backup/1', 'enabled', '')
    await living.until(() => living.said('backup.plan').length > 1)
    await server.command('DEL', 'cluster/backup/1')
    await living.until(() => living.said('backup.plan').length > 2)
    assert.deepEqual(states(living.said('backup.plan')), ['read', 'read', 'gone'])
  })

  test('many times in a moment is read once the moment is over, and its last state is said', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url)
    await living.until(() => living.said('backup.plan').length > 0)
    for (let at = 1; at <= 30; at += 1) await endRun(server, 'mail1', at, 1780362000)
    const last = (): unknown => JSON.stringify(living.said('backup.plan').at(-1)).includes('"errors":30')
    await living.until(() => last() === true)
    assert.ok(living.said('backup.plan').length < 15, `${living.said('backup.plan').length} facts for 30 changes`)
  })

  test('by being deleted and written anew, as in era A, is never said to have no status', async () => {
    await using server = await startCluster('A')
    await using living = await live(server.url, { poll: '1s' })
    await living.until(() => living.said('backup.plan').length > 0)
    const key = 'module/samba1/backup_status/1'
    await server.command('DEL', key)
    const look = living.source.recheck({ name: 'backup.plan', key: '1', body: {} })
    await wait(100)
    await server.command('HSET', key, 'start', 1780362000, 'end', 1780362100, 'errors', 0)
    await look
    for (const { modules } of living.said('backup.plan')) assert.match(JSON.stringify(modules), /samba1.*"status"/)
    // One that is really gone is believed.
    await server.command('DEL', key)
    await living.source.recheck({ name: 'backup.plan', key: '1', body: {} })
    assert.doesNotMatch(JSON.stringify(living.said('backup.plan').at(-1)), /"id":"samba1"[^{]*"status"/)
  })
})

describe('a Redis that is away', () => {
  test('is said with the time since when, and its return too; changes of meanwhile are seen', async () => {
    const server = await startCluster('B')
    let now = Date.UTC(2026, 5, 1, 6)
    await using living = await live(server.url, {}, { now: () => now })
    await living.until(() => living.said('backup.cluster').length === 1)
    await server.stop()
    await living.until(() => living.said('backup.cluster').length === 2)
    now += 3_600_000
    await using back = await startCluster('B', server.port)
    await back.command('HSET', 'cluster/backup/1', 'name', 'Renamed')
    await living.until(() => living.said('backup.cluster').length > 2 && living.said('backup.plan').length > 1)
    const [first, away, last] = living.said('backup.cluster')
    assert.deepEqual(states(living.said('backup.cluster')), ['ok', 'refused', 'ok'])
    assert.equal(away?.['since'], '2026-06-01T06:00:00.000Z')
    assert.match(text(away?.['problem']), /^No connection to Redis at 127\.0\.0\.1:\d+/)
    assert.deepEqual([away?.['unprotected'], away?.['leader']], [first?.['unprotected'], '1'], 'what is known stays')
    assert.deepEqual(last, first)
    assert.deepEqual(states(living.said('backup.plan')), ['read', 'read'], 'and no plan is told to be gone')
    assert.deepEqual(
      living.source.logged.map((line) => line.replace(/ at .*/, '')),
      ['warn: the cluster cannot be read: No connection to Redis', 'info: the cluster can be read again'],
    )
  })

  test('at the start, and still after a restart, is away since the first time', async () => {
    const server = await startCluster('B')
    await server.stop()
    const at = (hour: number) => ({ now: () => Date.UTC(2026, 5, 1, hour) })
    const rows = await (async () => {
      await using first = await live(server.url, {}, at(6))
      await first.until(() => first.said('backup.cluster').length > 0)
      assert.deepEqual(states(first.said('backup.cluster')), ['refused'])
      return first.source.rows
    })()
    await using second = await live(server.url, {}, { ...at(7), rows })
    await second.until(() => second.source.batches > 0)
    const again = second.said('backup.cluster').at(-1) ?? (rows.get('cluster') as JsonObject)
    assert.equal(again['since'], '2026-06-01T06:00:00.000Z')
  })

  test('that has lost its data is no cluster without plans', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url, { poll: '1s' })
    await living.until(() => living.said('backup.plan').length > 0)
    await server.command('FLUSHALL')
    await living.until(() => living.said('backup.cluster').length > 1)
    assert.match(text(living.said('backup.cluster')[1]?.['problem']), /no NethServer cluster in it/)
    await fill(server, 'cluster.redis', 'era-b.redis')
    await living.until(() => living.said('backup.cluster').length > 2)
    assert.deepEqual(states(living.said('backup.plan')), ['read'])
  })

  test('that lets nobody listen is read all the same', async () => {
    await using server = await startCluster('B')
    await server.command('ACL', 'SETUSER', 'default', '-psubscribe')
    await using living = await live(server.url, { poll: '1s' })
    await living.until(() => living.source.logged.length > 0)
    assert.match(living.source.logged[0] ?? '', /^warn: changes in the cluster are seen only when it is read: .*NOPERM/)
    await server.command('HSET', 'cluster/backup/1', 'schedule', 'hourly')
    await living.until(() => living.said('backup.plan').length > 1)
  })

  test('that takes connections and says nothing does not keep the source from stopping', async () => {
    await using server = await startCluster('B')
    server.freeze()
    const living = await live(server.url)
    living.source.stop()
    // Long before it would give up waiting for an answer.
    const late = wait(8000, 'late', { ref: false })
    assert.notEqual(await Promise.race([living.source.ended, late]), 'late')
    server.thaw()
  })
})

describe('a plan that the watch asks for', () => {
  test('is told as it is now, changed or not', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url)
    await living.until(() => living.said('backup.plan').length > 0)
    await living.source.recheck({ name: 'backup.plan', key: '1', body: {} })
    const [first, answer] = living.said('backup.plan', '1')
    assert.deepEqual(answer, first)
    await server.command('HSET', 'cluster/backup/1', 'enabled', '')
    await living.source.recheck({ name: 'backup.plan', key: '1', body: {} })
    assert.equal(JSON.stringify(living.said('backup.plan', '1')[2]?.['plan']).includes('"enabled":false'), true)
  })

  test('is told when the cluster has none of that number, and what is no number is none', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url)
    for (const key of ['9', '../../etc/passwd', '', '1 2', '__proto__']) {
      await living.source.recheck({ name: 'backup.plan', key, body: {} })
      assert.deepEqual(states(living.said('backup.plan', key)), ['gone'], key)
    }
  })

  test('cannot be read while Redis is away, and is news once it is back', async () => {
    const server = await startCluster('B')
    await using living = await live(server.url)
    await living.until(() => living.said('backup.plan').length > 0)
    await server.stop()
    for (const key of ['1', '9']) await living.source.recheck({ name: 'backup.plan', key, body: {} })
    assert.deepEqual(states(living.said('backup.plan', '9')), ['unreadable'])
    assert.match(text(living.said('backup.plan', '1').at(-1)?.['problem']), /^No connection to Redis/)
    await using _back = await startCluster('B', server.port)
    await living.until(() => living.said('backup.plan', '1').length === 3)
    assert.deepEqual(states(living.said('backup.plan', '1')), ['read', 'unreadable', 'read'])
  })

  test('many at once are all answered', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url)
    const keys = Array.from({ length: 50 }, (_, at) => String((at % 5) + 1))
    await Promise.all(keys.map((key) => living.source.recheck({ name: 'backup.plan', key, body: {} })))
    for (const key of ['1', '2', '3', '4', '5']) assert.ok(living.said('backup.plan', key).length > 0, key)
  })

  test('is not answered when the answer cannot be stored', async () => {
    await using server = await startCluster('B')
    await using living = await live(server.url)
    living.source.full = true
    await assert.rejects(living.source.recheck({ name: 'backup.plan', key: '1', body: {} }), { name: 'NotStored' })
    living.source.full = false
    await living.source.recheck({ name: 'backup.plan', key: '1', body: {} })
    assert.equal(states(living.said('backup.plan', '1')).at(-1), 'read')
  })
})

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
