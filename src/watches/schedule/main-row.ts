// The main row of a schedule: waits for its next time, then has the work done.
import { sampleFact } from '../../source-sample.ts'
import type { Timer, WatchInput, WatchResult } from '../../watch.ts'
import type { JsonObject } from '../../words.ts'
import { digest, noSample, report } from './say.ts'
import {
  allAnswered,
  hostOf,
  type HostWord,
  mainRow,
  type MainState,
  type MainWord,
  rowOf,
  type Setting,
} from './state.ts'
import { afterDigest, count, emptyTally } from './tally.ts'
import { nextSlot, runAt } from './timing.ts'

type Result = WatchResult<MainState>

/** A report of more hosts is read by nobody. */
const mostHosts = 50
/** What runs later than this has been late for a reason that is worth a word. */
const lateMs = 60_000

export function stepMain(state: MainState | undefined, input: WatchInput, setting: Setting): Result {
  if (input.kind === 'begin') return begun(state, setting)
  const known = state ?? fresh(setting)
  switch (input.kind) {
    case 'timer':
      return timeIsUp(known, input.name, setting)
    case 'told':
      return told(known, input.from, input.body as HostWord | typeof allAnswered, setting)
    case 'event':
      return { state: { ...known, tally: count(known.tally ?? emptyTally, input.event) } }
    case 'fact':
      return answered(known, input.fact.key)
    case 'unanswered':
      return failed(known, [input.factKey], 'unanswered', setting)
    case 'forget':
      return {}
  }
}

function begun(state: MainState | undefined, setting: Setting): Result {
  const next = fresh(setting)
  if (state === undefined) return { state: next, timers: [dueTimer(next, setting)] }
  // What became due while we were away is done once, by the timer that is due still.
  if (state.setting === next.setting) return {}
  const { slotAt: _slot, ...rest } = state
  const { slotAt } = next
  const changed = { ...rest, setting: next.setting, ...(slotAt === undefined ? {} : { slotAt }) }
  const body: MainWord = { reread: true }
  return {
    state: changed,
    timers: [dueTimer(changed, setting)],
    tells: (state.hosts ?? []).map((host) => ({ row: rowOf(host), body })),
  }
}

function fresh(setting: Setting): MainState {
  const { options, place, zone, now } = setting
  const slotAt = nextSlot(setting, now)
  return {
    v: 1,
    setting: JSON.stringify([options, place.name, zone]),
    since: now,
    ...(slotAt === undefined ? {} : { slotAt }),
  }
}

function dueTimer({ slotAt }: MainState, setting: Setting): Timer {
  if (slotAt === undefined) return { name: 'due' }
  return { name: 'due', at: runAt(slotAt, setting), clock: 'calendar' }
}

function timeIsUp(state: MainState, name: string, setting: Setting): Result {
  if (name === 'now') return run(state, {}, setting)
  if (name === 'timeout') return failed(state, state.waiting ?? [], 'timeout', setting)
  if (name !== 'due' || state.slotAt === undefined) return {}
  const { slotAt, ...rest } = state
  const late = setting.now - runAt(slotAt, setting)
  const following = nextSlot(setting, Math.max(setting.now, slotAt))
  const next = following === undefined ? rest : { ...rest, slotAt: following }
  const done = run(next, late > lateMs ? { dueAt: new Date(slotAt).toISOString() } : {}, setting)
  return { ...done, timers: [dueTimer(next, setting), ...(done.timers ?? [])] }
}

function run(state: MainState, more: JsonObject, setting: Setting): Result {
  const { options, now } = setting
  switch (options.action) {
    case 'digest': {
      const { since, tally = emptyTally } = state
      const events = [digest({ tally, since }, more, setting)]
      return { state: { ...state, since: now, tally: afterDigest(tally) }, events }
    }
    case 'report': {
      const ask: MainWord = { report: true }
      const asked = (state.hosts ?? []).map((host) => ({ row: rowOf(host), body: ask }))
      return {
        state: { ...state, gathered: [] },
        tells: [...asked, { row: mainRow, body: { ...allAnswered, ...more } }],
      }
    }
    case 'sample':
      return askForSamples(state, setting)
  }
}

function askForSamples(state: MainState, setting: Setting): Result {
  const { options, now } = setting
  const hosts = sampledHosts(setting)
  const source = options.source ?? ''
  return {
    state: { ...state, since: now, waiting: hosts },
    rechecks: hosts.map((key) => ({ source, name: sampleFact, key, body: {} })),
    timers: [{ name: 'timeout', at: now + options.timeout }],
  }
}

export function sampledHosts({ options, place }: Pick<Setting, 'options' | 'place'>): readonly string[] {
  return options.hosts ?? [place.host]
}

function told(state: MainState, from: string, word: HostWord | typeof allAnswered, setting: Setting): Result {
  if ('done' in word) {
    const { gathered: _done, ...rest } = state
    const { done: _word, ...more } = word
    return { state: { ...rest, since: setting.now }, events: [report(state, more, setting)] }
  }
  if ('figures' in word) return { state: { ...state, gathered: [...(state.gathered ?? []), word.figures] } }
  const host = hostOf(from)
  const others = (state.hosts ?? []).filter((one) => one !== host)
  if ('gone' in word) return { state: { ...state, hosts: others } }
  const body: MainWord = { isTooMany: true }
  if (others.length >= mostHosts) return { tells: [{ row: from, body }] }
  return { state: { ...state, hosts: [...others, host] } }
}

function answered(state: MainState, host: string): Result {
  const { waiting = [] } = state
  return waiting.includes(host) ? waitFor(state, waiting, [host]) : {}
}

/** Said once; a source that answers later is heard all the same. */
function failed(
  state: MainState,
  hosts: readonly string[],
  reason: 'timeout' | 'unanswered',
  setting: Setting,
): Result {
  const { waiting = [] } = state
  const lost = hosts.filter((host) => waiting.includes(host))
  if (lost.length === 0) return {}
  return { ...waitFor(state, waiting, lost), events: lost.map((host) => noSample(host, reason, setting)) }
}

function waitFor(state: MainState, waiting: readonly string[], done: readonly string[]): Result {
  const left = waiting.filter((host) => !done.includes(host))
  if (left.length > 0) return { state: { ...state, waiting: left } }
  const { waiting: _none, ...rest } = state
  return { state: rest, timers: [{ name: 'timeout' }] }
}
