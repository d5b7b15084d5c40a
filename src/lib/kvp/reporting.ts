// What a reporter is handed, and what it answers.
import type { BootOptions } from './boot.ts'
import type { KvpEvent, Writer } from './event.ts'
import type { FileLocks } from './locks.ts'
import type { PoolRefusal } from './open-pool.ts'
import type { Pair } from './record.ts'

export interface ReporterOptions {
  readonly path: string
  readonly prefix: string
  encode(event: KvpEvent, writer: Writer, uuid: string): readonly Pair[]
  readonly locks?: FileLocks | undefined
  readonly markerFolder: string
  readonly foreign?: BootOptions['foreign']
  /** Instead of the firmware's. */
  readonly vmId?: string | undefined
  /** Records of one boot; the host reads the whole pool for each record it asks for. */
  readonly mostRecords?: number
  /** Events that wait while the pool cannot be written. */
  readonly mostWaiting?: number
  readonly lockWaitMs?: number
  /** For tests. */
  readonly proc?: string
  now(): number
  warn(message: string): void
}

export interface Reporter extends AsyncDisposable {
  /** Kept until it is written, or dropped when too much waits. Never throws. */
  publish(event: KvpEvent): void
  /** Tried once. Events handed in before this turn of the event loop ends go into one append. */
  write(event: KvpEvent, how?: WriteOptions): Promise<Written>
  /** Writes what waits; resolves by the deadline at the latest. */
  flush(deadlineMs: number): Promise<Flushed>
  /**
   * Waits for as long as a daemon takes that had read before the last write, and appends again what its writing has lost.
   * One that is held up for longer in between loses it all the same, unless the reporter goes on.
   */
  settle(): Promise<void>
  readonly status: ReporterStatus
}

export interface WriteOptions {
  /** The same for each attempt at the same event: the host keeps one value for a key. */
  readonly uuid?: string
  /** It may stand in the pool already: then nothing is written. */
  readonly unlessThere?: boolean
}

export type Written =
  | { readonly ok: true }
  | PoolRefusal
  | { readonly ok: false; readonly reason: 'invalid' | 'crowded'; readonly detail: string }

export interface Flushed {
  readonly waiting: number
  /** Why something still waits, as one sentence without a full stop. */
  readonly detail?: string
}

export interface ReporterStatus {
  readonly state: 'opening' | 'ready' | 'absent' | 'failing'
  /** `none`: only one write at the end of the file protects from others. */
  readonly locks: 'flock and fcntl' | 'none'
  readonly written: number
  readonly waiting: number
  readonly dropped: number
  /** Starts that gave way to their finish. */
  readonly merged: number
  readonly again: number
  readonly repaired: number
  readonly cleared: number
}
