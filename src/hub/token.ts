// The hub's first token: made at the first start, kept in the data folder for its owner alone.
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Throws an `Error` with a sentence for people when the folder cannot be used. */
export function ensureToken(folder: string): { readonly token: string; readonly made: boolean } {
  const path = join(folder, 'token')
  try {
    makeFolder(folder)
    const known = readIfThere(path)
    if (known !== undefined && known.length >= 16) return { token: known, made: false }
    const token = randomBytes(24).toString('base64url')
    writeFileSync(path, `${token}\n`, { mode: 0o600 })
    chmodSync(path, 0o600)
    return { token, made: true }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Error(`the data folder ${folder} cannot be used (${words[code] ?? message}); name another with --data`, {
      cause: error,
    })
  }
}

const words: { readonly [code: string]: string } = {
  EACCES: 'this user may not write there',
  EEXIST: 'there is a file where a folder must be',
  ENOENT: 'it cannot be made there',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of its path is no folder',
  EPERM: 'this user may not write there',
  EROFS: 'the disk is read-only',
}

/** Parents first: a recursive `mkdir` never returns where the system knows a folder but makes none in it, as in /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolder(parent)
  mkdirSync(folder, { mode: 0o700 })
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
