// Finds the file that comes after the one we stand in: its own copy, then what rotation left since, then the live file.
import { realpath } from 'node:fs/promises'
import { type Content, type FileStat, isContinuation, openContent, readFully, statFile } from './content.ts'
import type { Place } from './cursor.ts'
import type { Identity } from './generation.ts'
import { listSiblings, type Sibling } from './siblings.ts'

export interface Next {
  readonly file: Sibling
  /** Holds the content we stand in: reading goes on at the same offset. */
  readonly continues: boolean
  /** Another was rotated away after it, so that nobody writes to it any more. */
  readonly complete: boolean
}

export interface Search {
  readonly path: string
  /** Where we stand. */
  readonly from: Identity
  /** The content is no longer to be had where it was, so a copy of it is looked for first. */
  readonly replaced: boolean
  readonly live: FileStat | undefined
  /** Files that could not be read for too long. */
  readonly skipped: ReadonlySet<string>
}

export async function findNext(search: Search): Promise<Next | undefined> {
  const { from, replaced } = search
  const { rotated, current } = await list(search)
  // The live file last: it holds our content when a whole folder was copied to another disk.
  const known = replaced ? -1 : indexOf(from, rotated)
  const index = known >= 0 ? known : await locate(from, current && replaced ? [...rotated, current] : rotated)
  // What we have read to its end goes on nowhere: a file that does only began alike.
  const alike = !replaced && known < 0 && index >= 0 && (await readAt(rotated[index]!, from.offset)).length > 0
  const found = alike ? undefined : rotated[index]
  if (replaced && index >= 0 && !found) return { file: current!, continues: true, complete: false }
  if (found && replaced) return { file: found, continues: true, complete: index + 1 < rotated.length }
  const newer = found ? rotated.slice(index + 1) : await filterNewer(from, rotated)
  const file = newer[0] ?? current
  // An empty new file is no reason to leave the old one: its writer may not have been told yet.
  if (!file || (file === current && file.size === 0 && !replaced)) return undefined
  return { file, continues: false, complete: newer.length > 1 }
}

/**
 * Whether a file we have open was copied and then truncated, although it looks as if it only grew: it begins with the
 * same lines again, but a copy has others after what we have read.
 */
export async function hasLeftCopy(search: Search, open: Content): Promise<boolean> {
  const { rotated, current } = await list(search)
  const ours = await readSome(open, search.from.offset)
  let own = indexOf(search.from, current ? [...rotated, current] : rotated)
  if (own < 0) own = ours.length === 0 ? rotated.length : await findTwin(search.from, rotated, ours)
  return (await findCopy(search.from, rotated.slice(0, Math.max(0, own)), ours)) >= 0
}

/** The place of a file that has lost its name, by another that goes on just as it does: it was compressed. */
async function findTwin(from: Identity, files: readonly Sibling[], ours: Buffer): Promise<number> {
  for (const [index, file] of files.entries())
    if ((await holds(file, from)) && ours.equals(await readAt(file, from.offset))) return index
  return -1
}

function indexOf(from: Identity, files: readonly Sibling[]): number {
  return files.findIndex((file) => file.id === from.id)
}

async function list(search: Search): Promise<{ rotated: Sibling[]; current: Sibling | undefined }> {
  const { path, from, live, skipped } = search
  const base = await realpath(path).catch(() => path)
  const files = await listRotated([from.base, base, path], live?.id)
  const rotated = files.filter((file) => !skipped.has(file.id))
  return { rotated, current: live && { ...live, path, base, compressed: false } }
}

/**
 * The file with our content. By inode it is certain, unless that was taken into use again since. By content alone several
 * may match when files begin alike and we had not read further than that: then the oldest that was written to no earlier
 * than what we saw, which may repeat lines but loses none.
 */
async function locate(from: Identity, files: readonly Sibling[]): Promise<number> {
  if (from.id === '') return -1
  const same = files.findIndex((file) => file.id === from.id && file.born <= from.modifiedAt)
  if (same >= 0 && (await holds(files[same]!, from))) {
    const copy = await findCopy(from, files.slice(0, same), await readAt(files[same]!, from.offset))
    return copy >= 0 ? copy : same
  }
  if (from.head.length === 0) return -1
  const anchor = await findLonger(from, files)
  for (const [index, file] of files.entries()) {
    if (index <= anchor || latestWrite(file) <= from.modifiedAt - 1) continue
    if ((await holds(file, from)) && !(await isDone(file, from))) return index
  }
  return -1
}

/** An older file that goes on from where we stand, and otherwise than our own does. */
async function findCopy(from: Identity, older: readonly Sibling[], ours: Buffer): Promise<number> {
  const anchor = await findPrevious(from, older)
  for (const [index, file] of older.entries()) {
    // Late lines make a file look newer than the one that came after it.
    if (index <= anchor) continue
    if (!(await isNewer(file, from)) || !(await holds(file, from)) || (await isDone(file, from))) continue
    const theirs = await readAt(file, from.offset)
    if (theirs.length > 0 && !ours.subarray(0, theirs.length).equals(theirs)) return index
  }
  return -1
}

