// The pool as a file that others write too: locked both ways, repaired, appended to at once, read back.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import {
  lockAndWork,
  type OpenPool,
  openToAppend,
  type PoolFileOptions,
  type PoolRefusal,
  readAll,
  refusalOf,
} from './open-pool.ts'
import { createTurns } from '../turns.ts'
import { replaceValue, takeOut } from './own-records.ts'
import { encodeInto, encodeRecords, type Pair, type PoolRecord, recordBytes } from './record.ts'

export interface PoolFile {
  /**
   * `make` is called when the pool is locked and whole; what it returns is appended, behind so many lost records that are
   * appended again. Nothing is kept of a batch that is refused.
   */
  append(make: Make): Promise<Appended>
  /** Looks whether the latest records are still there, and appends again those that are not. */
  recover(): Promise<Appended>
  /** While the pool is open and locked: writes a record over the one of the same key; false when there is none. */
  replace(pool: OpenPool, pair: Pair): boolean
  /** While the pool is open and locked: takes records out of it; what is behind them moves up. */
  remove(pool: OpenPool, goes: (record: PoolRecord) => boolean): void
  /** When what is under way has ended. */
  close(): Promise<void>
}

type Make = (pool: OpenPool, again: number) => readonly Pair[]

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

export interface WriteOptions extends PoolFileOptions {
  /** At most so many records that are not there any more are appended again: another program may have made room. */
  roomIn?(pool: OpenPool): number
  /** The record of this key others may change in its place: then nothing of it is lost. */
  isChanged?(key: string): boolean
}

export function createPoolFile(options: WriteOptions): PoolFile {
  const { path } = options
  let latest: Latest[] = []
  let closed = false
  let removed = false
  const lastRecord = Buffer.alloc(recordBytes)
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

  /** One at a time: what waits for the locks must not find its file closed by another, and its number another file's. */
  const turns = createTurns(1)
  const append = (make: Make): Promise<Appended> => turns.take(() => appendInTurn(make))

  async function appendInTurn(make: Make): Promise<Appended> {
    if (closed) return { ok: false, reason: 'failed', detail: `${path} is no longer written` }
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

  function write(pool: OpenPool, make: Make): Appended {
    const { fd, locked } = pool
    const torn = pool.size % recordBytes
    if (torn > 0 && locked) ftruncateSync(fd, pool.size - torn)
    let whole = { ...pool, size: torn > 0 && locked ? pool.size - torn : pool.size }
    const now = performance.now()
    const lost = newest(
      lostOf(whole, latest, lastRecord, now, options.isChanged),
      () => options.roomIn?.(whole) ?? Number.POSITIVE_INFINITY,
    )
    latest = forget(latest, now)
    removed = false
    const made = make(whole, lost?.length ?? 0)
    if (removed) whole = { ...whole, size: fstatSync(fd).size }
    const pairs = lost === undefined || lost.length === 0 ? made : [...lost, ...made]
    const filling = torn > 0 && !locked ? recordBytes - torn : 0
    const at = whole.size + filling
    if (pairs.length > 0) {
      const bytes = scratch(filling + pairs.length * recordBytes)
      bytes.fill(0, 0, filling)
      encodeInto(bytes.subarray(filling), pairs)
      const refusal = writeWhole(whole, bytes, path) ?? readBack(whole, bytes)
      if (refusal !== undefined) return refusal
      if (pairs !== made) latest = without(latest, new Set(lost))
      latest.push({ at, pairs, writtenAtMs: now })
      bytes.copy(lastRecord, 0, bytes.length - recordBytes)
    }
    return { ok: true, at, repaired: torn, again: pairs.length - made.length }
  }

  return {
    append,
    replace(pool, pair) {
      if (!pool.locked || !replaceValue(path, pool, pair)) return false
      const same = (one: Pair): boolean => one.key === pair.key
      latest = latest.map((batch) => ({ ...batch, pairs: batch.pairs.map((one) => (same(one) ? pair : one)) }))
      const last = latest.at(-1)?.pairs.slice(-1) ?? []
      encodeInto(lastRecord, last)
      return true
    },
    remove(pool, goes) {
      if (!pool.locked) return
      const gone = new Set(takeOut(path, pool, goes).map(idOf))
      // Else they would be taken for lost.
      latest = latest.map((batch) => ({ ...batch, pairs: batch.pairs.filter((pair) => !gone.has(idOf(pair))) }))
      removed = true
    },
    recover: () => (latest.length === 0 ? Promise.resolve(nothing) : append(() => [])),
    close: () =>
      turns.take(async () => {
        closed = true
        close()
      }),
  }
}

function idOf({ key, value }: Pair): string {
  return `${key}\n${value}`
}

const nothing: Appended = { ok: true, at: 0, repaired: 0, again: 0 }

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

/** They stand in the new batch instead. */
function without(latest: readonly Latest[], lost: ReadonlySet<Pair>): Latest[] {
  return latest.map((batch) => ({ ...batch, pairs: batch.pairs.filter((pair) => !lost.has(pair)) }))
}

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

function newest(pairs: readonly Pair[] | undefined, room: () => number): readonly Pair[] | undefined {
  if (pairs === undefined || pairs.length === 0) return pairs
  return pairs.slice(Math.max(0, pairs.length - Math.max(0, room())))
}

/**
 * The last record tells: a rewrite that lost any of ours lost all behind it, and the last is looked at before each append.
 * What is missing before one that is there made room for others. Undefined: what was written last is too old to be lost in
 * that way, and whoever removed it may have meant to.
 */
function lostOf(
  { fd, size }: OpenPool,
  latest: readonly Latest[],
  lastRecord: Buffer,
  now: number,
  isChanged?: (key: string) => boolean,
): readonly Pair[] | undefined {
  const last = latest.at(-1)
  if (last === undefined || last.writtenAtMs < now - rememberedMs) return undefined
  const end = last.at + last.pairs.length * recordBytes
  if (end <= size && isAt(fd, end - recordBytes, lastRecord)) return []
  const all = readAll(fd, 0)
  const present = new Set<string>()
  for (let at = 0; at + recordBytes <= all.length; at += recordBytes)
    present.add(all.toString('latin1', at, at + recordBytes))
  const recent = latest.filter(({ writtenAtMs }) => writtenAtMs >= now - rememberedMs).flatMap(({ pairs }) => pairs)
  const isThere = (pair: Pair): boolean =>
    present.has(encodeRecords([pair]).toString('latin1')) ||
    (isChanged?.(pair.key) === true && all.includes(`${pair.key}\0`))
  return recent.slice(recent.findLastIndex(isThere) + 1)
}
