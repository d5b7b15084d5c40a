// Lets node:fs/promises make its system calls at once. The files are as real as ever; what is left out is the way through
// the thread pool, which takes most of the time of a test that reads ten thousand small files.
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { Readable } from 'node:stream'

/** In force until disposed; only for what the tail calls. */
export function callAtOnce(): Disposable {
  const { open, readdir, realpath, stat } = promises
  Object.assign(promises, {
    open: async (path: string, flags: string) => new Handle(fs.openSync(path, flags)),
    readdir: async (path: string) => fs.readdirSync(path),
    realpath: async (path: string) => fs.realpathSync.native(path),
    stat: async (path: string, options: fs.StatSyncOptions) => fs.statSync(path, options),
  })
  syncBuiltinESMExports()
  return {
    [Symbol.dispose]: () => {
      Object.assign(promises, { open, readdir, realpath, stat })
      syncBuiltinESMExports()
    },
  }
}

class Handle {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  async stat(options: fs.StatOptions): Promise<fs.Stats | fs.BigIntStats> {
    return fs.fstatSync(this.#fd, options)
  }

  async read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }> {
    return { bytesRead: fs.readSync(this.#fd, into, offset, length, position) }
  }

  createReadStream({ start, highWaterMark }: { readonly start: number; readonly highWaterMark: number }): Readable {
    return Readable.from(this.#pieces(start, highWaterMark))
  }

  *#pieces(start: number, size: number): Generator<Uint8Array> {
    const buffer = Buffer.alloc(size)
    for (let at = start, read = size; read > 0; at += read) {
      read = fs.readSync(this.#fd, buffer, 0, size, at)
      if (read > 0) yield Buffer.from(buffer.subarray(0, read))
    }
  }

  async close(): Promise<void> {
    fs.closeSync(this.#fd)
  }
}
