// Which boot of this machine it is, for how long, and how the boot before ended.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../lib/command.ts'
import { journalWords, readEntry } from '../../lib/journal.ts'
import type { Boot } from '../../source-boot.ts'
import { endedClean } from './stopping.ts'

/** Undefined where the kernel does not say. */
export async function readThisBoot(root: string): Promise<Boot | undefined> {
  const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8').catch(() => '')
  const bootId = (await read('/proc/sys/kernel/random/boot_id')).trim()
  const uptimeSeconds = Number.parseFloat(await read('/proc/uptime'))
  if (!/^[0-9a-f-]{32,36}$/.test(bootId) || !Number.isFinite(uptimeSeconds)) return undefined
  return { bootId, uptimeSeconds }
}

/** What the journal tells of the boot before; nothing, where it does not go back so far. */
export async function readPreviousBoot(
  journalctl: string,
  bootId: string,
  signal: AbortSignal,
): Promise<Pick<Boot, 'previousBootId' | 'previousClean'>> {
  const run = async (words: readonly string[]): Promise<string> => {
    const end = await runCommand([journalctl, '--no-pager', ...words], { environment, timeoutMs, signal })
    return end.exit === 0 && !end.timedOut ? end.stdout : ''
  }
  const previous = bootBefore(await run(['--list-boots']), bootId.replaceAll('-', ''))
  if (previous === undefined) return {}
  const last = await run([...journalWords, `--boot=${previous}`, `--lines=${lastLines}`, '--', ...lastWords])
  const texts = last.split('\n').flatMap((line) => readEntry(line)?.text ?? [])
  const previousClean = endedClean(texts)
  return { previousBootId: dashed(previous), ...(previousClean === undefined ? {} : { previousClean }) }
}

/** Of lines like `-1 6d3c1a902f554c8e9f430c2b8d9e1a77 Thu …`; when this boot is not among them, the last. */
export function bootBefore(text: string, bootId: string): string | undefined {
  const ids = [...text.matchAll(/^\s*-?\d+\s+([0-9a-f]{32})\b/gm)].map(([, id = '']) => id)
  const here = ids.indexOf(bootId)
  return ids[(here === -1 ? ids.length : here) - 1]
}

const environment = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' }
/** It looks through all files of the journal. */
const timeoutMs = 60_000
const lastLines = 300
/** Who speaks last. */
export const lastWords: readonly string[] = [
  '_PID=1',
  '+',
  '_SYSTEMD_UNIT=systemd-logind.service',
  '+',
  'SYSLOG_IDENTIFIER=systemd-journald',
  '+',
  'SYSLOG_IDENTIFIER=systemd-shutdown',
]

/** As the kernel writes it. */
function dashed(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
