// Records of a Hyper-V key-value pool: fixed 2,560 bytes, a key and a value, each padded with NUL; no header, no count, no checksum.
import { isUtf8 } from 'node:buffer'

// https://github.com/torvalds/linux/blob/master/include/uapi/linux/hyperv.h
export const keyBytes = 512
export const valueBytes = 2048
export const recordBytes = keyBytes + valueBytes

/** The kernel copies with `strlen`, so one byte of each is for the NUL. */
export const mostKeyBytes = keyBytes - 1
export const mostValueBytes = valueBytes - 1
/** It hands the host UTF-16 with room for so many units, and cuts the rest without a word (drivers/hv/hv_kvp.c). */
export const mostKeyUnits = keyBytes / 2 - 2
export const mostValueUnits = valueBytes / 2 - 2

export interface Pair {
  readonly key: string
  readonly value: string
}

export interface PoolRecord extends Pair {
  /** Its place in the pool, from 0. */
  readonly index: number
  /** What is wrong with it, as the middle of a sentence. */
  readonly problem?: string
}

/** What is longer than the file has room for is cut after a whole character. */
export function encodeRecords(pairs: readonly Pair[]): Buffer {
  const bytes = Buffer.allocUnsafe(pairs.length * recordBytes)
  encodeInto(bytes, pairs)
  return bytes
}

/** Into memory that may hold anything. */
export function encodeInto(bytes: Buffer, pairs: readonly Pair[]): void {
  let at = 0
  for (const { key, value } of pairs) {
    const keyEnd = at + bytes.write(key, at, keyBytes)
    bytes.fill(0, keyEnd, at + keyBytes)
    const valueEnd = at + keyBytes + bytes.write(value, at + keyBytes, valueBytes)
    at += recordBytes
    bytes.fill(0, valueEnd, at)
  }
}

/** Whole records in order. What follows the last whole one becomes a record with a problem, since all after it would be garbage. */
export function decodeRecords(bytes: Buffer, firstIndex = 0): PoolRecord[] {
  const records: PoolRecord[] = []
  const whole = Math.floor(bytes.length / recordBytes)
  for (let number = 0; number < whole; number++)
    records.push(decodeAt(bytes, number * recordBytes, firstIndex + number))
  const torn = bytes.length % recordBytes
  if (torn > 0)
    records.push({
      index: firstIndex + whole,
      key: readText(bytes, whole * recordBytes, Math.min(torn, keyBytes)),
      value: readText(bytes, whole * recordBytes + keyBytes, Math.max(0, torn - keyBytes)),
      problem: `torn: ${torn} of ${recordBytes} bytes`,
    })
  return records
}

function decodeAt(bytes: Buffer, at: number, index: number): PoolRecord {
  const keyEnd = endOf(bytes, at, keyBytes)
  const valueAt = at + keyBytes
  const valueEnd = endOf(bytes, valueAt, valueBytes)
  const key = bytes.toString('utf8', at, keyEnd)
  const value = bytes.toString('utf8', valueAt, valueEnd)
  if (key === '') return { index, key, value, problem: 'it has no key' }
  const broken = [
    isBroken(key, bytes, at, keyEnd) ? 'key' : '',
    isBroken(value, bytes, valueAt, valueEnd) ? 'value' : '',
  ].filter((name) => name !== '')
  return broken.length === 0
    ? { index, key, value }
    : { index, key, value, problem: `its ${broken.join(' and ')} is no UTF-8` }
}

/** What cannot be decoded becomes U+FFFD, which may also have been written as such. */
function isBroken(text: string, bytes: Buffer, at: number, end: number): boolean {
  return text.includes('\ufffd') && !isUtf8(bytes.subarray(at, end))
}

/** Cut at the first NUL: the daemon leaves the end of an older, longer value behind it. */
function endOf(bytes: Buffer, at: number, room: number): number {
  const nul = bytes.indexOf(0, at)
  return nul < 0 || nul > at + room ? at + room : nul
}

function readText(bytes: Buffer, at: number, room: number): string {
  return room === 0 ? '' : bytes.toString('utf8', at, Math.min(bytes.length, endOf(bytes, at, room)))
}
