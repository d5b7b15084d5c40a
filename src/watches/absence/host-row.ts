// The row of one host: when it was last heard, which boot it is in, whether it may be away.
import { readHostSample, sampleFact, stoppingFact } from '../../source-sample.ts'
import type { Timer, WatchInput, WatchResult } from '../../watch.ts'
import type { Fact, JsonObject, NewEvent } from '../../words.ts'
import { hear, type Heard, notAfter } from './boots.ts'
import { type HostRule, ruleFor } from './options.ts'
import type { Sort, Status } from './roll.ts'
import { back, forgotten, notExpected, rivals, silent } from './say.ts'
import {
  allRow,
  type AllWord,
  hostOf,
  type HostState,
  type HostWord,
  type Setting,
  waitAgain,
  type WaitBody,
  waitTimer,
} from './state.ts'

type Result = WatchResult<HostState>

export function stepHost(state: HostState | undefined, input: WatchInput, setting: Setting): Result {
  const host = hostOf(input.key)
  if (input.kind === 'fact' && input.fact.name === sampleFact) return sampled(state, input.fact, host, setting)
  if (state === undefined) return {}
  switch (input.kind) {
    case 'fact':
      return input.fact.name === stoppingFact ? stopping(state, input.fact, host, setting) : {}
    case 'event':
      return stopping(state, input.event, host, setting)
    case 'timer':
      return timeIsUp(state, input.body as WaitBody, host, setting)
    case 'told':
      return told(state, input.body as AllWord, host, setting)
    case 'forget':
      return gone(state, isSaid(state) ? [forgotten(host, state, setting)] : [])
    case 'begin':
    case 'unanswered':
      return {}
  }
}

function sampled(state: HostState | undefined, fact: Fact, host: string, setting: Setting): Result {
  const { now, options } = setting
  const { everySeconds, bootId, machineId } = readHostSample({ ...fact.data, metrics: {} }) ?? {}
  const rule = ruleFor(host, options)
  const everyMs = everyOf(everySeconds, rule)
  // Never in the future, whatever its clock says.
  const at = Math.min(fact.time, fact.receivedAt)
  const heard = bootId === undefined ? undefined : hear(state?.boots, { bootId, machineId, at }, quietMs(everyMs, rule))
  const stopAt = stopAfter(state, heard, at, rule)
  const boots = heard?.boots ?? state?.boots
  const next: HostState = {
    v: 1,
    status: stopAt === undefined ? 'alive' : 'away',
    sort: sortOf(host, rule, setting),
    seenAt: Math.min(fact.receivedAt, now),
    everyMs,
    ...(boots === undefined ? {} : { boots }),
    ...(stopAt === undefined ? {} : { stopAt }),
  }
  return {
    state: next,
    events: [
      ...(state !== undefined && isSaid(state) ? [back(host, state, setting)] : []),
      ...(heard?.rivals === undefined ? [] : [rivals(host, heard.rivals, at)]),
    ],
    timers: [firstWait(next, rule, setting)],
    tells: [...wordsTo(state, next), ...bootWords(state, heard, at, fact)],
  }
}

/** Its goodbye counts until it has booted, or has gone on for so long that it did not stop at all. */
function stopAfter(
  state: HostState | undefined,
  heard: Heard | undefined,
  at: number,
  { bootAllowanceMs }: HostRule,
): number | undefined {
  const { stopAt } = state ?? {}
  if (stopAt === undefined || heard?.before !== undefined || at > stopAt + bootAllowanceMs) return undefined
  return stopAt
}

function bootWords(state: HostState | undefined, heard: Heard | undefined, at: number, { data }: Fact) {
  const { before, boots } = heard ?? {}
  const [boot] = boots?.list ?? []
  if (state === undefined || before === undefined || boot === undefined) return []
  const uptime = data['uptimeSeconds']
  const booted: JsonObject = {
    bootId: boot.id,
    previousBootId: before.id,
    ...(typeof uptime === 'number' ? { uptimeSeconds: uptime } : {}),
    wasUnreachableSeconds: Math.max(0, Math.round((at - before.lastAt) / 1000)),
  }
  const clean = state.stopAt !== undefined
  return [say({ booted, clean, seenAt: state.seenAt, at })]
}

function stopping(
  state: HostState,
  { time, data }: Pick<Fact, 'time' | 'data'>,
  host: string,
  setting: Setting,
): Result {
  const { now, options } = setting
  const at = Math.min(time, now)
  const [boot] = state.boots?.list ?? []
  // Late news of a boot that is over.
  const isOver = typeof data['bootId'] === 'string' ? data['bootId'] !== boot?.id : at < (boot?.firstAt ?? 0)
  if (boot !== undefined && isOver) return {}
  const marked: HostState = { ...state, stopAt: at }
  if (isSaid(state)) return { state: marked }
  const next: HostState = { ...marked, status: 'away' }
  return {
    state: next,
    timers: [firstWait(next, ruleFor(host, options), setting)],
    tells: wordsTo(state, next),
  }
}

