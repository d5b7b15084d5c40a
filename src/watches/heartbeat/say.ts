// The events of a heartbeat: it came, it is missing or has failed, it is back.
import { spanWords } from '../../lib/duration.ts'
import { cleanText } from '../../lib/text.ts'
import type { NewEvent } from '../../words.ts'
import { defined, type Ping } from './ping.ts'
import { isFor, type Missed, type Run, type Setting, type State } from './state.ts'
import { countRuns } from './timing.ts'

/** Of a log, this much of its end is shown in a message. */
const shownLength = 1000

export function ok(before: State, ping: Ping, setting: Setting): NewEvent {
  const { exitCode, durationSeconds, message, runId, remote } = ping
  const data = { exitCode, durationSeconds, message, runId, remote, lastOkAt: iso(before.okAt) }
  return { ...about('ok', setting), severity: 'info', data: defined(data) }
}

/** `state` knows that it is missing. */
export function missing(state: State, setting: Setting, run?: Run): NewEvent {
  const { missed, dueAt, last } = state
  const { timing, options, zone } = setting
  const { graceMs, everyMs } = timing
  const startedAt = run?.firstAt ?? run?.startedAt
  const data = {
    reason: missed?.reason,
    expectedAt: iso(missed?.reason === 'not-finished' ? Math.min(dueAt ?? Infinity, startedAt ?? Infinity) : dueAt),
    startedAt: iso(startedAt),
    graceSeconds: graceMs / 1000,
    maxRunSeconds: options.maxRun === undefined ? undefined : options.maxRun / 1000,
    everySeconds: timing.isScheduled ? undefined : everyMs / 1000,
    schedule: options.schedule,
    since: iso(state.since),
    lastAt: iso(last?.at),
    lastState: last?.state,
    lastExitCode: last?.exitCode,
    lastMessage: last?.message,
    lastOkAt: iso(state.okAt),
    ...(state.away === undefined ? { missedRuns: missed?.runs } : { absences: state.away.count }),
    timezone: zone,
  }
  const condition = { key: 'missed', state: 'firing' } as const
  return { ...about('missed', setting), severity: options.severity, data: defined(data), condition }
}

export function returned(before: State, missed: Missed, { at }: Ping, setting: Setting): NewEvent {
  const silentMs = at - (before.cameAt ?? before.since)
  const runs = missedBefore(before, missed, at, setting)
  const data = { reason: missed.reason, silentSeconds: silentMs / 1000, missedRuns: runs, timezone: setting.zone }
  return {
    ...about('missed', setting),
    severity: 'info',
    title: `${setting.name} ${returnedWords(before, missed, at, runs)}`,
    data: defined(data),
    condition: { key: 'missed', state: 'resolved' },
  }
}

export function failed(state: State, ping: Ping, setting: Setting): NewEvent {
  const { exitCode, durationSeconds, message, log, runId, remote } = ping
  const { failures } = state
  const times = { lastOkAt: iso(state.okAt), timezone: setting.zone }
  const data = { failures, exitCode, durationSeconds, message, log, runId, remote, ...times }
  return {
    ...about('failed', setting),
    severity: setting.options.severity,
    data: defined(data),
    ...(log === undefined ? {} : { text: lastLines(log) }),
    condition: { key: 'failed', state: 'firing' },
  }
}

export function recovered({ failures }: State, ping: Ping, setting: Setting): NewEvent {
  return {
    ...about('failed', setting),
    severity: 'info',
    title: `${setting.name} works again after ${failures} ${failures === 1 ? 'failure' : 'failures'}`,
    data: defined({ failures, durationSeconds: ping.durationSeconds, timezone: setting.zone }),
    condition: { key: 'failed', state: 'resolved' },
  }
}

function about(what: 'ok' | 'missed' | 'failed', { name, options: { host } }: Setting): NewEvent {
  return { type: `heartbeat.${what}`, subject: name, ...(host === undefined ? {} : { host }) }
}

/** How often it had not come, not counting the time that it has come for now. */
function missedBefore(
  { away, dueAt }: State,
  { first, runs }: Missed,
  at: number,
  { timing }: Setting,
): number | undefined {
  if (away !== undefined || runs === undefined) return undefined
  if (!timing.isScheduled) return countRuns(timing, first, at)
  if (dueAt === undefined || !isFor(timing, at, dueAt)) return Math.max(0, runs - 1)
  const more = countRuns(timing, dueAt, at)
  return more === undefined ? undefined : runs + more
}

function returnedWords({ cameAt }: State, { reason, first }: Missed, at: number, runs: number | undefined): string {
  if (reason === 'not-finished' && runs === 0) return 'has finished after all'
  if (cameAt === undefined) return 'has come for the first time'
  const span = spanWords(at - cameAt)
  if (runs === undefined) return `is back after ${span}`
  if (runs > 0) return `is back after ${span}; ${runs === 1 ? '1 run was' : `${runs} runs were`} missed`
  return `has come, ${spanWords(Math.max(0, at - first))} after it was expected`
}

/** Whole lines, fit to stand in a message. */
function lastLines(log: string): string {
  const text = cleanText(log).trimEnd()
  if (text.length <= shownLength) return text
  const end = text.slice(-shownLength)
  const line = end.indexOf('\n')
  return `…\n${(line >= 0 && line < shownLength / 2 ? end.slice(line + 1) : end).toWellFormed()}`
}

function iso(at: number | undefined): string | undefined {
  return at === undefined || !Number.isFinite(at) ? undefined : new Date(at).toISOString()
}
