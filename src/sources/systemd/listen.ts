// Hears in the journal that this machine begins to stop.
import { setTimeout as wait } from 'node:timers/promises'
import { journalWords, readEntry } from '../../lib/journal.ts'
import { createLineSplitter } from '../../lib/lines.ts'
import { streamCommand } from '../../lib/stream-command.ts'
import { type Reason, stoppingReason } from './stopping.ts'

/** Only what systemd itself and logind say, by fields that nobody else can write. */
const speakers = ['_PID=1', '+', '_SYSTEMD_UNIT=systemd-logind.service']

const environment = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' }
const firstWaitMs = 1000
const longestWaitMs = 60_000

/** Until the signal; where journalctl is missing or ends, it is tried again, less and less often. */
export async function listen(
  journalctl: string,
  signal: AbortSignal,
  tell: (reason: Reason) => Promise<void>,
): Promise<void> {
  let waitMs = firstWaitMs
  while (!signal.aborted) {
    const startedMs = performance.now()
    await hear(journalctl, signal, tell)
    if (performance.now() - startedMs > longestWaitMs) waitMs = firstWaitMs
    await wait(waitMs, undefined, { signal }).catch(() => {})
    waitMs = Math.min(2 * waitMs, longestWaitMs)
  }
}

async function hear(journalctl: string, signal: AbortSignal, tell: (reason: Reason) => Promise<void>): Promise<void> {
  const splitter = createLineSplitter()
  await streamCommand([journalctl, ...journalWords, '--follow', '--lines=0', '--', ...speakers], {
    environment,
    signal,
    async onOutput(bytes) {
      const reasons: Reason[] = []
      splitter.push(bytes, (buffer, start, end) => {
        const reason = stoppingReason(readEntry(buffer.toString('utf8', start, end))?.text ?? '')
        if (reason !== undefined) reasons.push(reason)
      })
      for (const reason of reasons) await tell(reason)
    },
  })
}
