// The source on a node: a folder of tasks laid out as Proxmox does, its guests and storages by commands.
import assert from 'node:assert/strict'
import { readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { ProxmoxNode } from '../../../test/support/proxmox-node.ts'
import { type SourceDouble, type SourceDoubleTools, startSource } from '../../../test/support/source-double.ts'
import type { GuestTask } from '../../source-boot.ts'
import type { SourceKind } from '../../source.ts'
import type { JsonObject, NewFact } from '../../words.ts'
import proxmox from './index.ts'
import type { Options } from './options.ts'
import { runSource } from './source.ts'

const now = Date.UTC(2026, 10, 20, 3)
const minute = 60_000

function start(node: ProxmoxNode, options: object = {}, tools: SourceDoubleTools = {}): Promise<SourceDouble> {
  const kind: SourceKind<Options> = { ...proxmox, start: (given, its) => runSource(given, its, node.machine) }
  const given = { ...node.options, every: '5s', ...options }
  return startSource(kind, given, { name: 'pve', host: 'pve1.example.org', now: clock(now), ...tools })
}

/** It goes on from there: a list that was rotated away must be silent for a moment. */
function clock(from: number): () => number {
  const begun = performance.now()
  return () => Math.round(from + performance.now() - begun)
}

async function until(check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !check(); tries += 1) await wait(10)
  assert.ok(check(), 'it has not come')
}

function ofName(source: SourceDouble, name: string): NewFact[] {
  return source.facts.filter((fact) => fact.name === name)
}

function tasks(source: SourceDouble): string[] {
  return ofName(source, 'guest.task').map(({ data }) => {
    const { id, action, outcome } = data as unknown as GuestTask
    return `${id} ${action} ${outcome}`
  })
}

async function stopped(source: SourceDouble): Promise<void> {
  source.stop()
  await source.ended
}

