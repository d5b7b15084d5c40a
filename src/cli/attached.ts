// Files that go along with a report: the end of each, since that is where logs say what went wrong.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { JsonObject } from '../words.ts'
import { Refusal } from './terminal.ts'

export const mostFiles = 8
/** Bytes of each. */
export const mostBytes = 64 * 1024

/** What is no file, or may not be read, is named without content. */
export async function readAttached(paths: readonly string[]): Promise<JsonObject[]> {
  if (paths.length > mostFiles) throw new Refusal(`at most ${mostFiles} files go along with a report`, 2)
  return Promise.all(paths.map(readEnd))
}

async function readEnd(path: string): Promise<JsonObject> {
  const none = { path, content: null, encoding: 'base64' }
  try {
    // Opened otherwise, a pipe would wait for its writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return none
      const from = Math.max(0, stat.size - mostBytes)
      const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, from)
      const content = buffer.subarray(0, bytesRead).toString('base64')
      return { path, content, encoding: 'base64', ...(from > 0 ? { cut: true } : {}) }
    } finally {
      await file.close()
    }
  } catch {
    return none
  }
}
