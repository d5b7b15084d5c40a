// An account's token, as it stands in the configuration or in a file of its own.
import { readFile, stat } from 'node:fs/promises'

export type Token = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly problem: string }

/** `problem` is the middle of a sentence. The file is read each time, so that a new token counts at once. */
export async function readToken(given: {
  readonly token?: string | undefined
  readonly tokenFile?: string | undefined
}): Promise<Token> {
  const { token, tokenFile = '' } = given
  if (token !== undefined) return { ok: true, value: token.trim() }
  try {
    // A pipe may never come to its end, nor a device; each reading would hold one of the few threads that read files.
    const about = await stat(tokenFile)
    if (!about.isDirectory() && (!about.isFile() || about.size > mostBytes))
      return { ok: false, problem: about.isFile() ? 'there is more in it than a token' : 'it is no regular file' }
    const text = (await readFile(tokenFile, 'utf8')).trim()
    // It goes into a header.
    if (/^[\u0021-\u007e]{1,1000}$/.test(text)) return { ok: true, value: text }
    return { ok: false, problem: text === '' ? 'it is empty' : 'there is more in it than a token' }
  } catch (error) {
    const { code = 'it cannot be opened' } = error as NodeJS.ErrnoException
    return { ok: false, problem: words[code] ?? code }
  }
}

const mostBytes = 64 * 1024

const words: { readonly [code: string]: string } = {
  ENOENT: 'it is not there',
  EACCES: 'this user may not open it',
  EISDIR: 'it is a folder',
}
