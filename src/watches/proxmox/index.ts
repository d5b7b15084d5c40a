// Watches a Proxmox node: what became of its guests, by their tasks and by how they are, and whether its storages hold.
import { bootFacts } from '../../source-boot.ts'
import { backupJobFact } from '../../source-guest-backup.ts'
import type { WatchInput, WatchKind, WatchPlace, WatchResult } from '../../watch.ts'
import type { Fact } from '../../words.ts'
import { readGuest, readJob, readTask, readThing } from './facts.ts'
import { takeBackup, takeGone, takeGuest, takeTask, takeTimer } from './guest-row.ts'
import type { GuestState } from './guest-state.ts'
import {
  forgetHost,
  guestRow,
  type HostState,
  hostRow,
  isGone,
  storageRow,
  takeActivity,
  takeJob,
  takeNames,
  tellWaiting,
} from './host-row.ts'
import { options, type Options } from './options.ts'
import { settleStorage, type StorageState, takeStorage, takeStorageGone } from './storage-row.ts'

type State = GuestState | StorageState | HostState

export default {
  about: 'Tells what becomes of the guests, storages and backups of a Proxmox node.',
  options,
  example: {},
  beside: true,
  facts: [bootFacts.guest, bootFacts.task, bootFacts.storage, bootFacts.backup, backupJobFact],

  keys(_options, input, place) {
    if (input.kind !== 'fact') return []
    const { name, key, data, host = place.host } = input.fact
    if (name === bootFacts.backup) return [hostRow(host)]
    if (name === backupJobFact) return [hostRow(host), ...(readJob(data)?.guests ?? []).map(({ id }) => guestRow(id))]
    if (key === '*') return [hostRow(host)]
    if (name === bootFacts.storage) return readThing(data) === undefined ? [] : [storageRow(host, key)]
    const guest = name === bootFacts.task ? readTask(data) : readGuest(data)
    return guest === undefined ? [] : [guestRow(guest.id)]
  },

  step(given, state, input, now, place): WatchResult<State> {
    const known = state?.v === 1 ? state : undefined
    if (input.key.startsWith('host/')) return stepHost(known as HostState | undefined, input, now, place)
    if (input.key.startsWith('guest/')) return stepGuest(given, known as GuestState | undefined, input, now, place)
    if (input.key.startsWith('storage/'))
      return stepStorage(given, known as StorageState | undefined, input, now, place)
    return {}
  },

  forget: (_options, host) => [hostRow(host)],
} satisfies WatchKind<Options, State>

function stepHost(
  known: HostState | undefined,
  input: WatchInput,
  now: number,
  place: WatchPlace,
): WatchResult<HostState> {
  if (input.kind === 'timer') return known === undefined ? {} : tellWaiting(known)
  if (input.kind === 'forget') return known === undefined ? {} : forgetHost(known)
  if (input.kind !== 'fact') return {}
  const { name, data, host = place.host } = input.fact
  const state: HostState = known ?? { v: 1, host }
  if (name === bootFacts.backup) return takeActivity(state, data, now)
  if (name === backupJobFact) return takeJob(state, data, now)
  return takeNames(state, name === bootFacts.storage ? 'storages' : 'guests', data)
}

function stepGuest(
  { every }: Options,
  known: GuestState | undefined,
  input: WatchInput,
  now: number,
  place: WatchPlace,
): WatchResult<GuestState> {
  if (input.kind === 'told') {
    const end = isGone(input.body)
    return known === undefined || end === undefined ? {} : takeGone(known, now, end)
  }
  if (input.kind === 'timer') return known === undefined ? {} : takeTimer(known)
  if (input.kind !== 'fact') return {}
  const { name, data, time } = input.fact
  if (name === bootFacts.guest) {
    const guest = readGuest(data)
    if (guest === undefined) return {}
    if (guest.gone === true) return known === undefined ? {} : takeGone(known, time, 'gone')
    return takeGuest(stateOf(known, guest, input.fact, place), guest, time, 2 * every)
  }
  if (name === bootFacts.task) {
    const task = readTask(data)
    if (task === undefined || task.action === 'backup') return {}
    const stepped = takeTask(stateOf(known, task, input.fact, place), task, now, 2 * every)
    const isLeft = task.action === 'destroy' && task.outcome !== 'failed'
    if (!isLeft) return stepped
    const gone = takeGone(stepped.state, task.endedAt, 'gone')
    return { ...gone, events: [...stepped.events, ...(gone.events ?? [])] }
  }
  const job = readJob(data)
  const saved = job?.guests.find(({ id }) => guestRow(id) === input.key)
  if (job === undefined || saved === undefined) return {}
  return takeBackup(stateOf(known, saved, input.fact, place), saved, job)
}

function stateOf(
  known: GuestState | undefined,
  { id, guest }: { readonly id: number; readonly guest?: 'vm' | 'ct' },
  { host }: Fact,
  place: WatchPlace,
): GuestState {
  return { ...(known ?? { v: 1, id, guest: guest ?? 'vm' }), host: host ?? place.host }
}

function stepStorage(
  given: Options,
  known: StorageState | undefined,
  input: WatchInput,
  now: number,
  place: WatchPlace,
): WatchResult<StorageState> {
  if (input.kind === 'told') {
    const end = isGone(input.body)
    return known === undefined || end === undefined ? {} : takeStorageGone(known, now, end)
  }
  if (input.kind === 'timer') return known === undefined ? {} : settleStorage(known, now)
  if (input.kind !== 'fact') return {}
  const { key, data, time, host = place.host } = input.fact
  const thing = readThing(data)
  return thing === undefined ? {} : takeStorage(known ?? { v: 1, name: key, host }, thing, time, given)
}
