// Where a tail stands, small enough to be stored with every batch: which file, how far, and how to know both again.
import { createHash } from 'node:crypto'

/** Bytes from the beginning of a file that tell it from others; fewer while the file is shorter. */
export const headBytes = 1024
/** Bytes before the offset that tell a file that only grew from one that was truncated and written anew. */
export const markerBytes = 64

/** A hash over so many bytes. */
export type Mark = { readonly length: number; readonly hash: string }

/** A point in some content, and how to know that content again. */
export type Place = {
  /** Bytes of the uncompressed content that are done. */
  readonly offset: number
  readonly head: Mark
  readonly marker: Mark
}

export type TailCursor = Place & {
  readonly v: 1
  /** The followed path as it was configured. */
  readonly path: string
  /** The same with links resolved; rotated files are looked for beside it too. */
  readonly base: string
  /** Device and inode; empty when there was no file yet. */
  readonly id: string
  /** When the file was last written to as far as we saw, in ms. */
  readonly modifiedAt: number
  /** The latest such time of it and of all files before: what was not written to since is done. */
  readonly doneUntil: number
  /**
   * Where the files before this one ended, the last first, so that late lines in it do not make it look new. More than two
   * only of such as were written to within the same second, which is all that some file systems tell.
   */
  readonly previous?: readonly Place[]
}

const mostPrevious = 8

/** What is done when a file is; `isClose`: it was last written to in the same second as those before it. */
export function toPrevious({ offset, head, marker }: Place, before: readonly Place[], isClose: boolean): Place[] {
  return [{ offset, head, marker }, ...(isClose ? before : before.slice(0, 1))].slice(0, mostPrevious)
}

export function toMark(bytes: Uint8Array): Mark {
  return { length: bytes.length, hash: createHash('sha256').update(bytes).digest('base64url').slice(0, 22) }
}

/** The cursor of a file that does not exist yet. */
export function blankCursor(path: string, now: number): TailCursor {
  const none = toMark(new Uint8Array(0))
  return { v: 1, path, base: path, id: '', offset: 0, head: none, marker: none, modifiedAt: now, doneUntil: now }
}

/** Reads what was stored; undefined when it is no cursor of ours. */
export function readCursor(value: unknown): TailCursor | undefined {
  if (!isRecord(value) || value['v'] !== 1) return undefined
  const { path, base, id, modifiedAt, doneUntil } = value
  const place = readPlace(value)
  // At first there was only one.
  const previous = [value['previous']].flat().flatMap((one) => readPlace(one) ?? [])
  if (typeof path !== 'string' || typeof base !== 'string' || typeof id !== 'string') return undefined
  if (!place || typeof modifiedAt !== 'number' || typeof doneUntil !== 'number') return undefined
  return { v: 1, path, base, id, ...place, modifiedAt, doneUntil, ...(previous.length > 0 && { previous }) }
}

function readPlace(value: unknown): Place | undefined {
  if (!isRecord(value)) return undefined
  const { offset } = value
  const head = readMark(value['head'], headBytes)
  const marker = readMark(value['marker'], markerBytes)
  return isCount(offset) && head && marker && offset >= marker.length ? { offset, head, marker } : undefined
}

function readMark(value: unknown, most: number): Mark | undefined {
  if (!isRecord(value)) return undefined
  const { length, hash } = value
  return isCount(length) && length <= most && typeof hash === 'string' ? { length, hash } : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null
}
