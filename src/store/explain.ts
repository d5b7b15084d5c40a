// What SQLite says when it cannot write, as a sentence that says what to do.
/** SQLite's words, made a sentence that says what to do. */
export function explain(error: unknown): string {
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
export function isDamage(error: unknown): boolean {
  const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff
  return code === 11 || code === 26
}
