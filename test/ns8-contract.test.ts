// The source and the watch for NethServer 8 backups know nothing of each other: what the one says and asks, the other takes and answers.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import source from '../src/sources/ns8-backup/index.ts'
import type { PlanSnapshot } from '../src/sources/ns8-backup/facts.ts'
import type { Ns8Options } from '../src/sources/ns8-backup/options.ts'
import type { NewFact } from '../src/words.ts'
import * as read from '../src/watches/ns8-backup/facts.ts'
import watch from '../src/watches/ns8-backup/index.ts'
import { type Options, options } from '../src/watches/ns8-backup/options.ts'
import { readFixture, startCluster } from './support/ns8-cluster.ts'
import { alerts, startNight, statuses, type Night } from './support/ns8-night.ts'
import type { RedisServer } from './support/redis-server.ts'
import { createResticHouse } from './support/restic-repositories.ts'
import { type SourceDouble, startSource } from './support/source-double.ts'

/** These two lines hold by being compiled. Of the probe the watch only reads whether there is one. */
const asOptions = (given: Ns8Options): Omit<Options, 'probe'> => given
const asSnapshot = (snapshot: PlanSnapshot): read.PlanSnapshot => snapshot

const afterRun = Date.parse('2026-06-01T06:00:00Z')

async function start(redis: string, more: object = {}, now = afterRun): Promise<SourceDouble> {
  const given = { redis, alertmanager: false, probe: false, ...more }
  const double = await startSource(source, given, { name: 'ns8', now: () => now })
  while (!double.facts.some(({ name }) => name === 'backup.cluster'))
    await new Promise((resolve) => setTimeout(resolve, 5))
  return double
}

async function stop(double: SourceDouble): Promise<void> {
  double.stop()
  await double.ended
}

function last(double: SourceDouble, name: string, key: string): NewFact {
  return double.facts.findLast((fact) => fact.name === name && fact.key === key) ?? assert.fail(`no ${name} of ${key}`)
}

/** Answers the looks of the watch by the source, until it has no more at this time. */
async function answerLooks(night: Night, double: SourceDouble): Promise<void> {
  for (const { name, key, body } of night.looks.splice(0)) {
    await double.recheck({ name, key, body })
    const { data } = last(double, name, key)
    if (name === 'backup.plan') night.cluster.set(key, data)
    else night.repositories.set(key, data)
  }
}

describe('the options', () => {
  test('of the source are what the watch reads, as they are by default and as people write them', () => {
    const written = {
      poll: '10m',
      settle: '1m',
      startGrace: '20m',
      retryWindow: '2h',
      provisionalAfter: '5m',
      probe: false,
      digest: { at: 'Fri *-*-* 18:00' },
      trends: { sizeDrop: 0.8, sizeDropAtLeast: '1GB', sizeJumpAtLeast: '2GiB', durationAtLeast: '1h' },
      zones: { '2': 'Europe/Rome' },
      plans: [1, '2'],
    }
    for (const given of [{}, { digest: false, trends: false }, written]) {
      const parsed = source.options.parse(given)
      const seen = options.parse(parsed)
      for (const [name, value] of Object.entries(seen)) {
        const said = parsed[name as keyof typeof parsed]
        if (name !== 'probe') assert.deepEqual(value, said, name)
        else assert.equal(value === false, said === false)
      }
      assert.ok(asOptions(parsed).poll > 0)
    }
  })

  test('are judged alike where nothing is written', () => {
    const { probe: _, ...own } = options.parse({})
    const { probe: _other, ...ours } = options.parse(source.options.parse({}))
    assert.deepEqual(own, ours)
  })
})

