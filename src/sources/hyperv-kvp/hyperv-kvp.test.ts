// What others write to the pools is told once: also after a restart, a rewrite by the daemon, and in slices that come late.
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { encodeAsCloudInit } from '../../lib/kvp/cloud-init.ts'
import { encodeEvent } from '../../lib/kvp/encode.ts'
import { encodeRecords } from '../../lib/kvp/record.ts'
import type { Json } from '../../words.ts'
import { type SourceDouble, startSource } from '../../../test/support/source-double.ts'
import source from './index.ts'

const uuid = '11111111-2222-4333-8444-555555555555'
const writer = { prefix: 'CLOUD_INIT', incarnation: 1_700_000_000, vmId: 'aabbccdd-eeff-0011-2233-445566778899' }
const event = {
  type: 'finish',
  name: 'modules-final',
  description: 'running modules for final',
  at: Date.UTC(2026, 10, 20, 2, 59),
  result: 'WARN' as const,
  durationSeconds: 1.25,
}

let folder: string
let pool: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
  pool = join(folder, 'pool')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('records of cloud-init and values of the host become events, each once', async () => {
  const records = [...encodeAsCloudInit(event, writer, uuid, '26.2'), { key: 'HostName', value: 'hv-07' }]
  writeFileSync(pool, encodeRecords(records))
  const rows = new Map<string, Json>()
  const double = await start(rows)
  await until(() => double.events.length === 2)
  assert.deepEqual(double.events[0], {
    type: 'kvp.event',
    time: event.at,
    subject: 'modules-final',
    severity: 'warning',
    data: {
      pool,
      name: 'modules-final',
      event: 'finish',
      description: 'running modules for final',
      origin: 'cloud-init',
      result: 'WARN',
      durationSeconds: 1.25,
    },
    identity: { producer: pool, id: `${records[0]?.key}\n${event.at}` },
  })
  assert.deepEqual(double.events[1], {
    type: 'kvp.value',
    subject: 'HostName',
    data: { pool, key: 'HostName', value: 'hv-07' },
  })
  // The daemon rewrites the pool with another value, and another order.
  writeFileSync(pool, encodeRecords([{ key: 'HostName', value: 'hv-08' }, ...records.slice(0, 1)]))
  await until(() => double.events.length === 3)
  assert.equal(double.events[2]?.data?.['value'], 'hv-08')
  await stop(double)
  const next = await start(rows)
  appendFileSync(pool, encodeRecords([{ key: 'Other', value: 'x' }]))
  await until(() => next.events.length === 1)
  await stop(next)
  assert.equal(next.events[0]?.subject, 'Other')
})

test('a pool that is not there yet is looked for again, and said once', async () => {
  const double = await start()
  await until(() => double.logged.length === 1)
  assert.match(double.logged[0] ?? '', /^warn: the pool could not be read/)
  writeFileSync(pool, encodeRecords([{ key: 'HostName', value: 'hv-07' }]))
  await until(() => double.events.length === 1)
  await stop(double)
  assert.equal(double.logged.length, 2)
})

test('what Sereno itself has written is not told again, under whichever prefix', async () => {
  const ours = uuid.replace('-4333-', '-8333-')
  writeFileSync(
    pool,
    encodeRecords([
      ...encodeEvent(event, { ...writer, prefix: 'SERENO' }, uuid),
      ...encodeAsCloudInit(event, writer, ours, '26.2'),
      { key: 'HostName', value: 'x' },
    ]),
  )
  const double = await start()
  await until(() => double.events.length > 0)
  await stop(double)
  assert.deepEqual(
    double.events.map(({ type }) => type),
    ['kvp.value'],
  )
})

test('an event in slices is told in one piece; when one never comes, that is said', async () => {
  const pairs = encodeEvent({ ...event, description: 'x'.repeat(2500) }, { ...writer, prefix: 'OTHER' }, uuid)
  const late = encodeEvent(
    { ...event, name: 'gap', description: 'y'.repeat(2500) },
    { ...writer, prefix: 'OTHER' },
    uuid,
  )
  writeFileSync(pool, encodeRecords(pairs.slice(0, 1)))
  const double = await start()
  appendFileSync(pool, encodeRecords([...pairs.slice(1), ...late.slice(0, -1)]))
  await until(() => double.events.length >= 2)
  await stop(double)
  const told = double.events.map(({ subject, data }) => [
    subject,
    JSON.stringify(data?.['description']).length,
    data?.['missing'],
  ])
  assert.deepEqual(told.at(-1)?.slice(0, 1), ['gap'])
  assert.deepEqual(told.at(-1)?.[2], [2])
  assert.ok(told.some(([subject, length]) => subject === 'modules-final' && length === 2502))
})

test('what the store refuses is told at the next look', async () => {
  writeFileSync(pool, encodeRecords([{ key: 'HostName', value: 'hv-07' }]))
  const double = await start()
  await until(() => double.events.length === 1)
  double.full = true
  appendFileSync(pool, encodeRecords([{ key: 'Other', value: 'x' }]))
  await wait(150)
  double.full = false
  await until(() => double.events.length === 2)
  await stop(double)
})

function start(rows = new Map<string, Json>()): Promise<SourceDouble> {
  return startSource(source, { pools: [pool], every: '100ms' }, { rows })
}

async function stop(double: SourceDouble): Promise<void> {
  double.stop()
  await double.ended
}

async function until(check: () => boolean): Promise<void> {
  for (let tries = 0; !check() && tries < 400; tries++) await wait(25)
  assert.ok(check())
}
