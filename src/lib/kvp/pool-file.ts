// The pool as a file that others write too: locked both ways, repaired, appended to at once, read back.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { FileLocks } from './locks.ts'
import { replaceValue } from './own-records.ts'
import { encodeInto, encodeRecords, type Pair, recordBytes } from './record.ts'

export interface PoolFile {
  /** `make` is called when the pool is locked and whole; what it returns is appended. Nothing is kept of a batch that is refused. */
  append(make: (pool: OpenPool) => readonly Pair[]): Promise<Appended>
  /** Looks whether the latest records are still there, and appends again those that are not. */
  recover(): Promise<Appended>
  /** While the pool is open and locked: writes a record over the one of the same key; false when there is none. */
  replace(pool: OpenPool, pair: Pair): boolean
  close(): void
}

export interface OpenPool {
  readonly fd: number
  /** Bytes; a multiple of a record. */
  readonly size: number
  /** Whether others are kept out: only then may anything but an append be done. */
  readonly locked: boolean
  /** It was removed: its path leads to another file or to none. */
  readonly gone: boolean
}

export type Appended =
  | {
      readonly ok: true
      /** Where the batch begins. */
      readonly at: number
      /** Bytes of a torn record that were cut off (or, without locks, filled up). */
      readonly repaired: number
      /** Records that somebody's rewrite had lost, appended again. */
      readonly again: number
    }
  | PoolRefusal

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

interface Latest {
  readonly at: number
  readonly pairs: readonly Pair[]
  readonly writtenAtMs: number
}

/** The kernel's daemon rewrites the pool a moment after it read it; what is older than this has outlived that. */
const rememberedMs = 5000
const rememberedRecords = 8192
/** So often it is looked whether the path still leads to the file that is open. */
const lookMs = 1000

export function createPoolFile(options: PoolFileOptions): PoolFile {
  const { path } = options
  let latest: Latest[] = []
  let opened: { readonly fd: number; readonly inode: number; lookedAtMs: number } | undefined

  function close(): void {
    if (opened !== undefined) closeSync(opened.fd)
    opened = undefined
  }

  /** The file at the path by now: the one that is open may have been removed. */
  function open(): number {
    const now = performance.now()
    if (opened !== undefined && now - opened.lookedAtMs > lookMs) {
      const inode = statSync(path, { throwIfNoEntry: false })?.ino
      if (inode === opened.inode) opened.lookedAtMs = now
      else close()
    }
    if (opened === undefined) {
      const fd = openSync(path, openToAppend, 0o644)
      opened = { fd, inode: fstatSync(fd).ino, lookedAtMs: now }
    }
    return opened.fd
  }

  async function append(make: (pool: OpenPool) => readonly Pair[]): Promise<Appended> {
    try {
      for (;;) {
        const done = await lockAndWork(options, open(), 'exclusive', (pool) =>
          pool.gone ? undefined : write(pool, make),
        )
        if (done !== undefined) return done
        close()
      }
    } catch (error) {
      close()
      return refusalOf(error, path)
    }
  }

  function write(pool: OpenPool, make: (pool: OpenPool) => readonly Pair[]): Appended {
    const { fd, locked } = pool
    const torn = pool.size % recordBytes
    if (torn > 0 && locked) ftruncateSync(fd, pool.size - torn)
    const whole = { ...pool, size: torn > 0 && locked ? pool.size - torn : pool.size }
    const now = performance.now()
    const lost = lostOf(whole, latest, now)
    latest = forget(latest, now)
    const made = make(whole)
    const pairs = lost === undefined || lost.length === 0 ? made : [...lost, ...made]
    const filling = torn > 0 && !locked ? recordBytes - torn : 0
    const at = whole.size + filling
    if (pairs.length > 0) {
      const bytes = scratch(filling + pairs.length * recordBytes)
      bytes.fill(0, 0, filling)
      encodeInto(bytes.subarray(filling), pairs)
      const refusal = writeWhole(whole, bytes, path) ?? readBack(whole, bytes)
      if (refusal !== undefined) return refusal
      if (pairs !== made) latest = []
      latest.push({ at, pairs, writtenAtMs: now })
    }
    return { ok: true, at, repaired: torn, again: pairs.length - made.length }
  }

  return {
    append,
    replace(pool, pair) {
      if (!pool.locked || !replaceValue(path, pool, pair)) return false
      const same = (one: Pair): boolean => one.key === pair.key
      latest = latest.map((batch) => ({ ...batch, pairs: batch.pairs.map((one) => (same(one) ? pair : one)) }))
      return true
    },
    recover: () => (latest.length === 0 ? Promise.resolve(nothing) : append(() => [])),
    close,
  }
}

