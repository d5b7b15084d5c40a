// Bounds for texts taken from log lines that outlive the line.
import type { Groups } from '../../lib/pattern.ts'

const fieldLength = 1024

/** Adds the groups to `fields`, each cut at 1024 characters, but not the one that is the id. */
export function addFields(fields: Record<string, string>, groups: Groups, id?: string): void {
  for (const name in groups) {
    const value = groups[name]
    if (value !== undefined && name !== id) fields[name] = boundedText(value, fieldLength)
  }
}

/** A part of a string keeps the whole alive inside V8 (here a line of up to 64 KiB), so what is kept long is copied. */
export function boundedText(text: string, length: number): string {
  const cut = text.length <= length ? text : text.slice(0, isHighSurrogate(text, length - 1) ? length - 1 : length)
  return cut.length < shortest ? cut : Buffer.from(cut).toString()
}

/** V8 copies shorter parts by itself. */
const shortest = 13

function isHighSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0xd800 && code < 0xdc00
}