/** Some compressors and file systems keep only whole seconds of the time (others lose less than a millisecond). */
function latestWrite(file: Sibling): number {
  return file.mtime % 1000 === 0 ? file.mtime + 999 : file.mtime
}

/** Written to since all that we have seen. Where the time says no more than "within that second", the content must tell. */
async function isNewer(file: Sibling, { doneUntil, previous = [] }: Identity): Promise<boolean> {
  if (file.mtime > doneUntil) return true
  if (latestWrite(file) <= doneUntil) return false
  for (const place of previous) if (await endsAt(file, place)) return false
  return true
}

/** Whether a file has just the content that ended there. */
async function endsAt(file: Sibling, place: Place): Promise<boolean> {
  return (await holds(file, place)) && (await readAt(file, place.offset)).length === 0
}

/** Without our own file to go by: what comes after the one before it, else what was written to since. */
async function filterNewer(from: Identity, files: readonly Sibling[]): Promise<readonly Sibling[]> {
  const anchor = await findPrevious(from, files)
  if (anchor >= 0) return files.slice(anchor + 1)
  const newer: Sibling[] = []
  for (const file of files) if (file.id === from.id || (await isNewer(file, from))) newer.push(file)
  return newer
}

/** The file before ours. Of several that are alike (a banner and nothing else) the one behind the file before that. */
async function findPrevious({ previous = [] }: Identity, files: readonly Sibling[]): Promise<number> {
  const [last, other] = previous
  const first = last === undefined ? -1 : await findEnd(last, files, 0)
  if (last === undefined || first < 0 || other === undefined) return first
  const before = await findEnd(other, files, 0)
  const better = before < first ? first : await findEnd(last, files, before + 1)
  return better < 0 ? first : better
}

async function findEnd(place: Place, files: readonly Sibling[], from: number): Promise<number> {
  for (let index = from; index < files.length; index++) if (await endsAt(files[index]!, place)) return index
  return -1
}

/** The file before ours, if it goes further than we have read and so cannot be taken for one that only begins alike. */
async function findLonger(from: Identity, files: readonly Sibling[]): Promise<number> {
  const last = from.previous?.[0]
  return last !== undefined && last.offset > from.offset ? await findPrevious(from, files) : -1
}

/** Files that began alike can be told apart only by what came after where we stand; the last may have got late lines since. */
async function isDone(file: Sibling, { offset, previous = [], doneUntil }: Identity): Promise<boolean> {
  for (const [age, place] of previous.entries()) {
    if (place.offset <= offset) continue
    if (age === 0 ? await holds(file, place) : file.mtime <= doneUntil && (await endsAt(file, place))) return true
  }
  return false
}

/** Whether a file has the content we stand in. */
export function holds(file: Sibling, from: Place): Promise<boolean> {
  if (!file.compressed && file.size < from.offset) return Promise.resolve(false)
  return withContent(file, false, (content) => isContinuation(content, from))
}

function readAt(file: Sibling, offset: number): Promise<Buffer> {
  return withContent(file, Buffer.alloc(0), (content) => readSome(content, offset))
}

async function readSome(content: Content, offset: number): Promise<Buffer> {
  const bytes = Buffer.alloc(4096)
  return bytes.subarray(0, await readFully(content, bytes, offset))
}

/** What cannot be opened or unpacked cannot be recognised. */
async function withContent<T>(file: Sibling, otherwise: T, use: (content: Content) => Promise<T>): Promise<T> {
  try {
    const content = await openContent(file.path, file.id, file.compressed)
    if (!content) return otherwise
    try {
      return await use(content)
    } finally {
      await content.close()
    }
  } catch {
    return otherwise
  }
}

/** All files that rotation left, oldest first, seen at one moment: twice alike, since rotation renames one by one. */
async function listRotated(bases: readonly string[], liveId: string | undefined): Promise<Sibling[]> {
  let last = ''
  for (let attempt = 0; ; attempt++) {
    const found = new Map<string, Sibling>()
    for (const base of new Set(bases))
      for (const file of [...(await listSiblings(base)), ...(await itself(base))])
        if (file.id !== liveId && !found.has(file.id)) found.set(file.id, file)
    const files = [...found.values()]
    const seen = files.map((file) => `${file.id} ${file.path}`).join('\n')
    if (seen === last || attempt === 5) return files
    last = seen
  }
}

/** What a link pointed to before is a file of its own, newer than what was rotated away from it. */
async function itself(base: string): Promise<Sibling[]> {
  const stat = await statFile(base).catch(() => undefined)
  return stat?.isFile ? [{ ...stat, path: base, base, compressed: false }] : []
}