/** Opens, locks, works, unlocks, closes. `work` must not wait: the locks are held while it runs. */
export async function withPool<Result>(
  options: PoolFileOptions,
  kind: 'shared' | 'exclusive',
  work: (pool: OpenPool) => Result,
): Promise<Result | PoolRefusal> {
  const { path } = options
  let fd: number | undefined
  try {
    fd = openSync(path, kind === 'shared' ? constants.O_RDONLY : openToAppend, 0o644)
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

async function lockAndWork<Result>(
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
    return work({ fd, size: stat.size, locked, gone: stat.nlink === 0 })
  } finally {
    if (locked) locks?.unlock(fd)
  }
}

const openToAppend = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT
const nothing: Appended = { ok: true, at: 0, repaired: 0, again: 0 }

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

/** What did not fit is taken back, so that the pool stays whole. */
function writeWhole({ fd, size, locked }: OpenPool, bytes: Buffer, path: string): PoolRefusal | undefined {
  let written = 0
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written)
    return undefined
  } catch (error) {
    // Without locks, others may have appended behind it.
    if (written > 0 && (locked || fstatSync(fd).size === size + written)) ftruncateSync(fd, size)
    return refusalOf(error, path)
  }
}

function readBack(pool: OpenPool, bytes: Buffer): PoolRefusal | undefined {
  if (isAt(pool.fd, pool.size, bytes)) return undefined
  // Without locks, others may have appended before us.
  if (!pool.locked && readAll(pool.fd, pool.size).includes(bytes)) return undefined
  return { ok: false, reason: 'failed', detail: 'what was written to the pool cannot be read back' }
}

let writeMemory = Buffer.allocUnsafe(recordBytes)
let readMemory = Buffer.allocUnsafe(recordBytes)
const lastMemory = Buffer.allocUnsafe(recordBytes)

/** Done now and then, since it goes over all. */
function forget(latest: Latest[], now: number): Latest[] {
  const [first] = latest
  const last = latest.at(-1)
  if (first === undefined || last === undefined) return latest
  const held = (last.at - first.at) / recordBytes + last.pairs.length
  if (held < rememberedRecords && first.writtenAtMs >= now - 2 * rememberedMs) return latest
  let records = 0
  return latest
    .toReversed()
    .filter(
      ({ pairs, writtenAtMs }) =>
        (records += pairs.length) <= rememberedRecords / 2 && writtenAtMs >= now - rememberedMs,
    )
    .toReversed()
}

/** The same memory for each batch: it is used between two turns of the event loop only. */
function scratch(length: number): Buffer {
  if (writeMemory.length < length) writeMemory = Buffer.allocUnsafe(length)
  return writeMemory.subarray(0, length)
}

function isAt(fd: number, at: number, bytes: Buffer): boolean {
  if (readMemory.length < bytes.length) readMemory = Buffer.allocUnsafe(bytes.length)
  const length = readSync(fd, readMemory, 0, bytes.length, at)
  return length === bytes.length && bytes.compare(readMemory, 0, length) === 0
}

/**
 * The last record tells: a rewrite that lost any of ours lost all behind it, and the last is looked at before each append.
 * Undefined: what was written last is too old to be lost in that way, and whoever removed it may have meant to.
 */
function lostOf({ fd, size }: OpenPool, latest: readonly Latest[], now: number): readonly Pair[] | undefined {
  const last = latest.at(-1)
  if (last === undefined || last.writtenAtMs < now - rememberedMs) return undefined
  const end = last.at + last.pairs.length * recordBytes
  encodeInto(lastMemory, last.pairs.slice(-1))
  if (end <= size && isAt(fd, end - recordBytes, lastMemory)) return []
  const all = readAll(fd, 0)
  const present = new Set<string>()
  for (let at = 0; at + recordBytes <= all.length; at += recordBytes)
    present.add(all.toString('latin1', at, at + recordBytes))
  const recent = latest.filter(({ writtenAtMs }) => writtenAtMs >= now - rememberedMs)
  return recent.flatMap(({ pairs }) => pairs).filter((pair) => !present.has(encodeRecords([pair]).toString('latin1')))
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

function refusalOf(error: unknown, path: string): PoolRefusal {
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
