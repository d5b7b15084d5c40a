// The pool of Hyper-V: written beside Debian's cloud-init in turns, in a burst and one by one; long texts and long pools.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'rolldown'
import { encodeEvent } from '../src/lib/kvp/encode.ts'
import { readEvents } from '../src/lib/kvp/read-events.ts'
import { encodeRecords, type Pair } from '../src/lib/kvp/record.ts'
import { readPool } from '../src/lib/kvp/read-pool.ts'
import { nodeFlags, root } from './support/hub.ts'
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
    return [...toRows(ours, theirs), ...(await readRows(folder)), longText()]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function toRows([small = [], large = []]: readonly (readonly Rates[])[], theirs: readonly Rates[]): BenchRow[] {
  return (['burst', 'single'] as const).flatMap((kind) => {
    const words = kind === 'burst' ? `${events} at once` : 'flushed one by one'
    const [few, many, other] = [small, large, theirs].map((all) => median(all.flatMap((rates) => rates[kind])))
    const ratios = small.map((rates, turn) => median(rates[kind]) / median(theirs[turn]?.[kind] ?? [Number.NaN]))
    return [
      row(`pool, ${words}`, few, 'both locks, one append, read back; a pool of 1,000 records'),
      row(`cloud-init, ${words}`, other, "Debian's handler, one lock, not read back; the same pool"),
      {
        name: `pool to cloud-init, ${words}`,
        value: round(median(ratios)),
        unit: 'times',
        note: `at least 2; median of ${turns} turns of ${rounds} rounds each`,
      },
      {
        name: `pool of 10,000 records to one of 1,000, ${words}`,
        value: round((many ?? Number.NaN) / (few ?? Number.NaN), 2),
        unit: 'of it',
        note: 'at least 0.8; flat',
      },
    ]
  })
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
  const taken: number[] = []
  const whole: number[] = []
  for (let count = 0; count < 15; count++) {
    const startedAt = performance.now()
    const read = await readPool(path, { locks: undefined, lockWaitMs: 1000 })
    taken.push(performance.now() - startedAt)
    if (!read.ok || readEvents(read.records).events.size !== 10_000) throw new Error('the pool was not read')
    whole.push(performance.now() - startedAt)
  }
  return [
    {
      name: '10,000 records read',
      value: round(median(taken)),
      unit: 'ms',
      note: 'at most 50; file to keys and values, median of 15',
    },
    {
      name: '10,000 records read, with their events',
      value: round(median(whole)),
      unit: 'ms',
      note: 'their JSON and keys understood',
    },
  ]
}

function longText(): BenchRow {
  const description = 'running é "x"\n'.repeat(7000).slice(0, 100_000)
  const taken = Array.from({ length: 50 }, () => {
    const startedAt = performance.now()
    encodeRecords(encodeEvent({ type: 'finish', name: 'boot', description, at: Date.now() }, writer, uuidOf(1)))
    return performance.now() - startedAt
  })
  return {
    name: 'an event of 100 KB',
    value: round(median(taken), 2),
    unit: 'ms',
    note: 'at most 5; to the bytes of its records, median of 50',
  }
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
