// A real Redis, filled as clusters of both eras fill it: what is read of it, and what a plan looks like by it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fill, startCluster } from '../../../test/support/ns8-cluster.ts'
import type { RedisServer } from '../../../test/support/redis-server.ts'
import type { PlanSnapshot } from './facts.ts'
import { readCluster } from './redis.ts'
import { isForeign, toSnapshots, toUnprotected } from './snapshot.ts'
import type { ClusterRows } from './rows.ts'

async function read({ url }: RedisServer): Promise<ClusterRows> {
  const answer = await readCluster({ url, signal: new AbortController().signal })
  return answer.ok ? answer.value : assert.fail(answer.detail)
}

async function planOf(server: RedisServer, id = '1'): Promise<PlanSnapshot> {
  return toSnapshots(await read(server), () => 'UTC').get(id) ?? assert.fail(`no plan ${id}`)
}

const uuid = '48ce000a-79b7-5fe6-8558-177fd70c27b4'

/** What both eras say of plan 1. */
const plan1: Omit<PlanSnapshot, 'era'> = {
  state: 'read',
  plan: {
    name: 'BB daily',
    enabled: true,
    schedule: '*-*-* 01:00:00',
    repository: uuid,
    retention: '7',
    instances: ['mail1', 'nextcloud1', 'samba1'],
  },
  destination: { id: uuid, name: 'BackBlaze repo1', url: 'b2:ns8-backups', provider: 'backblaze' },
  modules: [
    {
      id: 'mail1',
      node: '1',
      uiName: 'Posta',
      app: 'mail',
      uuid: '3792c7db-7b4c-4a0f-9d3e-0f8f2f3f1a11',
      status: {
        start: 1780275600,
        end: 1780279211,
        errors: 1,
        totalSize: 412316860416,
        totalFiles: 1843002,
        snapshots: 1,
        node: '1',
      },
    },
    {
      id: 'nextcloud1',
      node: '1',
      app: 'nextcloud',
      uuid: '0c2c5a35-1f1e-4d52-8b0e-5ac3a0b1d222',
      status: {
        start: 1780279212,
        end: 1780279655,
        errors: 0,
        totalSize: 48318382080,
        totalFiles: 190233,
        snapshots: 1,
        node: '1',
      },
    },
    {
      id: 'samba1',
      node: '2',
      app: 'samba',
      uuid: '5d1f0a70-9f3b-4f5e-b0aa-97c1f3a2c333',
      status: {
        start: 1780275601,
        end: 1780275742,
        errors: 0,
        totalSize: 912680550,
        totalFiles: 41230,
        snapshots: 1,
        node: '2',
      },
    },
  ],
  nodes: { '1': { zone: 'Europe/Rome' }, '2': { zone: 'UTC' } },
}

describe('the plan of a cluster', () => {
  for (const era of ['A', 'B'] as const) {
    test(`is read from era ${era}, and what a removed plan left behind is not`, async () => {
      await using server = await startCluster(era)
      const snapshots = toSnapshots(await read(server), (node) => (node === '1' ? 'Europe/Rome' : 'UTC'))
      assert.deepEqual([...snapshots], [['1', { ...plan1, era }]])
    })
  }

  test('is read without its secrets', async () => {
    await using server = await startCluster('A')
    const rows = await read(server)
    const texts = JSON.stringify(rows, (_, value: unknown) => (value instanceof Map ? [...value] : value))
    assert.ok(texts.includes('b2:ns8-backups'))
    for (const secret of ['restic-password', 'account-id', 'account-key']) assert.ok(!texts.includes(secret), secret)
  })

  test('shows no login that stands in the address of its destination', async () => {
    await using server = await startCluster('B')
    await server.command('HSET', `cluster/backup_repository/${uuid}`, 'url', 'rest:https://me:geheim@nas:8000/x')
    assert.equal((await planOf(server)).destination?.url, 'rest:https://nas:8000/x')
  })

  test('is disabled by anything but 1', async () => {
    await using server = await startCluster('B')
    for (const [enabled, expected] of [
      ['1', true],
      ['', false],
      ['0', false],
      ['true', false],
    ] as const) {
      await server.command('HSET', 'cluster/backup/1', 'enabled', enabled)
      assert.equal((await planOf(server)).plan?.enabled, expected, enabled)
    }
    await server.command('HDEL', 'cluster/backup/1', 'enabled')
    assert.equal((await planOf(server)).plan?.enabled, false)
  })

  test('may be empty, or have a destination that is no more', async () => {
    await using server = await startCluster('B')
    await server.command('HSET', 'cluster/backup/1', 'instances', '', 'repository', 'gone')
    const { plan, modules, nodes, destination, era } = await planOf(server)
    assert.deepEqual([plan?.instances, modules, nodes, destination, era], [[], [], {}, undefined, 'B'])
  })

  test('keeps a removed module without a node, and its old status is no longer told', async () => {
    await using server = await startCluster('B')
    await server.command('HDEL', 'cluster/module_node', 'samba1')
    const { modules, nodes } = await planOf(server)
    assert.deepEqual(modules[2], { id: 'samba1', node: null })
    assert.deepEqual(Object.keys(nodes), ['1'])
  })

  test('is of both eras right after the update of the cluster: the later status of each module counts', async () => {
    await using server = await startCluster('A')
    await fill(server, 'era-b.redis')
    await server.command('HSET', 'module/samba1/backup_status/1', 'start', 1780362001, 'end', 1780362100, 'errors', 3)
    const { modules, era } = await planOf(server)
    assert.equal(era, 'B')
    assert.deepEqual(modules[0], plan1.modules[0])
    const status = modules[2]?.status
    assert.deepEqual(
      [status && 'errors' in status && status.errors, status && 'node' in status && status.node],
      [3, '2'],
    )
  })
})

