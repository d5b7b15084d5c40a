// `sereno kvp` shows pools of all generations, joins slices, and says which records are bad without losing the others.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { watchPool } from '../../src/cli/kvp.ts'
import { encodeAsCloudInit, generations } from '../../src/lib/kvp/cloud-init.ts'
import { encodeEvent } from '../../src/lib/kvp/encode.ts'
import { encodeRecords, recordBytes } from '../../src/lib/kvp/record.ts'
import { sereno } from './house.ts'

const uuid = '11111111-2222-4333-8444-555555555555'
const writer = { prefix: 'SERENO', incarnation: 1_700_000_000, vmId: 'aabbccdd-eeff-0011-2233-445566778899' }
const event = {
  type: 'finish',
  name: 'boot/network',
  description: 'is up',
  at: Date.UTC(2026, 10, 26, 3, 4, 5, 250),
  result: 'WARN' as const,
  durationSeconds: 1.5,
}

let folder: string
let pool: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
  pool = join(folder, 'pool')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('listing', () => {
  test('shows each event in one row', async () => {
    const long = { ...event, name: 'long', description: 'x'.repeat(2500) }
    const own = encodeEvent(event, writer, uuid)
    writeFileSync(pool, encodeRecords([...own, ...encodeEvent(long, writer, uuid), { key: 'HostName', value: 'hv1' }]))
    const said = await sereno('kvp', 'list', pool)
    assert.deepEqual([said.code, said.error], [0, ''])
    const [head, first, second, third, ...others] = said.out.split('\n')
    assert.match(head ?? '', /^# +Time +Type +Name +Result +Took +Says$/)
    assert.match(first ?? '', /^0 +2026-11-26T03:04:05\.250Z +finish +boot\/network +WARN +1\.5 s +is up$/)
    assert.match(second ?? '', /^3 .* long .* x{59}…$/)
    assert.match(third ?? '', /^4 +HostName +hv1$/)
    assert.deepEqual(others, [])
  })

  test('is one object a record as JSON, with the event at the record that completes it', async () => {
    const pairs = generations.flatMap((generation) =>
      encodeAsCloudInit({ ...event, description: 'é'.repeat(800) }, writer, uuid, generation),
    )
    writeFileSync(pool, encodeRecords(pairs))
    const said = await sereno('kvp', 'list', pool, '--json')
    const lines = said.out.split('\n').map((line) => JSON.parse(line) as { event?: { description: string } })
    assert.equal(said.code, 0)
    assert.deepEqual(
      lines.map(({ event: _, ...record }) => record),
      pairs.map((pair, index) => ({ index, ...pair })),
    )
    assert.deepEqual(
      lines.flatMap(({ event: found }) => (found === undefined ? [] : [found.description])),
      ['é'.repeat(800), 'é'.repeat(800), 'é'.repeat(800)],
    )
    assert.deepEqual(lines.at(-1)?.event, {
      prefix: 'SERENO',
      incarnation: '1700000000',
      type: 'finish',
      name: 'boot/network',
      time: '2026-11-26T03:04:05.250Z',
      result: 'WARN',
      durationSeconds: 1.5,
      description: 'é'.repeat(800),
      vmId: writer.vmId,
      uuid,
      slices: 6,
    })
  })

  test('says what is wrong by the index, and shows the others', async () => {
    const long = encodeEvent({ ...event, description: 'x'.repeat(2500) }, writer, uuid)
    const bytes = encodeRecords([{ key: 'a', value: 'x' }, ...encodeEvent(event, writer, uuid), ...long.slice(0, -1)])
    bytes[512] = 0xff
    writeFileSync(pool, Buffer.concat([bytes, Buffer.from('torn')]))
    const said = await sereno('kvp', 'list', pool)
    assert.equal(said.code, 1)
    assert.equal(
      said.error,
      [
        'sereno: record 0: its value is no UTF-8.',
        'sereno: record 3: slices 2 of it are not there.',
        'sereno: record 4: torn: 4 of 2560 bytes.',
      ].join('\n'),
    )
    assert.match(said.out, /boot\/network/)
    const json = await sereno('kvp', 'list', pool, '--json')
    const problems = json.out.split('\n').map((line) => (JSON.parse(line) as { problem?: string }).problem)
    assert.deepEqual(problems, [
      'its value is no UTF-8',
      undefined,
      undefined,
      'slices 2 of it are not there',
      'torn: 4 of 2560 bytes',
    ])
  })

  test('moves no cursor, whatever a record holds', async () => {
    writeFileSync(pool, encodeRecords([{ key: 'k\u001b[2J', value: 'v\r\u009b31m' }]))
    const said = await sereno('kvp', 'list', pool)
    assert.doesNotMatch(said.out, /(?!\n)\p{Cc}/u)
  })

  test('of what is no pool is refused, and nothing hangs', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    writeFileSync(pool, '')
    truncateSync(pool, 300_000_000)
    for (const [path, sentence] of [
      [pipe, /is no file/],
      [folder, /is no file/],
      [pool, /has 300000000 bytes, too many for a pool/],
    ] as const) {
      const said = await sereno('kvp', 'list', path)
      assert.deepEqual([said.code, said.out], [1, ''])
      assert.match(said.error, sentence)
    }
  })

  test('of a file that is not there is refused, and leaves none', async () => {
    const said = await sereno('kvp', 'list', pool)
    assert.equal(said.code, 1)
    assert.match(said.error, /^sereno: .*pool: it is not there\. Name the file of a pool/)
    assert.equal((await sereno('kvp', 'list', pool)).code, 1)
  })
})

test('getting a key gives its last value, and all slices of one event', async () => {
  const long = encodeEvent({ ...event, description: 'é'.repeat(700) }, writer, uuid)
  const pairs = [{ key: 'HostName', value: 'old' }, { key: 'HostName', value: 'new' }, ...long]
  writeFileSync(pool, encodeRecords(pairs))
  assert.deepEqual(await sereno('kvp', 'get', pool, 'HostName'), { code: 0, out: 'new', error: '' })
  const base = long[0]?.key.replace(/\|0$/, '') ?? ''
  assert.equal((await sereno('kvp', 'get', pool, base)).out, 'é'.repeat(700))
  const said = await sereno('kvp', 'get', pool, 'Nothing')
  assert.deepEqual([said.code, said.out], [1, ''])
  assert.match(said.error, /There is no key Nothing/)
})

test('watching shows what is there and what comes, once, also behind a rewrite', async () => {
  const out: string[] = []
  const error: string[] = []
  const ended = new AbortController()
  const terminal = { out: (text: string) => void out.push(text), error: (text: string) => void error.push(text) }
  const watching = watchPool(pool, {}, terminal, ended.signal)
  const until = async (count: number): Promise<void> => {
    for (let tries = 0; out.length < count && tries < 400; tries++) await wait(25)
    assert.equal(out.length, count)
  }
  for (let tries = 0; error.length === 0 && tries < 400; tries++) await wait(25)
  assert.match(error[0] ?? '', /Looking again/)
  const first = encodeRecords([{ key: 'a', value: '1' }])
  writeFileSync(pool, first)
  await until(1)
  appendFileSync(pool, encodeRecords(encodeEvent(event, writer, uuid)))
  await until(2)
  assert.equal(first.length, recordBytes)
  writeFileSync(pool, encodeRecords([...encodeEvent(event, writer, uuid), { key: 'b', value: '2' }]))
  await until(3)
  ended.abort()
  assert.equal(await watching, 0)
  assert.deepEqual(out, ['0  a  1', '1  2026-11-26T03:04:05.250Z  finish  boot/network  WARN  is up', '1  b  2'])
})
