// The hub's first token: made at the first start, kept in the data folder for its owner alone.
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Throws an `Error` with a sentence for people when the folder cannot be used. */
export function ensureToken(folder: string): { readonly token: string; readonly made: boolean } {
  const path = join(folder, 'token')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const known = readIfThere(path)
    if (known !== undefined && known.length >= 16) return { token: known, made: false }
    const token = randomBytes(24).toString('base64url')
    writeFileSync(path, `${token}\n`, { mode: 0o600 })
    chmodSync(path, 0o600)
    return { token, made: true }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(`the data folder ${folder} cannot be used (${code ?? message}); name another with --data`, {
      cause: error,
    })
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