describe('the status of a module', () => {
  test('is the latest where it has moved from node to node', async () => {
    await using server = await startCluster('B')
    await server.command('HSET', 'cluster/module_node', 'mail1', '3')
    assert.equal(nodeOf(await planOf(server)), '1', 'it has not run on the new node yet')
    await server.command('HSET', 'node/3/backup_status/1', 'mail1', '{"start":1780362000,"end":1780362001,"errors":0}')
    const moved = await planOf(server)
    assert.deepEqual([nodeOf(moved), moved.modules[0]?.node], ['3', '3'])
    // A run of before, copied along later, does not come back.
    await server.command('HSET', 'node/9/backup_status/1', 'mail1', '{"start":1,"end":2,"errors":7}')
    assert.equal(nodeOf(await planOf(server)), '3')
  })

  const unreadable = ['{"start": 17802', '', 'null', '[]', '{"start":1,"end":2,"errors":"x"}', '{"start":1,"end":2}']
  for (const value of [...unreadable, '{"start":-1,"end":2,"errors":0}', '{"start":1.5,"end":2,"errors":0}']) {
    test(`is kept as it came when it is ${JSON.stringify(value)}`, async () => {
      await using server = await startCluster('B')
      await server.command('HSET', 'node/2/backup_status/1', 'samba1', value)
      assert.deepEqual((await planOf(server)).modules[2]?.status, { raw: value })
    })
  }

  test('is kept as it came from a hash too, and cut', async () => {
    await using server = await startCluster('A')
    await server.command('HSET', 'module/samba1/backup_status/1', 'errors', 'x'.repeat(1000))
    const status = (await planOf(server)).modules[2]?.status
    assert.ok(status !== undefined && 'raw' in status)
    assert.match(status.raw, /"errors":"xxx/)
    assert.equal(status.raw.length, 200)
  })

  test('that cannot be read where the module is now is not hidden by an older one from elsewhere', async () => {
    await using server = await startCluster('B')
    await server.command('HSET', 'node/2/backup_status/1', 'mail1', '{"start":5,"end":6,"errors":0}')
    await server.command('HSET', 'node/1/backup_status/1', 'mail1', '{"start"')
    assert.deepEqual((await planOf(server)).modules[0]?.status, { raw: '{"start"' })
    // While one that cannot be read elsewhere hides none.
    await server.command('HSET', 'node/1/backup_status/1', 'mail1', '{"start":7,"end":8,"errors":0}')
    await server.command('HSET', 'node/2/backup_status/1', 'mail1', '{"start"')
    assert.equal(nodeOf(await planOf(server)), '1')
  })

  test('keeps its sizes only where they make sense', async () => {
    await using server = await startCluster('B')
    const value = '{"start":"5","end":"6","errors":"0","total_size":"many","total_file_count":-1,"snapshots_count":1}'
    await server.command('HSET', 'node/1/backup_status/1', 'mail1', value)
    const expected = { start: 5, end: 6, errors: 0, snapshots: 1, node: '1' }
    assert.deepEqual((await planOf(server)).modules[0]?.status, expected)
  })
})

describe('what a hostile administrator writes', () => {
  test('into names stays on one line and is bounded', async () => {
    await using server = await startCluster('B')
    const name = `A\nBcc: all@example.org\u001b[2J"<b>${'x'.repeat(5000)}`
    await server.command('HSET', 'cluster/backup/1', 'name', name, 'schedule', '\u0000'.repeat(300))
    await server.command('SET', 'module/mail1/ui_name', name)
    const { plan, modules } = await planOf(server)
    assert.match(plan?.name ?? '', /^A Bcc: all@example\.org"<b>x+…$/)
    assert.equal(plan?.name.length, 200)
    assert.equal(modules[0]?.uiName, plan?.name)
    assert.ok((plan?.schedule.length ?? 0) <= 200)
  })

  test('as ids of modules is no module, even where the cluster says that it is one', async () => {
    await using server = await startCluster('B')
    const hostile = [
      'mail1;reboot',
      '../../etc1',
      '$(id)1',
      '--help1',
      '__proto__',
      'Mail1',
      'constructor',
      `a${'b'.repeat(99)}1`,
    ]
    await server.command('HSET', 'cluster/backup/1', 'instances', ['mail1', ...hostile].join(' '))
    for (const id of hostile) {
      await server.command('HSET', 'cluster/module_node', id, '1')
      await server.command('HSET', 'node/1/backup_status/1', id, '{"start":1,"end":2,"errors":0}')
    }
    const { modules } = await planOf(server)
    assert.equal(modules.length, hostile.length + 1)
    assert.deepEqual(
      modules.filter(({ node }) => node !== null).map(({ id }) => id),
      ['mail1'],
    )
    assert.ok(toUnprotected(await read(server)).every(({ module }) => !hostile.includes(module)))
  })

  test('as other keys and types of the same names is passed over', async () => {
    await using server = await startCluster('B')
    await server.command('SET', 'cluster/backup/2', 'a text')
    await server.command('SADD', 'node/1/backup_status/2', 'a set')
    await server.command('HSET', 'cluster/backup/../../x', 'name', 'x')
    await server.command('HSET', 'cluster/backup/1/status', 'result', 'success')
    await server.command('SET', 'module/nextcloud1/backups', 'a text')
    assert.deepEqual([...toSnapshots(await read(server), () => 'UTC').keys()], ['1'])
  })
})

describe('the cluster', () => {
  for (const era of ['A', 'B'] as const) {
    test(`of era ${era} names its leader and the apps that no plan backs up`, async () => {
      await using server = await startCluster(era)
      const rows = await read(server)
      assert.equal(rows.leader, '1')
      assert.deepEqual(toUnprotected(rows), [{ module: 'webtop1', uiName: 'Calendars' }])
      assert.equal(isForeign(rows), false)
    })
  }

  test('is read whole, however many keys it has', async () => {
    await using server = await startCluster('B')
    for (let at = 0; at < 40; at += 1) {
      const fields = Array.from({ length: 50 }, (_, index) => [`app${at * 50 + index}`, '1']).flat()
      await server.command('HSET', 'cluster/module_node', ...fields)
      await server.command('HSET', `cluster/backup/${100 + at}`, 'name', `plan ${at}`, 'instances', `app${at * 50}`)
      for (let index = 0; index < 50; index += 1)
        await server.command('SET', `module/app${at * 50 + index}/ui_name`, 'App')
    }
    const rows = await read(server)
    assert.equal(rows.plans.size, 41)
    assert.equal(toUnprotected(rows).length, 2000 - 40 + 1)
    assert.equal(rows.modules.get('app1999')?.uiName, 'App')
  })

  test('that is none is told from one without plans', async () => {
    await using server = await startCluster('none')
    assert.equal(isForeign(await read(server)), true)
    await fill(server, 'cluster.redis')
    assert.equal(isForeign(await read(server)), false)
  })
})

describe('a Redis that refuses', () => {
  const signal = new AbortController().signal

  test('is told in a sentence without its password', async () => {
    await using server = await startCluster('B')
    const url = `redis://me:geheim@127.0.0.1:${server.port}`
    const answer = await readCluster({ url, signal })
    assert.ok(!answer.ok)
    assert.match(answer.detail, /^Redis at 127\.0\.0\.1:\d+ did not accept user and password/)
    assert.ok(!answer.detail.includes('geheim'))
  })

  test('is told when it is not there, or when its user may not read', async () => {
    const server = await startCluster('B')
    await server.command('ACL', 'SETUSER', 'default', 'resetkeys')
    const forbidden = await readCluster({ url: server.url, signal })
    assert.match(forbidden.ok ? '' : forbidden.detail, /the user may not read: NOPERM/)
    await server.stop()
    const gone = await readCluster({ url: server.url, signal })
    assert.match(gone.ok ? '' : gone.detail, /^No connection to Redis at 127\.0\.0\.1:\d+: the port is closed$/)
  })
})

function nodeOf({ modules }: PlanSnapshot): string | undefined {
  const status = modules[0]?.status
  return status !== undefined && 'node' in status ? status.node : undefined
}
