// A folder of things to do later: JSON lines in files that appear whole, each line handed over exactly once.
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { syncFolder, writeDurably } from './durable-file.ts'

export interface SpooledLine {
  /** File name and byte offset: the same line has the same identity however often it is read. */
  readonly id: string
  readonly line: string
}

export interface Taken {
  readonly lines: number
  /** Files that could not be read; they stay where they are. */
  readonly unreadable: readonly { readonly file: string; readonly message: string }[]
}

const suffix = '.jsonl'
const maxFiles = 10_000
const linesAtOnce = 500
/** A draft this old belongs to a writer that died before it promised anything. */
const draftLifeMs = 24 * 3600 * 1000

/** Resolves with the file's path when the values are on disk; each becomes one line of one new file. */
export async function appendToSpool(folder: string, values: readonly unknown[], now: number): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const waiting = (await readdir(folder)).length
  if (waiting >= maxFiles) throw new Error(`${folder} is full: ${waiting} files wait there`)
  const name = `${String(now).padStart(15, '0')}-${process.pid}-${randomBytes(4).toString('hex')}${suffix}`
  const path = join(folder, name)
  await writeDurably(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''), {
    mode: 0o600,
    exclusive: true,
  })
  return path
}

/**
 * Hands over all that waits, oldest file first, and removes a file once `take` has resolved for each of its lines.
 * After a crash between the two the same lines come again with the same ids: `take` must know what it has seen.
 * What `take` throws is passed on; the file stays.
 */
export async function takeFromSpool(
  folder: string,
  take: (lines: readonly SpooledLine[]) => Promise<void>,
  now: number,
): Promise<Taken> {
  const unreadable: { file: string; message: string }[] = []
  let lines = 0
  let removed = 0
  for (const file of await listNames(folder)) {
    const path = join(folder, file)
    if (!file.endsWith(suffix)) {
      if (file.endsWith('.tmp')) await removeOldDraft(path, now)
      continue
    }
    const bytes = await readFile(path).catch((error: unknown) => {
      unreadable.push({ file, message: error instanceof Error ? error.message : String(error) })
      return undefined
    })
    if (bytes === undefined) continue
    const found = readLines(file, bytes)
    for (let start = 0; start < found.length; start += linesAtOnce) {
      await take(found.slice(start, start + linesAtOnce))
    }
    lines += found.length
    await rm(path)
    removed++
  }
  if (removed > 0) await syncFolder(folder)
  return { lines, unreadable }
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function readLines(file: string, bytes: Buffer): SpooledLine[] {
  const lines: SpooledLine[] = []
  let start = 0
  while (start < bytes.length) {
    const feed = bytes.indexOf(10, start)
    const end = feed < 0 ? bytes.length : feed
    const line = bytes.toString('utf8', start, end)
    if (line.trim() !== '') lines.push({ id: `${file}:${start}`, line })
    start = end + 1
  }
  return lines
}

async function removeOldDraft(path: string, now: number): Promise<void> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }))
  if (now - mtimeMs > draftLifeMs) await rm(path, { force: true })
}
