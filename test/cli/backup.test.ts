// A backup can be made while a hub writes, and put back without losing the store that was there.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSqlite } from '../../src/store/sqlite.ts'
import { at, eventId, fillStore, firstSeq, makeFolder, removeFolder, sereno } from './house.ts'

let folder: string
before(async () => {
  folder = await makeFolder()
  await fillStore(folder)
})
after(() => removeFolder(folder))

describe('backup and restore', () => {
  test('a backup of a store in use holds what was committed, for its owner alone', async () => {
    const file = join(folder, 'in-use.db')
    const store = await openSqlite({ path: join(folder, 'sereno.db'), now: at })
    try {
      const said = await sereno('backup', file, '--data', folder)
      assert.equal(said.code, 0, said.error)
      assert.match(said.out, /in-use\.db: written, \d+ KiB\. 'sereno restore .*' puts it back\.$/)
      const restoring = await sereno('restore', file, '--data', folder)
      assert.equal(restoring.code, 1)
      assert.match(restoring.error, /another Sereno is using .*\. Stop it first/)
    } finally {
      await store.close()
    }
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const place = join(folder, 'elsewhere')
    const restored = await sereno('restore', file, '--data', place)
    assert.deepEqual(restored, { code: 0, out: `${place}: restored from ${file}, with 2 events.`, error: '' })
    assert.equal((await sereno('why', eventId, '--data', place)).code, 0)
  })

  test('what was there is kept by name, with all it held', async () => {
    const file = join(folder, 'early.db')
    assert.equal((await sereno('backup', file, '--data', folder)).code, 0)
    const store = await openSqlite({ path: join(folder, 'sereno.db'), now: at })
    const later = { ...(await store.event(eventId)), seq: firstSeq + 9, id: '' }
    await store.commit({ events: [later as never] })
    await store.close()
    const said = await sereno('restore', file, '--data', folder)
    assert.equal(said.code, 0, said.error)
    assert.equal(await count(folder), 2)
    const aside = (await readdir(folder)).filter((name) => name.startsWith('sereno.db.before-restore-'))
    assert.equal(aside.length, 1)
    const kept = await openSqlite({ path: join(folder, aside[0] ?? ''), readOnly: true })
    assert.equal((await kept.totals()).events, 3)
    await kept.close()
  })

  test('a file that is no backup changes nothing', async () => {
    const junk = join(folder, 'junk.db')
    await writeFile(junk, 'not a database at all, only some text that goes on for a while')
    const before = await count(folder)
    for (const [file, sentence] of [
      [junk, /junk\.db is no sound backup of a Sereno store \(.*\)\. Nothing was changed\.$/],
      [join(folder, 'nowhere.db'), /nowhere\.db is not there\. Give the path of a file made by 'sereno backup'\.$/],
    ] as const) {
      const said = await sereno('restore', file, '--data', folder)
      assert.equal(said.code, 1)
      assert.match(said.error, sentence)
    }
    assert.equal(await count(folder), before)
  })

  test('a backup replaces no file and leaves no half of one', async () => {
    const taken = join(folder, 'taken.db')
    await writeFile(taken, 'mine')
    const said = await sereno('backup', taken, '--data', folder)
    assert.equal(said.code, 1)
    assert.match(said.error, /taken\.db exists already\. Give a name that is free/)
    const nowhere = await sereno('backup', join(folder, 'no', 'where.db'), '--data', folder)
    assert.equal(nowhere.code, 1)
    assert.match(nowhere.error, /The backup .*where\.db cannot be written: /)
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
      [],
    )
  })
})

async function count(place: string): Promise<number> {
  const store = await openSqlite({ path: join(place, 'sereno.db'), readOnly: true })
  try {
    return (await store.totals()).events
  } finally {
    await store.close()
  }
}
