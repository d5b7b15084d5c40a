// Watches what the systemd source sees of a machine: tells of units that fail and of the network, and holds the former during upgrades.
import { bootFacts } from '../../source-boot.ts'
import type { WatchInput, WatchKind, WatchResult } from '../../watch.ts'
import type { Fact, Json, JsonObject, NewEvent, Severity } from '../../words.ts'
import { options, type Options } from './options.ts'
import { mostWrong, nothing, type Sort, type State, type Wrong } from './state.ts'

/** A unit that has not failed and does not run may be on its way. */
const settleMs = 90_000
/** Services are still restarted when the package manager is done. */
const afterUpgradeMs = 60_000
/** One that never ends, or ends where nobody sees it, holds nothing for longer. */
const longestUpgradeMs = 2 * 3_600_000

export default {
  about:
    'Tells of units that fail, until they are well, of network interfaces that are down, and of a gateway that does not answer. While packages are upgraded, and a ' +
    'minute longer, opens the window of kind upgrade for its host (see `mute`).',
  options,
  example: {},
  beside: true,
  facts: [bootFacts.unit, bootFacts.network, bootFacts.upgrade],
  keys(_options, input, place) {
    return input.kind === 'fact' ? [input.fact.host ?? place.host] : []
  },
  forget: (_options, host) => [host],
  step(given, known, input, now): WatchResult<State> {
    const state = known?.v === 1 ? known : nothing
    const host = input.key
    switch (input.kind) {
      case 'fact':
        return takeFact(given, state, { host, fact: input.fact, now })
      case 'timer':
        return takeTimer(state, input, now)
      case 'forget':
        return { state: null, events: ends(state, host, Object.keys(state.wrong)), timers: timersOf(state) }
      case 'event':
      case 'begin':
      case 'told':
      case 'unanswered':
        return {}
    }
  },
} satisfies WatchKind<Options, State>

interface Seen {
  readonly host: string
  readonly fact: Fact
  readonly now: number
}

function takeFact(given: Options, state: State, seen: Seen): WatchResult<State> {
  const { name, key, data } = seen.fact
  if (name === bootFacts.upgrade) return takeUpgrade(state, seen)
  const sort: Sort = name === bootFacts.unit ? 'unit' : 'network'
  if (key === '*') return takeNames(state, sort, seen)
  if (data['ok'] === true) return clear(state, seen.host, [`${sort} ${key}`])
  return data['ok'] === false ? takeWrong(given, state, sort, seen) : {}
}

function takeWrong(given: Options, state: State, sort: Sort, { host, fact, now }: Seen): WatchResult<State> {
  const thing = `${sort} ${fact.key}`
  const before = state.wrong[thing]
  if (before === undefined && Object.keys(state.wrong).length >= mostWrong) return {}
  const wrong: Wrong = {
    since: before?.since ?? now,
    ...text('state', fact.data['state']),
    ...text('reason', fact.data['reason']),
    ...(before?.told === true ? { told: true as const } : {}),
  }
  const next: State = { ...state, wrong: { ...state.wrong, [thing]: wrong } }
  const waitMs = waitFor(given, thing, wrong)
  if (before?.told === true) {
    const isNews = before.state !== wrong.state || before.reason !== wrong.reason
    return isNews ? { state: next, events: [toEvent(host, thing, wrong, 'changed')] } : {}
  }
  if (waitMs > 0) return { state: next, timers: [{ name: thing, at: wrong.since + waitMs }] }
  return tell(next, host, thing, wrong)
}

/** A gateway has been asked more than once. */
function waitFor(given: Options, thing: string, { state }: Wrong): number {
  if (isGateway(thing)) return 0
  if (thing.startsWith('network ')) return given.networkAfter
  return state === 'failed' ? 0 : settleMs
}

function isGateway(thing: string): boolean {
  return thing.startsWith('network gateway ')
}

function tell(state: State, host: string, thing: string, wrong: Wrong): WatchResult<State> {
  return {
    state: { ...state, wrong: { ...state.wrong, [thing]: { ...wrong, told: true } } },
    events: [toEvent(host, thing, wrong, 'firing')],
    timers: [{ name: thing }],
  }
}

