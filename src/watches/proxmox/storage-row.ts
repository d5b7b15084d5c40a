// One storage: whether it can be used, and how full it is; told once, with room between begin and end.
import type { Thing } from '../../source-boot.ts'
import { onHost, storageEnd } from '../../source-guest-words.ts'
import type { Timer, WatchResult } from '../../watch.ts'
import type { JsonObject, NewEvent, Severity } from '../../words.ts'
import { iso } from './guest-say.ts'
import type { Options } from './options.ts'

export type StorageState = {
  readonly v: 1
  readonly name: string
  readonly host: string
  readonly seenAt?: number
  readonly ok?: boolean
  /** Since when it is otherwise than was told. */
  readonly otherSince?: number
  /** Told as unavailable. */
  readonly down?: { readonly since: number }
  /** Told as full. */
  readonly full?: { readonly since: number; readonly level: Level }
}

type Level = 'warning' | 'critical'
type Stepped = {
  readonly state: StorageState
  readonly events: readonly NewEvent[]
  readonly timers?: readonly Timer[]
}

const timerName = 'settled'

export function unavailableKey({ host, name }: StorageState): string {
  return `storage/${host}/${name}/unavailable`
}

export function fullKey({ host, name }: StorageState): string {
  return `storage/${host}/${name}/full`
}

/** Two looks must say the same before it is told. */
export function takeStorage(before: StorageState, thing: Thing, at: number, options: Options): Stepped {
  if (before.seenAt !== undefined && at < before.seenAt) return { state: before, events: [] }
  const { full, events } = fullOf(before, thing, at, options)
  const seen: StorageState = withFull({ ...before, seenAt: at, ok: thing.ok }, full)
  const isTold = (seen.down !== undefined) === !thing.ok
  if (isTold)
    return {
      state: dropOther(seen),
      events,
      ...(seen.otherSince === undefined ? {} : { timers: [{ name: timerName }] }),
    }
  if (seen.otherSince !== undefined) {
    // A look that was asked for agrees, and was not made at the same moment.
    if (at - seen.otherSince < options.every / 2) return { state: seen, events }
    const settled = settleStorage(seen, at)
    return { state: settled.state, events: [...events, ...settled.events], timers: [{ name: timerName }] }
  }
  const timers = [{ name: timerName, at: at + options.every + options.every / 2 }]
  return { state: { ...seen, otherSince: at }, events, timers }
}

/** It has been so for long enough. */
export function settleStorage(state: StorageState, at: number): Stepped {
  const { otherSince, down, ok } = state
  if (otherSince === undefined || ok === undefined) return { state, events: [] }
  const rest = dropOther(state)
  if (!ok && down === undefined)
    return { state: { ...rest, down: { since: otherSince } }, events: [unavailable(rest, otherSince)] }
  if (ok && down !== undefined) {
    const { down: _, ...up } = rest
    return { state: up, events: [available(rest, Math.max(otherSince, down.since), 'available')] }
  }
  return { state: { ...rest, seenAt: Math.max(at, rest.seenAt ?? 0) }, events: [] }
}

export function takeStorageGone(state: StorageState, at: number, end: 'gone' | 'forgotten'): WatchResult<StorageState> {
  const events = [
    ...(state.down === undefined ? [] : [available(state, at, end)]),
    ...(state.full === undefined ? [] : [toFull(state, 'resolved', at, { end })]),
  ]
  return { state: null, events, timers: [{ name: timerName }] }
}

function fullOf(
  state: StorageState,
  { ok, state: word, usedPercent, usedBytes, totalBytes }: Thing,
  at: number,
  { storageFull }: Options,
): { readonly full: StorageState['full']; readonly events: readonly NewEvent[] } {
  const { full } = state
  // What cannot be used says nothing about how full it is.
  if (!ok || (usedPercent === undefined && word !== 'disabled' && storageFull !== false)) return { full, events: [] }
  const data: JsonObject = {
    ...(usedPercent === undefined ? {} : { usedPercent }),
    ...(usedBytes === undefined ? {} : { usedBytes }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
  }
  const level = storageFull === false ? undefined : levelOf(usedPercent ?? 0, full?.level, storageFull)
  if (level === full?.level) return { full, events: [] }
  if (level === undefined) {
    const end = storageFull === false ? 'unwatched' : word === 'disabled' ? 'disabled' : 'cleared'
    return { full: undefined, events: [toFull(state, 'resolved', at, { ...data, end })] }
  }
  const since = full?.since ?? at
  const limit = storageFull === false ? {} : { limit: storageFull[level] }
  const event = toFull(state, full === undefined ? 'firing' : 'changed', at, { ...data, ...limit }, level)
  return { full: { since, level }, events: [event] }
}

function levelOf(
  used: number,
  before: Level | undefined,
  { warning, critical, clear }: Exclude<Options['storageFull'], false>,
): Level | undefined {
  const room = (level: Level): number => (before === 'critical' || before === level ? clear : 0)
  if (used >= critical - (before === 'critical' ? clear : 0)) return 'critical'
  return used >= warning - room('warning') ? 'warning' : undefined
}

function toFull(
  state: StorageState,
  how: 'firing' | 'changed' | 'resolved',
  at: number,
  data: JsonObject,
  severity: Severity = 'info',
): NewEvent {
  const since = state.full?.since ?? at
  const said = { storage: state.name, ...data, sinceAt: iso(since) }
  return {
    type: 'storage.full',
    time: at,
    host: state.host,
    subject: state.name,
    severity,
    ...(how === 'resolved' ? { title: onHost(state.host, storageEnd('storage.full', said)) } : {}),
    data: said,
    condition: { key: fullKey(state), state: how, ...(how === 'resolved' ? {} : { since }) },
  }
}

function unavailable(state: StorageState, since: number): NewEvent {
  return {
    type: 'storage.unavailable',
    time: since,
    host: state.host,
    subject: state.name,
    severity: 'error',
    data: { storage: state.name, sinceAt: iso(since) },
    condition: { key: unavailableKey(state), state: 'firing', since },
  }
}

function available(state: StorageState, at: number, end: 'available' | 'gone' | 'forgotten'): NewEvent {
  const since = state.down?.since ?? at
  const durationSeconds = Math.max(0, Math.round((at - since) / 1000))
  const data = { storage: state.name, end, sinceAt: iso(since), durationSeconds }
  return {
    type: 'storage.unavailable',
    time: at,
    host: state.host,
    subject: state.name,
    severity: 'info',
    title: onHost(state.host, storageEnd('storage.unavailable', data)),
    data,
    condition: { key: unavailableKey(state), state: 'resolved' },
  }
}

function withFull({ full: _, ...rest }: StorageState, full: StorageState['full']): StorageState {
  return full === undefined ? rest : { ...rest, full }
}

function dropOther({ otherSince: _, ...rest }: StorageState): StorageState {
  return rest
}
