// How fast entries of the journal are read: our part alone, and the whole way from a real journal through journalctl.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import journal from '../src/sources/journal/index.ts'
import { journalOptions } from '../src/sources/journal/options.ts'
import { createJournalReader } from '../src/sources/journal/reader.ts'
import type { SourceTools } from '../src/source.ts'
import { writeJournal } from '../test/support/journal.ts'
import { type BenchRow, median, round } from './support/row.ts'

const lines = 200_000
const entries = 30_000
const rounds = 5
const piece = 65_536
/** One in fifty matches. */
const match = [{ pattern: 'I/O error, dev (?<device>\\w+)', subject: 'device' }, 'Out of memory']

/** Takes half a minute; needs journalctl and systemd-journal-remote. */
export async function benchJournal(): Promise<BenchRow[]> {
  const all = Buffer.from(Array.from({ length: lines }, (_, index) => lineOf(index)).join(''))
  const alone: number[] = []
  for (let turn = 0; turn < rounds; turn += 1) alone.push(lines / readAll(all))
  return [
    {
      name: 'entries of the journal, read and matched',
      value: round(median(alone), 0),
      unit: 'entries/s',
      note: `at least 100,000; ${lines.toLocaleString('en')} entries as journalctl writes them, two patterns, one entry in fifty matches, median of ${rounds}`,
    },
    {
      name: 'the same from a real journal through journalctl',
      value: round(entries / (await followAll()), 0),
      unit: 'entries/s',
      note: `${entries.toLocaleString('en')} entries, both processes on this machine; journalctl takes most of it`,
    },
  ]
}

function textOf(index: number): string {
  return index % 50 === 0
    ? `I/O error, dev sd${index % 9}, sector ${index} op 0x0:(READ)`
    : `pam_unix(cron:session): session opened for user root(uid=0) by (uid=${index})`
}

function lineOf(index: number): string {
  const place = `s=a2004dbba5784431a195dbd0ebcbbb9e;i=${index};b=0b6f3a529a1c4a0e8b9e5f0d5f1c7b11;m=1e8480;t=60a2;x=4f71`
  return `${JSON.stringify({
    __CURSOR: place,
    __REALTIME_TIMESTAMP: '1700000000000000',
    __MONOTONIC_TIMESTAMP: '2000000',
    _BOOT_ID: '0b6f3a529a1c4a0e8b9e5f0d5f1c7b11',
    MESSAGE: textOf(index),
    PRIORITY: '6',
    _SYSTEMD_UNIT: 'cron.service',
    _PID: '77',
    SYSLOG_IDENTIFIER: 'CRON',
    _HOSTNAME: 'web1',
  })}\n`
}

/** In seconds. */
function readAll(all: Buffer): number {
  const reader = createJournalReader(journalOptions.parse({ match }), { zone: 'UTC', host: 'bench' })
  const now = Date.now()
  const startedMs = performance.now()
  let found = 0
  for (let at = 0; at < all.length; at += piece) found += reader.push(all.subarray(at, at + piece), now).events.length
  if (found !== lines / 50) throw new Error(`${found} events`)
  return (performance.now() - startedMs) / 1000
}

/** In seconds. */
async function followAll(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-bench-'))
  try {
    const at = Date.now() - 600_000
    const texts = Array.from({ length: entries }, (_, index) => ({
      at: at + index,
      MESSAGE: textOf(index),
      PRIORITY: '6',
    }))
    writeJournal(join(folder, 'a.journal'), texts)
    const abort = new AbortController()
    let found = 0
    const startedMs = performance.now()
    let tookMs = NaN
    const tools: SourceTools = {
      name: 'bench',
      place: { zone: 'UTC', host: 'bench' },
      signal: abort.signal,
      now: Date.now,
      emit: async ({ events = [] }) => {
        found += events.length
        if (found === entries / 50 && Number.isNaN(tookMs)) {
          tookMs = performance.now() - startedMs
          abort.abort()
        }
        return { ids: [], accepted: 0, duplicates: 0 }
      },
      onRecheck: () => {},
      ask: async () => {},
      cursor: async () => undefined,
      route: () => {},
      measure: () => {},
      log: { info: () => {}, warn: () => {}, error: () => {} },
    }
    await journal.start(journal.options.parse({ directory: folder, from: 'beginning', match }), tools)
    return tookMs / 1000
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
