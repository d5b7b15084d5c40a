// A damaged store is set aside by name; what can be read of it, or else of the hourly copy, begins the new one.
import { DatabaseSync } from 'node:sqlite'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { migrations } from './migrations.ts'
import { isRebuildAsked, rebuildIsDone } from './rebuild-mark.ts'
import { SqliteFile } from './sqlite-file.ts'
import { stateTables } from './state-copy.ts'
import type { Opened } from './store.ts'

type Lost = NonNullable<Opened['lost']>

const allTables = [
  ...stateTables,
  'delivery',
  'attempt',
  'part',
  'verdict',
  'input',
  'event',
  'fact',
  'host',
  'history',
  'history_new',
] as const

export function copyPath(path: string): string {
  return `${path}.state-copy`
}

/** Absent: the file is sound (or not there). Throws only what is no damage, such as a newer schema. */
export function recoverIfDamaged(path: string, now: number): Lost | undefined {
  if (!existsSync(path)) return undefined
  const asked = isRebuildAsked(path)
  try {
    new SqliteFile(path).close()
    if (!asked) return undefined
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  return rebuild(path, now)
}

/** Sets the file aside and begins a new one with all that can be read. */
function rebuild(path: string, now: number): Lost {
  const setAside = `${path}.damaged-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
  renameSync(path, setAside)
  for (const suffix of ['-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, setAside + suffix)
  }
  rebuildIsDone(path)
  rmSync(`${path}.rebuilt`, { force: true })
  const fresh = new DatabaseSync(`${path}.rebuilt`)
  let readable: ReadonlyMap<string, number>
  let fromCopy = 0
  try {
    for (const sql of migrations) fresh.exec(sql)
    fresh.exec(`pragma user_version = ${migrations.length}`)
    readable = salvage(setAside, fresh, allTables)
    if ((readable.get('state') ?? -1) < 0 && existsSync(copyPath(path))) {
      for (const count of salvage(copyPath(path), fresh, [...stateTables, 'delivery']).values()) {
        fromCopy += Math.max(count, 0)
      }
    }
  } finally {
    fresh.close()
  }
  renameSync(`${path}.rebuilt`, path)
  const rows = [...readable.values()].reduce((sum, count) => sum + Math.max(count, 0), 0)
  return {
    setAside,
    from: lastReceipt(path),
    until: now,
    recovered: fromCopy > 0 ? 'copy' : rows > 0 ? 'repaired' : 'nothing',
  }
}

/** Rows taken over per table, -1 where none could be read; from the damaged place on the table is read backwards. */
function salvage(from: string, into: DatabaseSync, tables: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  let old: DatabaseSync
  try {
    old = new DatabaseSync(from)
  } catch {
    // Not even its header can be read: nothing is taken over, as the result says.
    return counts
  }
  try {
    for (const table of tables) {
      const forward = takeOver(old, into, table, '')
      const key = ['event', 'delivery', 'input', 'fact'].includes(table) ? 'seq' : undefined
      const backward = forward.whole || key === undefined ? 0 : takeOver(old, into, table, `order by ${key} desc`).rows
      counts.set(table, forward.rows + backward === 0 && !forward.whole ? -1 : forward.rows + backward)
    }
  } finally {
    old.close()
  }
  return counts
}

function takeOver(
  old: DatabaseSync,
  into: DatabaseSync,
  table: string,
  order: string,
): { rows: number; whole: boolean } {
  let rows = 0
  into.exec('begin')
  try {
    const read = old.prepare(`select * from ${table} ${order}`)
    read.setReturnArrays(true)
    let insert
    for (const row of read.iterate() as unknown as Iterable<(string | number | null)[]>) {
      insert ??= into.prepare(`insert or ignore into ${table} values (${row.map(() => '?').join(',')})`)
      rows += Number(insert.run(...row).changes)
    }
    return { rows, whole: true }
  } catch {
    // The damaged page: what was read before it stays, and the caller says how much that was.
    return { rows, whole: false }
  } finally {
    into.exec('commit')
  }
}

function lastReceipt(path: string): number {
  const file = new SqliteFile(path)
  try {
    return file.events({ limit: 1 })[0]?.receivedAt ?? 0
  } finally {
    file.close()
  }
}

function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode ?? 0
  return (code & 0xff) === 11 || (code & 0xff) === 26 || /damaged row|malformed|not a database/.test(String(error))
}
