// Reads JSON that strangers sent: bounded in depth, and what is wrong with it as words.
import { jsonDepth } from './json-depth.ts'

/** Deeper than any sender means; what reads or writes it later goes a call deeper for each level. */
export const mostDepth = 64

/** `what` begins the sentence on what is wrong, as in "The body". */
export function readJson(bytes: Uint8Array, what: string): { readonly value: unknown } | { readonly error: string } {
  if (jsonDepth(bytes) > mostDepth) return { error: `${what} is nested deeper than ${mostDepth} levels.` }
  try {
    return { value: JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as unknown }
  } catch (error) {
    const where = error instanceof Error ? error.message : String(error)
    return { error: `${what} is no JSON: ${where.slice(0, 200)}.` }
  }
}

/** A value as a sentence shows it: as JSON, cut. */
export function showJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`
}
