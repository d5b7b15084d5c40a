// Where a program keeps what is to be gone after the next boot.
import { lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** For what all programs of one boot share, and which must not outlive it. It need not exist, nor be writable. */
export function bootFolder(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const own = env['XDG_RUNTIME_DIR'] ?? ''
  return join(process.getuid?.() === 0 || own === '' ? '/run' : own, name)
}

/** For what this user alone may read; made when it is not there. Throws when somebody else has taken its place. */
export function privateFolder(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const user = process.getuid?.() ?? 0
  for (const folder of [bootFolder(name, env), join(tmpdir(), `${name}-${user}`)]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    } catch {
      continue
    }
    const { uid, mode } = lstatSync(folder)
    // In a folder that all may write to, others could have made it first.
    if (uid === user && (mode & 0o022) === 0) return folder
  }
  throw new Error(`no folder for ${name} can be made in /run, in $XDG_RUNTIME_DIR or in ${tmpdir()}`)
}
