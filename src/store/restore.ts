// Puts a backup in the place of the store; the store that was there is kept by another name.
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { lockFolder } from './lock.ts'
import { copyPath } from './recover.ts'
import { SqliteFile } from './sqlite-file.ts'

export interface Restored {
  readonly events: number
  /** The name of the former store, if there was one. */
  readonly setAside?: string
}

/** Throws an `Error` with a sentence for people when a hub runs on the folder or the file is no sound backup. */
export function restoreSqlite(backup: string, path: string, now: number): Restored {
  const events = checkBackup(backup)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const lock = lockFolder(path)
  try {
    const fresh = `${path}.restoring`
    copyFileSync(backup, fresh)
    chmodSync(fresh, 0o600)
    sync(fresh)
    const setAside = existsSync(path) ? moveAside(path, now) : undefined
    renameSync(fresh, path)
    sync(dirname(path))
    return { events, ...(setAside === undefined ? {} : { setAside }) }
  } finally {
    rmSync(`${path}.restoring`, { force: true })
    lock.release()
  }
}

/** Returns the number of events in it. */
function checkBackup(path: string): number {
  if (!existsSync(path)) throw new Error(`${path} is not there. Give the path of a file made by 'sereno backup'.`)
  try {
    const file = new SqliteFile(path, { readOnly: true })
    try {
      const verdict = file.quickCheck()
      if (verdict !== 'ok') throw new Error(verdict)
      return file.totals().events
    } finally {
      file.close()
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new Error(`${path} is no sound backup of a Sereno store (${detail}). Nothing was changed.`, { cause: error })
  }
}

function moveAside(path: string, now: number): string {
  foldIn(path)
  const name = `${path}.before-restore-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
  // The store first: SQLite drops a journal that stands beside an empty new store, and never applies it to another.
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, name + suffix)
  // A copy of the former state must not mend the restored store one day.
  rmSync(copyPath(path), { force: true })
  return name
}

/** So that one file holds all of the former store. A damaged one stays as it is, journal and all. */
function foldIn(path: string): void {
  try {
    new SqliteFile(path).close()
  } catch {
    // It is set aside either way.
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
