// A pool has so many records of a boot, and so many events wait: what gives way, and what is said of it.
import assert from 'node:assert/strict'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { encodeAsCloudInit } from './cloud-init.ts'
import { encodeEvent } from './encode.ts'
import type { KvpEvent, Writer } from './event.ts'
import { findLocks } from './locks.ts'
import { readEvents } from './read-events.ts'
import { decodeRecords, encodeRecords, recordBytes } from './record.ts'
import { createReporter } from './reporter.ts'
import type { Reporter, ReporterOptions } from './reporting.ts'

const found = await findLocks()
const locks = found.ok ? found.locks : undefined
const start: KvpEvent = { type: 'start', name: 'boot', description: 'begins', at: Date.UTC(2026, 10, 26) }

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
  path = join(folder, 'pool')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a boot has so many records; what came first makes room for what comes, and is counted in one record', async () => {
  await using reporter = reporterOf({ mostRecords: 10 })
  for (let number = 0; number < 12; number++)
    assert.deepEqual(await reporter.write({ ...start, name: `stage-${number}` }), { ok: true })
  assert.deepEqual(namesIn(path).toSorted(), ['events-dropped', ...numbered(3, 12)].toSorted())
  assert.equal(noticeIn(path), '3 events dropped')
  assert.equal(reporter.status.dropped, 3)
  // What made room is not taken for lost.
  await reporter.settle()
  assert.equal(eventsIn(path).length, 10)
})

test('all programs of a boot count what they dropped together', async () => {
  for (let number = 0; number < 12; number++) await writeOnce(`stage-${number}`, { mostRecords: 10 })
  assert.equal(noticeIn(path), '3 events dropped')
  assert.equal(eventsIn(path).length, 10)
})

test('a full pool gives up starts whose finish is there, then what is no stage, all slices of it, and nothing of others', async () => {
  await using reporter = reporterOf({ mostRecords: 10 })
  const finish = { ...start, type: 'finish', result: 'SUCCESS' } as const
  await reporter.write({ ...start, name: 'a' })
  appendFileSync(path, encodeRecords([{ key: 'HostName', value: 'h' }]))
  await reporter.write({ ...start, name: 'b' })
  await reporter.write({ ...start, name: 'note', type: 'diagnostic', description: 'x'.repeat(1500) })
  await reporter.write({ ...finish, name: 'a' })
  for (const name of ['c', 'd', 'e', 'f']) await reporter.write({ ...start, name })
  const shown = () => eventsIn(path).map(({ type, name }) => `${type} ${name}`)
  assert.deepEqual(shown().slice(0, 4), ['start a', 'start b', 'diagnostic note', 'finish a'])
  await reporter.write({ ...start, name: 'g' })
  assert.deepEqual(
    shown(),
    ['start b', 'diagnostic note', 'finish a'].concat(['c', 'd', 'e', 'f', 'g'].map((name) => `start ${name}`)),
  )
  assert.deepEqual([reporter.status.merged, reporter.status.dropped], [1, 0])
  await reporter.write({ ...start, name: 'h' })
  assert.deepEqual(shown().slice(0, 2), ['start b', 'finish a'])
  assert.equal(noticeIn(path), '1 event dropped')
  const records = decodeRecords(readFileSync(path))
  assert.deepEqual(
    records.filter(({ key }) => !key.startsWith('SERENO|')).map(({ key, value }) => [key, value]),
    [['HostName', 'h']],
  )
  assert.ok(records.every(({ problem }) => problem === undefined))
  // A note is worth less than any stage, and what no pool has room for makes nothing go.
  const note = await reporter.write({ ...start, type: 'diagnostic', name: 'late' })
  assert.equal(note.ok ? 'ok' : note.reason, 'ok')
  for (const name of ['i', 'j']) await reporter.write({ ...start, name })
  const before = namesIn(path).filter((name) => name !== 'events-dropped')
  const long = await reporter.write({ ...start, name: 'long', description: 'x'.repeat(20_000) })
  assert.equal(long.ok ? 'ok' : long.reason, 'crowded')
  assert.deepEqual(
    namesIn(path).filter((name) => name !== 'events-dropped'),
    before,
  )
})