function timeIsUp(state: HostState, body: WaitBody, host: string, setting: Setting): Result {
  const rule = ruleFor(host, setting.options)
  const again = waitAgain(body, waitMs(state.everyMs, rule), setting)
  if (again !== undefined) return again
  if (body.stage !== 'quiet') return rule.expected === 'always' ? become(state, 'held') : become(state, 'quiet')
  const rest = waitMs(state.everyMs, rule) - quietMs(state.everyMs, rule)
  if (rule.expected !== 'always') return become(state, 'quiet')
  if (rest <= 0) return become(state, 'held')
  return {
    ...become(state, 'quiet'),
    timers: [waitTimer('silent', rest, setting, { periodMs: waitMs(state.everyMs, rule) })],
  }
}

function told(state: HostState, word: AllWord, host: string, setting: Setting): Result {
  if ('shiftMs' in word) return { state: shifted(state, word.shiftMs, setting) }
  if ('reread' in word) return reread(state, host, setting)
  if (state.status !== 'held' && state.status !== 'quiet') return {}
  const rule = ruleFor(host, setting.options)
  const left = quietMs(state.everyMs, rule) - (word.waitedMs ?? Infinity)
  // What comes more rarely than it was waited for has not had the time to come back.
  if (left > 0 && rule.expected === 'always') {
    const ownMs = state.seenAt + waitMs(state.everyMs, rule) - setting.now
    return { ...become(state, 'quiet'), timers: [waitTimer('silent', Math.max(left, ownMs), setting)] }
  }
  if (state.status === 'quiet') return {}
  return { ...become(state, 'silent'), events: [silent(host, state, setting)] }
}

/** The clock was set: spans keep their length, and nothing has happened in what is the future now. */
function shifted(state: HostState, shiftMs: number, { now }: Setting): HostState {
  const { boots, stopAt } = state
  return {
    ...state,
    seenAt: state.seenAt + shiftMs,
    ...(boots === undefined ? {} : { boots: notAfter(boots, now) }),
    ...(stopAt === undefined ? {} : { stopAt: Math.min(stopAt, now) }),
  }
}

/** By other options: what is no longer expected is no longer missed. */
function reread(state: HostState, host: string, setting: Setting): Result {
  const rule = ruleFor(host, setting.options)
  const ends = isSaid(state) && rule.expected !== 'always' ? [notExpected(host, state, setting)] : []
  if (rule.expected === 'never') return gone(state, ends)
  const status = rule.expected !== 'always' && isMissed(state.status) ? 'quiet' : state.status
  const next: HostState = { ...state, sort: sortOf(host, rule, setting), status }
  const isAwaited = rule.expected === 'always' && state.sort === 'roaming' && status === 'quiet'
  return {
    state: next,
    events: ends,
    tells: wordsTo(state, next),
    ...(isAwaited ? { timers: [waitTimer('silent', waitMs(state.everyMs, rule), setting)] } : {}),
  }
}

function gone(_state: HostState, events: readonly NewEvent[]): Result {
  return { state: null, events, timers: [{ name: 'wait' }], tells: [say({ gone: true })] }
}

function become(state: HostState, status: Status): Result {
  const next = { ...state, status }
  return { state: next, tells: wordsTo(state, next) }
}

/** Said only when something has changed, so that a host that is well concerns no row but its own. */
function wordsTo(before: HostState | undefined, { status, sort, seenAt, everyMs }: HostState) {
  if (before?.status === status && before.sort === sort) return []
  return [say({ is: status, sort, seenAt, everyMs })]
}

function say(word: HostWord) {
  return { row: allRow, body: word }
}

function firstWait(state: HostState, rule: HostRule, setting: Setting): Timer {
  const whole = waitMs(state.everyMs, rule)
  if (state.status === 'away') return waitTimer('silent', Math.max(whole, rule.bootAllowanceMs), setting)
  return waitTimer('quiet', quietMs(state.everyMs, rule), setting)
}

function waitMs(everyMs: number, { missed, afterMs }: HostRule): number {
  return Math.max(missed * everyMs, afterMs)
}

/** A sample has not come, be it a little late. */
function quietMs(everyMs: number, rule: HostRule): number {
  return Math.min(waitMs(everyMs, rule), everyMs + Math.min(everyMs / 2, 30_000))
}

const longestEveryMs = 7 * 86_400_000

function everyOf(everySeconds: number | undefined, { everyMs }: HostRule): number {
  if (everySeconds === undefined || everySeconds <= 0) return everyMs
  return Math.min(longestEveryMs, Math.max(1000, Math.round(everySeconds * 1000)))
}

function sortOf(host: string, { expected }: HostRule, { place }: Setting): Sort {
  if (host === place.host) return 'local'
  return expected === 'roaming' ? 'roaming' : 'always'
}

function isMissed(status: Status): boolean {
  return status === 'held' || status === 'silent'
}

function isSaid({ status }: HostState): boolean {
  return status === 'silent'
}
