// Two writers, a reader and a daemon that rewrites the pool, all at once: nothing is lost, nothing is torn.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findLocks } from '../src/lib/kvp/locks.ts'
import { readEvents } from '../src/lib/kvp/read-events.ts'
import { readPool } from '../src/lib/kvp/read-pool.ts'
import { decodeRecords, recordBytes } from '../src/lib/kvp/record.ts'

const here = dirname(fileURLToPath(import.meta.url))
const found = await findLocks()
const locks = found.ok ? found.locks : undefined
/** A long one is a matter of setting this: 60 takes a minute. */
const seconds = Number(process.env['SERENO_KVP_CONTEST_SECONDS'] ?? 5)
const windowSeconds = '0.02'

interface Told {
  readonly name: string
  readonly written: number
  readonly again: number
}

test(`a contest of ${seconds} seconds for one pool`, { timeout: (seconds + 120) * 1000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
  const path = join(folder, 'pool')
  writeFileSync(path, '')
  const daemon = spawn('/usr/bin/python3', [join(here, 'fixtures/kvp/daemon.py'), path, windowSeconds])
  const writers = ['one', 'two'].map((name) =>
    spawn(process.execPath, [...flags, program, path, folder, name, String(seconds)]),
  )
  const looking = new AbortController()
  try {
    const rewrites = textOf(daemon.stdout)
    const looks = lookAt(path, looking.signal)
    const telling = writers.map((writer) => {
      writer.stderr.pipe(process.stderr)
      return textOf(writer.stdout)
    })
    await Promise.all(writers.map((writer) => once(writer.stdout, 'data')))
    // The writers stay until the daemon has ended. What a daemon has not read it loses whenever it writes, and nobody sees
    // from outside that it has read: on a busy machine it may stand still in between for longer than a program that ends
    // looks after its records (50 ms). Those that had ended before lost their last batch now and then, never another.
    daemon.stdin.end()
    const cycles = Number(/\d+/.exec(await rewrites)?.[0])
    for (const writer of writers) writer.stdin.end()
    const told = (await Promise.all(telling)).map((text) => JSON.parse(text.replace('written', '')) as Told)
    looking.abort()
    assert.equal(statSync(path).size % recordBytes, 0)
    const records = decodeRecords(readFileSync(path))
    const { events, problems } = readEvents(records)
    assert.deepEqual([...problems], [])
    const names = Array.from(events.values(), ({ name }) => name)
    for (const { name, written } of told) {
      const own = names.filter((each) => each.startsWith(`${name}-`))
      const wanted = Array.from({ length: written }, (_, number) => `${name}-${number}`)
      assert.ok(written > 10)
      assert.deepEqual(wanted.filter((each) => !own.includes(each)).slice(0, 10), [])
      assert.equal(own.length, written)
    }
    assert.ok([...events.values()].every(({ missing }) => missing === undefined))
    assert.ok(cycles > 10 && (await looks) > 3, `${cycles} rewrites`)
    // Else the daemon was never in the way.
    assert.ok(told.some(({ again }) => again > 0))
  } finally {
    looking.abort()
    for (const child of [daemon, ...writers]) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})

const flags = ['--disable-warning=ExperimentalWarning']
const program = join(here, 'support/kvp-writer.ts')

/** How often it was looked; no record was ever seen that was not whole. */
async function lookAt(path: string, signal: AbortSignal): Promise<number> {
  for (let looks = 0; ; looks++) {
    if (signal.aborted) return looks
    const read = await readPool(path, { locks, lockWaitMs: 20_000 })
    assert.ok(read.ok)
    assert.deepEqual(
      read.records.filter(({ problem }) => problem !== undefined),
      [],
    )
    await wait(100)
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (more: string) => (text += more))
  await once(stream, 'close')
  return text
}
