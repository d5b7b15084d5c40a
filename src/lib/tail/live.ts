// What lies at the path that is followed just now: a file, or why there is none to read.
import { type FileStat, statFile } from './content.ts'

/** Why nothing can be read just now. */
export interface TailProblem {
  readonly what: 'missing' | 'unreadable' | 'no-file' | 'broken-gzip'
  readonly path: string
  readonly detail: string
}

export type Live = FileStat | TailProblem

export async function lookAt(path: string): Promise<Live> {
  try {
    const stat = await statFile(path)
    return stat.isFile ? stat : { what: 'no-file', path, detail: 'it is no ordinary file' }
  } catch (error) {
    if (!isSystemError(error)) throw error
    const missing = error.code === 'ENOENT' || error.code === 'ENOTDIR'
    return { what: missing ? 'missing' : 'unreadable', path, detail: error.message }
  }
}

export function isFile(live: Live): live is FileStat {
  return 'isFile' in live
}

export interface SystemError extends Error {
  readonly code: string
}

export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
