// `sereno conditions` beside a running hub and without one: what is open, who was told, and closing it by hand.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startHub, type Hub } from '../../src/hub.ts'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConditionEntry } from '../../src/engine/look-conditions.ts'
import { makeFolder, removeFolder, sereno } from './house.ts'

let folder: string
let hub: Hub
const told: string[] = []

before(async () => {
  folder = await makeFolder()
  await writeFile(
    join(folder, 'sereno.yaml'),
    'channels: { team: { kind: console } }\nrules: [{ on: disk.full, to: team }]\nsources: { events: { kind: cloudevents, open: [127.0.0.0/8] } }\n',
  )
  hub = await startHub({
    config: join(folder, 'sereno.yaml'),
    data: folder,
    listen: '127.0.0.1:0',
    print: (line) => void told.push(line),
  })
  for (const [id, condition] of ['/data', '/srv'].entries()) {
    await post({
      id: String(id),
      type: 'disk.full',
      host: 'nas',
      severity: 'error',
      condition,
      state: 'firing',
      data: { title: `Disk ${condition} is full` },
    })
  }
})
after(async () => {
  await hub.stop()
  await removeFolder(folder)
})

async function post(event: object): Promise<void> {
  const body = JSON.stringify({ specversion: '1.0', source: 'monitor', ...event })
  const headers = { 'content-type': 'application/cloudevents+json' }
  const answer = await fetch(`${hub.url}/api/v1/events`, { method: 'POST', headers, body })
  assert.equal(answer.status, 202, await answer.text())
}

async function list(...words: string[]): Promise<ConditionEntry[]> {
  const { code, out, error } = await sereno('conditions', '--data', folder, '--json', ...words)
  assert.equal(code, 0, error)
  return JSON.parse(out) as ConditionEntry[]
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await holds()); turn += 1) {
    assert.ok(turn < 200, 'it never came to that')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('beside a hub', () => {
  test('what is open is listed, the latest first, with who was told', async () => {
    await until(async () => (await list()).every((entry) => entry.threads.every((thread) => thread.state === 'told')))
    const entries = await list()
    assert.deepEqual(
      entries.map(({ key, state, title, severity, host, source }) => [key, state, title, severity, host, source]),
      [
        ['/srv', 'open', 'Disk /srv is full', 'error', 'nas', 'events'],
        ['/data', 'open', 'Disk /data is full', 'error', 'nas', 'events'],
      ],
    )
    assert.deepEqual(
      entries[0]?.threads.map(({ rule, channel, state }) => [rule, channel, state]),
      [['disk-full', 'team', 'told']],
    )
    const { out } = await sereno('conditions', '--data', folder)
    assert.match(out, /^id +since +severity +source +host +what +channels\n/)
    assert.match(out, /error +events +nas +Disk \/srv is full +team told/)
    assert.deepEqual(await list('--source', 'other'), [])
    assert.deepEqual(await list('--state', 'ended'), [])
  })

  test('the metrics count them', async () => {
    const token = (await readFile(join(folder, 'token'), 'utf8')).trim()
    const answer = await fetch(`${hub.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
    assert.match(await answer.text(), /^sereno_conditions_open\{severity="error",source="events"\} 2$/m)
  })

  test('one that is closed by hand is told, once', async () => {
    const [, data] = await list()
    const closed = await sereno('conditions', 'close', data?.id ?? '', '--data', folder)
    assert.deepEqual([closed.code, closed.out], [0, `Condition ${data?.id} is closed: Disk /data is full.`])
    assert.deepEqual(
      (await list()).map(({ key }) => key),
      ['/srv'],
    )
    await until(async () => told.some((line) => line.includes('Closed: Disk /data is full')))
    assert.ok(told.some((line) => line.includes('It was closed by hand.')))
    const again = await sereno('conditions', 'close', data?.id ?? '', '--data', folder)
    assert.equal(again.code, 1)
    assert.match(again.error, /has ended already: Disk \/data is full/)
    assert.equal((await list('--state', 'ended'))[0]?.endedBy, 'closed')
    assert.equal((await list('--state', 'all')).length, 2)
  })

  test('what is none is said to be none', async () => {
    assert.match(
      (await sereno('conditions', 'close', '1n5c0k3v2', '--data', folder)).error,
      /There is no condition 1n5c0k3v2/,
    )
    const wrong = await sereno('conditions', '--state', 'closed', '--data', folder)
    assert.deepEqual([wrong.code, wrong.error], [2, 'sereno: --state closed is none; there are open, ended, all'])
  })

  test('why tells the whole chain of an end', async () => {
    const { out } = await sereno('events', '--data', folder, '--type', 'disk.full', '--json')
    const ends = (JSON.parse(out) as { id: string; condition: { state: string } }[]).filter(
      (event) => event.condition.state === 'resolved',
    )
    const why = await sereno('why', ends[0]?.id ?? '', '--data', folder)
    assert.match(why.out, /condition "\/data": resolved/)
    assert.match(why.out, /follows its beginning by rule "disk-full" → team: message \w+ was delivered/)
  })
})

test('without a hub the store itself is read, and closing needs one', async () => {
  await hub.stop()
  assert.deepEqual(
    (await list()).map(({ key }) => key),
    ['/srv'],
  )
  const [srv] = await list()
  const { code, error } = await sereno('conditions', 'close', srv?.id ?? '', '--data', folder)
  assert.equal(code, 1)
  assert.match(error, /one is needed to close condition/)
})
