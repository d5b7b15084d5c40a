// Which tasks of Proxmox are about a guest, and what they say about it; pure.
import { bootFacts, type GuestTask, toBootFact } from '../../source-boot.ts'
import { type GuestBackup, toBackupJobFact } from '../../source-guest-backup.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import type { NewFact } from '../../words.ts'
import type { EndedTask, Upid } from './upid.ts'

type Action = GuestTask['action']

const actions: { readonly [word: string]: Action } = {
  start: 'start',
  stop: 'stop',
  shutdown: 'shutdown',
  reboot: 'reboot',
  reset: 'reset',
  suspend: 'suspend',
  pause: 'suspend',
  resume: 'resume',
  snapshot: 'snapshot',
  migrate: 'migrate',
  rollback: 'restore',
  restore: 'restore',
  clone: 'clone',
  create: 'create',
  destroy: 'destroy',
}

const reasonLength = 500

/** What a type of task does to what; undefined: it is about no guest. Migrations of machines are called qmigrate. */
export function readType(type: string): { readonly guest: 'vm' | 'ct'; readonly action: Action } | undefined {
  if (type === 'qmigrate') return { guest: 'vm', action: 'migrate' }
  const [, kind, word = ''] = /^(qm|vz)([a-z]+)$/.exec(type) ?? []
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined
  return kind === undefined || action === undefined ? undefined : { guest: kind === 'qm' ? 'vm' : 'ct', action }
}

export function readGuestId(text: string): number | undefined {
  return /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : undefined
}

export function outcomeOf(status: string): GuestTask['outcome'] {
  if (status === 'OK') return 'ok'
  return status.startsWith('WARNINGS') ? 'warnings' : 'failed'
}

/** A finished task as a fact; undefined: it is about no guest. */
export function toTaskFact(task: EndedTask, host: string): NewFact | undefined {
  const { upid, endedAt, status } = task
  if (upid.type === 'vzdump') return toJobFact(task, host)
  const about = readType(upid.type)
  const id = readGuestId(upid.id)
  if (about === undefined || id === undefined) return undefined
  const outcome = outcomeOf(status)
  const data: GuestTask = {
    id,
    ...about,
    outcome,
    ...(outcome === 'ok' ? {} : { reason: toReason(status) }),
    user: upid.user,
    startedAt: new Date(upid.startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
  }
  return toBootFact(bootFacts.task, upid.text, host, data, endedAt)
}

/** Which guests a job saved only its log says, unless there was just one. */
function toJobFact({ upid, endedAt, status }: EndedTask, host: string): NewFact {
  const outcome = outcomeOf(status)
  const reason = outcome === 'ok' ? {} : { reason: toReason(status) }
  const id = readGuestId(upid.id)
  const guests: readonly GuestBackup[] = id === undefined ? [] : [{ id, outcome, ...reason }]
  const span = { startedAt: new Date(upid.startedAt).toISOString(), endedAt: new Date(endedAt).toISOString() }
  return toBackupJobFact(upid.text, host, { via: 'tasks', outcome, ...span, ...reason, guests }, endedAt)
}

/** Whether a task that runs changes what can be seen of a guest. */
export function concerns({ type, id }: Upid, guest: number): boolean {
  if (['vzdump', 'stopall', 'migrateall'].includes(type) && readGuestId(id) === undefined) return true
  return Number(id) === guest && /^(?:q|vz|ha)/.test(type)
}

export function toReason(text: string): string {
  return cutText(cleanLine(text), reasonLength)
}
