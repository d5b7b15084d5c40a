// Whatever others do to a pool between our appends, it stays whole, and ours stand in it once.
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { findLocks } from '../src/lib/kvp/locks.ts'
import { createPoolFile } from '../src/lib/kvp/pool-file.ts'
import { decodeRecords, encodeRecords, recordBytes } from '../src/lib/kvp/record.ts'

/** What happens to a pool. */
type Deed =
  | { readonly do: 'append'; readonly records: number }
  /** Another program appends whole records, or dies in the middle of one. */
  | { readonly do: 'other'; readonly records: number; readonly torn: number }
  /** The daemon has read the pool some deeds ago, and now writes that again, with a key of its own in front or at the end. */
  | { readonly do: 'rewrite'; readonly back: number; readonly front: boolean }
  /** Somebody shortens the pool. */
  | { readonly do: 'cut'; readonly records: number }
  | { readonly do: 'look' }

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), records: fc.integer({ min: 1, max: 5 }) }) },
  fc.record({ do: fc.constant('other' as const), records: fc.nat(3), torn: fc.nat(recordBytes - 1) }),
  fc.record({ do: fc.constant('rewrite' as const), back: fc.nat(3), front: fc.boolean() }),
  fc.record({ do: fc.constant('cut' as const), records: fc.nat(4) }),
  fc.record({ do: fc.constant('look' as const) }),
)

for (const locked of [true, false])
  test(`any deeds of others, ${locked ? 'with locks' : 'without'}`, async () => {
    const found = await findLocks()
    assert.ok(found.ok)
    await fc.assert(
      fc.asyncProperty(fc.array(deeds, { maxLength: 25 }), async (program) => {
        const folder = mkdtempSync(join(tmpdir(), 'sereno-kvp-'))
        const path = join(folder, 'pool')
        const pool = createPoolFile({ path, locks: locked ? found.locks : undefined, lockWaitMs: 1000 })
        try {
          await live(path, pool, program, locked)
        } finally {
          await pool.close()
          rmSync(folder, { recursive: true })
        }
      }),
      { numRuns: 150 },
    )
  })

async function live(
  path: string,
  pool: ReturnType<typeof createPoolFile>,
  program: readonly Deed[],
  locked: boolean,
): Promise<void> {
  writeFileSync(path, '')
  const ours: string[] = []
  const before: Buffer[] = []
  let made = 0
  for (const deed of [...program, { do: 'look' } as const]) {
    before.unshift(readFileSync(path))
    switch (deed.do) {
      case 'append': {
        const names = Array.from({ length: deed.records }, () => `ours-${made++}`)
        ours.push(...names)
        const end = await pool.append(() => names.map((key) => ({ key, value: key })))
        assert.ok(end.ok)
        check(path, ours)
        break
      }
      case 'other': {
        const names = Array.from({ length: deed.records }, () => ({ key: `other-${made++}`, value: '' }))
        appendFileSync(path, Buffer.concat([encodeRecords(names), Buffer.alloc(deed.torn, 'x')]))
        break
      }
      case 'rewrite': {
        const read = before[Math.min(deed.back, before.length - 1)] ?? Buffer.alloc(0)
        const whole = read.subarray(0, read.length - (read.length % recordBytes))
        const own = encodeRecords([{ key: `daemon-${made++}`, value: '' }])
        writeFileSync(path, Buffer.concat(deed.front ? [own, whole] : [whole, own]))
        break
      }
      case 'cut': {
        const now = readFileSync(path)
        const whole = now.length - (now.length % recordBytes)
        writeFileSync(path, now.subarray(0, Math.max(0, whole - deed.records * recordBytes)))
        break
      }
      case 'look':
        assert.ok((await pool.recover()).ok)
        // Without locks a torn record is filled up only by what is appended behind it.
        check(path, ours, locked && ours.length > 0)
    }
  }
}

function check(path: string, ours: readonly string[], whole = true): void {
  const bytes = readFileSync(path)
  if (whole) assert.equal(bytes.length % recordBytes, 0)
  const keys = decodeRecords(bytes)
    .filter(({ problem }) => problem === undefined)
    .map(({ key }) => key)
  assert.deepEqual(keys.filter((key) => key.startsWith('ours-')).toSorted(), ours.toSorted())
}
