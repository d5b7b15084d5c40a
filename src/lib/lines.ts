// Splits a stream of bytes into lines without copying them, and carries the unfinished last one from chunk to chunk.

export interface LineSplitter {
  /** Hands every line that `chunk` completes to `onLine`; the bytes are only valid during that call. */
  push(chunk: Uint8Array, onLine: LineHandler): void
  /** The stream has ended: what is left counts as a line. */
  end(onLine: LineHandler): void
  /** All bytes since the last line feed, the dropped ones too; a cursor stands before them. */
  readonly pending: number
  /** Lines that were longer than `maxBytes` and lost their rest. */
  readonly cut: number
}

/** The line is `buffer[start]` up to before `buffer[end]`, without its line feed and one carriage return before it. */
export type LineHandler = (buffer: Buffer, start: number, end: number, cut: boolean) => void

const lineFeed = 10
const carriageReturn = 13

export function createLineSplitter(maxBytes = 64 * 1024): LineSplitter {
  // One byte more than a line may have, so that a carriage return behind a line of exactly that length is still seen.
  const room = maxBytes + 1
  let carried: Buffer | undefined
  let used = 0
  let pending = 0
  let cut = 0

  function push(chunk: Uint8Array, onLine: LineHandler): void {
    const buffer = asBuffer(chunk)
    let start = 0
    for (let feed = buffer.indexOf(lineFeed); feed !== -1; feed = buffer.indexOf(lineFeed, start)) {
      if (pending > 0) {
        carry(buffer, 0, feed)
        finish(onLine)
      } else {
        hand(buffer, start, feed, feed - start, onLine)
      }
      start = feed + 1
    }
    if (start < buffer.length) carry(buffer, start, buffer.length)
  }

  function end(onLine: LineHandler): void {
    if (pending > 0) finish(onLine)
  }

  function carry(buffer: Buffer, from: number, to: number): void {
    pending += to - from
    const wanted = Math.min(to - from, room - used)
    if (wanted <= 0) return
    carried = grown(carried, used, used + wanted, room)
    buffer.copy(carried, used, from, from + wanted)
    used += wanted
  }

  function finish(onLine: LineHandler): void {
    const length = pending
    const line = carried ?? empty
    const size = used
    pending = 0
    used = 0
    hand(line, 0, size, length, onLine)
  }

  function hand(buffer: Buffer, start: number, end: number, length: number, onLine: LineHandler): void {
    const stop = length <= room && end > start && buffer[end - 1] === carriageReturn ? end - 1 : end
    if (stop - start <= maxBytes) return onLine(buffer, start, stop, false)
    cut++
    onLine(buffer, start, start + maxBytes, true)
  }

  return {
    push,
    end,
    get pending() {
      return pending
    },
    get cut() {
      return cut
    },
  }
}

/** Shortens the end of a range so that no UTF-8 character is torn apart at `max` bytes. */
export function cutBytes(buffer: Uint8Array, start: number, end: number, max: number): number {
  if (end - start <= max) return end
  let stop = start + max
  const lowest = Math.max(start, stop - 3)
  while (stop > lowest && ((buffer[stop] ?? 0) & 0xc0) === 0x80) stop--
  return stop
}

const empty = Buffer.alloc(0)

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Doubles, so that a line arriving byte by byte costs no more than its length. */
function grown(old: Buffer | undefined, used: number, needed: number, most: number): Buffer {
  if (old && old.length >= needed) return old
  const next = Buffer.allocUnsafeSlow(Math.min(most, Math.max(256, needed, 2 * (old?.length ?? 0))))
  old?.copy(next, 0, 0, used)
  return next
}
