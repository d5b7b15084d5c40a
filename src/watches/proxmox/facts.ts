// Reads the facts of a proxmox source without trust: what has not the shape of its name is passed over.
import type { Activity, Guest, GuestTask, Thing, Things } from '../../source-boot.ts'
import type { BackupJob, BackupOutcome, GuestBackup } from '../../source-guest-backup.ts'
import type { Json, JsonObject } from '../../words.ts'

/** Times are read into milliseconds. */
export type TaskSeen = Omit<GuestTask, 'startedAt' | 'endedAt'> & {
  readonly startedAt: number
  readonly endedAt: number
}
export type JobSeen = Omit<BackupJob, 'startedAt' | 'endedAt'> & {
  readonly startedAt?: number
  readonly endedAt: number
}

const actionNames: ReadonlySet<string> = new Set([
  'start',
  'stop',
  'shutdown',
  'reboot',
  'reset',
  'suspend',
  'resume',
  'backup',
  'snapshot',
  'migrate',
  'restore',
  'clone',
  'create',
  'destroy',
])
const outcomes: ReadonlySet<string> = new Set(['ok', 'warnings', 'failed'])

export function readGuest(data: JsonObject): Guest | undefined {
  const { id, guest, running, onboot, order, hostBoot } = data
  if (!isId(id) || !isGuest(guest) || typeof running !== 'boolean') return undefined
  return {
    id,
    guest,
    running,
    ...name(data),
    ...(typeof onboot === 'boolean' ? { onboot } : {}),
    ...(typeof order === 'number' ? { order } : {}),
    ...(data['gone'] === true ? { gone: true as const } : {}),
    ...(data['busy'] === true ? { busy: true as const } : {}),
    ...(typeof hostBoot === 'string' ? { hostBoot } : {}),
  }
}

export function readTask(data: JsonObject): TaskSeen | undefined {
  const { id, guest, action, outcome, reason, user, target } = data
  const [startedAt, endedAt] = [readTime(data['startedAt']), readTime(data['endedAt'])]
  if (!isId(id) || !isGuest(guest) || startedAt === undefined || endedAt === undefined) return undefined
  if (typeof action !== 'string' || !actionNames.has(action) || !isOutcome(outcome)) return undefined
  return {
    id,
    guest,
    action: action as GuestTask['action'],
    outcome,
    startedAt,
    endedAt,
    ...name(data),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof user === 'string' ? { user } : {}),
    ...(typeof target === 'string' ? { target } : {}),
  }
}

export function readJob(data: JsonObject): JobSeen | undefined {
  const { via, outcome, guests, job, storage, totalBytes, reason, more } = data
  const [startedAt, endedAt] = [readTime(data['startedAt']), readTime(data['endedAt'])]
  if ((via !== 'tasks' && via !== 'webhook') || !isOutcome(outcome) || endedAt === undefined) return undefined
  if (!Array.isArray(guests)) return undefined
  return {
    via,
    outcome,
    endedAt,
    guests: guests.flatMap((one: Json) => readGuestBackup(one) ?? []),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(typeof job === 'string' ? { job } : {}),
    ...(typeof storage === 'string' ? { storage } : {}),
    ...(typeof totalBytes === 'number' ? { totalBytes } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof more === 'number' ? { more } : {}),
  }
}

function readGuestBackup(value: Json): GuestBackup | undefined {
  if (!isObject(value)) return undefined
  const { id, guest, outcome, reason, sizeBytes, durationSeconds, file } = value
  if (!isId(id) || !isOutcome(outcome)) return undefined
  return {
    id,
    outcome,
    ...(isGuest(guest) ? { guest } : {}),
    ...name(value),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof sizeBytes === 'number' ? { sizeBytes } : {}),
    ...(typeof durationSeconds === 'number' ? { durationSeconds } : {}),
    ...(typeof file === 'string' ? { file } : {}),
  }
}

export function readThing({ ok, state, usedPercent, usedBytes, totalBytes }: JsonObject): Thing | undefined {
  if (typeof ok !== 'boolean') return undefined
  return {
    ok,
    ...(typeof state === 'string' ? { state } : {}),
    ...(typeof usedPercent === 'number' ? { usedPercent } : {}),
    ...(typeof usedBytes === 'number' ? { usedBytes } : {}),
    ...(typeof totalBytes === 'number' ? { totalBytes } : {}),
  }
}

export function readThings({ names, unread }: JsonObject): Things | undefined {
  if (!Array.isArray(names)) return undefined
  const texts = names.filter((one): one is string => typeof one === 'string')
  return { names: texts, ...(typeof unread === 'string' ? { unread } : {}) }
}

export function readActivity({ on }: JsonObject): Activity | undefined {
  return typeof on === 'boolean' ? { on } : undefined
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function name({ name: text }: JsonObject): { readonly name?: string } {
  return typeof text === 'string' && text !== '' ? { name: text } : {}
}

function isId(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function isGuest(value: Json | undefined): value is 'vm' | 'ct' {
  return value === 'vm' || value === 'ct'
}

function isOutcome(value: Json | undefined): value is BackupOutcome {
  return typeof value === 'string' && outcomes.has(value)
}

function readTime(value: Json | undefined): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(at) ? undefined : at
}
