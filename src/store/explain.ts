// What SQLite says when it refuses, as a sentence that says what to do; damage is marked for the next start.
import { rebuildAtNextStart } from './rebuild-mark.ts'
import { StoreFailed } from './store.ts'

export function toRefusal(error: unknown, path: string): StoreFailed {
  // A start looks at the ends of tables only, and the sentence promises that a restart mends it.
  if (isDamage(error)) rebuildAtNextStart(path)
  return new StoreFailed(explain(error), { cause: error })
}

/** SQLite's words, made a sentence that says what to do. */
function explain(error: unknown): string {
  const code = (error as { errcode?: number }).errcode
  const said = error instanceof Error ? error.message : String(error)
  switch ((code ?? 0) & 0xff) {
    case 13:
      return `the disk that holds the store is full (${said}); free some space, senders will try again`
    case 8:
      return `the store cannot be written, its folder is read-only (${said})`
    case 10:
      return `the disk that holds the store failed (${said})`
    case 11:
    case 26:
      return `the store is damaged (${said}); restart Sereno, it sets the file aside and recovers what it can`
    default:
      return `the store could not write (${said})`
  }
}

/** The file itself is broken, and stays so. */
function isDamage(error: unknown): boolean {
  const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff
  return code === 11 || code === 26
}