describe('the facts', () => {
  for (const era of ['A', 'B'] as const) {
    test(`of a cluster of era ${era} are read by the watch as they are said`, async () => {
      await using server = await startCluster(era)
      const double = await start(server.url)
      const { data } = last(double, 'backup.plan', '1')
      const snapshot = read.readPlan(data)
      assert.equal(snapshot.state, 'read')
      assert.deepEqual(snapshot.nodes, data['nodes'])
      const { name, enabled, schedule } = (data as unknown as PlanSnapshot).plan ?? {}
      assert.deepEqual(snapshot.plan, { name, enabled, schedule })
      const ran = Object.fromEntries(snapshot.modules.map(({ id, status }) => [id, status]))
      for (const [id, status] of Object.entries(statuses['june1'] ?? {})) {
        const { snapshots: _, node: _node, ...wanted } = status as { [name: string]: unknown }
        assert.deepEqual(ran[id], wanted, id)
      }
      assert.deepEqual(asSnapshot(data as unknown as PlanSnapshot).modules.length, snapshot.modules.length)
      const cluster = read.readCluster(last(double, 'backup.cluster', 'cluster').data)
      assert.deepEqual(cluster, { refused: false, unprotected: [{ id: 'webtop1', uiName: 'Calendars' }] })
      await stop(double)
    })
  }

  test('of a Redis that refuses are read with the time since when', async () => {
    const double = await start('redis://127.0.0.1:1')
    const { problem, ...cluster } = read.readCluster(last(double, 'backup.cluster', 'cluster').data)
    assert.match(problem ?? '', /^No connection to Redis at 127\.0\.0\.1:1/)
    assert.deepEqual(cluster, { refused: true, since: afterRun, unprotected: [] })
    await double.recheck({ name: 'backup.plan', key: '1', body: {} })
    const plan = read.readPlan(last(double, 'backup.plan', '1').data)
    assert.deepEqual([plan.state, plan.problem], ['unreadable', problem])
    await stop(double)
  })

  test('of alerts are those by which the watch is tested', async () => {
    const double = await start('redis://127.0.0.1:1')
    await double.ask({ path: '/alert', body: readFixture('webhook.json') })
    assert.deepEqual(last(double, 'backup.alert', '1').data, alerts['daily'])
    assert.deepEqual(last(double, 'backup.alert', '2').data, alerts['weekly'])
    const alert = read.readAlert(last(double, 'backup.alert', '1').data)
    assert.deepEqual([alert.firing, alert.startedAt], [true, Date.parse('2026-06-01T02:01:05.780Z')])
    await stop(double)
  })

  test('of repositories keep their state, times and advice', async () => {
    await using house = await createResticHouse()
    await house.make('mail1', new Date('2026-06-01T01:00:12Z'))
    const pid = await house.leaveLock('mail1')
    const environment = house.environment('{module}')
    const now = Date.now() + 3_600_000
    const double = await start('redis://127.0.0.1:1', { probe: { command: ['restic'], environment } }, now)
    await double.recheck({ name: 'backup.repository', key: '1/mail1', body: {} })
    const health = read.readHealth(last(double, 'backup.repository', '1/mail1').data, now)
    assert.deepEqual(
      [health.state, health.newestAt, health.lock?.pid, health.advice, typeof health.lock?.since],
      ['LOCKED_STALE', Date.parse('2026-06-01T01:00:12Z'), pid, 'restic unlock', 'number'],
    )
    await stop(double)
  })

  test('are all of names that the watch wants to see, with keys that it knows', async () => {
    await using server = await startCluster('B')
    const double = await start(server.url)
    await double.ask({ path: '/alert', body: readFixture('webhook.json') })
    await double.recheck({ name: 'backup.repository', key: '1/mail1', body: {} })
    const names = new Set(double.facts.map(({ name }) => name))
    assert.deepEqual([...names].toSorted(), [...watch.facts].toSorted())
    for (const fact of double.facts) {
      const seen = { ...fact, seq: 1, source: 'ns8', time: afterRun, receivedAt: afterRun }
      assert.ok(watch.keys(options.parse({}), { kind: 'fact', fact: seen }).length > 0, fact.name)
    }
    await stop(double)
  })
})

describe('a night', () => {
  test('of which a source tells a watch ends in the report of what failed', async () => {
    await using server = await startCluster('B')
    const double = await start(server.url)
    const night = startNight('2026-05-31T12:00:00Z')
    await double.ask({ path: '/alert', body: readFixture('webhook.json') })
    await tell(night, double, server)
    const reports = night.events.filter(({ type, condition }) => type === 'backup.report' && condition !== undefined)
    assert.deepEqual(
      reports.map(({ data, condition }) => [condition?.key, condition?.state, data['outcome'], data['provisional']]),
      [['plan/1', 'firing', 'PARTIAL', false]],
    )
    assert.match(reports[0]?.title ?? '', /"BB daily" \(1\): 1 of 3 applications failed/)
    await stop(double)
  })
})

/** Hands over what was said in the order it was, lets the night pass, and the source answers what the watch asks. */
async function tell(night: Night, double: SourceDouble, server: RedisServer): Promise<void> {
  night.until('02:08')
  for (const { name, key, data } of double.facts) if (name !== 'backup.alert') night.fact(name, key, data)
  for (const { name, key, data } of double.facts) if (name === 'backup.alert') night.fact(name, key, data)
  for (const { key, data } of double.facts) night.cluster.set(key, data)
  for (const time of ['02:09', '02:30', '03:00', '06:00']) {
    night.until(time)
    await answerLooks(night, double)
  }
  assert.ok(server.pid > 0)
}
