// Records in a pool by their keys: how many are ours, what one says, and taking some out or writing over one while others are locked out.
import { closeSync, constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { type OpenPool, readAll } from './open-pool.ts'
import { decodeRecords, encodeRecords, keyBytes, type Pair, type PoolRecord, recordBytes } from './record.ts'

const recordsAtOnce = 400

/** Records between two places whose key begins so. */
export function countRecords(fd: number, from: number, to: number, start: string): number {
  let count = 0
  eachKey(fd, from, to, start, () => {
    count += 1
    return true
  })
  return count
}

/** Of the last record with this key. */
export function valueOf({ fd, size }: OpenPool, key: string): string | undefined {
  let place: number | undefined
  eachKey(fd, 0, size, `${key}\0`, (at) => {
    place = at
    return true
  })
  if (place === undefined) return undefined
  const bytes = Buffer.alloc(recordBytes)
  readSync(fd, bytes, 0, recordBytes, place)
  const value = bytes.subarray(keyBytes)
  const end = value.indexOf(0)
  return value.toString('utf8', 0, end < 0 ? value.length : end)
}

/** Moves what is kept towards the start, then cuts: at every instant each kept record stands in the pool, whole. */
export function takeOut(
  path: string,
  { fd, size }: OpenPool,
  goes: (record: PoolRecord) => boolean,
): readonly PoolRecord[] {
  // A torn record is the business of who appends, unless all behind what is kept goes.
  const bytes = readAll(fd, 0).subarray(0, size - (size % recordBytes))
  const gone: PoolRecord[] = []
  const kept = decodeRecords(bytes).filter((record) => {
    if (!goes(record)) return true
    gone.push(record)
    return false
  })
  if (gone.length === 0) return gone
  // Writes to the first go to its end wherever they are to go.
  const writable = openSync(path, constants.O_WRONLY)
  try {
    for (const [place, { index }] of kept.entries())
      if (place !== index) writeSync(writable, bytes, index * recordBytes, recordBytes, place * recordBytes)
    ftruncateSync(writable, kept.length * recordBytes)
  } finally {
    closeSync(writable)
  }
  return gone
}

/** Writes a record over the one of the same key; false when there is none. Others must be locked out. */
export function replaceValue(path: string, { fd, size }: OpenPool, pair: Pair): boolean {
  let place: number | undefined
  eachKey(fd, 0, size, `${pair.key}\0`, (at) => {
    place = at
    return false
  })
  if (place === undefined) return false
  const writable = openSync(path, constants.O_WRONLY)
  try {
    writeSync(writable, encodeRecords([pair]), 0, recordBytes, place)
  } finally {
    closeSync(writable)
  }
  return true
}

function eachKey(fd: number, from: number, to: number, start: string, found: (at: number) => boolean): void {
  const wanted = Buffer.from(start)
  const bytes = Buffer.allocUnsafe(recordsAtOnce * recordBytes)
  for (let at = from; at < to; at += bytes.length) {
    const length = readSync(fd, bytes, 0, Math.min(bytes.length, to - at), at)
    for (let place = 0; place + recordBytes <= length; place += recordBytes)
      if (bytes.compare(wanted, 0, wanted.length, place, place + wanted.length) === 0 && !found(at + place)) return
    if (length < Math.min(bytes.length, to - at)) return
  }
}
