// The copy of what decisions rest on, for the day the store itself cannot be read.
import { renameSync, rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'

/** Tables without which decisions would be repeated; copied hourly. */
export const stateTables = ['meta', 'state', 'job', 'identity', 'source', 'session'] as const

/** Into a file of its own, replaced as a whole; unsent deliveries go with it. */
export function copyState(db: DatabaseSync, path: string): void {
  const fresh = `${path}.new`
  rmSync(fresh, { force: true })
  db.prepare('attach ?1 as copy').run(fresh)
  try {
    // One moment for all tables: a cursor that is ahead of the sessions beside it would skip lines.
    db.exec('begin')
    for (const table of stateTables) db.exec(`create table copy.${table} as select * from main.${table}`)
    db.exec(
      "create table copy.delivery as select * from main.delivery where state in ('queued', 'retrying', 'sending'); commit",
    )
  } finally {
    if (db.isTransaction) db.exec('rollback')
    db.exec('detach copy')
  }
  renameSync(fresh, path)
}
