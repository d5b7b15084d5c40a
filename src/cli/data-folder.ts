// The data folder when none is named: that of the configuration which a hub started here would use, else ./sereno-data.
import { readFile } from 'node:fs/promises'
import { findConfig } from '../config/find.ts'

export const defaultFolder = 'sereno-data'

export async function dataFolder(config?: string): Promise<string> {
  const found = findConfig({ config, env: process.env, cwd: process.cwd() })
  if (found === undefined) return defaultFolder
  const text = await readFile(found.path, 'utf8').catch(() => '')
  // Most files do not name a folder, and reading one in full takes a while.
  if (!/\bdata\b/.test(text)) return defaultFolder
  const { loadFor } = await import('./configuration.ts')
  // One with mistakes is told of by `sereno check`, and not by every list.
  const read = await loadFor(config, 'may-be-missing').catch(() => undefined)
  return read?.config?.hub.data ?? defaultFolder
}