describe('ended tasks', () => {
  test('are read back to the boot, at the very first start', async () => {
    await using node = await ProxmoxNode.make()
    node.upMs = 5 * minute
    await node.end({ type: 'qmshutdown', id: 100, startedAt: now - 7 * minute })
    await node.end({ type: 'qmstart', id: 100, startedAt: now - 4 * minute })
    await node.end({ type: 'vzstart', id: 200, startedAt: now - 3 * minute })
    const source = await start(node)
    await until(() => tasks(source).length >= 2)
    assert.deepEqual(tasks(source), ['100 start ok', '200 start ok'])
    const [first] = ofName(source, 'guest.task')
    assert.deepEqual([first?.host, first?.time], ['pve1.example.org', now - 4 * minute + 2000])
    await stopped(source)
  })

  test('of a host that has run for long are read back for an hour', async () => {
    await using node = await ProxmoxNode.make()
    await node.end({ type: 'qmstart', id: 100, startedAt: now - 90 * minute })
    await node.end({ type: 'qmstart', id: 101, startedAt: now - 30 * minute })
    const source = await start(node)
    await until(() => tasks(source).length > 0)
    assert.deepEqual(tasks(source), ['101 start ok'])
    await stopped(source)
  })

  test('are read on where the last run stood, through a rotation and over a boot', async () => {
    await using node = await ProxmoxNode.make()
    await node.end({ type: 'qmstart', id: 100, startedAt: now - minute })
    const first = await start(node)
    await until(() => tasks(first).length === 1 && first.cursor !== undefined)
    await stopped(first)
    await node.end({ type: 'qmshutdown', id: 100, startedAt: now + minute })
    await node.rotate()
    node.upMs = minute
    await node.end({ type: 'qmstart', id: 100, startedAt: now + 10 * minute })
    const second = await start(node, {}, { cursor: first.cursor, now: clock(now + 11 * minute) })
    await until(() => tasks(second).length === 2)
    assert.deepEqual(tasks(second), ['100 shutdown ok', '100 start ok'])
    await stopped(second)
  })

  test('come while the list grows, is rotated, and is emptied', async () => {
    await using node = await ProxmoxNode.make()
    const source = await start(node)
    await node.end({ type: 'qmstart', id: 100, startedAt: now })
    await until(() => tasks(source).length === 1)
    await node.rotate()
    await node.end({ type: 'qmstop', id: 100, startedAt: now + 5000 })
    await until(() => tasks(source).length === 2)
    await truncate(join(node.tasks, 'index'))
    await node.end({ type: 'qmstart', id: 100, startedAt: now + 9000 })
    await until(() => tasks(source).length === 3)
    assert.deepEqual(tasks(source), ['100 start ok', '100 stop ok', '100 start ok'])
    await stopped(source)
  })

  test('that failed have the reason from their log, and migrations where to', async () => {
    await using node = await ProxmoxNode.make()
    const log =
      "kvm: -drive file=/dev/x: Could not open '/dev/x': No such file or directory\nTASK ERROR: start failed: QEMU exited with code 1\n"
    await node.end({ type: 'qmstart', id: 100, startedAt: now, status: 'start failed: QEMU exited with code 1', log })
    const moving = "2026-11-20 03:00:01 starting migration of VM 101 to node 'pve2' (192.0.2.2)\nTASK OK\n"
    await node.end({ type: 'qmigrate', id: 101, startedAt: now + 1000, log: moving })
    await node.end({ type: 'qmstop', id: 102, startedAt: now + 2000, status: 'got timeout' })
    const source = await start(node)
    await until(() => tasks(source).length === 3)
    const data = ofName(source, 'guest.task').map((fact) => fact.data)
    assert.equal(data[0]?.['reason'], 'start failed: QEMU exited with code 1')
    assert.equal(data[1]?.['target'], 'pve2')
    assert.equal(data[2]?.['reason'], 'got timeout', 'without a log, what its line says')
    await stopped(source)
  })

  test('of backups have their guests from their log', async () => {
    await using node = await ProxmoxNode.make()
    const path = new URL('../../../test/fixtures/proxmox/vzdump-archive.log', import.meta.url)
    const log = await readFile(path, 'utf8')
    await node.end({ type: 'vzdump', startedAt: now, endedAt: now + 279_000, status: 'job errors', log })
    await node.end({ type: 'vzdump', id: 105, startedAt: now + 300_000, status: 'OK' })
    const source = await start(node)
    await until(() => ofName(source, 'guest.backup-job').length === 2)
    const [job, single] = ofName(source, 'guest.backup-job').map(({ data }) => data)
    assert.deepEqual([job?.['via'], job?.['outcome'], job?.['storage']], ['tasks', 'failed', 'nas'])
    assert.deepEqual(
      (job?.['guests'] as readonly JsonObject[] | undefined)?.map(({ id, outcome }) => [id, outcome]),
      [
        [102, 'failed'],
        [200, 'warnings'],
        [100, 'ok'],
      ],
    )
    assert.deepEqual(single?.['guests'], [{ id: 105, outcome: 'ok' }], 'without a log, what its name says')
    await stopped(source)
  })

  test('that the store refuses are offered again', async () => {
    await using node = await ProxmoxNode.make()
    const source = await start(node)
    await until(() => ofName(source, 'guest').length === 1)
    source.full = true
    await node.end({ type: 'qmstart', id: 100, startedAt: now })
    await until(() => source.logged.some((line) => line.includes('the store refused')))
    source.full = false
    await until(() => tasks(source).length === 1)
    await stopped(source)
  })
})

