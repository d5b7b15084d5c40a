// A Proxmox node in a whole engine: told once, held while guests are backed up, ended in its thread; and its notifications over HTTP.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { assembleText } from '../src/cli/configuration.ts'
import { replayFiles } from '../src/hub/replay.ts'
import type { Mute } from '../src/rule-mute.ts'
import type { GuestTask } from '../src/source-boot.ts'
import type { WatchKind } from '../src/watch.ts'
import type { JsonObject } from '../src/words.ts'
import proxmox from '../src/watches/proxmox/index.ts'
import { EngineHouse, facts, judgeOf, rule } from './support/engine-house.ts'
import { createHubHouse, type HubHouse } from './support/hub-house.ts'
import { ProxmoxNode } from './support/proxmox-node.ts'

const minute = 60_000
const backups: Mute = {
  name: 'backups',
  kind: 'backup',
  on: ['guest.started', 'guest.stopped', 'guest.shutdown', 'guest.restarted'],
  pass: [],
  where: [],
  hold: 'all',
  atEnd: 're-evaluate',
}

function open(): Promise<EngineHouse> {
  const watch = {
    name: 's',
    kind: proxmox as unknown as WatchKind,
    options: proxmox.options.parse({}),
    source: 's',
    place: { name: 's', zone: 'UTC', host: 'pve1' },
  }
  const sources = new Map([['s', { maxAgeMs: 3_600_000, labels: {} }]])
  const rules = [rule('guests', { on: ['guest.*', 'storage.*'], to: ['one'] })]
  return EngineHouse.open(judgeOf(rules, { one: facts }, { watches: [watch], mutes: [backups], sources }))
}

async function see(
  house: EngineHouse,
  name: string,
  key: string,
  data: JsonObject,
  time = house.clock.now(),
): Promise<void> {
  const fact = { name, key, host: 'pve1', time, data }
  await house.engine.submit([{ kind: 'fact', source: 's', fact, receivedAt: house.clock.now() }])
  await house.settle()
}

function guest(house: EngineHouse, running: boolean, more: JsonObject = {}): Promise<void> {
  return see(house, 'guest', '100', { id: 100, guest: 'vm', name: 'web', running, hostBoot: 'b', ...more })
}

function task(house: EngineHouse, action: GuestTask['action'], outcome: GuestTask['outcome'] = 'ok'): Promise<void> {
  const at = new Date(house.clock.now()).toISOString()
  return see(house, 'guest.task', at, { id: 100, guest: 'vm', action, outcome, startedAt: at, endedAt: at })
}

async function told(house: EngineHouse): Promise<string[]> {
  const types = new Map((await house.store.events({ limit: 1000 })).map(({ seq, type }) => [seq, type]))
  const all = (await house.store.deliveries({ limit: 1000 })).toReversed()
  return all.map(({ kind, events }) => `${kind} ${events.map((seq) => types.get(seq)).join(' ')}`)
}

describe('a node', () => {
  test('whose guest did not start is told, and its run in the same thread, over a restart', async () => {
    await using house = await open()
    await guest(house, false)
    await task(house, 'start', 'failed')
    await house.restart()
    await house.pass(minute)
    await guest(house, true)
    assert.deepEqual(await told(house), ['open guest.start-failed', 'end guest.start-failed'])
    const [end, begin] = await house.store.deliveries({ limit: 10 })
    assert.equal(end?.thread, begin?.thread)
  })

  test('whose guest died is told once a minute has passed, and not before its tasks could be read after our absence', async () => {
    await using house = await open()
    await guest(house, true)
    await house.pass(30_000)
    await guest(house, false)
    await house.away(10 * minute)
    await house.pass(30_000)
    assert.deepEqual(await told(house), [], 'a task may still be read')
    await house.pass(10 * minute)
    assert.deepEqual(await told(house), ['open guest.died'])
    await guest(house, true)
    assert.deepEqual(await told(house), ['open guest.died', 'end guest.died'])
  })

  test('holds what a backup does to guests, tells failures all the same, and tells again after it', async () => {
    await using house = await open()
    await see(house, 'backup-run', 'pve1', { on: true })
    await task(house, 'shutdown')
    await task(house, 'start')
    assert.deepEqual(await told(house), [])
    await task(house, 'start', 'failed')
    assert.deepEqual(await told(house), ['open guest.start-failed'])
    await house.pass(20 * minute)
    await see(house, 'backup-run', 'pve1', { on: false })
    await house.pass(minute)
    await task(house, 'stop')
    assert.equal((await told(house)).length, 1, 'for a moment after it')
    await house.pass(2 * minute)
    await task(house, 'stop')
    assert.ok((await told(house)).includes('open guest.stopped'))
  })

  test('never holds longer than two hours beyond the last sign of a backup', async () => {
    await using house = await open()
    await see(house, 'backup-run', 'pve1', { on: true })
    await house.pass(121 * minute)
    await task(house, 'start')
    assert.deepEqual(await told(house), ['open guest.started'])
  })

  test('tells a job once that is heard of twice', async () => {
    await using house = await open()
    const at = house.clock.now()
    const guests = [{ id: 100, guest: 'vm', name: 'web', outcome: 'failed', reason: 'no space' }]
    const job = { outcome: 'failed', endedAt: new Date(at).toISOString(), guests }
    await see(house, 'guest.backup-job', 'UPID', { ...job, via: 'tasks' })
    await see(house, 'guest.backup-job', 'webhook', { ...job, via: 'webhook' })
    await house.pass(5 * minute)
    assert.deepEqual(await told(house), ['open guest.backup-report', 'open guest.backup'])
  })
})

