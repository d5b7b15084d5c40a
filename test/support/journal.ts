// Writes real journals, through systemd-journal-remote, and the JSON lines that journalctl would make of entries.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

/** Fields of an entry; `at` is its time in milliseconds. */
export interface WrittenEntry {
  readonly at: number
  readonly boot?: string
  readonly [field: string]: string | number | undefined
}

const writer = '/usr/lib/systemd/systemd-journal-remote'
export const someBoot = '0b6f3a529a1c4a0e8b9e5f0d5f1c7b11'

/** Appends to the file, in the export format: https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-export-format */
export function writeJournal(file: string, entries: readonly WrittenEntry[]): void {
  const input = Buffer.concat(entries.map(toExport))
  const { status, stderr, error } = spawnSync(writer, ['--output', file, '-'], { input, encoding: 'utf8' })
  assert.equal(error, undefined)
  assert.equal(status, 0, stderr)
}

function toExport({ at, boot = someBoot, ...fields }: WrittenEntry): Buffer {
  const stamps = { __REALTIME_TIMESTAMP: `${at}000`, __MONOTONIC_TIMESTAMP: `${at % 1e9}000`, _BOOT_ID: boot }
  const parts = Object.entries({ ...stamps, ...fields }).map(([name, value]) => {
    const bytes = Buffer.from(`${value}`)
    if (bytes.every((byte) => byte >= 32)) return Buffer.concat([Buffer.from(`${name}=`), bytes, Buffer.from('\n')])
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(bytes.length))
    return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')])
  })
  return Buffer.concat([...parts, Buffer.from('\n')])
}