/** What is not among the names is no longer there, or well. */
function takeNames(state: State, sort: Sort, { host, fact }: Seen): WatchResult<State> {
  const { names, unread } = fact.data
  if (!Array.isArray(names) || typeof unread === 'string') return {}
  const there = new Set<Json>(names as readonly Json[])
  const gone = Object.keys(state.wrong).filter(
    (thing) => thing.startsWith(`${sort} `) && !there.has(thing.slice(sort.length + 1)),
  )
  return clear(state, host, gone)
}

function clear(state: State, host: string, things: readonly string[]): WatchResult<State> {
  const known = things.filter((thing) => state.wrong[thing] !== undefined)
  if (known.length === 0) return {}
  const left = Object.entries(state.wrong).filter(([thing]) => !known.includes(thing))
  return {
    state: { ...state, wrong: Object.fromEntries(left) },
    events: ends(state, host, known),
    timers: known.map((name) => ({ name })),
  }
}

function ends(state: State, host: string, things: readonly string[]): readonly NewEvent[] {
  return things.flatMap((thing) => {
    const wrong = state.wrong[thing]
    return wrong?.told === true ? [toEvent(host, thing, wrong, 'resolved')] : []
  })
}

function takeUpgrade(state: State, { host, fact, now }: Seen): WatchResult<State> {
  const { upgrade, ...rest } = state
  if (fact.data['on'] === true) {
    // One that begins before the minute of the last is over goes on.
    if (upgrade !== undefined && upgrade.endedAt === undefined) return {}
    const since = upgrade?.since ?? now
    return {
      state: { ...rest, upgrade: { since } },
      windows: [{ kind: 'upgrade', host, from: since, until: Math.max(since + longestUpgradeMs, now) }],
      timers: [{ name: 'upgrade' }],
    }
  }
  if (fact.data['on'] !== false || upgrade === undefined || upgrade.endedAt !== undefined) return {}
  return {
    state: { ...rest, upgrade: { ...upgrade, endedAt: now } },
    timers: [{ name: 'upgrade', at: now + afterUpgradeMs }],
  }
}

function takeTimer(state: State, input: WatchInput & { readonly kind: 'timer' }, now: number): WatchResult<State> {
  const { upgrade, ...rest } = state
  if (input.name === 'upgrade') {
    if (upgrade?.endedAt === undefined) return {}
    return { state: rest, windows: [{ kind: 'upgrade', host: input.key, until: now }] }
  }
  const wrong = Object.hasOwn(state.wrong, input.name) ? state.wrong[input.name] : undefined
  return wrong === undefined || wrong.told === true ? {} : tell(state, input.key, input.name, wrong)
}

function timersOf({ wrong }: State): readonly { readonly name: string }[] {
  return ['upgrade', ...Object.keys(wrong)].map((name) => ({ name }))
}

function toEvent(host: string, thing: string, wrong: Wrong, state: 'firing' | 'changed' | 'resolved'): NewEvent {
  const { state: how, reason, since } = wrong
  const { type, field, name, severity } = sortOf(thing, how)
  const data: JsonObject = {
    [field]: name,
    ...(how === undefined ? {} : { state: how }),
    ...(reason === undefined ? {} : { reason }),
    since: new Date(since).toISOString(),
  }
  return {
    type,
    host,
    subject: name,
    ...(severity === undefined ? {} : { severity }),
    data,
    condition: { key: thing, state },
  }
}

function sortOf(
  thing: string,
  state: string | undefined,
): { readonly type: string; readonly field: string; readonly name: string; readonly severity?: Severity } {
  const name = thing.slice(thing.lastIndexOf(' ') + 1)
  if (thing.startsWith('unit ')) return { type: 'service.failed', field: 'unit', name }
  if (!isGateway(thing)) return { type: 'network.down', field: 'interface', name }
  return {
    type: 'network.unreachable',
    field: 'gateway',
    name,
    severity: state === 'losing' ? 'warning' : 'critical',
  }
}

function text<Key extends string>(key: Key, value: Json | undefined): { readonly [name in Key]?: string } {
  return typeof value === 'string' && value !== '' ? ({ [key]: value.slice(0, 300) } as { [name in Key]: string }) : {}
}
