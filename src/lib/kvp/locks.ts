// Locks on open files, of the two families that Linux has and that do not exclude each other: flock, and fcntl on byte ranges.

export interface FileLocks {
  /** Takes both without waiting; none is held when it answers false. They belong to this open file alone. */
  tryLock(fd: number, kind: 'shared' | 'exclusive'): boolean
  unlock(fd: number): void
}

export type LocksFound =
  | { readonly ok: true; readonly locks: FileLocks }
  /** Why there are none, as the middle of a sentence. */
  | { readonly ok: false; readonly detail: string }

const lockShared = 1
const lockExclusive = 2
const lockNow = 4
const lockNone = 8
/** Unlike plain record locks these are not dropped when another file descriptor of the same file is closed (fcntl(2)). */
const setOpenFileLock = 37
const rangeKinds = { shared: 0, exclusive: 1, none: 2 } as const

let found: Promise<LocksFound> | undefined

/** Node.js has no file locks of its own: they are called in the C library, loaded on first use. */
export function findLocks(): Promise<LocksFound> {
  found ??= loadLocks()
  return found
}

async function loadLocks(): Promise<LocksFound> {
  // The layout of `struct flock` below is that of these.
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch))
    return { ok: false, detail: `they are not known for ${process.platform} on ${process.arch}` }
  try {
    const { default: koffi } = await import('koffi')
    const library = koffi.load(null)
    const flock = library.func('int flock(int, int)') as (fd: number, kind: number) => number
    const fcntl = library.func('int fcntl(int, int, void *)') as (fd: number, command: number, lock: Buffer) => number
    return { ok: true, locks: createLocks(flock, fcntl) }
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) }
  }
}

function createLocks(
  flock: (fd: number, kind: number) => number,
  fcntl: (fd: number, command: number, lock: Buffer) => number,
): FileLocks {
  const ranges = {
    shared: wholeFile(rangeKinds.shared),
    exclusive: wholeFile(rangeKinds.exclusive),
    none: wholeFile(rangeKinds.none),
  }
  return {
    tryLock(fd, kind) {
      if (flock(fd, (kind === 'shared' ? lockShared : lockExclusive) | lockNow) !== 0) return false
      if (fcntl(fd, setOpenFileLock, ranges[kind]) === 0) return true
      flock(fd, lockNone)
      return false
    },
    unlock(fd) {
      fcntl(fd, setOpenFileLock, ranges.none)
      flock(fd, lockNone)
    },
  }
}

/** `struct flock` of 64-bit Linux: type, whence, start, length, process; zero is "from the start" and "to the end". */
function wholeFile(kind: number): Buffer {
  const lock = Buffer.alloc(32)
  lock.writeInt16LE(kind, 0)
  return lock
}
