// The row of all hosts: when nobody is heard any more, it is the hub that is blind, and that is told once.
import type { WatchInput, WatchResult } from '../../watch.ts'
import type { HubEvent, Json } from '../../words.ts'
import { emptyRoll, entryOf, hostsOf, isBlind, isMissingEntry, type Roll, withEntry } from './roll.ts'
import { blind, booted, seeing } from './say.ts'
import {
  type AllState,
  type AllWord,
  hostOf,
  type HostWord,
  rowOf,
  type Setting,
  waitAgain,
  type WaitBody,
  waitTimer,
} from './state.ts'

type Result = WatchResult<AllState>

/** However rarely hosts send, so long at most it is waited whether all of them are silent. */
const longestSpanMs = 120_000

/** One that is heard now and then shall not keep the others from being told. */
const longestHoldMs = 600_000

export function stepAll(given: AllState | undefined, input: WatchInput, setting: Setting): Result {
  const state = given ?? { v: 1, setting: textOf(setting), roll: emptyRoll }
  switch (input.kind) {
    case 'begin':
      return begun(given, state, setting)
    case 'event':
      return noticed(state, input.event)
    case 'timer':
      return spanIsOver(state, input.body as WaitBody, setting)
    case 'told':
      return heardOf(state, hostOf(input.from), input.body as HostWord, setting)
    case 'fact':
    case 'forget':
    case 'unanswered':
      return {}
  }
}

function begun(given: AllState | undefined, state: AllState, setting: Setting): Result {
  const text = textOf(setting)
  if (given !== undefined && given.setting === text) return {}
  return { state: { ...state, setting: text }, tells: toAll(state.roll, { reread: true }) }
}

/** What the hub says of itself. */
function noticed(state: AllState, { type, data }: HubEvent): Result {
  if (type === 'sereno.blind') {
    const until = atOf(data['until'])
    return Number.isNaN(until) ? {} : { state: { ...state, awayUntil: until } }
  }
  const shiftMs = Number(data['bySeconds']) * 1000
  if (type !== 'sereno.clock-jump' || !Number.isFinite(shiftMs)) return {}
  const { lastHeardAt, awayUntil } = state
  const next: AllState = {
    ...state,
    ...(lastHeardAt === undefined ? {} : { lastHeardAt: lastHeardAt + shiftMs }),
    ...(awayUntil === undefined ? {} : { awayUntil: awayUntil + shiftMs }),
  }
  return { state: next, tells: toAll(state.roll, { shiftMs }) }
}

function heardOf(state: AllState, host: string, word: HostWord, setting: Setting): Result {
  if ('booted' in word) {
    const mayBeLost = !word.clean && (state.awayUntil ?? 0) > word.seenAt
    return { events: [booted(host, word, mayBeLost ? undefined : word.clean)] }
  }
  if ('gone' in word) return counted({ ...state, roll: withEntry(state.roll, host, undefined) }, setting)
  const { sort, is: status, seenAt, everyMs } = word
  const roll = withEntry(state.roll, host, { sort, status })
  const isElsewhere = sort !== 'local'
  const lastHeardAt = isElsewhere ? Math.max(seenAt, state.lastHeardAt ?? 0) : state.lastHeardAt
  const next: AllState = { ...state, roll, ...(lastHeardAt === undefined ? {} : { lastHeardAt }) }
  if (status === 'held') return mayISpeak(next, host, everyMs, setting)
  if (status === 'alive' && isElsewhere) return somebodyIsHeard(state, next, host, setting)
  return counted(next, setting)
}

/** A host is silent: it is told singly, unless all of them are, or it is being found out. */
function mayISpeak(state: AllState, host: string, everyMs: number, setting: Setting): Result {
  if (entryOf(state.roll, host)?.sort === 'local') return { state, tells: [speak(host)] }
  if (state.phase !== undefined) return { state }
  if (!isBlind(state.roll)) return { state, tells: [speak(host)] }
  const spanMs = Math.min(longestSpanMs, everyMs + Math.min(everyMs / 2, 30_000))
  return enter({ ...state, phase: { name: 'suspect', spanMs, heldSince: setting.now } }, setting)
}

function somebodyIsHeard(before: AllState, next: AllState, host: string, setting: Setting): Result {
  const { phase } = next
  if (phase === undefined || phase.name === 'recovering') return { state: next }
  const recovering = { ...phase, name: 'recovering' } as const
  if (phase.name === 'suspect') return enter({ ...next, phase: recovering }, setting)
  const events = [seeing(before, host, setting)]
  return { ...enter({ ...next, phase: { ...recovering, heldSince: setting.now } }, setting), events }
}

/** Where no host is expected any more, none can be missed. */
function counted(state: AllState, setting: Setting): Result {
  if (state.phase?.name !== 'blind' || state.roll.missing > 0) return { state }
  const { phase: _over, ...rest } = state
  return { state: rest, events: [seeing(state, undefined, setting)], timers: [{ name: 'wait' }] }
}

function spanIsOver(state: AllState, body: WaitBody, setting: Setting): Result {
  const { phase, roll } = state
  if (phase === undefined || phase.name === 'blind') return {}
  const again = waitAgain(body, phase.spanMs, setting)
  if (again !== undefined) return again
  if (phase.name === 'suspect' && isBlind(roll)) {
    const next: AllState = { ...state, phase: { ...phase, name: 'blind' } }
    return { state: next, events: [blind(next, missingOf(roll), setting)] }
  }
  if (isBlind(roll) && setting.now - phase.heldSince < longestHoldMs)
    return enter({ ...state, phase: { ...phase, name: 'suspect' } }, setting)
  const { phase: _over, ...rest } = state
  const waited = phase.name === 'recovering' ? { waitedMs: phase.spanMs } : {}
  const held = hostsOf(roll).filter(([, entry]) => isMissingEntry(entry))
  return { state: rest, tells: held.map(([host]) => ({ ...speak(host), body: { speak: true, ...waited } })) }
}

/** Waits for a span in this phase. */
function enter(state: AllState, setting: Setting): Result {
  return { state, timers: [waitTimer(state.phase?.name ?? '', state.phase?.spanMs ?? 0, setting)] }
}

function missingOf(roll: Roll): readonly string[] {
  return hostsOf(roll)
    .filter(([, entry]) => isMissingEntry(entry))
    .map(([host]) => host)
    .sort()
}

function speak(host: string) {
  const body: AllWord = { speak: true }
  return { row: rowOf(host), body }
}

function toAll(roll: Roll, body: AllWord) {
  return hostsOf(roll).map(([host]) => ({ row: rowOf(host), body }))
}

function textOf({ options, place }: Setting): string {
  return JSON.stringify([options, place.host])
}

function atOf(value: Json | undefined): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}
