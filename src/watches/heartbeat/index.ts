// Watches that a job goes on saying that it runs: what does not come in time, fails, or does not end, is told.
import type { WatchInput, WatchKind, WatchPlace, WatchResult, Timer } from '../../watch.ts'
import type { HubEvent, Json } from '../../words.ts'
import { begin, clockStepped, isLate, wasAway } from './absence.ts'
import { heartbeatOptions, type HeartbeatOptions } from './options.ts'
import { pinged } from './pinged.ts'
import { pingFact, readPing } from './ping.ts'
import type { Setting, State } from './state.ts'
import type { Stepped } from './stepped.ts'
import { timingOf } from './timing.ts'
import { deadline, runDeadline, startDeadline } from './waiting.ts'

export default {
  about:
    'Watches that a job, such as a nightly backup, goes on calling /api/v1/heartbeat/NAME, where NAME is the name of the watch.',
  options: heartbeatOptions,
  example: { schedule: '30 2 * * *', timezone: 'Europe/Rome', grace: '2h', host: 'nas' },
  inOwnName: true,
  facts: [pingFact],
  events: ['sereno.blind', 'sereno.clock-jump'],
  begin: (_options, { name }) => [name],
  keys(_options, input, { name }) {
    if (input.kind === 'event') return input.event.source === 'sereno' ? [name] : []
    return input.fact.key === name ? [name] : []
  },
  step(options, state, input, now, place): WatchResult<State> {
    const setting = settingOf(options, place)
    const { state: next, events = [] } = take(state?.v === 1 ? state : undefined, input, now, setting)
    return next === undefined ? {} : { state: next, events, timers: timersOf(next, setting) }
  },
} satisfies WatchKind<HeartbeatOptions, State>

function settingOf(options: HeartbeatOptions, place: WatchPlace): Setting {
  const { name, zone } = place
  return { name, zone, options, timing: timingOf(options, zone) }
}

function take(
  known: State | undefined,
  input: WatchInput,
  now: number,
  setting: Setting,
): Stepped | { readonly state: undefined; readonly events?: undefined } {
  if (input.kind === 'begin') {
    const begun = begin(known, setting, now)
    // Timers may have been put off after a short absence, and stay so.
    return { state: begun === known ? undefined : begun }
  }
  if (input.kind === 'fact') {
    const ping = readPing(input.fact)
    return ping === undefined ? { state: undefined } : pinged(known ?? begin(known, setting, now), ping, setting)
  }
  if (known === undefined) return { state: undefined }
  if (input.kind === 'timer') return timeIsUp(known, input.name, now, setting)
  if (input.kind !== 'event') return { state: undefined }
  return { state: noticed(known, input.event, now, setting) }
}

/** What the hub says of itself. */
function noticed(state: State, { type, data }: HubEvent, now: number, setting: Setting): State {
  if (type === 'sereno.clock-jump') {
    const byMs = Number(data['bySeconds']) * 1000
    return Number.isFinite(byMs) ? clockStepped(state, byMs, now, setting) : state
  }
  const [from, until] = [timeOf(data['from']), timeOf(data['until'])]
  return Number.isNaN(from) || Number.isNaN(until) ? state : wasAway(state, from, until, setting)
}

function timeOf(value: Json | undefined): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}

function timeIsUp(state: State, name: string, now: number, setting: Setting): Stepped {
  const judge = overdue.get(name)
  const { at } = timersOf(state, setting).find((timer) => timer.name === name) ?? {}
  if (judge === undefined || at === undefined) return { state }
  return isLate(at, now) ? { state: wasAway(state, at - 1, now, setting) } : judge(state, setting, now)
}

const overdue: ReadonlyMap<string, typeof deadline> = new Map([
  ['deadline', deadline],
  ['start', startDeadline],
  ['run', runDeadline],
])

/** All three, each time: what the engine did to them meanwhile is known by what the state says. */
function timersOf({ deadlineAt, startBy, runs }: State, { options, timing }: Setting): Timer[] {
  const { startGrace, maxRun } = options
  const runDue = Math.min(...runs.map(({ dueAt = Infinity }) => dueAt))
  return [
    timer('deadline', deadlineAt, timing.everyMs + timing.graceMs),
    timer('start', startBy, startGrace),
    timer('run', Number.isFinite(runDue) ? runDue : undefined, maxRun),
  ]
}

/** Without a time it is taken back. */
function timer(name: string, at: number | undefined, periodMs: number | undefined): Timer {
  if (at === undefined) return { name }
  return { name, at, ...(periodMs === undefined ? {} : { periodMs }) }
}