test('the boot of the node is said once, before all else, and tasks after the first look, with the names of their guests', async () => {
  await using node = await ProxmoxNode.make()
  node.upMs = 2 * minute
  await node.list({ vms: { 100: 'running' } })
  await node.end({ type: 'qmstart', id: 100, startedAt: now - minute })
  const source = await start(node)
  await until(() => tasks(source).length === 1)
  assert.deepEqual(source.facts.map(({ name, key }) => [name, key]).slice(0, 4), [
    ['host.boot', 'pve1.example.org'],
    ['backup-run', 'pve1.example.org'],
    ['guest', '100'],
    ['guest', '*'],
  ])
  assert.deepEqual(source.facts[0]?.data, { bootId: 'boot-1', uptimeSeconds: 120 })
  assert.equal(ofName(source, 'guest.task')[0]?.data['name'], 'vm100')
  await source.recheck({ name: 'guest', key: '*', body: {} })
  assert.equal(ofName(source, 'host.boot').length, 1)
  await stopped(source)
})

describe('guests', () => {
  test('are said with their configuration, then only when something changes, then when they are gone', async () => {
    await using node = await ProxmoxNode.make()
    await node.configure('qemu-server', 100, 'name: web\nonboot: 1\nstartup: order=1\n[old]\nonboot: 0\n')
    await node.configure('lxc', 200, 'hostname: dns\n')
    await node.list({ vms: { 100: 'running', 101: 'stopped' }, containers: { 200: 'running' } })
    const source = await start(node)
    await until(() => ofName(source, 'guest').length === 4)
    assert.deepEqual(
      ofName(source, 'guest').map(({ key, data }) => [
        key,
        data['running'] ?? data['names'],
        data['onboot'],
        data['order'],
      ]),
      [
        ['100', true, true, 1],
        ['101', false, undefined, undefined],
        ['200', true, false, undefined],
        ['*', ['100', '101', '200'], undefined, undefined],
      ],
      'one whose configuration cannot be read may start with its host',
    )
    await node.list({ vms: { 100: 'stopped' }, containers: { 200: 'running' } })
    await source.recheck({ name: 'storage', key: '*', body: {} })
    await until(() => ofName(source, 'guest').length === 7)
    assert.deepEqual(
      ofName(source, 'guest')
        .slice(4)
        .map(({ key, data }) => [key, data['running'] ?? data['names'], data['gone']]),
      [
        ['101', false, true],
        ['100', false, undefined],
        ['*', ['100', '200'], undefined],
      ],
    )
    await stopped(source)
  })

  test('are all said again when a watch asks, one by one and together', async () => {
    await using node = await ProxmoxNode.make()
    await node.list({ vms: { 100: 'running' } })
    const source = await start(node)
    await until(() => ofName(source, 'guest').length === 2)
    await source.recheck({ name: 'guest', key: '*', body: {} })
    assert.deepEqual(
      ofName(source, 'guest')
        .slice(2)
        .map(({ key }) => key),
      ['100', '*'],
    )
    await source.recheck({ name: 'guest', key: '999', body: {} })
    assert.deepEqual(ofName(source, 'guest').at(-1)?.data, { names: [] }, 'one that is not there')
    await stopped(source)
  })

  test('that cannot be listed are not said to have stopped: why, is said', async () => {
    await using node = await ProxmoxNode.make()
    await node.list({ vms: { 100: 'running' } })
    const source = await start(node)
    await until(() => ofName(source, 'guest').length === 2)
    await node.list({ fails: 'ipcc_send_rec failed: Connection refused' })
    await source.recheck({ name: 'guest', key: '*', body: {} })
    const [fact, ...more] = ofName(source, 'guest').slice(2)
    assert.deepEqual([fact?.key, more], ['*', []])
    assert.match(JSON.stringify(fact?.data['unread']), /qm list failed: ipcc_send_rec failed: Connection refused"$/)
    await stopped(source)
  })

  test('are busy while a task works on them whose process is there', async () => {
    await using node = await ProxmoxNode.make()
    await node.list({ vms: { 100: 'running', 101: 'running' } })
    const name = node.name({ type: 'qmshutdown', id: 100, startedAt: now, pid: 77 })
    await node.active(`${name} 0`)
    const source = await start(node)
    await until(() => ofName(source, 'guest').length === 3)
    const busy = (): unknown[] => ofName(source, 'guest').map(({ data }) => data['busy'])
    assert.deepEqual(busy(), [undefined, undefined, undefined], 'its process is gone')
    node.processes.set(77, 0x0123abcd)
    await source.recheck({ name: 'guest', key: '*', body: {} })
    assert.deepEqual(busy().slice(3), [true, undefined, undefined])
    await stopped(source)
  })

  test('that stop while the host stops are busy', async () => {
    await using node = await ProxmoxNode.make()
    await node.list({ vms: { 100: 'running' } })
    const source = await start(node)
    await until(() => ofName(source, 'guest').length === 2)
    node.isStopping = true
    await node.list({ vms: { 100: 'stopped' } })
    await source.recheck({ name: 'guest', key: '100', body: {} })
    const { running, busy } = ofName(source, 'guest').findLast(({ key }) => key === '100')?.data ?? {}
    assert.deepEqual([running, busy], [false, true])
    await stopped(source)
  })
})

describe('a backup', () => {
  const given = { type: 'vzdump', startedAt: now - minute, pid: 88 }
  for (const [what, behind, ticks, on] of [
    ['that runs', ' 0', 0x0123abcd, true],
    ['whose row says that it has ended', ' 1 69203F2F OK', 0x0123abcd, false],
    ['whose process is gone', ' 0', undefined, false],
    ['whose number another process has now', ' 0', 0x999, false],
  ] as const)
    test(`${what} is ${on ? '' : 'not '}one that is made now`, async () => {
      await using node = await ProxmoxNode.make()
      await node.active(`${node.name(given)}${behind}`)
      if (ticks !== undefined) node.processes.set(88, ticks)
      const source = await start(node)
      await until(() => ofName(source, 'backup-run').length === 1)
      const [fact] = ofName(source, 'backup-run')
      assert.deepEqual([fact?.key, fact?.data['on']], ['pve1.example.org', on])
      await stopped(source)
    })
})

test('a backup that has run for more than a day is no reason to keep quiet', async () => {
  await using node = await ProxmoxNode.make()
  await node.active(`${node.name({ type: 'vzdump', startedAt: now - 25 * 60 * minute, pid: 88 })} 0`)
  node.processes.set(88, 0x0123abcd)
  const source = await start(node)
  await until(() => ofName(source, 'backup-run').length === 1)
  assert.equal(ofName(source, 'backup-run')[0]?.data['on'], false)
  await stopped(source)
})

describe('storages', () => {
  test('are said, and again when they change', async () => {
    await using node = await ProxmoxNode.make()
    await node.list({ storages: { local: 'active 1000 850 150 85.00%', nas: 'inactive 0 0 0 0.00%' } })
    const source = await start(node)
    await until(() => ofName(source, 'storage').length === 3)
    assert.deepEqual(
      ofName(source, 'storage').map(({ key, data }) => [key, data['ok'] ?? data['names'], data['usedPercent']]),
      [
        ['local', true, 85],
        ['nas', false, undefined],
        ['*', ['local', 'nas'], undefined],
      ],
    )
    await stopped(source)
  })
})

test('what the node refuses for several looks is told once, and its end', async () => {
  await using node = await ProxmoxNode.make()
  await node.list({ fails: 'no' })
  const source = await start(node)
  // Looks come as often as tasks end.
  for (let second = 0; second < 12 && source.events.length === 0; second += 1) {
    await node.end({ type: 'qmstart', id: 100, startedAt: now + second * 1000 })
    await wait(1100)
  }
  assert.deepEqual(
    source.events.map(({ type, condition }) => [type, condition?.state]),
    [['sereno.source-failing', 'firing']],
  )
  await node.list({})
  await node.end({ type: 'qmstart', id: 100, startedAt: now + 60_000 })
  await until(() => source.events.length === 2)
  assert.equal(source.events[1]?.condition?.state, 'resolved')
  await stopped(source)
})
