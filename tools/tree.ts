// Lists the files that belong to the project: what git tracks or would track, or everything where there is no git.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Names that are made, not written. */
const made = new Set(['node_modules', 'dist', 'sereno-data', '.tmp', '.git'])

/** Paths relative to `root`, sorted. */
export function listFiles(root: string): string[] {
  const paths = askGit(root, ['--cached', '--others', '--exclude-standard']) ?? walk(root, '')
  return paths.filter((path) => existsSync(join(root, path))).sort()
}

/** Files that a clone would lack although they lie in a folder of sources. */
export function listIgnored(root: string): string[] {
  const ignored = askGit(root, ['--others', '--ignored', '--exclude-standard']) ?? []
  return ignored.filter((path) => /^(src|test|tools|bench|examples|docs|bin)\//.test(path))
}

/** Test files of ours. */
export function listTests(root: string): string[] {
  return listFiles(root).filter((path) => /^(src|test|tools)\/.*\.test\.ts$/.test(path))
}

function askGit(root: string, which: readonly string[]): string[] | undefined {
  if (!existsSync(join(root, '.git'))) return undefined
  const git = spawnSync('git', ['ls-files', '-z', ...which], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  return git.status === 0 ? git.stdout.split('\0').filter((path) => path !== '') : undefined
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (made.has(entry.name)) return []
    return entry.isDirectory() ? walk(root, path) : [path]
  })
}