test('a list of ended tasks is replayed, without asking anything', async () => {
  await using node = await ProxmoxNode.make()
  const at = Date.UTC(2026, 10, 20, 3)
  await node.end({ type: 'qmstart', id: 102, startedAt: at, status: 'start failed: QEMU exited with code 1' })
  await node.end({ type: 'vzstart', id: 200, startedAt: at + 5000, status: 'WARNINGS: 1' })
  await node.end({ type: 'vzdump', id: 200, startedAt: at + 8000, status: 'job errors' })
  await node.end({ type: 'qmstart', id: 102, startedAt: at + 300_000 })
  const sources = { pve: { kind: 'proxmox', host: 'pve1' } }
  const rules = [{ on: 'guest.*', to: 'team' }]
  const assembly = await assembleText(
    JSON.stringify({ sources, channels: { team: { kind: 'console' } }, rules }),
    'a.yaml',
  )
  const said: string[] = []
  await replayFiles(assembly, [{ source: 'pve', path: `${node.tasks}/index` }], (line) => {
    if (line.kind === 'message') said.push(line.title)
  })
  assert.deepEqual(said, [
    'pve1: VM 102 did not start',
    'pve1: CT 200 started, with warnings',
    'pve1: 1 of 1 backups failed',
    'pve1: Backup of CT 200 failed',
    'pve1: VM 102 runs',
  ])
})

const page = await readFile(new URL('../docs/proxmox-source.md', import.meta.url), 'utf8')

test('the configurations on the pages pass the check', async () => {
  const guide = await readFile(new URL('../docs/proxmox.md', import.meta.url), 'utf8')
  const texts = [...(guide + page).matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text)
  assert.ok(texts.length > 5)
  const env = {
    PVE_TOKEN: 'a@pve!b=c',
    PROXMOX_WEBHOOK_TOKEN: 'a-token-that-is-long',
    SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T/B/X',
  }
  for (const [name, value] of Object.entries(env)) process.env[name] ??= value
  for (const text of texts) await assembleText(text, 'docs/proxmox-source.md')
})

test('a real hub beside a folder of tasks tells each of them once, also when it was killed in between', async () => {
  await using node = await ProxmoxNode.make()
  await using house = await createHubHouse()
  const pve = { kind: 'proxmox', host: 'pve1', every: '5s', ...node.options }
  const rules = [{ on: 'guest.*', to: ['team'] }]
  await house.configure(JSON.stringify({ sources: { pve }, channels: { team: { kind: 'console' } }, rules }))
  const second = 1000 * Math.floor(Date.now() / 1000)
  await node.end({
    type: 'qmstart',
    id: 102,
    startedAt: second - 10_000,
    status: 'no such disk',
    log: 'TASK ERROR: no such disk\n',
  })
  const told = async (): Promise<string[]> => {
    const { out } = await house.sereno('deliveries', '--json')
    const rows = JSON.parse(out) as readonly { readonly kind: string; readonly state: string }[]
    return rows.map(({ kind, state }) => `${kind} ${state}`).toSorted()
  }
  await house.start()
  await house.until('the failure is told', async () => (await told()).includes('open delivered'))
  await house.kill()
  await node.rotate()
  await node.end({ type: 'qmstart', id: 102, startedAt: second - 5000 })
  await house.start()
  await house.until('its end is told', async () => (await told()).includes('end delivered'))
  assert.deepEqual(await told(), ['end delivered', 'open delivered'])
  await house.stop()
})

