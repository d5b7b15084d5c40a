// The pool of Hyper-V: written beside Debian's cloud-init in turns, in a burst and one by one; long texts and long pools.
import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { build } from 'rolldown'
import { encodeEvent } from '../src/lib/kvp/encode.ts'
import { findLocks } from '../src/lib/kvp/locks.ts'
import { readEvents } from '../src/lib/kvp/read-events.ts'
import { encodeRecords, type Pair, type PoolRecord, recordBytes } from '../src/lib/kvp/record.ts'
import { readPool } from '../src/lib/kvp/read-pool.ts'
import { createReporter } from '../src/lib/kvp/reporter.ts'
import { type BenchHub, makeFolder, nodeFlags, root, startBenchHub } from './support/hub.ts'
import { type BenchRow, median, round } from './support/row.ts'

const run = promisify(execFile)
const pools = [1000, 10_000] as const
/** Each of our programs and cloud-init's runs so often, in turns, and measures so often. */
const turns = 5
const rounds = 7
const events = 2000
const judge = join(root, 'test/fixtures/kvp/judge.py')
const writer = { prefix: 'SERENO', incarnation: 1_700_000_000, vmId: 'aabbccdd-eeff-0011-2233-445566778899' }

interface Rates {
  readonly burst: readonly number[]
  readonly single: readonly number[]
}

