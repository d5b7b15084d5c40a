// A pool that is open and locked while something is done with it, and why it could not be.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { FileLocks } from './locks.ts'
import { keyBytes, recordBytes } from './record.ts'

export interface OpenPool {
  readonly fd: number
  /** Bytes; a multiple of a record. */
  readonly size: number
  /** Whether others are kept out: only then may anything but an append be done. */
  readonly locked: boolean
  /** It was removed: its path leads to another file or to none. */
  readonly gone: boolean
}

export interface PoolRefusal {
  readonly ok: false
  readonly reason: 'absent' | 'forbidden' | 'full' | 'locked' | 'failed'
  /** One sentence for people, without a full stop. */
  readonly detail: string
}

export interface PoolFileOptions {
  readonly path: string
  /** Absent: one write at the end of the file, which no other append can break in two, and no repair but filling up. */
  readonly locks?: FileLocks | undefined
  /** So long another may hold the locks. */
  readonly lockWaitMs: number
}

/** Otherwise, opening a pipe would wait for its writer. */
const openToRead = constants.O_RDONLY | constants.O_NONBLOCK
export const openToAppend = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT

/** Opens, locks, works, unlocks, closes. `work` must not wait: the locks are held while it runs. */
export async function withPool<Result>(
  options: PoolFileOptions,
  kind: 'shared' | 'exclusive',
  work: (pool: OpenPool) => Result,
): Promise<Result | PoolRefusal> {
  const { path } = options
  let fd: number | undefined
  try {
    fd = openSync(path, kind === 'shared' ? openToRead : openToAppend, 0o644)
    return await lockAndWork(options, fd, kind, work)
  } catch (error) {
    const refusal = refusalOf(error, path)
    return kind === 'shared' && refusal.reason === 'absent'
      ? { ...refusal, detail: `${path}: it is not there` }
      : refusal
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

export async function lockAndWork<Result>(
  { path, locks, lockWaitMs }: PoolFileOptions,
  fd: number,
  kind: 'shared' | 'exclusive',
  work: (pool: OpenPool) => Result,
): Promise<Result | PoolRefusal> {
  const locked = locks !== undefined && (locks.tryLock(fd, kind) || (await waitForLocks(locks, fd, kind, lockWaitMs)))
  if (locks !== undefined && !locked)
    return { ok: false, reason: 'locked', detail: `another program holds ${path} for longer than ${lockWaitMs} ms` }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return { ok: false, reason: 'failed', detail: `${path} is no file` }
    // A wrong path is easily typed, and what is torn at the end is cut off.
    if (kind === 'exclusive' && stat.size % recordBytes > 0 && beginsAsText(fd))
      return { ok: false, reason: 'failed', detail: `${path} is no pool, it begins with lines of text` }
    return work({ fd, size: stat.size, locked, gone: stat.nlink === 0 })
  } finally {
    if (locked) locks?.unlock(fd)
  }
}

async function waitForLocks(
  locks: FileLocks,
  fd: number,
  kind: 'shared' | 'exclusive',
  waitMs: number,
): Promise<boolean> {
  const until = performance.now() + waitMs
  for (let pause = 1; performance.now() < until; pause = Math.min(pause * 2, 16)) {
    await wait(Math.min(pause, Math.max(1, until - performance.now())))
    if (locks.tryLock(fd, kind)) return true
  }
  return false
}

/** From a place to the end. */
export function readAll(fd: number, from: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, fstatSync(fd).size - from))
  let length = 0
  while (length < bytes.length) {
    const more = readSync(fd, bytes, length, bytes.length - length, from + length)
    if (more === 0) break
    length += more
  }
  return bytes.subarray(0, length)
}

export function refusalOf(error: unknown, path: string): PoolRefusal {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const [reason, words] =
    refusals[code] ?? (['failed', error instanceof Error ? error.message : String(error)] as const)
  return { ok: false, reason, detail: `${path}: ${words}` }
}

const refusals: { readonly [code: string]: readonly [PoolRefusal['reason'], string] } = {
  ENOENT: ['absent', 'its folder is not there; does hv_kvp_daemon run?'],
  ENOTDIR: ['absent', 'part of its path is no folder'],
  EACCES: ['forbidden', 'this user may not write it'],
  EPERM: ['forbidden', 'this user may not write it'],
  EROFS: ['forbidden', 'its disk is read-only'],
  EISDIR: ['failed', 'it is a folder'],
  ENOSPC: ['full', 'its disk is full'],
  EDQUOT: ['full', 'the quota of its disk is used up'],
}

/** A key has no line feed, and zeros behind it, unless it was broken off. */
function beginsAsText(fd: number): boolean {
  const bytes = Buffer.alloc(keyBytes)
  const key = bytes.subarray(0, readSync(fd, bytes, 0, keyBytes, 0))
  return key.includes('\n') && !key.includes(0)
}
