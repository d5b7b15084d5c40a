// The report of one backup job over all its guests, those that failed first.
import { type GuestBackup, rank } from '../../source-guest-backup.ts'
import type { JsonObject, NewEvent } from '../../words.ts'
import type { JobSeen } from './facts.ts'
import { iso } from './guest-say.ts'

/** More are counted only. */
const mostRows = 100

export function jobReport(host: string, job: JobSeen): NewEvent {
  const { outcome, startedAt, endedAt, storage, totalBytes, reason, guests } = job
  const rows = guests.toSorted((one, other) => rank(one.outcome) - rank(other.outcome)).slice(0, mostRows)
  const more = guests.length - rows.length + (job.more ?? 0)
  return {
    type: 'guest.backup-report',
    time: endedAt,
    host,
    ...(job.job === undefined ? {} : { subject: job.job }),
    severity: outcome === 'failed' ? 'error' : outcome === 'warnings' ? 'warning' : 'info',
    data: {
      outcome,
      ...(job.job === undefined ? {} : { job: job.job }),
      ...(storage === undefined ? {} : { storage }),
      total: guests.length + (job.more ?? 0),
      failed: countOf(guests, 'failed'),
      warnings: countOf(guests, 'warnings'),
      guests: rows.map((one) => ({ ...one }) satisfies JsonObject),
      ...(more > 0 ? { more } : {}),
      ...(totalBytes === undefined ? {} : { totalBytes }),
      ...(reason === undefined ? {} : { reason }),
      ...(startedAt === undefined ? {} : { startedAt: iso(startedAt) }),
      endedAt: iso(endedAt),
      ...(startedAt === undefined ? {} : { durationSeconds: Math.round((endedAt - startedAt) / 1000) }),
    },
  }
}

function countOf(guests: readonly GuestBackup[], outcome: GuestBackup['outcome']): number {
  return guests.filter((one) => one.outcome === outcome).length
}
