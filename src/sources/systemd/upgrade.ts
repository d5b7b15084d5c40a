// Whether a package manager works on this machine, by the locks that it holds.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Held by fcntl(2) or flock(2) while packages are changed: dpkg and apt, rpm (dnf, yum, zypper), apk. */
const locked = [
  '/var/lib/dpkg/lock',
  '/var/lib/dpkg/lock-frontend',
  '/usr/lib/sysimage/rpm/.rpm.lock',
  '/var/lib/rpm/.rpm.lock',
  '/lib/apk/db/lock',
]
/** There while packages are changed: pacman's. One of yesterday was left behind by a crash. */
const present = '/var/lib/pacman/db.lck'
const longestMs = 6 * 3_600_000

export interface Lock {
  readonly major: number
  readonly minor: number
  readonly inode: bigint
}

export async function isUpgrading(root: string, now: number): Promise<boolean> {
  const left = await stat(join(root, present)).catch(() => undefined)
  if (left !== undefined && Math.abs(now - left.mtimeMs) < longestMs) return true
  const locks = readLocks(await readFile(join(root, '/proc/locks'), 'utf8').catch(() => ''))
  if (locks.length === 0) return false
  for (const path of locked) {
    const file = await stat(join(root, path), { bigint: true }).catch(() => undefined)
    if (file !== undefined && locks.some((lock) => isOf(lock, file))) return true
  }
  return false
}

/** Those for writing that are held; `->` marks one that is waited for. https://man7.org/linux/man-pages/man5/proc_locks.5.html */
export function readLocks(text: string): readonly Lock[] {
  return [...text.matchAll(/^\d+: (?:POSIX|FLOCK|OFDLCK)\s+\S+\s+WRITE\s+-?\d+ ([0-9a-f]+):([0-9a-f]+):(\d+) /gm)].map(
    ([, major = '', minor = '', inode = '']) => ({
      major: Number.parseInt(major, 16),
      minor: Number.parseInt(minor, 16),
      inode: BigInt(inode),
    }),
  )
}

/** Overlays and btrfs show files on a device of their own, with major number 0, which the table of locks does not know. */
function isOf({ major, minor, inode }: Lock, file: { readonly dev: bigint; readonly ino: bigint }): boolean {
  if (inode !== file.ino) return false
  const [fileMajor, fileMinor] = [
    Number((file.dev >> 8n) & 0xfffn),
    Number((file.dev & 0xffn) | ((file.dev >> 12n) & 0xfff00n)),
  ]
  return fileMajor === 0 || (fileMajor === major && fileMinor === minor)
}
