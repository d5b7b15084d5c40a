// Reads a pool as it is at one instant: nobody rewrites it meanwhile, as far as locks can be had, and a record being written is waited for.
import { setTimeout as wait } from 'node:timers/promises'
import { type PoolFileOptions, type PoolRefusal, readAll, withPool } from './open-pool.ts'
import { decodeRecords, type PoolRecord, recordBytes } from './record.ts'

export type PoolRead =
  | { readonly ok: true; readonly records: readonly PoolRecord[]; readonly bytes: number }
  | PoolRefusal

/** Who writes without our locks has ended his write by then. */
const tornWaitMs = 40
/** A hundred thousand records; hosts give up long before. */
const mostBytes = 100_000 * recordBytes

export async function readPool(path: string, options: Omit<PoolFileOptions, 'path'>, from = 0): Promise<PoolRead> {
  let read = await readBytes(path, options, from)
  if (read.ok && read.bytes.length % recordBytes !== 0) {
    await wait(tornWaitMs)
    read = await readBytes(path, options, from)
  }
  if (!read.ok) return read
  return { ok: true, records: decodeRecords(read.bytes, from / recordBytes), bytes: from + read.bytes.length }
}

/** Without the locks where they cannot be had: to look is always allowed. */
async function readBytes(path: string, options: Omit<PoolFileOptions, 'path'>, from: number): Promise<BytesRead> {
  const look = (locks: PoolFileOptions['locks']): Promise<BytesRead> =>
    withPool({ ...options, locks, path }, 'shared', ({ fd, size }): BytesRead =>
      size > mostBytes
        ? { ok: false, reason: 'failed', detail: `${path} has ${size} bytes, too many for a pool` }
        : { ok: true, bytes: readAll(fd, from) },
    )
  const read = await look(options.locks)
  return read.ok || read.reason !== 'locked' ? read : look(undefined)
}

type BytesRead = { readonly ok: true; readonly bytes: Buffer } | PoolRefusal
