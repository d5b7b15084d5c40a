// Which names rotation makes, and in which order the files were written.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { listSiblings, readRotatedName } from './siblings.ts'

test('names that rotation makes are told from others', () => {
  const names = [
    'a.log.1',
    'a.log.12.gz',
    'a.log-20261120',
    'a.log-20261120-1763600000.gz',
    'a.log.2026-11-20T10:00:00Z',
    'a-2026-11-20.log',
    'a.1.log.gz',
    'a.log.old',
    'a.log.gz',
  ]
  for (const name of names) assert.ok(readRotatedName('a.log', name), name)
  for (const name of ['a.log', 'b.log.1', 'a.log.swp', 'a.log.1.xz', 'a.logs', 'aa.log.1', 'a.log~', 'a.error.log'])
    assert.equal(readRotatedName('a.log', name), undefined, name)
})

test('counted files are ordered from the highest number, dated ones from the earliest date', async () => {
  assert.deepEqual(await listed(['a.log.1', 'a.log.10.gz', 'a.log.2']), ['a.log.10.gz', 'a.log.2', 'a.log.1'])
  assert.deepEqual(await listed(['a.log-20261202', 'a.log-20261120.gz', 'a.log-20261130']), [
    'a.log-20261120.gz',
    'a.log-20261130',
    'a.log-20261202',
  ])
})

test('files of different naming are ordered by the time of their last line', async () => {
  assert.deepEqual(await listed(['a.log.old', 'a.log-20261120', 'a.log.1']), ['a.log.old', 'a.log-20261120', 'a.log.1'])
})

test('while a file is being compressed its plain form counts', async () => {
  assert.deepEqual(await listed(['a.log.1.gz', 'a.log.1', 'a.log.2.gz']), ['a.log.2.gz', 'a.log.1'])
})

/** Makes the files, each written to a second after the one before. */
async function listed(names: readonly string[]): Promise<string[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sereno-siblings-'))
  try {
    for (const [index, name] of names.entries()) {
      fs.writeFileSync(path.join(folder, name), 'x')
      fs.utimesSync(path.join(folder, name), 1_763_640_000 + index, 1_763_640_000 + index)
    }
    const siblings = await listSiblings(path.join(folder, 'a.log'))
    return siblings.map((sibling) => path.basename(sibling.path))
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}
