// Reads the small files of /proc and /sys, which the kernel makes up as they are read; what cannot be read is noted once.
import { readFileSync } from 'node:fs'

export interface Files {
  /** Read at once: /proc answers from memory, and a turn of the thread pool would cost more. Undefined: it is not there. */
  read(path: string): string | undefined
  /** What could not be read, or not understood, since this was last asked, and was never told before. */
  missing(): readonly string[]
  /** Notes that a file was read and made no sense. */
  odd(path: string): void
}

export function createFiles(): Files {
  const told = new Set<string>()
  let fresh: string[] = []

  function note(path: string, why: string): void {
    if (told.has(path)) return
    told.add(path)
    fresh.push(`${path} (${why})`)
  }

  return {
    read(path) {
      try {
        return readFileSync(path, 'utf8')
      } catch (error) {
        note(path, codeOf(error))
        return undefined
      }
    },
    missing() {
      const found = fresh
      fresh = []
      return found
    },
    odd: (path) => note(path, 'not understood'),
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
}
