// Brings a file to the schema of this version, and looks whether its tables can be read.
import type { DatabaseSync } from 'node:sqlite'
import { migrations } from './migrations.ts'
import { number, text } from './rows.ts'

/** In a transaction, after a copy; throws for a file that a newer Sereno wrote. */
export function migrate(db: DatabaseSync, path: string): void {
  const version = versionOf(db)
  if (version > migrations.length) {
    throw new Error(
      `${path} was written by a newer Sereno (schema ${version}, this one knows ${migrations.length}). Start that newer version, or restore a backup made by this one.`,
    )
  }
  if (version === migrations.length) return
  if (version > 0) db.prepare('vacuum into ?1').run(`${path}.before-schema-${migrations.length}`)
  db.exec('begin immediate')
  // Another connection may have done it while this one waited for its turn.
  for (const sql of migrations.slice(versionOf(db))) db.exec(sql)
  db.exec(`pragma user_version = ${migrations.length}; commit`)
}

/** A damaged page at the ends of a table shows here and not in the middle of the night. */
export function touchEveryTable(db: DatabaseSync): void {
  const names = db.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'").all()
  for (const row of names) {
    const table = text(row['name'])
    const isOrdered = ['event', 'fact', 'delivery', 'input'].includes(table)
    db.prepare(`select * from ${table} ${isOrdered ? 'order by seq desc' : ''} limit 1`).all()
    if (isOrdered) db.prepare(`select * from ${table} order by seq limit 1`).all()
  }
}

function versionOf(db: DatabaseSync): number {
  return number(db.prepare('pragma user_version').get()?.['user_version'])
}
