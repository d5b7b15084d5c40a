// What the host of a guest reads of messages and stages, and what becomes of those that cannot be written.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { ChannelTools, Part } from '../../channel.ts'
import { readEvents } from '../../lib/kvp/read-events.ts'
import { decodeRecords } from '../../lib/kvp/record.ts'
import type { Message, Outcome } from '../../words.ts'
import channel from './index.ts'

const message: Message = {
  title: 'Backup of nas failed',
  severity: 'error',
  fields: [{ name: 'Host', value: 'nas', code: true, note: 'old' }],
  lines: ['exit status 1'],
  links: [{ text: 'why', url: 'https://hub.example' }],
  notes: ['4 repeats were held.'],
  ids: ['01k9zq'],
  at: Date.UTC(2026, 10, 20, 12),
}
const stage = {
  type: 'finish',
  name: 'boot/network',
  description: 'eth1 has no address',
  result: 'WARN',
  durationSeconds: 12.25,
  origin: 'provision',
} as const
const vmId = 'AABBCCDD-eeff-0011-2233-445566778899'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
  path = join(folder, 'pool')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a message is an event: its title the name, how much it matters the type, all it says the description', async () => {
  assert.deepEqual(await send(message), { ok: true })
  const [event, ...others] = eventsIn(path)
  assert.deepEqual(others, [])
  assert.deepEqual([event?.prefix, event?.type, event?.name, event?.at], ['SERENO', 'error', message.title, message.at])
  assert.equal(event?.description, 'Backup of nas failed\nHost: nas (old)\nexit status 1\n4 repeats were held.')
  assert.equal(event.vmId, vmId.toLowerCase())
})

test('a stage is told as one, with its result and how long it took', async () => {
  await send({ ...message, stage })
  const [event] = eventsIn(path)
  const { type, name, description, result, durationSeconds } = event ?? {}
  assert.deepEqual({ type, name, description, result, durationSeconds, origin: stage.origin }, stage)
})

test('what is sent at once is one append, in order', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, number) =>
      send({ ...message, title: `stage-${number}` }, {}, { key: `d-${number}` }),
    ),
  )
  assert.ok(outcomes.every(({ ok }) => ok))
  assert.deepEqual(
    eventsIn(path).map(({ name }) => name),
    Array.from({ length: 20 }, (_, number) => `stage-${number}`),
  )
})

test('an attempt that is made again, as it was not known how the last one ended, writes nothing twice', async () => {
  await send(message, {}, { key: 'd-1' })
  assert.deepEqual(await send(message, {}, { key: 'd-1', attempt: 2 }), { ok: true })
  assert.equal(eventsIn(path).length, 1)
  await send(message, {}, { key: 'd-2', attempt: 2 })
  assert.equal(eventsIn(path).length, 2)
})

test('the records of an old cloud-init are written on request', async () => {
  await send({ ...message, stage }, { compat: '18.4' })
  const [record] = decodeRecords(readFileSync(path))
  assert.match(record?.key ?? '', /^CLOUD_INIT\|\d+\|finish\|boot\/network$/)
  assert.equal(
    record?.value,
    '{"name":"boot/network","type":"finish","ts":"2026-11-20T12:00:00Z","result":"WARN","msg":"eth1 has no address"}',
  )
})

test('a folder that is not there is told, and what is sent again later arrives', async () => {
  path = join(folder, 'hyperv/pool')
  const first = await send(message)
  assert.deepEqual(first, {
    ok: false,
    reason: 'unreachable',
    retry: true,
    maybeDelivered: false,
    detail: `${path}: its folder is not there; does hv_kvp_daemon run?`,
  })
  mkdirSync(join(folder, 'hyperv'))
  assert.deepEqual(await send(message, {}, { attempt: 2 }), { ok: true })
})

test('when a boot has as many records as it may have, the oldest make room; what never fits is told', async () => {
  for (let number = 0; number < 6; number++)
    assert.deepEqual(await send({ ...message, title: `s-${number}` }, { maxRecords: 5 }, { key: `d-${number}` }), {
      ok: true,
    })
  assert.deepEqual(
    eventsIn(path)
      .map(({ name }) => name)
      .toSorted(),
    ['events-dropped', 's-2', 's-3', 's-4', 's-5'],
  )
  const end = await send({ ...message, lines: ['x'.repeat(12_000)] }, { maxRecords: 5 }, { key: 'long' })
  assert.ok(!end.ok)
  assert.deepEqual([end.reason, end.retry], ['rejected', false])
  assert.match(end.detail, /5 records of this boot are in .*\.$/)
  const notice = eventsIn(path).find(({ name }) => name === 'events-dropped')
  assert.equal(notice?.description, '3 events dropped')
  assert.equal(statSync(path).size, 5 * 2560)
})

test('a place that is no file is told, and nothing hangs', async () => {
  mkdirSync(path)
  const end = await send(message)
  assert.ok(!end.ok && end.retry)
  assert.match(end.detail, /it is a folder\.$/)
  writeFileSync(join(folder, 'file'), '')
  path = join(folder, 'file/pool')
  assert.match(JSON.stringify(await send(message)), /part of its path is no folder/)
})

interface How {
  readonly key?: string
  readonly attempt?: number
}

function send(said: Message, change: object = {}, { key = 'd-1', attempt = 1 }: How = {}): Promise<Outcome> {
  const options = channel.options.parse({ path, vmId, ...change })
  const [part] = channel.render(said)
  assert.ok(part)
  const tools: ChannelTools = {
    delivery: { id: key, recipient: '', attempt, idempotencyKey: key, kind: 'open', thread: { id: key } },
    signal: new AbortController().signal,
    now: () => message.at,
    graph: () => assert.fail('nothing is drawn'),
    request: () => assert.fail('nothing is asked'),
    print: () => assert.fail('nothing is printed'),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  }
  return channel.send(JSON.parse(JSON.stringify(part)) as Part, options, tools)
}

function eventsIn(file: string) {
  const { events, problems } = readEvents(decodeRecords(readFileSync(file)))
  assert.deepEqual([...problems], [])
  return [...events].sort(([a], [b]) => a - b).map(([, event]) => event)
}
