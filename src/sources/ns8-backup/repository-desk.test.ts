// The watch asks for a repository by plan and module: real ones answer through restic, and whatever is asked is answered.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { startCluster } from '../../../test/support/ns8-cluster.ts'
import { createResticHouse } from '../../../test/support/restic-repositories.ts'
import { startSource } from '../../../test/support/source-double.ts'
import { type Recheck, recheckDeadlineMs, type SourceTools } from '../../source.ts'
import type { Json, JsonObject, NewFact } from '../../words.ts'
import ns8 from './index.ts'
import { createRepositoryDesk } from './repository-desk.ts'

const madeAt = new Date('2026-06-01T01:00:12Z')
const quiet = { redis: 'redis://127.0.0.1:1', alertmanager: false }

function request(key: string, body: JsonObject = {}): Recheck {
  return { name: 'backup.repository', key, body }
}

describe('a repository', () => {
  test('is told with its state, its plan and module, and what opens it by hand', async () => {
    await using house = await createResticHouse()
    await house.make('mail1', madeAt)
    const probe = { command: ['restic', '--verbose'], environment: house.environment('{module}') }
    const source = await startSource(ns8, { ...quiet, probe }, { now: Date.now })
    await source.recheck(request('1/mail1'))
    await source.recheck(request('1/mail1', { due: madeAt.getTime() + 1000, runInProgress: false }))
    await source.recheck(request('1/samba1'))
    const told = source.facts.filter(({ name }) => name === 'backup.repository')
    const [{ tookMs, ...good } = {}, stale, missing] = told.map(({ data }) => data)
    assert.ok(typeof tookMs === 'number' && tookMs > 0)
    assert.deepEqual(good, {
      state: 'OK',
      exit: 0,
      newest: madeAt.getTime(),
      message: 'The repository answers; its newest snapshot is of 2026-06-01 01:00:12 UTC.',
      plan: '1',
      module: 'mail1',
      command: 'restic --verbose',
    })
    assert.deepEqual([stale?.['state'], missing?.['state'], missing?.['module']], ['STALE', 'NOT_FOUND', 'samba1'])
    assert.deepEqual(
      told.map(({ key }) => key),
      ['1/mail1', '1/mail1', '1/samba1'],
    )
    source.stop()
    await source.ended
  })

  test('is asked for by runagent where nothing else is said, and its lock is told', async () => {
    await using house = await createResticHouse()
    await house.make('mail1', madeAt)
    const pid = await house.leaveLock('mail1')
    const path = process.env['PATH']
    process.env['PATH'] = `${await house.installRunagent()}:${path}`
    const later = Date.now() + 3_600_000
    const source = await startSource(ns8, { ...quiet }, { now: () => later })
    await source.recheck(request('1/mail1'))
    process.env['PATH'] = path
    const data = source.facts.find(({ name }) => name === 'backup.repository')?.data
    assert.equal(data?.['state'], 'LOCKED_STALE')
    assert.equal((data?.['lock'] as JsonObject | undefined)?.['pid'], pid)
    assert.equal(data?.['command'], 'runagent -m mail1 restic-wrapper --backup 1')
    assert.equal(data?.['advice'], 'runagent -m mail1 restic-wrapper --backup 1 unlock')
    source.stop()
    await source.ended
  })
})

describe('all repositories', () => {
  test('of enabled plans are looked into by themselves, each once a day, and after a restart not before', async () => {
    await using server = await startCluster('B')
    await server.command('HSET', 'cluster/backup/2', 'name', 'Off', 'enabled', '', 'instances', 'mail1')
    await server.command('HDEL', 'cluster/module_node', 'samba1')
    await using house = await createResticHouse()
    await house.make('mail1', madeAt)
    const options = {
      redis: server.url,
      alertmanager: false,
      probe: { command: ['restic'], environment: house.environment('{module}') },
    }
    const rows = new Map<string, Json>()
    async function run(afterMs: number, looks: number): Promise<string[]> {
      const source = await startSource(ns8, options, { now: () => madeAt.getTime() + afterMs, rows })
      const found = (): NewFact[] => source.facts.filter(({ name }) => name === 'backup.repository')
      while (found().length < looks) await wait(10)
      source.stop()
      await source.ended
      return found().map(({ key, data }) => `${key} ${JSON.stringify(data['state'])}`)
    }
    assert.deepEqual(await run(0, 2), ['1/mail1 "OK"', '1/nextcloud1 "NOT_FOUND"'])
    // One that is not known to have been looked into shows that the other, which comes first, is passed over.
    rows.delete('look/1/nextcloud1')
    assert.deepEqual(await run(86_399_999, 1), ['1/nextcloud1 "NOT_FOUND"'])
    assert.deepEqual(await run(86_400_000, 1), ['1/mail1 "OK"'])
    assert.equal(rows.get('look/1/mail1'), madeAt.getTime() + 86_400_000)
  })

  test('are looked into when their time has come, and forgotten when they are no more', async () => {
    const { desk, facts, rows, clock, stop } = createDesk(['true'], 1000, { every: '1h' })
    const [mail, samba] = [
      { planId: '1', module: 'mail1' },
      { planId: '1', module: 'samba1' },
    ]
    const keys = (): string[] => facts.splice(0).map(({ key }) => key)
    assert.equal(await desk.round([mail]), 600_000, 'it looks again for new ones after a while')
    assert.deepEqual(keys(), ['1/mail1'])
    clock.now += 3_540_000
    assert.equal(await desk.round([mail, samba]), 60_000)
    assert.deepEqual(keys(), ['1/samba1'])
    // What was asked for meanwhile need not be looked into so soon.
    await desk.answer('1/mail1', {})
    clock.now += 60_000
    assert.equal(await desk.round([mail, samba]), 600_000)
    assert.deepEqual(keys(), ['1/mail1'])
    await desk.round([samba])
    assert.deepEqual([...rows.keys()], ['look/1/samba1'])
    stop()
  })

  test('are left alone where no repository is looked at', async () => {
    const desk = createRepositoryDesk(false, { ...createTools(), emit: () => assert.fail('it says something') })
    await desk.round([{ planId: '1', module: 'mail1' }])
  })
})

