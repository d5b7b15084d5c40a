// One file's content while it is being read: how far, what it began with, and what stood right before.
import { type Content, type FileStat, readFully } from './content.ts'
import type { Sibling } from './siblings.ts'
import { headBytes, type Mark, markerBytes, type Place, type TailCursor, toMark, toPrevious } from './cursor.ts'

const lineFeed = 0x0a

export type Identity = Pick<
  TailCursor,
  'base' | 'id' | 'offset' | 'head' | 'marker' | 'modifiedAt' | 'doneUntil' | 'previous'
>

/** Whether a file with this time may have been changed since without another: some file systems keep whole seconds. */
export function isFresh(mtime: number, now: number): boolean {
  return mtime % 1000 === 0 && now - mtime < freshMs
}

/** A second, and another for clocks that differ. */
const freshMs = 2000

export class Generation {
  readonly content: Content
  readonly path: string
  readonly base: string
  readonly id: string
  /** Bytes handed out so far. */
  offset: number
  mtime: number
  /** When it was looked at, it could still be written to without another time. */
  fresh = false
  size: number
  /** Holds what was in the live file before that was truncated. */
  readonly copy: boolean
  /** Where the files before this one ended, as the cursor has it. */
  previous: readonly Place[] = []
  /** When the files before this one were last written to. */
  doneUntil = -Infinity
  /** Nobody writes to it any more: a copy, or a file of an earlier day. */
  complete = false
  /** When it was first found without new bytes after it had been rotated away. */
  quietSince: number | undefined
  /** When it was first found to be rotated away. */
  leftAt: number | undefined
  /** What the file looked like when it was last read to its end. */
  settled: FileStat | undefined
  /** Whether the last byte handed out belongs to a line that has no end yet. */
  partial = false
  #head: Buffer
  #headMark: Mark | undefined
  #before: Buffer
  /** The bytes last read with those before them, from `#recentAt` to `offset`. */
  #recent: Uint8Array = new Uint8Array(0)
  #done: { readonly offset: number; readonly marker: Mark }

  private constructor(content: Content, file: Sibling, offset: number, head: Buffer, before: Buffer, copy = false) {
    this.content = content
    this.path = file.path
    this.base = file.base
    this.id = file.id
    this.mtime = file.mtime
    this.size = file.size
    this.copy = copy
    this.offset = offset
    this.#head = head
    this.#before = before
    this.#done = { offset, marker: toMark(before) }
  }

  /** Begins at `offset`, which should be the beginning of a line. */
  static async at(content: Content, file: Sibling, offset: number): Promise<Generation> {
    const head = Buffer.alloc(Math.min(headBytes, offset))
    const before = Buffer.alloc(Math.min(markerBytes, offset))
    await readFully(content, head, 0)
    await readFully(content, before, offset - before.length)
    return new Generation(content, file, offset, head, before)
  }

  /** The same content in another file: a copy or a compressed one; the line begun in the first goes on in this. */
  static after(old: Generation, content: Content, file: Sibling): Generation {
    const next = new Generation(content, file, old.offset, old.#head, old.#before, true)
    next.partial = old.partial
    // Within the same second a file that only begins alike may have been taken for a copy.
    next.complete = !old.fresh
    next.#done = old.#done
    return next
  }

  /** What was done before `old` is done, and so is `old`, unless this only is another file with its content. */
  comeAfter(old: Generation, continues: boolean): void {
    const { doneUntil } = old.#past()
    const isClose = Math.floor(old.doneUntil / 1000) === Math.floor(doneUntil / 1000)
    this.doneUntil = doneUntil
    this.previous = continues || old.offset === 0 ? old.previous : toPrevious(old.end(), old.previous, isClose)
  }

  /** What the file looked like as it was read. */
  see({ mtime, size }: FileStat, now: number): void {
    this.mtime = mtime
    this.size = size
    this.fresh = isFresh(mtime, now)
  }

  /** Bytes known to follow; unknown (0) while unpacking. */
  get left(): number {
    return this.content.compressed ? 0 : Math.max(0, this.size - this.offset)
  }

  /** The next bytes, valid until the next call; undefined when what stood before them has changed. */
  async read(buffer: Buffer): Promise<Uint8Array | undefined> {
    const known = this.#before.length
    this.#recent = this.#before
    if (this.content.compressed) {
      buffer.set(this.#before)
      return buffer.subarray(known, known + (await this.content.read(buffer.subarray(known), this.offset)))
    }
    // One read call for both, so that a file truncated and written anew past our offset cannot slip between.
    const length = await this.content.read(buffer, this.offset - known)
    if (length < known || !buffer.subarray(0, known).equals(this.#before)) return undefined
    return buffer.subarray(known, length)
  }

  /** Counts bytes as handed out; `buffer` is the one they were read into. */
  advance(buffer: Buffer, bytes: Uint8Array): void {
    const known = this.#before.length
    if (this.#head.length < headBytes) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, headBytes - this.#head.length)])
      this.#headMark = undefined
    }
    this.offset += bytes.length
    this.partial = bytes[bytes.length - 1] !== lineFeed
    this.quietSince = undefined
    const end = known + bytes.length
    this.#recent = buffer.subarray(0, end)
    this.#before = Buffer.from(buffer.subarray(Math.max(0, end - markerBytes), end))
  }

  /** Whether the file still begins as it did. */
  async hasSameHead(): Promise<boolean> {
    const head = Buffer.alloc(this.#head.length)
    return (await readFully(this.content, head, 0)) === head.length && head.equals(this.#head)
  }

  /** Who we are at the read offset, to find this content again under another name. */
  identity(): Identity {
    const { base, id, mtime } = this
    return { base, id, ...this.end(), modifiedAt: mtime, ...this.#past() }
  }

  /** Where the last whole line ended, `pending` bytes before the read offset. */
  cursor(path: string, pending: number): TailCursor {
    const offset = Math.max(0, this.offset - pending)
    const end = this.#recent.length - (this.offset - offset)
    // A line longer than one read began where the cursor already stands.
    if (offset !== this.#done.offset && end >= Math.min(markerBytes, offset))
      this.#done = { offset, marker: toMark(this.#recent.subarray(Math.max(0, end - markerBytes), end)) }
    const { base, id, mtime } = this
    return { v: 1, path, base, id, ...this.#done, head: this.#mark(), modifiedAt: mtime, ...this.#past() }
  }

  /** What was handed out so far, to know a copy of it again. */
  end(): Place {
    return { offset: this.offset, head: this.#mark(), marker: toMark(this.#before) }
  }

  #past(): Pick<TailCursor, 'doneUntil' | 'previous'> {
    const doneUntil = Math.max(this.doneUntil, this.mtime)
    return this.previous.length === 0 ? { doneUntil } : { doneUntil, previous: this.previous }
  }

  #mark(): Mark {
    return (this.#headMark ??= toMark(this.#head))
  }
}
