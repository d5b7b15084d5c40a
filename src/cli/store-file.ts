// Opens the store of a data folder for reading, when no hub runs to be asked.
import { existsSync } from 'node:fs'
import { storePathOf } from '../store/place.ts'
import type { Store } from '../store/store.ts'
import { detailOf, Refusal } from './terminal.ts'

/** Hands an open store to `read` and closes it. */
export async function withStore<Result>(folder: string, read: (store: Store) => Promise<Result>): Promise<Result> {
  const path = storePathOf(folder)
  if (!existsSync(path)) {
    throw new Refusal(
      `There is no store in ${folder}, and no hub runs on it. Name the data folder with --data, or a running hub with --hub.`,
    )
  }
  const store = await open(path).catch((error: unknown) => {
    throw new Refusal(`The store ${path} cannot be read: ${detailOf(error)}.`, 1, { cause: error })
  })
  try {
    return await read(store)
  } finally {
    await store.close()
  }
}

async function open(path: string): Promise<Store> {
  const { openSqlite } = await import('../store/sqlite.ts')
  const store = await openSqlite({ path, readOnly: true })
  try {
    // A file is not looked into before it is first read.
    await store.events({ limit: 1 })
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}
