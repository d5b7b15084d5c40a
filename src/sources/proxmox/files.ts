// Reads small files of Proxmox, and what the kernel tells: what cannot be read is a word, never an exception.
import { open, readFile } from 'node:fs/promises'
import { codeOf } from '../../lib/connection-words.ts'

export type FileText = { readonly text: string; readonly cut?: true } | { readonly problem: string }

/** The beginning of a file, at most so much; of a longer one, with `end`, its beginning and its end. */
export async function readText(path: string, maxBytes: number, end = false): Promise<FileText> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const first = Buffer.alloc(Math.min(size, maxBytes))
    const head = await readAt(file, first, 0)
    if (size <= maxBytes) return { text: head }
    if (!end) return { text: head, cut: true }
    const half = Math.floor(maxBytes / 2)
    const tail = await readAt(file, Buffer.alloc(half), size - half)
    return { text: `${first.subarray(0, half).toString()}\n${tail}`, cut: true }
  } catch (error) {
    return { problem: problemWords(error) }
  }
}

/** Absent where there is none, as in other systems. */
export async function readBootId(): Promise<string | undefined> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return text.trim() === '' ? undefined : text.trim()
}

/** How long this machine has been up, in milliseconds. */
export async function readUptime(): Promise<number | undefined> {
  const text = await readFile('/proc/uptime', 'utf8').catch(() => '')
  const seconds = Number.parseFloat(text)
  return Number.isNaN(seconds) ? undefined : seconds * 1000
}

/** When a process started, in ticks since the boot; undefined: there is none of that number. */
export async function readProcessStart(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Its second field is a name that may hold anything, in parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const start = Number(fields[19])
  return text === '' || !Number.isSafeInteger(start) ? undefined : start
}

async function readAt(
  file: { read(buffer: Buffer, offset: number, length: number, at: number): Promise<{ bytesRead: number }> },
  buffer: Buffer,
  at: number,
): Promise<string> {
  let done = 0
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, at + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done).toString()
}

const codes: { readonly [code: string]: string } = {
  ENOENT: 'it is not there',
  ENOTDIR: 'it is not there',
  EACCES: 'the user that Sereno runs as may not read it',
  EPERM: 'the user that Sereno runs as may not read it',
  EISDIR: 'it is a folder',
}

export function problemWords(error: unknown): string {
  const code = codeOf(error)
  return codes[code] ?? code
}
