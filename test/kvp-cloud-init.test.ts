// cloud-init itself as judge, as Debian has it: it writes what we write, reads what we wrote, and we read what it wrote.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { encodeAsCloudInit } from '../src/lib/kvp/cloud-init.ts'
import { encodeEvent } from '../src/lib/kvp/encode.ts'
import { results, type KvpEvent } from '../src/lib/kvp/event.ts'
import { findLocks } from '../src/lib/kvp/locks.ts'
import { readEvents } from '../src/lib/kvp/read-events.ts'
import { decodeRecords, encodeRecords } from '../src/lib/kvp/record.ts'
import { createReporter } from '../src/lib/kvp/reporter.ts'

const judge = join(dirname(fileURLToPath(import.meta.url)), 'fixtures/kvp/judge.py')
const isThere = existsSync('/usr/lib/python3/dist-packages/cloudinit/reporting/handlers.py')
const vmId = 'aabbccdd-eeff-0011-2233-445566778899'
const writer = { prefix: 'CLOUD_INIT', incarnation: 1_700_000_000, vmId }

let folder: string
let pool: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
  pool = join(folder, 'pool')
  writeFileSync(pool, '')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('with cloud-init as judge', { skip: !isThere && "Debian's package 'cloud-init' is missing" }, () => {
  test('records of its generation are the same to the byte', () => {
    const some = manyEvents(150)
    ask('write', some.map((event, number) => JSON.stringify({ ...event, uuid: uuidOf(number) })).join('\n'))
    const ours = encodeRecords(
      some.flatMap((event, number) => encodeAsCloudInit(event, writer, uuidOf(number), '22.4')),
    )
    const theirs = readFileSync(pool)
    assert.ok(theirs.length > some.length * 2560)
    assert.deepEqual(decodeRecords(ours), decodeRecords(theirs))
    assert.ok(ours.equals(theirs))
  })

  test('what it wrote, we read as what was said', () => {
    const some = manyEvents(150)
    ask('write', some.map((event, number) => JSON.stringify({ ...event, uuid: uuidOf(number) })).join('\n'))
    const { events, problems } = readEvents(decodeRecords(readFileSync(pool)))
    assert.deepEqual([...problems], [])
    const found = [...events].sort(([a], [b]) => a - b).map(([, event]) => event)
    assert.deepEqual(
      found.map(({ type, name, description, at, result }) => ({ type, name, description, at, result })),
      some.map((event) => ({ result: undefined, ...event })),
    )
  })

  test('what we write, it reads record for record', () => {
    const pairs = manyEvents(150).flatMap((event, number) =>
      encodeEvent(event, { ...writer, prefix: 'SERENO' }, uuidOf(number)),
    )
    writeFileSync(pool, encodeRecords(pairs))
    const read = ask('read')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    assert.deepEqual(read, pairs)
  })
})

test(
  'both write one pool at the same time, and all of it is there',
  { skip: !isThere && "Debian's package 'cloud-init' is missing" },
  async () => {
    const count = 200
    const theirs = spawn('/usr/bin/python3', [judge, 'write', pool])
    const ended = once(theirs, 'close')
    const found = await findLocks()
    await using reporter = createReporter({
      path: pool,
      prefix: 'SERENO',
      encode: encodeEvent,
      locks: found.ok ? found.locks : undefined,
      markerFolder: folder,
      lockWaitMs: 20_000,
      now: Date.now,
      warn: assert.fail,
    })
    const event = { type: 'start', description: 'x'.repeat(1500), at: Date.UTC(2026, 10, 26) }
    for (let number = 0; number < count; number++) {
      theirs.stdin.write(`${JSON.stringify({ ...event, name: `theirs-${number}`, uuid: uuidOf(number) })}\n`)
      await reporter.write({ ...event, name: `ours-${number}` })
      if (number % 20 === 0) await wait(5)
    }
    theirs.stdin.end()
    assert.deepEqual(await ended, [0, null])
    const { events, problems } = readEvents(decodeRecords(readFileSync(pool)))
    assert.deepEqual([...problems], [])
    const names = new Set(Array.from(events.values(), ({ name, description }) => `${name} ${description.length}`))
    const wanted = ['theirs', 'ours'].flatMap((who) =>
      Array.from({ length: count }, (_, number) => `${who}-${number} 1500`),
    )
    assert.deepEqual(
      wanted.filter((name) => !names.has(name)),
      [],
    )
  },
)

function ask(mode: string, input = ''): string {
  return execFileSync('/usr/bin/python3', [judge, mode, pool], { input, encoding: 'utf8', maxBuffer: 100_000_000 })
}

/** Those whose names cloud-init can write at all; the times are those that its floats say exactly. */
function manyEvents(count: number): KvpEvent[] {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.string({
      unit: fc.constantFrom('a', '"', '\\', 'é', '😀', '\u0000', '\u007f', '\n', '|'),
      maxLength: 3000,
      size: 'max',
    }),
    fc.string({ unit: fc.constantFrom('x', 'y '), minLength: 700, maxLength: 1100, size: 'max' }),
  )
  const event = fc.record(
    {
      type: fc.constantFrom('start', 'finish', 'diagnostic'),
      name: fc.string({ unit: fc.constantFrom('a', '/', '|', 'é', '"', '-'), minLength: 1, maxLength: 40 }),
      description: text,
      at: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }).map((at) => at - (at % 250)),
      result: fc.constantFrom(...results),
    },
    { requiredKeys: ['type', 'name', 'description', 'at'] },
  )
  return fc.sample(event, { numRuns: count, seed: 7 }) as KvpEvent[]
}

function uuidOf(number: number): string {
  return `11111111-2222-4333-8444-${String(number).padStart(12, '0')}`
}