describe('what is asked for', () => {
  const hostile = [
    '1/mail1;touch x',
    '1/../mail1',
    '$(id)/mail1',
    '1/--help1',
    '1',
    '',
    '/',
    '1/mail1/x',
    `1/${'a'.repeat(99)}1`,
  ]

  test('by a name that is none reaches no command line, and is answered', async () => {
    // This program does not exist: whatever got as far would say so.
    const source = await startSource(ns8, { ...quiet, probe: { command: ['/nowhere/restic', '{module}', '{plan}'] } })
    for (const key of hostile) await source.recheck(request(key))
    const facts = source.facts.filter(({ name }) => name === 'backup.repository')
    assert.deepEqual(
      facts.map(({ key }) => key),
      hostile,
    )
    for (const { key, data } of facts) {
      assert.equal(data['state'], 'UNCONFIGURED', key)
      assert.equal('command' in data, false, key)
    }
    await source.recheck(request('1/mail1'))
    assert.equal(source.facts.at(-1)?.data['state'], 'TOOL_ERROR')
    source.stop()
    await source.ended
  })

  test('is answered where no repository is looked at', async () => {
    const source = await startSource(ns8, { ...quiet, probe: false })
    await source.recheck(request('1/mail1'))
    const data = source.facts.find(({ name }) => name === 'backup.repository')?.data
    assert.deepEqual([data?.['state'], data?.['plan'], data?.['module']], ['UNKNOWN', '1', 'mail1'])
    source.stop()
    await source.ended
  })

  test('behind others that take too long is answered before nobody waits for it any more', async () => {
    const { desk, facts, stop } = createDesk(['sh', '-c', 'exec sleep 60', 'restic'], 200)
    await Promise.all(['1/mail1', '1/mail2', '1/mail3'].map((key) => desk.answer(key, {})))
    assert.deepEqual(
      facts.map(({ data }) => data['state']),
      ['UNKNOWN', 'UNKNOWN', 'UNKNOWN'],
    )
    stop()
  })

  test('is not answered by a source that is being stopped, and the program it runs ends', async () => {
    const { desk, facts, stop } = createDesk(['sh', '-c', 'exec sleep 60', 'restic'], recheckDeadlineMs)
    const asked = desk.answer('1/mail1', {})
    stop()
    await assert.rejects(asked, { name: 'AbortError' })
    assert.deepEqual(facts, [])
  })
})

function createDesk(command: readonly string[], withinMs: number, more: object = {}) {
  const abort = new AbortController()
  const facts: NewFact[] = []
  const rows = new Map<string, Json>()
  const clock = { now: madeAt.getTime() }
  const options = ns8.options.parse({ probe: { command, ...more } }).probe
  const emit: SourceTools['emit'] = async (batch, { put = [], delete: gone = [] } = {}) => {
    facts.push(...(batch.facts ?? []))
    for (const [key, value] of put) rows.set(key, value)
    for (const key of gone) rows.delete(key)
    return { ids: [], accepted: 0, duplicates: 0 }
  }
  const tools = { ...createTools(), signal: abort.signal, now: () => clock.now, emit }
  return { desk: createRepositoryDesk(options, tools, withinMs), facts, rows, clock, stop: () => abort.abort() }
}

function createTools() {
  return { signal: new AbortController().signal, now: Date.now, place: { zone: 'UTC', host: 'hub' } }
}
