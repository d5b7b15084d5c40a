// Where the store of a data folder is: in it, unless `hub.store` named another place, which the folder then remembers.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** For commands, which know the folder and not the configuration. */
export function storePathOf(folder: string): string {
  const note = join(folder, 'store-path')
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : join(folder, 'sereno.db')
}

/** For the hub: makes the place and notes it, when it is not the usual one. */
export function placeStore(folder: string, named: string | undefined): string {
  const note = join(folder, 'store-path')
  if (named === undefined) {
    rmSync(note, { force: true })
    return join(folder, 'sereno.db')
  }
  const path = resolve(named)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(note, `${path}\n`, { mode: 0o600 })
  return path
}
