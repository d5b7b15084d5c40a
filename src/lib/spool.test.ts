// What is put into the spool comes out once, in order, whatever happens in between.
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { appendToSpool, takeFromSpool, type SpooledLine } from './spool.ts'
import { writeDurably } from './durable-file.ts'

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sereno-spool-'))
}

describe('the spool', () => {
  test('hands lines over in the order they came, then is empty', async (t) => {
    const place = await folder()
    t.after(() => rm(place, { recursive: true }))
    await appendToSpool(place, [{ n: 1 }, { n: 2 }], 1000)
    const path = await appendToSpool(place, [{ n: 3, text: 'two\nlines' }], 2000)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const got: unknown[] = []
    const taken = await takeFromSpool(
      place,
      async (lines) => {
        got.push(...lines.map((line) => JSON.parse(line.line) as unknown))
      },
      3000,
    )
    assert.deepEqual(got, [{ n: 1 }, { n: 2 }, { n: 3, text: 'two\nlines' }])
    assert.deepEqual(taken, { lines: 3, unreadable: [] })
    assert.deepEqual(await readdir(place), [])
  })

  test('keeps what the taker refused, under the same ids', async (t) => {
    const place = await folder()
    t.after(() => rm(place, { recursive: true }))
    await appendToSpool(place, ['a', 'b'], 1000)
    const first: SpooledLine[] = []
    await assert.rejects(
      takeFromSpool(
        place,
        async (lines) => {
          first.push(...lines)
          throw new Error('disk full')
        },
        2000,
      ),
      /disk full/,
    )
    const second: SpooledLine[] = []
    await takeFromSpool(place, async (lines) => void second.push(...lines), 3000)
    assert.deepEqual(second, first)
    assert.equal(new Set(second.map((line) => line.id)).size, 2)
  })

  test('a missing folder is an empty one', async () => {
    const nowhere = join(tmpdir(), 'sereno-no-such-spool')
    assert.deepEqual(await takeFromSpool(nowhere, async () => {}, 0), { lines: 0, unreadable: [] })
  })

  test('an unreadable file holds up no other', async (t) => {
    const place = await folder()
    t.after(() => rm(place, { recursive: true }))
    // A folder by a spool file's name cannot be read by anyone, root included.
    await mkdir(join(place, '000-broken.jsonl'))
    await appendToSpool(place, ['a'], 1000)
    const got: string[] = []
    const taken = await takeFromSpool(place, async (lines) => void got.push(...lines.map((line) => line.line)), 2000)
    assert.deepEqual(got, ['"a"'])
    assert.deepEqual(
      taken.unreadable.map((entry) => entry.file),
      ['000-broken.jsonl'],
    )
  })

  test('drafts of dead writers go after a day, fresh ones and strangers stay', async (t) => {
    const place = await folder()
    t.after(() => rm(place, { recursive: true }))
    const now = Date.now()
    for (const name of ['old.jsonl.1.tmp', 'new.jsonl.2.tmp', 'notes.txt']) await writeFile(join(place, name), 'half')
    await utimes(join(place, 'old.jsonl.1.tmp'), new Date(now - 2 * 86_400_000), new Date(now - 2 * 86_400_000))
    await takeFromSpool(place, async () => assert.fail('nothing to take'), now)
    assert.deepEqual((await readdir(place)).sort(), ['new.jsonl.2.tmp', 'notes.txt'])
  })

  test('any values, any number of crashes: each line is kept once by a taker that knows ids', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
        fc.array(fc.nat(3), { maxLength: 6 }),
        async (batches, crashes) => {
          const place = await folder()
          for (const [index, batch] of batches.entries()) await appendToSpool(place, batch, index)
          const kept = new Map<string, string>()
          for (const after of [...crashes, -1]) {
            let calls = 0
            const take = async (lines: readonly SpooledLine[]): Promise<void> => {
              // Stored, and then the process dies before the file is removed.
              for (const { id, line } of lines) kept.set(id, line)
              if (calls++ === after) throw new Error('crash')
            }
            await takeFromSpool(place, take, 10).catch(() => {})
          }
          assert.deepEqual(
            [...kept.values()],
            batches.flat().map((value) => JSON.stringify(value)),
          )
          assert.deepEqual(await readdir(place), [])
          await rm(place, { recursive: true })
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a durable file', () => {
  test('replaces whole, refuses when exclusive, leaves no draft', async (t) => {
    const place = await folder()
    t.after(() => rm(place, { recursive: true }))
    const path = join(place, 'token')
    await writeDurably(path, 'one', { mode: 0o600, exclusive: true })
    await assert.rejects(writeDurably(path, 'two', { exclusive: true }), { code: 'EEXIST' })
    await writeDurably(path, 'three')
    assert.deepEqual(await readdir(place), ['token'])
    await assert.rejects(writeDurably(join(place, 'no', 'where'), 'x'), { code: 'ENOENT' })
    assert.equal(existsSync(join(place, 'no')), false)
  })

  test('an umask does not widen a secret', async (t) => {
    const place = await folder()
    t.after(() => rm(place, { recursive: true }))
    const path = join(place, 'secret')
    await writeDurably(path, 'x', { mode: 0o600 })
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    await chmod(path, 0o644)
    await writeDurably(path, 'y', { mode: 0o600 })
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })
})
