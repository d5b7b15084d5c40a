// Compares bytes with a known text eight at a time, which is what makes a reader of logs fast.

/** ASCII without control characters, at least eight of them, ready to be compared. */
export interface Ascii {
  readonly length: number
  /** Eight characters each; the last ones end with the text, and overlap those before them. */
  readonly words: Float64Array
}

/** Throws for any other text. */
export function toAscii(text: string): Ascii {
  if (!/^[ -~]{8,}$/.test(text))
    throw new RangeError(`${JSON.stringify(text)} is not eight or more printable characters`)
  return readAscii(toView(Buffer.from(text, 'latin1')), 0, text.length)
}

/** The text that stands at `at`, which the caller knows to be such. */
export function readAscii(view: DataView, at: number, length: number): Ascii {
  const words = new Float64Array(Math.ceil(length / 8))
  for (let index = 0; index < words.length; index++) words[index] = wordAt(view, at + Math.min(index * 8, length - 8))
  return { length, words }
}

/** Whether the text stands at `at`; the bytes must reach as far. */
export function isAt(view: DataView, at: number, { length, words }: Ascii): boolean {
  const last = words.length - 1
  for (let index = 0; index < last; index++) if (wordAt(view, at + index * 8) !== words[index]) return false
  return wordAt(view, at + length - 8) === words[last]
}

export function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Eight bytes as one double: of printable ASCII that is a finite number other than zero, and no other bytes equal it. The
 * order of bytes is that of nearly all machines, which spares turning them around.
 */
function wordAt(view: DataView, at: number): number {
  return view.getFloat64(at, true)
}