test('a node that an agent looks after is judged by the options that the hub has for it, and told as any other', async () => {
  await using house = await createHubHouse()
  const token = 'a-token-for-the-agent-of-pve1'
  await house.configure(`
hub: { tokens: [{ name: pve1, token: ${token} }] }
sources: { pve1/proxmox: { kind: proxmox } }
channels: { team: { kind: console } }
rules: [{ on: guest.*, to: [team] }]
`)
  await house.start()
  const task = async (first: number, outcome: string): Promise<void> => {
    const at = new Date().toISOString()
    const data = { id: 102, guest: 'vm', name: 'broken', action: 'start', outcome, startedAt: at, endedAt: at }
    const fact = { name: 'guest.task', key: `t${first}`, host: 'pve1', data }
    const items = [{ source: 'proxmox', fact }]
    const body = JSON.stringify({ buffer: 'b', first, items, sentAt: Date.now(), bootId: 'x', uptimeSeconds: 90_000 })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${house.url}/api/v1/agent`, { method: 'POST', headers, body })
    assert.equal(answer.status, 202, await answer.text())
  }
  const told = async (): Promise<string[]> => {
    const { out } = await house.sereno('deliveries', '--json')
    return (JSON.parse(out) as readonly { kind: string; state: string }[]).map(({ kind, state }) => `${kind} ${state}`)
  }
  await task(1, 'failed')
  await house.until('the failure is told', async () => (await told()).includes('open delivered'))
  await task(2, 'ok')
  await house.until('its end is told', async () => (await told()).includes('end delivered'))
  const { out } = await house.sereno('events', '--type', 'guest.start-failed', '--json')
  assert.deepEqual(
    new Set((JSON.parse(out) as readonly { source: string }[]).map(({ source }) => source)),
    new Set(['pve1/proxmox']),
  )
  await house.stop()
})

describe('what Proxmox posts by the text on the page', () => {
  const token = 'a-token-for-proxmox-alone'

  /** As its template engine fills it in: a text escaped for JSON, or a value as JSON. */
  function fill(template: string, values: { readonly [name: string]: unknown }): string {
    return template.replace(/\{\{ (?:(escape|json) )?([\w.]+) \}\}/g, (_, how: string | undefined, name: string) => {
      const value = values[name]
      if (how === 'json') return JSON.stringify(value)
      return how === 'escape' ? JSON.stringify(value).slice(1, -1) : String(value)
    })
  }

  function lineOf(start: string): string {
    const line = page.split('\n').find((one) => one.startsWith(`\t${start}`)) ?? assert.fail(start)
    return Buffer.from(line.slice(start.length + 1), 'base64').toString()
  }

  async function startHub(): Promise<HubHouse> {
    const house = await createHubHouse()
    await house.configure(`
hub: { tokens: [{ name: proxmox, token: ${token}, sources: [pve] }] }
sources:
  pve: { kind: proxmox, host: pve1, tasks: false, config: /nowhere, commands: { vms: ['false'], containers: ['false'], storages: ['false'] } }
channels: { team: { kind: console } }
rules: [{ on: [guest.backup-report, message], to: [team] }]
`)
    await house.start()
    return house
  }

  test('is taken with its token, is told, and nobody is let in without', async () => {
    await using house = await startHub()
    const template = lineOf('body ')
    assert.ok(page.includes(template), 'the page says what the base64 says')
    const notification = JSON.parse(
      await readFile(new URL('fixtures/proxmox/notification-archive.json', import.meta.url), 'utf8'),
    ) as JsonObject
    const body = fill(template, { ...notification, timestamp: Math.floor(Date.now() / 1000) })
    const authorization = fill(lineOf('header name=Authorization,value='), { 'secrets.token': token })
    const post = {
      method: 'POST',
      body,
      headers: { authorization, 'content-type': lineOf('header name=Content-Type,value=') },
    }
    const answer = await house.ask('/api/v1/webhook/pve', post)
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [202, { accepted: 1, duplicates: 0, ignored: 0 }])
    const without = await house.ask('/api/v1/webhook/pve', { ...post, headers: { authorization: 'Bearer wrong' } })
    assert.equal(without.status, 401)
    const { authorization: _token, ...headers } = post.headers
    const nameless = await fetch(`${house.url}/api/v1/webhook/pve`, { ...post, headers })
    assert.equal(nameless.status, 401)
    const events = await house.sereno('events', '--json')
    assert.match(events.out, /guest\.backup-report/)
    assert.match(events.out, /broken/)
    await house.stop()
  })
})
