// The uncompressed bytes of a file, plain or gzip, read by position.
import { open, stat, type FileHandle } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { pipeline } from 'node:stream'
import { type Place, toMark } from './cursor.ts'

export interface FileStat {
  /** Device and inode. */
  readonly id: string
  readonly size: number
  /** In ms, with the file system's own precision. */
  readonly mtime: number
  /** When the inode was taken into use, in ms; 0 or the time of the last change where the file system does not know. */
  readonly born: number
  readonly isFile: boolean
}

export interface Content {
  readonly compressed: boolean
  stat(): Promise<FileStat>
  /** Fills some of `into` from `position` on; 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>
  close(): Promise<void>
}

export async function statFile(path: string): Promise<FileStat> {
  return toStat(await stat(path, { bigint: true }))
}

/** Opens a file only if it is still the one that was seen, since names move at any time; undefined when it is not. */
export async function openContent(path: string, id: string, compressed: boolean): Promise<Content | undefined> {
  const handle = await open(path, 'r')
  try {
    if (toStat(await handle.stat({ bigint: true })).id === id)
      return compressed ? new GzipContent(handle) : new PlainContent(handle)
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

/** Reads until `into` is full or the content ends. */
export async function readFully(content: Content, into: Uint8Array, position: number): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const length = await content.read(into.subarray(filled), position + filled)
    if (length === 0) break
    filled += length
  }
  return filled
}

/** Whether the content begins with the cursor's head and has its marker right before the offset. */
export async function isContinuation(content: Content, cursor: Place) {
  if (!content.compressed && (await content.stat()).size < cursor.offset) return false
  const marks = [
    { mark: cursor.head, position: 0 },
    { mark: cursor.marker, position: cursor.offset - cursor.marker.length },
  ]
  for (const { mark, position } of marks) {
    const bytes = new Uint8Array(mark.length)
    if ((await readFully(content, bytes, position)) < mark.length || toMark(bytes).hash !== mark.hash) return false
  }
  return true
}

class PlainContent implements Content {
  readonly compressed = false
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async stat(): Promise<FileStat> {
    return toStat(await this.#handle.stat({ bigint: true }))
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.length, position)).bytesRead
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** Unpacks as a stream, member after member, holding one piece at a time; going back means beginning again. */
class GzipContent implements Content {
  readonly compressed = true
  readonly #handle: FileHandle
  #pieces: AsyncIterator<Uint8Array> | undefined
  #piece: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async stat(): Promise<FileStat> {
    return toStat(await this.#handle.stat({ bigint: true }))
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    try {
      return await this.#read(into, position)
    } catch (error) {
      this.#pieces = undefined
      throw error
    }
  }

  async #read(into: Uint8Array, position: number): Promise<number> {
    if (!this.#pieces || position < this.#at) await this.#rewind()
    while (this.#at + this.#piece.length <= position) {
      this.#at += this.#piece.length
      this.#piece = new Uint8Array(0)
      const next = await this.#pieces!.next()
      if (next.done) return 0
      this.#piece = next.value
    }
    const from = position - this.#at
    const part = this.#piece.subarray(from, from + into.length)
    into.set(part)
    return part.length
  }

  async close(): Promise<void> {
    await this.#pieces?.return?.()
    await this.#handle.close()
  }

  async #rewind(): Promise<void> {
    await this.#pieces?.return?.()
    const gunzip = createGunzip({ chunkSize: 65_536 })
    const packed = this.#handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 65_536 })
    // What goes wrong reaches the reader of `gunzip`, which the pipeline destroys with the error.
    pipeline(packed, gunzip, () => {})
    this.#pieces = gunzip[Symbol.asyncIterator]()
    this.#piece = new Uint8Array(0)
    this.#at = 0
  }
}

function toStat(stats: {
  dev: bigint
  ino: bigint
  size: bigint
  mtimeNs: bigint
  birthtimeNs: bigint
  isFile(): boolean
}): FileStat {
  return {
    id: `${stats.dev}:${stats.ino}`,
    size: Number(stats.size),
    mtime: Number(stats.mtimeNs) / 1e6,
    born: Number(stats.birthtimeNs) / 1e6,
    isFile: stats.isFile(),
  }
}

/** Where the line begins that the file ends in the middle of, so that it is read whole once it is. */
export async function lastLineStart(content: Content, size: number): Promise<number> {
  const tail = Buffer.alloc(Math.min(size, 65_536))
  const length = await readFully(content, tail, size - tail.length)
  const end = tail.subarray(0, length).lastIndexOf(0x0a)
  return end >= 0 ? size - tail.length + end + 1 : size > tail.length ? size : 0
}
