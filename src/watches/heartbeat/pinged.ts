// What a ping means for its heartbeat: a run begins or ends, failures are counted, what was missing is back.
import { defined, type Ping } from './ping.ts'
import { failed, ok, recovered, returned } from './say.ts'
import { isFor, type Run, type Said, type Setting, type State, unsaid, waitFor, without } from './state.ts'
import type { Stepped } from './stepped.ts'

const pingsKept = 8
const runsKept = 20

export function pinged(state: State, ping: Ping, setting: Setting): Stepped {
  const { key } = ping
  if (key !== undefined && state.pings.includes(key)) return { state }
  const pings = key === undefined ? state.pings : [...state.pings, key].slice(-pingsKept)
  const noted = { ...state, pings, last: toSaid(ping) }
  switch (ping.state) {
    case 'log':
      return { state: noted }
    case 'start':
      return { state: started(noted, ping, setting) }
    case 'fail':
      return ended(noted, ping, setting, fail)
    case 'ok':
      return ended(noted, ping, setting, succeed)
  }
}

function started(state: State, { at, runId }: Ping, setting: Setting): State {
  const isInTime = state.dueAt !== undefined && isFor(setting.timing, at, state.dueAt)
  return { ...(isInTime ? without(state, 'startBy') : state), runs: withRun(state.runs, at, runId, setting) }
}

/** Without an id, one run is on at a time: a second start without an end gives the first one no more time. */
function withRun(runs: readonly Run[], at: number, id: string | undefined, { options }: Setting): readonly Run[] {
  const { maxRun } = options
  const before = runs.find((one) => one.id === id && one.told !== true)
  const others = runs.filter((one) => one.id !== id)
  if (before !== undefined)
    return [...others, { ...before, startedAt: at, firstAt: before.firstAt ?? before.startedAt }]
  const run = { ...defined({ id }), startedAt: at, ...(maxRun === undefined ? {} : { dueAt: at + maxRun }) }
  // Of too many, those stay for whose end it is waited.
  const idle = others.length < runsKept ? undefined : others.findIndex(({ dueAt }) => dueAt === undefined)
  if (idle === -1) return others
  return [...others.filter((_one, index) => index !== idle), run]
}

/** Ended, well or not: it is waited for anew. */
function ended(
  state: State,
  ping: Ping,
  setting: Setting,
  tell: (before: State, ping: Ping, setting: Setting) => Stepped,
): Stepped {
  const { timing } = setting
  const run = runOf(state.runs, ping.runId)
  const ran = run === undefined ? {} : { durationSeconds: (ping.at - run.startedAt) / 1000 }
  const told = tell(state, { ...ran, ...ping }, setting)
  const runs = state.runs.filter((one) => one !== run)
  const came = unsaid({ ...without(told.state, 'away'), runs, cameAt: ping.at })
  if (!timing.isScheduled) return { ...told, state: waitFor(came, timing.next(ping.at), setting) }
  // A run belongs to the time at which it began, and what may have been lost while we were away is not asked for.
  const at = Math.max(run?.startedAt ?? ping.at, state.away?.until ?? 0)
  const next = timing.after(at)
  const dueAt = next === undefined ? undefined : Math.max(next, state.dueAt ?? 0)
  // Of those before, it has been told that they were missed.
  const isOver = dueAt !== undefined && dueAt + timing.graceMs <= ping.at
  return { ...told, state: waitFor(came, isOver ? timing.next(ping.at - timing.graceMs) : dueAt, setting) }
}

function runOf(runs: readonly Run[], id: string | undefined): Run | undefined {
  if (id === undefined) return runs.find((one) => one.id === undefined) ?? runs[0]
  return runs.find((one) => one.id === id) ?? runs.find((one) => one.id === undefined)
}

function fail(before: State, ping: Ping, setting: Setting): Stepped {
  const failures = before.failures + 1
  if (failures < setting.options.failAfter) return { state: { ...before, failures } }
  const state = { ...before, failures, failing: true as const }
  return { state, events: [failed(state, ping, setting)] }
}

function succeed(before: State, ping: Ping, setting: Setting): Stepped {
  const { missed, failing, ...rest } = before
  return {
    state: { ...rest, failures: 0, okAt: ping.at },
    events: [
      ok(before, ping, setting),
      ...(missed === undefined ? [] : [returned(before, missed, ping, setting)]),
      ...(failing === undefined ? [] : [recovered(before, ping, setting)]),
    ],
  }
}

const messageLength = 300

function toSaid({ at, state, exitCode, message, log }: Ping): Said {
  const lastLine = log?.trimEnd().split('\n').at(-1)?.trim()
  const said = (message ?? lastLine)?.slice(0, messageLength)
  return { at, state, ...defined({ exitCode, message: said === '' ? undefined : said }) }
}
