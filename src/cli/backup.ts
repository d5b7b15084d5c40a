// `sereno backup FILE`: a consistent copy of the store, whether a hub runs or not.
import { chmod, link, open, rm, stat } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { syncFolder } from '../lib/durable-file.ts'
import { withStore } from './store-file.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface BackupOptions {
  readonly data: string
}

export async function backup(file: string, options: BackupOptions, terminal: Terminal): Promise<ExitCode> {
  const path = resolve(file)
  if (existsSync(path)) throw new Refusal(`${file} exists already. Give a name that is free, or remove it first.`)
  const draft = `${path}.${process.pid}.tmp`
  // Readers see one moment of the store, however busy the hub is meanwhile.
  await withStore(options.data, async (store) => {
    try {
      await store.backup(draft)
      await sync(draft)
      await link(draft, path)
      await syncFolder(dirname(path))
    } catch (error) {
      throw new Refusal(`The backup ${file} cannot be written: ${detailOf(error)}.`, 1, { cause: error })
    } finally {
      await rm(draft, { force: true })
    }
  })
  const { size } = await stat(path)
  terminal.out(`${file}: written, ${Math.ceil(size / 1024)} KiB. 'sereno restore ${file}' puts it back.`)
  return 0
}

/** It holds all that came in, so it is for its owner alone. */
async function sync(path: string): Promise<void> {
  await chmod(path, 0o600)
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
