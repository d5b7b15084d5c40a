// Compares bytes with a known text eight at a time, which is what makes a reader of logs fast.

/** ASCII without control characters, at least eight of them, ready to be compared. */
export interface Ascii {
  readonly length: number
  /** Eight characters each; the last ones end with the text, and overlap those before them. */
  readonly words: Float64Array
}

/**
 * Eight bytes are compared as one double: of printable ASCII that is a finite number other than zero, and no other bytes
 * equal it. Throws for any other text.
 */
export function toAscii(text: string): Ascii {
  if (!/^[ -~]{8,}$/.test(text))
    throw new RangeError(`${JSON.stringify(text)} is not eight or more printable characters`)
  const view = toView(new TextEncoder().encode(text))
  const words = new Float64Array(Math.ceil(text.length / 8))
  for (let index = 0; index < words.length; index++)
    words[index] = view.getFloat64(Math.min(index * 8, text.length - 8))
  return { length: text.length, words }
}

/** Whether the text stands at `at`; the bytes must reach as far. */
export function isAt(view: DataView, at: number, { length, words }: Ascii): boolean {
  const last = words.length - 1
  for (let index = 0; index < last; index++) if (view.getFloat64(at + index * 8) !== words[index]) return false
  return view.getFloat64(at + length - 8) === words[last]
}

export function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
