// Restic repositories of two apps, one of which can be taken away like a disk that is not mounted.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const minuteMs = 60_000
const run = promisify(execFile)

export async function makeRepositories(folder: string, modules: readonly string[], at: Date): Promise<void> {
  await mkdir(join(folder, 'data'))
  await mkdir(join(folder, 'repositories'))
  await writeFile(join(folder, 'data/mail'), randomBytes(100_000))
  for (const module of modules) {
    await restic(folder, module, 'init')
    await backUp(folder, module, at)
  }
}

export function backUp(folder: string, module: string, at?: Date): Promise<unknown> {
  // restic reads a time in the zone of the machine.
  const local = at && new Date(at.getTime() - at.getTimezoneOffset() * minuteMs)
  const time = local === undefined ? [] : ['--time', local.toISOString().slice(0, 19).replace('T', ' ')]
  return restic(folder, module, 'backup', '--quiet', join(folder, 'data'), ...time)
}

function restic(folder: string, module: string, ...args: readonly string[]): Promise<unknown> {
  return run('restic', args, { env: { ...process.env, ...environmentOf(folder, module) } })
}

/** For a program that runs restic; with `{module}` a probe fills in the name of its own. */
export function environmentOf(folder: string, module: string): { readonly [name: string]: string } {
  return {
    RESTIC_REPOSITORY: repositoryOf(folder, module),
    RESTIC_PASSWORD: 'example',
    RESTIC_CACHE_DIR: join(folder, 'cache'),
  }
}

export async function takeAway(folder: string, module: string): Promise<void> {
  await rename(repositoryOf(folder, module), `${repositoryOf(folder, module)}.away`)
}

export async function bringBack(folder: string, module: string): Promise<void> {
  await rename(`${repositoryOf(folder, module)}.away`, repositoryOf(folder, module))
}

function repositoryOf(folder: string, module: string): string {
  return join(folder, 'repositories', module)
}
