// What a source that sees jobs of guest backups shares with the watch that judges them: one job, guest by guest.
import type { JsonObject, NewFact } from './words.ts'

/** Key: the job, as its source names it. Its host is the node that made it. */
export const backupJobFact = 'guest.backup-job'

export type BackupJob = {
  /** Where it was heard of; the same job may be heard of in both ways. */
  readonly via: 'tasks' | 'webhook'
  /** Name of the schedule that started it. */
  readonly job?: string
  readonly outcome: BackupOutcome
  /** ISO 8601 in UTC. */
  readonly startedAt?: string
  readonly endedAt: string
  readonly storage?: string
  readonly totalBytes?: number
  /** Of the job itself, such as that its storage does not exist. */
  readonly reason?: string
  readonly guests: readonly GuestBackup[]
  /** Guests that are left out of the list, because there are too many; all of them are well. */
  readonly more?: number
}

export type BackupOutcome = 'ok' | 'warnings' | 'failed'

export type GuestBackup = {
  readonly id: number
  readonly guest?: 'vm' | 'ct'
  readonly name?: string
  readonly outcome: BackupOutcome
  readonly reason?: string
  readonly sizeBytes?: number
  readonly durationSeconds?: number
  /** Its archive, or its snapshot on a backup server. */
  readonly file?: string
}

/** Of a job, so many guests are kept, those that failed first. */
export const mostGuests = 500

export function toBackupJobFact(key: string, host: string, job: BackupJob, time: number): NewFact {
  const ranked = job.guests.toSorted((one, other) => rank(one.outcome) - rank(other.outcome))
  const more = Math.max(0, job.guests.length - mostGuests)
  const data = { ...job, guests: ranked.slice(0, mostGuests), ...(more === 0 ? {} : { more }) }
  return { name: backupJobFact, key, host, time, data: data as unknown as JsonObject }
}

export function rank(outcome: BackupOutcome): number {
  return ['failed', 'warnings', 'ok'].indexOf(outcome)
}
