// A file beside the store that asks the next start to rebuild it: for damage found where no start would look.
import { existsSync, rmSync, writeFileSync } from 'node:fs'

export function rebuildAtNextStart(path: string): void {
  writeFileSync(markOf(path), '')
}

export function isRebuildAsked(path: string): boolean {
  return existsSync(markOf(path))
}

export function rebuildIsDone(path: string): void {
  rmSync(markOf(path), { force: true })
}

function markOf(path: string): string {
  return `${path}.rebuild`
}