test('a full pool gives up nothing where that may be of others', async () => {
  for (const change of [
    { locks: undefined },
    {
      prefix: 'CLOUD_INIT',
      encode: (event: KvpEvent, writer: Writer, uuid: string) => encodeAsCloudInit(event, writer, uuid, '26.2'),
    },
  ]) {
    rmSync(path, { force: true })
    await using reporter = reporterOf({ mostRecords: 10, ...change })
    for (let number = 0; number < 9; number++) await reporter.write({ ...start, name: `stage-${number}` })
    const end = await reporter.write({ ...start, name: 'late' })
    assert.equal(end.ok ? 'ok' : end.reason, 'crowded')
    assert.deepEqual(namesIn(path), [...numbered(0, 9), 'events-dropped'])
  }
})

test('so many events wait while another holds the pool', async () => {
  writeFileSync(path, '')
  await using reporter = reporterOf({ mostWaiting: 20, lockWaitMs: 20_000 })
  await reporter.write({ ...start, name: 'first' })
  const fd = openSync(path, 'r+')
  try {
    assert.ok(locks !== undefined && locks.tryLock(fd, 'exclusive'))
    reporter.publish({ ...start, name: 'waits' })
    await reporter.flush(20)
    for (let number = 0; number < 100; number++) reporter.publish({ ...start, name: `stage-${number}` })
    assert.ok(reporter.status.waiting <= 21, `${reporter.status.waiting} wait`)
    locks.unlock(fd)
    assert.deepEqual(await reporter.flush(20_000), { waiting: 0 })
    assert.equal(noticeIn(path), '80 events dropped')
  } finally {
    closeSync(fd)
  }
})

test('starts give way to their finish first, then diagnostics, then the oldest', async () => {
  await using reporter = reporterOf({ mostRecords: 5 })
  reporter.publish({ ...start, name: 'a' })
  reporter.publish({ ...start, name: 'note-1', type: 'diagnostic' })
  reporter.publish({ ...start, name: 'b' })
  reporter.publish({ ...start, name: 'a', type: 'finish', result: 'SUCCESS' })
  reporter.publish({ ...start, name: 'note-2', type: 'diagnostic' })
  reporter.publish({ ...start, name: 'c' })
  await reporter.flush(2000)
  assert.deepEqual(
    eventsIn(path).map(({ type, name }) => `${type} ${name}`),
    ['start b', 'finish a', 'diagnostic note-2', 'start c', 'diagnostic events-dropped'],
  )
  assert.deepEqual([reporter.status.merged, reporter.status.dropped], [1, 1])
})

test('so many events wait while there is no pool', async () => {
  path = join(folder, 'hyperv/pool')
  await using reporter = reporterOf({ mostWaiting: 20 })
  for (let number = 0; number < 100; number++) {
    reporter.publish({ ...start, name: `stage-${number}` })
    if (number === 0) await reporter.flush(10)
  }
  assert.equal(reporter.status.waiting, 20)
  mkdirSync(dirname(path))
  await reporter.flush(2000)
  assert.equal(eventsIn(path).at(-1)?.description, '80 events dropped')
})

test('what one program took out of a full pool, another does not take for lost', async () => {
  await using one = reporterOf({ mostRecords: 20 })
  await using two = reporterOf({ mostRecords: 20 })
  for (let number = 0; number < 100; number++) {
    assert.deepEqual(await one.write({ ...start, name: `one-${number}` }), { ok: true })
    for (let more = 0; more < (number === 50 ? 40 : 1); more++)
      assert.deepEqual(await two.write({ ...start, name: `two-${number}-${more}` }), { ok: true })
    assert.ok(statSync(path).size <= 20 * recordBytes, `${statSync(path).size / recordBytes} records`)
  }
  await Promise.all([one.settle(), two.settle()])
  assert.ok(statSync(path).size <= 20 * recordBytes)
  const names = namesIn(path)
  assert.ok(['one-99', 'two-99-0', 'one-95', 'two-95-0', 'events-dropped'].every((name) => names.includes(name)))
})

