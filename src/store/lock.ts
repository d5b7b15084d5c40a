// One process per data folder, by a lock that the system frees even on kill -9: SQLite's own on a file beside the store.
import { DatabaseSync } from 'node:sqlite'
import { dirname } from 'node:path'

export interface FolderLock {
  release(): void
}

/** Throws an `Error` with a sentence for people when another process holds the folder. */
export function lockFolder(storePath: string): FolderLock {
  const db = new DatabaseSync(`${storePath}.lock`, { timeout: 200 })
  try {
    db.exec('pragma journal_mode = delete; pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    db.close()
    if (!/locked|busy/i.test(String(error))) throw error
    throw new Error(
      `another Sereno is using ${dirname(storePath)}. Stop it first, or give this one a folder of its own with --data.`,
      { cause: error },
    )
  }
  return { release: () => db.close() }
}
