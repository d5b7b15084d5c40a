// What sources that see hosts boot and stop, and guests on them, share with the watches that judge it: facts by name.
import type { Fact, JsonObject, NewFact } from './words.ts'

/**
 * Names of facts, each with its key. The host of a fact is the machine (or node) it is about.
 *
 * `host.boot` (host)         a machine has booted: `Boot`
 * `host.stopping` (host)     a machine has begun to stop: `Stopping`
 * `guest` (guest id)         a guest as it is now, said at the start, when it changes and when asked: `Guest`
 * `guest.task` (task id)     a task on a guest has come to its end: `GuestTask`
 * `unit` (unit)              a systemd unit as it is now: `Thing`
 * `storage` (name)           a storage as it is now: `Thing`
 * `network` (name)           an interface, or a gateway, as it is now: `Thing`
 * `upgrade` (host)           whether a package manager works now: `Activity`
 * `backup-run` (host)        whether guests are being backed up now: `Activity`
 *
 * Each of `guest`, `unit`, `storage`, `network` can be asked for by a recheck: key `*` stands for all of them, and is
 * answered by a fact of that name and key `*` with `Things` behind the facts of each.
 */
export const bootFacts = {
  boot: 'host.boot',
  stopping: 'host.stopping',
  guest: 'guest',
  task: 'guest.task',
  unit: 'unit',
  storage: 'storage',
  network: 'network',
  upgrade: 'upgrade',
  backup: 'backup-run',
} as const

export type Boot = {
  readonly bootId: string
  /** Of the machine, at the time of the fact: grace counts from the boot, whatever the clock does. */
  readonly uptimeSeconds: number
  readonly previousBootId?: string
  /** Whether the journal of the boot before ended with a shutdown; absent: not known. */
  readonly previousClean?: boolean
}

export type Stopping = {
  readonly reason: 'reboot' | 'poweroff' | 'halt' | 'unknown'
  readonly bootId?: string
}

export type Guest = {
  readonly id: number
  readonly guest: 'vm' | 'ct'
  readonly name?: string
  readonly running: boolean
  /** Starts with its host; absent: its configuration cannot be read, and it counts as if it did. */
  readonly onboot?: boolean
  /** Of starts, lower ones first. */
  readonly order?: number
  /** No longer there. */
  readonly gone?: true
}

export type GuestTask = {
  readonly id: number
  readonly guest: 'vm' | 'ct'
  readonly name?: string
  readonly action:
    | 'start'
    | 'stop'
    | 'shutdown'
    | 'reboot'
    | 'reset'
    | 'suspend'
    | 'resume'
    | 'backup'
    | 'snapshot'
    | 'migrate'
    | 'restore'
    | 'clone'
    | 'create'
    | 'destroy'
  readonly outcome: 'ok' | 'warnings' | 'failed'
  /** Of a failure or warnings: the lines of its log that say why, cut. */
  readonly reason?: string
  readonly user?: string
  readonly target?: string
  /** ISO 8601 in UTC. */
  readonly startedAt: string
  readonly endedAt: string
}

export type Thing = {
  readonly ok: boolean
  /** As its program words it: `failed`, `unavailable`, `down`. */
  readonly state?: string
  readonly reason?: string
}

export type Things = {
  /** Names of all there are. */
  readonly names: readonly string[]
  /** Why they could not be looked at, if so. */
  readonly unread?: string
}

export type Activity = { readonly on: boolean }

/** A fact of one of these names; the receiver reads it with the guard of its shape. */
export function toBootFact(
  name: (typeof bootFacts)[keyof typeof bootFacts],
  key: string,
  host: string,
  data: Boot | Stopping | Guest | GuestTask | Thing | Things | Activity,
  time?: number,
): NewFact {
  return { name, key, host, data: { ...data } as JsonObject, ...(time === undefined ? {} : { time }) }
}

export function readBoot({ name, data }: Pick<Fact, 'name' | 'data'>): Boot | undefined {
  const { bootId, uptimeSeconds, previousBootId, previousClean } = data
  if (name !== bootFacts.boot || typeof bootId !== 'string' || typeof uptimeSeconds !== 'number') return undefined
  return {
    bootId,
    uptimeSeconds,
    ...(typeof previousBootId === 'string' ? { previousBootId } : {}),
    ...(typeof previousClean === 'boolean' ? { previousClean } : {}),
  }
}