test('a count that another program has raised meanwhile is not put back', async () => {
  await using one = reporterOf({ mostRecords: 100 })
  await using two = reporterOf({ mostRecords: 100 })
  for (let number = 0; number < 100; number++) await one.write({ ...start, name: `one-${number}` })
  assert.equal(decodeRecords(readFileSync(path)).at(-1)?.key.split('|')[3], 'events-dropped')
  const before = Number.parseInt(noticeIn(path) ?? '', 10)
  for (let number = 0; number < before; number++) await two.write({ ...start, name: `two-${number}` })
  const after = noticeIn(path)
  assert.ok(Number.parseInt(after ?? '', 10) > before)
  assert.ok(statSync(path).size < 100 * recordBytes)
  await one.settle()
  await two.settle()
  assert.equal(noticeIn(path), after)
  assert.equal(namesIn(path).filter((name) => name === 'events-dropped').length, 1)
})

test('whatever is told, all of it stands in the pool, is merged or is counted, and others lose nothing', async () => {
  const event = fc.record({
    type: fc.constantFrom('start', 'finish', 'error'),
    name: fc.constantFrom('a', 'b', 'c|d', 'é'.repeat(300)),
    length: fc.constantFrom(0, 900, 2000, 9000),
    other: fc.boolean(),
    atOnce: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), fc.integer({ min: 2, max: 12 }), async (some, mostRecords) => {
      rmSync(path, { force: true })
      const others: string[] = []
      await using reporter = reporterOf({ mostRecords })
      for (const [number, { type, name, length, other, atOnce }] of some.entries()) {
        reporter.publish({ ...start, type, name, description: 'x'.repeat(length) })
        if (!atOnce) assert.deepEqual(await reporter.flush(20_000), { waiting: 0 })
        if (!other) continue
        others.push(`other-${number}`)
        appendFileSync(path, encodeRecords([{ key: `other-${number}`, value: '' }]))
      }
      await reporter.flush(20_000)
      if (!existsSync(path)) return
      const records = decodeRecords(readFileSync(path))
      assert.deepEqual(
        records.filter(({ problem }) => problem !== undefined),
        [],
      )
      assert.deepEqual(
        records.map(({ key }) => key).filter((key) => key.startsWith('other-')),
        others,
      )
      assert.ok(records.length - others.length <= mostRecords)
      const standing = eventsIn(path)
      assert.ok(standing.every(({ missing }) => missing === undefined))
      const { merged, dropped } = reporter.status
      assert.equal(standing.filter(({ name }) => name !== 'events-dropped').length + merged + dropped, some.length)
      assert.equal(Number.parseInt(noticeIn(path) ?? '0', 10), dropped)
    }),
    { numRuns: 150 },
  )
})

function reporterOf(change: Partial<ReporterOptions> = {}): Reporter {
  return createReporter({
    path,
    prefix: 'SERENO',
    encode: encodeEvent,
    locks,
    markerFolder: join(folder, 'run'),
    now: () => start.at,
    warn: () => {},
    ...change,
  })
}

async function writeOnce(name: string, change: Partial<ReporterOptions> = {}): Promise<void> {
  await using reporter = reporterOf(change)
  assert.deepEqual(await reporter.write({ ...start, name }), { ok: true })
}

function eventsIn(file: string) {
  const { events } = readEvents(decodeRecords(readFileSync(file)))
  return [...events].sort(([a], [b]) => a - b).map(([, event]) => event)
}

function noticeIn(file: string): string | undefined {
  return eventsIn(file).findLast(({ name }) => name === 'events-dropped')?.description
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, number) => `stage-${from + number}`)
}

function namesIn(file: string): string[] {
  return eventsIn(file).map(({ name }) => name)
}
