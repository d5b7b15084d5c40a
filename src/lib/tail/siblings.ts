// The files that rotation left beside a log, oldest first: a.log.2.gz, a.log.1, a.log-20261120, a-2026-11-20.log.
import { readdir } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { type FileStat, statFile } from './content.ts'

export interface Sibling extends FileStat {
  readonly path: string
  /** The path of the log it was rotated from. */
  readonly base: string
  readonly compressed: boolean
}

/** How a rotated file's name orders it: a count (high is old) or a date; neither: by time of last writing. */
export interface RotatedName {
  readonly suffix: string
  readonly compressed: boolean
  readonly scheme: 'count' | 'date' | 'other'
}

const rotated = /^(?:[._-](?:\d[\dTtZz:._-]*|old|bak|prev))?$/

/** Reads the name of a file beside `base`; undefined when rotation would not have made it. */
export function readRotatedName(base: string, name: string): RotatedName | undefined {
  const compressed = name.endsWith('.gz')
  const plain = compressed ? name.slice(0, -3) : name
  if (plain === base && !compressed) return undefined
  const suffix = cutSuffix(base, plain)
  if (suffix === undefined || !rotated.test(suffix)) return undefined
  const digits = suffix.replaceAll(/\D/g, '')
  if (/^[._-]\d{1,4}$/.test(suffix)) return { suffix, compressed, scheme: 'count' }
  return { suffix, compressed, scheme: digits.length >= 6 ? 'date' : 'other' }
}

/** Oldest first. A file that stands there both plain and compressed is being compressed: the plain one counts. */
export async function listSiblings(base: string): Promise<Sibling[]> {
  const folder = dirname(base)
  const names = await readdir(folder).catch(() => [])
  const found = new Map<string, Sibling & RotatedName>()
  for (const name of names) {
    const read = readRotatedName(basename(base), name)
    const plain = read?.compressed ? name.slice(0, -3) : name
    if (!read || (read.compressed && found.get(plain)?.compressed === false)) continue
    const path = join(folder, name)
    // Gone between listing and looking, or not ours to see.
    const stat = await statFile(path).catch(() => undefined)
    if (!stat?.isFile || (read.compressed && stat.size === 0)) continue
    found.set(plain, { ...stat, ...read, path, base })
  }
  const siblings = [...found.values()]
  const schemes = new Set(siblings.map((sibling) => sibling.scheme))
  return siblings.sort(schemes.size === 1 && !schemes.has('other') ? byName : byTime)
}

function byName(a: RotatedName, b: RotatedName): number {
  const [left, right] = [a.suffix.replaceAll(/\D/g, ''), b.suffix.replaceAll(/\D/g, '')]
  if (a.scheme === 'count') return Number(right) - Number(left)
  return left < right ? -1 : 1
}

function byTime(a: Sibling & RotatedName, b: Sibling & RotatedName): number {
  return a.mtime - b.mtime || byName(a, b)
}

/** What rotation added: behind the name, or before its extension. */
function cutSuffix(base: string, plain: string): string | undefined {
  if (plain.startsWith(base)) return plain.slice(base.length)
  const extension = extname(base)
  const stem = base.slice(0, base.length - extension.length)
  if (extension === '' || !plain.startsWith(stem) || !plain.endsWith(extension)) return undefined
  return plain.slice(stem.length, plain.length - extension.length)
}