/** Takes half a minute; needs cloud-init, and says so in its rows when it is missing. */
export async function benchKvp(): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-bench-'))
  try {
    const program = join(folder, 'write-pool.mjs')
    // The package of the locks finds its machine code beside itself.
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const input = join(import.meta.dirname, 'support/write-pool.ts')
    const output = { file: program, format: 'esm', codeSplitting: false } as const
    await build({ input, platform: 'node', logLevel: 'warn', external: ['koffi'], output })
    const ours: Rates[][] = [[], []]
    const theirs: Rates[] = []
    for (let turn = 0; turn < turns; turn++) {
      for (const [index, size] of pools.entries()) ours[index]?.push(await writeOurs(folder, program, size))
      theirs.push(await writeTheirs(folder))
    }
    return [...toRows(ours, theirs), ...(await readRows(folder)), await longText(), await throughHub()]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function toRows([small = [], large = []]: readonly (readonly Rates[])[], theirs: readonly Rates[]): BenchRow[] {
  return (['burst', 'single'] as const).flatMap((kind) => {
    const words = kind === 'burst' ? `${events} at once` : 'flushed one by one'
    const [few, other] = [small, theirs].map((all) => median(all.flatMap((rates) => rates[kind])))
    const inTurns = (all: readonly Rates[], base: readonly Rates[]): number =>
      median(all.map((rates, turn) => median(rates[kind]) / median(base[turn]?.[kind] ?? [Number.NaN])))
    return [
      row(`pool, ${words}`, few, 'both locks, one append, read back; a pool of 1,000 records'),
      row(`cloud-init, ${words}`, other, "Debian's handler, one lock, not read back; the same pool"),
      {
        name: `pool to cloud-init, ${words}`,
        value: round(inTurns(small, theirs)),
        unit: 'times',
        note: `at least 2; median of ${turns} turns of ${rounds} rounds each`,
      },
      {
        name: `pool of 10,000 records to one of 1,000, ${words}`,
        value: round(best(large, kind) / best(small, kind), 2),
        unit: 'of it',
        note: 'at least 0.8; the best rounds of each, since other programs can only add',
      },
    ]
  })
}

function best(all: readonly Rates[], kind: keyof Rates): number {
  return Math.max(...all.flatMap((rates) => rates[kind]))
}

function row(name: string, value: number | undefined, note: string): BenchRow {
  return { name, value: Math.round(value ?? Number.NaN), unit: 'events/s', note }
}

async function writeOurs(folder: string, program: string, size: number): Promise<Rates> {
  const pool = await makePool(folder, size)
  const args = [...nodeFlags, program, pool, folder, String(events), String(rounds)]
  const { stdout } = await run(process.execPath, args, {
    env: { ...process.env, NODE_PATH: join(root, 'node_modules') },
  })
  return JSON.parse(stdout) as Rates
}

async function writeTheirs(folder: string): Promise<Rates> {
  const none = { burst: [Number.NaN], single: [Number.NaN] }
  if (!existsSync('/usr/lib/python3/dist-packages/cloudinit/reporting/handlers.py')) return none
  const pool = await makePool(folder, pools[0])
  const { stdout } = await run('/usr/bin/python3', [judge, 'benchmark', pool, String(events), String(rounds)])
  return JSON.parse(stdout) as Rates
}

async function makePool(folder: string, records: number): Promise<string> {
  const path = join(folder, `pool-${records}`)
  await writeFile(path, encodeRecords(somePairs(records)))
  return path
}

async function readRows(folder: string): Promise<BenchRow[]> {
  const path = await makePool(folder, 10_000)
  const readIt = async (): Promise<readonly PoolRecord[]> => {
    const read = await readPool(path, { locks: undefined, lockWaitMs: 1000 })
    if (!read.ok || read.records.length !== 10_000) throw new Error('the pool was not read')
    return read.records
  }
  const records = await readIt()
  const how = 'by processor time of its thread'
  return [
    {
      name: '10,000 records read',
      value: await busyMs(20, readIt),
      unit: 'ms',
      note: `at most 50; from the file to keys and values, ${how}`,
    },
    {
      name: '10,000 records read, their events found',
      value: await busyMs(20, async () => readEvents(await readIt())),
      unit: 'ms',
      note: `at most 50; ${readEvents(records).events.size} events, keys and JSON understood, ${how}`,
    },
  ]
}

async function longText(): Promise<BenchRow> {
  await using folder = await makeFolder()
  const found = await findLocks()
  await using reporter = createReporter({
    path: join(folder.path, 'pool'),
    prefix: writer.prefix,
    encode: encodeEvent,
    locks: found.ok ? found.locks : undefined,
    markerFolder: folder.path,
    mostRecords: Number.POSITIVE_INFINITY,
    now: Date.now,
    warn: (message) => console.error(message),
  })
  const description = 'running é "x"\n'.repeat(7000).slice(0, 100_000)
  const event = { type: 'finish', name: 'boot', description, at: Date.now() }
  const value = await busyMs(60, async () => {
    const written = await reporter.write(event)
    if (!written.ok) throw new Error(written.detail)
  })
  const note =
    'at most 5; from the text until its records are in the pool and read back, by processor time of its thread'
  return { name: 'an event of 100 KB', value, unit: 'ms', note }
}

/** Of each; what other programs do meanwhile counts least here. Its clock has coarse steps, so all are taken together. */
async function busyMs(times: number, work: () => Promise<unknown>): Promise<number> {
  await work()
  const before = process.threadCpuUsage()
  for (let count = 0; count < times; count++) await work()
  const { user, system } = process.threadCpuUsage(before)
  return round((user + system) / 1000 / times, 2)
}

/** From posts that are stored and judged to records; each message has rows of its own, on disk before and after it is sent. */
async function throughHub(): Promise<BenchRow> {
  await using folder = await makeFolder()
  const pool = join(folder.path, 'pool')
  const config = JSON.stringify({
    channels: { host: { kind: 'hyperv-kvp', path: pool, maxRecords: 100_000 } },
    rules: [{ name: 'all', on: 'report.start', to: ['host'] }],
  })
  await using hub = await startBenchHub({ folder: folder.path, config })
  const startedAt = performance.now()
  for (let from = 0; from < events; from += 100) await postEvents(hub, from, 100)
  for (const until = performance.now() + 60_000; sizeOf(pool) < events * recordBytes && performance.now() < until;)
    await wait(5)
  const value = Math.round((events / (performance.now() - startedAt)) * 1000)
  if (sizeOf(pool) !== events * recordBytes) throw new Error(`${sizeOf(pool) / recordBytes} records were written`)
  const note = 'posted in batches of 100, stored, judged, noted before and after; up to 32 messages are one append'
  return { name: 'pool, through the hub', value, unit: 'events/s', note }
}

async function postEvents({ port, token }: BenchHub, from: number, count: number): Promise<void> {
  const body = Array.from({ length: count }, (_, number) => ({
    specversion: '1.0',
    id: String(from + number),
    source: 'urn:bench',
    type: 'report.start',
    data: { name: `init-network/config-${from + number}`, description: 'running config-ssh' },
  }))
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/cloudevents-batch+json' }
  const url = `http://127.0.0.1:${port}/api/v1/events`
  const { status } = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (status !== 202) throw new Error(`the hub answered ${status}`)
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function somePairs(count: number): Pair[] {
  const event = { type: 'start', description: 'running config-ssh with frequency once-per-instance', at: Date.now() }
  return Array.from({ length: count }, (_, number) =>
    encodeEvent({ ...event, name: `init-network/config-${number}` }, writer, uuidOf(number)),
  ).flat()
}

function uuidOf(number: number): string {
  return `11111111-2222-4333-8444-${String(number).padStart(12, '0')}`
}

if (import.meta.main) console.table(await benchKvp())
