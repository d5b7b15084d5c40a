// A store on disk: what a restart, a damaged file, a newer schema and a second process make of it.
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, openSync, readdirSync, rmSync, writeSync, closeSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { rebuildAtNextStart } from '../src/store/rebuild-mark.ts'
import { copyPath } from '../src/store/recover.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { delivery, event, inFolder } from './support/store-rows.ts'

describe('a store on disk', () => {
  test('positions go on after a restart, and nothing is lost by it', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'sereno.db')
      const first = await openSqlite({ path, now: 0 })
      await first.commit({ events: [event(41)] })
      await first.close()
      const second = await openSqlite({ path, now: 0 })
      assert.equal(await second.nextSeq(0), 42)
      assert.equal(second.opened.created, false)
      assert.equal((await second.events({ limit: 1 }))[0]?.seq, 41)
      await second.close()
    }))

  test('a second process is refused with a sentence that says what to do', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'sereno.db')
      const store = await openSqlite({ path })
      await assert.rejects(() => openSqlite({ path }), /another Sereno is using .*Stop it first/)
      await store.close()
      await (await openSqlite({ path })).close()
    }))

  test('a file that is no database is set aside by name and a new store begins', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'sereno.db')
      overwrite(path, 0, Buffer.alloc(8192, 'garbage'))
      const store = await openSqlite({ path, now: 1_800_000_000_000 })
      assert.equal(store.opened.lost?.recovered, 'nothing')
      assert.ok(existsSync(store.opened.lost?.setAside ?? ''))
      await store.commit({ events: [event(1)] })
      await store.close()
    }))

  test('with the state copy, decisions survive a store that cannot be read at all', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'sereno.db')
      const first = await openSqlite({ path, now: 0 })
      await first.commit({
        events: [event(1)],
        state: [{ key: 'dedupe', value: { at: 1 } }],
        deliveries: [delivery(10, 'a', [1])],
        sources: [{ name: 'tail', cursor: { offset: 9 } }],
      })
      await first.copyState(copyPath(path))
      await first.close()
      overwrite(path, 0, Buffer.alloc(statSync(path).size, 1))
      const second = await openSqlite({ path, now: 1_800_000_000_000 })
      assert.equal(second.opened.lost?.recovered, 'copy')
      assert.deepEqual(await second.cursor('tail'), { offset: 9 })
      assert.deepEqual([...(await second.load({ state: ['dedupe'], identities: [] })).state.values()], [{ at: 1 }])
      assert.equal((await second.waiting('a', 0, 10)).length, 1)
      await second.close()
    }))

  test('damage in the middle costs the damaged pages and not the rest', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'sereno.db')
      const first = await openSqlite({ path, now: 0 })
      const filler = 'x'.repeat(900)
      await first.commit({ events: Array.from({ length: 2000 }, (_, index) => event(index + 1, { text: filler })) })
      await first.commit({ state: [{ key: 'k', value: 'kept' }] })
      await first.close()
      const middle = Math.floor(statSync(path).size / 2 / 4096) * 4096
      overwrite(path, middle, Buffer.alloc(8192, 0xff))
      // The ends of every table still read well, so that only a check of the whole file finds it.
      const damaged = await openSqlite({ path, now: 0 })
      assert.equal(damaged.opened.lost, undefined)
      assert.notEqual(await damaged.quickCheck(), 'ok')
      await damaged.close()
      rebuildAtNextStart(path)
      const rebuilt = await openSqlite({ path, now: 0 })
      assert.equal(rebuilt.opened.lost?.recovered, 'repaired')
      assert.equal(await rebuilt.quickCheck(), 'ok')
      const kept = await rebuilt.events({ limit: 3000, ascending: true })
      assert.ok(kept.length > 1900 && kept.length < 2000, `${kept.length} of 2000 events`)
      assert.equal(kept[0]?.seq, 1)
      assert.equal(kept.at(-1)?.seq, 2000)
      assert.deepEqual([...(await rebuilt.load({ state: ['k'], identities: [] })).state.values()], ['kept'])
      await rebuilt.close()
      await (await openSqlite({ path, now: 0 })).close()
    }))

  test('a newer schema is refused, and said so', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'sereno.db')
      await (await openSqlite({ path })).close()
      const { DatabaseSync } = await import('node:sqlite')
      const db = new DatabaseSync(path)
      db.exec('pragma user_version = 999')
      db.close()
      await assert.rejects(() => openSqlite({ path }), /written by a newer Sereno \(schema 999/)
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.includes('damaged')),
        [],
      )
    }))

  test('a backup is a store of its own, taken while the first goes on', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'sereno.db')
      const store = await openSqlite({ path, now: 0 })
      await store.commit({ events: [event(1)] })
      await store.backup(join(folder, 'copy.db'))
      await store.commit({ events: [event(2)] })
      await store.close()
      copyFileSync(join(folder, 'copy.db'), path)
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
      const restored = await openSqlite({ path, now: 0 })
      assert.deepEqual(
        (await restored.events({ limit: 10 })).map(({ seq }) => seq),
        [1],
      )
      await restored.close()
    }))
})

function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, existsSync(path) ? 'r+' : 'w')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}
