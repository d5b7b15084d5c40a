// Which file is the configuration: the one that was named, else the one that is there.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

export interface Where {
  /** Of the command line. */
  readonly config?: string | undefined
  readonly env: { readonly [name: string]: string | undefined }
  readonly cwd: string
  exists?(path: string): boolean
}

export interface Found {
  /** As people named it. */
  readonly file: string
  readonly path: string
}

/** Undefined: none is named and none is there, so that the built-in one is meant. A named one may not exist. */
export function findConfig({ config, env, cwd, exists = existsSync }: Where): Found | undefined {
  const named = config ?? (env['SERENO_CONFIG'] || undefined)
  if (named !== undefined) return { file: named, path: resolve(cwd, named) }
  if (exists(join(cwd, 'sereno.yaml'))) return { file: 'sereno.yaml', path: join(cwd, 'sereno.yaml') }
  const wide = '/etc/sereno/sereno.yaml'
  return exists(wide) ? { file: wide, path: wide } : undefined
}
