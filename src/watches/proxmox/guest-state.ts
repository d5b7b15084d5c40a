// What is kept of one guest: how it was last seen, what of it is open, and its last backups. JSON.
import type { BackupOutcome } from '../../source-guest-backup.ts'

export type GuestState = {
  readonly v: 1
  readonly id: number
  readonly guest: 'vm' | 'ct'
  readonly host: string
  readonly name?: string
  /** When it was last looked at. */
  readonly seenAt?: number
  /** How it was when last seen without a task at work on it. */
  readonly calm?: Calm
  /** The latest time at which it is known to have run. */
  readonly ranAt?: number
  /** The latest end of a task that may have stopped it, since when it was not seen running. */
  readonly stopTaskAt?: number
  /** Its start has failed, and that was told. */
  readonly failed?: { readonly since: number }
  /** It stopped, and a task is known that stopped it. */
  readonly stopped?: Dying
  /** It stopped, and no task is known that stopped it. */
  readonly dying?: Dying
  /** That was told. */
  readonly died?: Dying
  /** The last time that it ran again after a trouble: since when there was that, and when it was seen to run. */
  readonly back?: { readonly since: number; readonly at: number }
  /** Its last backup was not well, and that was told. */
  readonly backup?: { readonly since: number; readonly count: number }
  /** The last backups that were told, newest first. */
  readonly backups?: readonly ToldBackup[]
}

type Calm = { readonly running: boolean; readonly at: number; readonly boot?: string }

/** Since when it is stopped, and when it was last seen running. */
export type Dying = { readonly since: number; readonly ranAt: number }

export type ToldBackup = {
  readonly via: 'tasks' | 'webhook'
  readonly endedAt: number
  readonly outcome: BackupOutcome
}

export function startKey(id: number): string {
  return `guest/${id}/start`
}

export function diedKey(id: number): string {
  return `guest/${id}/died`
}

export function backupKey(id: number): string {
  return `guest/${id}/backup`
}

/** Without what is undefined. */
export function without<State extends object>(state: State, ...names: readonly (keyof State)[]): State {
  return Object.fromEntries(Object.entries(state).filter(([name]) => !names.includes(name as keyof State))) as State
}
