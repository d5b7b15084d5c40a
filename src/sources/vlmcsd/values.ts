// Values of log lines, from bytes to what we keep; texts that come again and again are made only once.
import { toView } from '../../lib/ascii.ts'
import type { Line } from './line.ts'

/** Makes a value of a range of the line, or finds the one made of the same bytes before. */
export type Interner<Value> = (line: Line, start: number, end: number) => Value

/**
 * A table of fixed size: a newcomer takes the place of what stood in its slot, so that a scan cannot grow it. Texts longer
 * than `width` bytes (at most 254) are rare, and not kept. `slots` is a power of two, `width` a multiple of four.
 */
export function createInterner<Value>(make: (text: string) => Value, slots = 256, width = 128): Interner<Value> {
  const kept = toView(new Uint8Array(slots * width))
  // One more than the length, so that an empty slot is told from an empty text.
  const lengths = new Uint8Array(slots)
  const values: Value[] = []
  const shift = 32 - Math.log2(slots)
  return ({ bytes, view }, start, end) => {
    const length = end - start
    if (length > width) return make(decode(bytes, start, end))
    const slot = hash(view, start, end) >>> shift
    const known = values[slot]
    if (lengths[slot] === length + 1 && known !== undefined && isSame(kept, slot * width, view, start, end))
      return known
    const value = make(decode(bytes, start, end))
    for (let at = start; at < end; at += 4) kept.setInt32(slot * width + at - start, wordAt(view, at, end), true)
    lengths[slot] = length + 1
    values[slot] = value
    return value
  }
}

/** Whether the bytes are these ASCII characters. */
export function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[start + index]) return false
  return true
}

/** UTF-8, with U+FFFD for what is none. */
export function decode(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) >= 0x80) return bytes.toString('utf8', start, end)
  return bytes.toString('latin1', start, end)
}

/** A whole number with an optional sign at `start`; undefined when there is none. */
export function readInteger(bytes: Buffer, start: number, end: number): number | undefined {
  const negative = bytes[start] === 0x2d
  let at = negative ? start + 1 : start
  const first = at
  let value = 0
  for (; at < end && at - first < 15; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  if (at === first) return undefined
  return negative ? -value : value
}

/** `2018-04-17 08:31:44` as UTC ms; the year may have more than four digits. NaN when it is no time. */
export function readUtc(bytes: Buffer, start: number, end: number): number {
  const year = readInteger(bytes, start, end)
  let at = start
  while (at < end && bytes[at] !== 0x2d) at++
  if (year === undefined || end - at < 15) return Number.NaN
  const month = readTwo(bytes, at + 1)
  const day = readTwo(bytes, at + 4)
  const hour = readTwo(bytes, at + 7)
  const minute = readTwo(bytes, at + 10)
  const second = readTwo(bytes, at + 13)
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour >= 0 && hour < 24)) return Number.NaN
  if (!(minute >= 0 && minute < 60 && second >= 0 && second < 61)) return Number.NaN
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

function readTwo(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) - 0x30) * 10 + (bytes[at + 1] ?? 0) - 0x30
}

export interface NamedId {
  readonly id: string
  readonly name: string
}

/** `2de67392-b7a7-462a-b1ca-108dd189f588 (Windows 10 S (Lean))`: names may have brackets of their own. */
export function readNamedId(text: string): NamedId {
  const id = guid.exec(text)?.[0].toLowerCase() ?? ''
  const open = text.indexOf(' (', id.length)
  const close = text.lastIndexOf(')')
  const name = open >= 0 && close > open ? text.slice(open + 2, close) : ''
  return { id, name: name.slice(0, maxName) }
}

export interface Status {
  readonly code: number | undefined
  readonly words: string
}

/** `5 (Notification)` */
export function readStatus(text: string): Status {
  const code = /^\d+/.exec(text)?.[0]
  const words = /\((.*)\)\s*$/.exec(text)?.[1] ?? ''
  return { code: code === undefined ? undefined : Number(code), words: words.slice(0, maxName) }
}

export const maxName = 256
export const guid = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/

/** Of all bytes; the upper bits are the good ones. */
function hash(view: DataView, start: number, end: number): number {
  let mixed = end - start
  for (let at = start; at < end; at += 4) mixed = Math.imul(mixed ^ wordAt(view, at, end), 0x9e3779b1)
  return mixed
}

function isSame(kept: DataView, from: number, view: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += 4)
    if (kept.getInt32(from + at - start, true) !== wordAt(view, at, end)) return false
  return true
}

/** Four bytes, or those that are left. */
function wordAt(view: DataView, at: number, end: number): number {
  if (at + 4 <= end) return view.getInt32(at, true)
  let word = 0
  for (let from = at; from < end; from++) word = (word << 8) | view.getUint8(from)
  return word
}
