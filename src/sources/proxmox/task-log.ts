// Looks into the log of a task for what its line does not say: why it failed, where to, and what a backup job did.
import { join } from 'node:path'
import { backupJobFact, type BackupJob, toBackupJobFact } from '../../source-guest-backup.ts'
import type { NewFact } from '../../words.ts'
import { type FileText, readText } from './files.ts'
import { toReason } from './task.ts'
import { logOf, readUpid } from './upid.ts'
import { readVzdumpLog } from './vzdump-log.ts'

const mostLines = 5
const longestLine = 300
const firstLines = 30
const longestLog = 256 * 1024
/** A job over hundreds of guests says a lot. */
const longestJobLog = 16 * 1024 * 1024

/** The fact with what its log adds to it; a log that cannot be read adds nothing. */
export async function addFromLog(folder: string, fact: NewFact): Promise<NewFact> {
  const upid = readUpid(fact.key)
  if (upid === undefined) return fact
  const path = join(folder, logOf(upid))
  if (fact.name === backupJobFact) return withGuests(fact, await readText(path, longestJobLog, true))
  const { outcome, action } = fact.data
  if (outcome === 'ok' && action !== 'migrate') return fact
  const log = await readText(path, longestLog, true)
  if ('problem' in log) return fact
  const target = action === 'migrate' ? readTarget(log.text) : undefined
  const reason = outcome === 'ok' ? undefined : readReason(log.text)
  return {
    ...fact,
    data: {
      ...fact.data,
      ...(reason === undefined ? {} : { reason }),
      ...(target === undefined ? {} : { target }),
    },
  }
}

/** The last lines that speak of what went wrong. */
export function readReason(log: string): string | undefined {
  const lines = log
    .split('\n')
    .filter(
      (line) =>
        line.length < longestLine &&
        /\b(?:warn(?:ing|ings)?|err(?:or|ors)?|fail(?:ed|ure)?|unable|cannot|can't)\b/i.test(line),
    )
  const words = lines
    .filter((line) => !/^TASK (?:OK|WARNINGS)/.test(line))
    .slice(-mostLines)
    .map((line) => line.replace(/^TASK ERROR: /, '').trim())
  const reason = toReason([...new Set(words)].join('; '))
  return reason === '' ? undefined : reason
}

/** The node that a guest is migrated to. */
export function readTarget(log: string): string | undefined {
  for (const line of log.split('\n', firstLines)) {
    const target = /starting migration of (?:VM|CT) \d+ to (?:remote )?node '?([a-zA-Z0-9-]{1,63})/i.exec(line)?.[1]
    if (target !== undefined) return target
  }
  return undefined
}

function withGuests(fact: NewFact, log: FileText): NewFact {
  if ('problem' in log) return fact
  const job = fact.data as unknown as BackupJob
  const { guests, storage, reason } = readVzdumpLog(log.text)
  const sizes = guests.flatMap(({ sizeBytes }) => sizeBytes ?? [])
  const said = reason ?? (job.outcome === 'failed' && guests.length === 0 ? readReason(log.text) : undefined)
  return toBackupJobFact(
    fact.key,
    fact.host ?? '',
    {
      ...job,
      ...(guests.length === 0 ? {} : { guests }),
      ...(storage === undefined ? {} : { storage }),
      ...(sizes.length === 0 ? {} : { totalBytes: sizes.reduce((sum, one) => sum + one, 0) }),
      ...(said === undefined ? {} : { reason: said }),
    },
    fact.time ?? 0,
  )
}
