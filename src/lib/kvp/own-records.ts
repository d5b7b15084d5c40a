// Looks at records in a pool by their keys alone: how many are ours, and where one of them stands.
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { encodeRecords, type Pair, recordBytes } from './record.ts'

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

/** Writes a record over the one of the same key; false when there is none. Others must be locked out. */
export function replaceValue(
  path: string,
  { fd, size }: { readonly fd: number; readonly size: number },
  pair: Pair,
): boolean {
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
