// Makes mute windows of the configuration, with those for startup and shutdown that are there without being written.
import { coveredUntil, readTimeOfDay } from '../lib/daily-span.ts'
import { readMatchers } from '../lib/matchers.ts'
import type { Schedule } from '../lib/schedule.ts'
import { createZone } from '../lib/zone.ts'
import type { AtEnd, Mute } from '../rule-mute.ts'
import type { Grace } from '../watch.ts'
import type { Issue } from '../words.ts'
import { check, type Given } from './check.ts'
import { showValue } from './issue-words.ts'
import { at, isMapping, mappingAt } from './named.ts'
import { muteOptions, type MuteOptions } from './mute-options.ts'

export interface ReadMutes {
  readonly mutes: readonly MuteConfig[]
  readonly issues: readonly Issue[]
}

/** A window before its zone is known. */
export interface MuteConfig {
  readonly name: string
  readonly options: MuteOptions
}

type Kind = MuteOptions['kind']

interface Usual {
  readonly on: readonly string[]
  readonly pass: readonly string[]
  readonly hold: Mute['hold']
  readonly atEnd: AtEnd
  /** Whether it goes by the calendar. */
  readonly byCalendar: boolean
}

const usual: { readonly [kind in Kind]: Usual } = {
  startup: {
    on: ['guest.*', 'service.*', 'storage.*', 'network.*', 'host.threshold', 'host.booted', 'host.silent'],
    pass: [],
    hold: 'all',
    atEnd: 'report',
    byCalendar: false,
  },
  shutdown: {
    // One that stops may say so in several ways; only the first is news.
    on: ['guest.stopped', 'guest.shutdown', 'service.*', 'storage.*', 'network.*', 'host.shutdown', 'host.silent'],
    pass: ['*-failed'],
    hold: 'all',
    atEnd: 'report',
    byCalendar: false,
  },
  quiet: { on: ['*'], pass: [], hold: 'below-critical', atEnd: 'digest', byCalendar: true },
  maintenance: { on: ['*'], pass: [], hold: 'all', atEnd: 're-evaluate', byCalendar: true },
  upgrade: { on: ['service.*'], pass: [], hold: 'all', atEnd: 're-evaluate', byCalendar: false },
  backup: {
    on: ['guest.started', 'guest.stopped', 'guest.shutdown', 'guest.restarted'],
    pass: [],
    hold: 'all',
    atEnd: 're-evaluate',
    byCalendar: false,
  },
}

export async function readMutes(given: Given): Promise<ReadMutes> {
  const { document, resolved } = given
  const section = at(resolved.value, 'mute')
  const issues: Issue[] = []
  if (section != null && !isMapping(section)) {
    const message = `mute is a mapping of names to windows, not ${showValue(section)}; write for example night: { kind: quiet, from: '22:00', until: '07:00' }`
    return { mutes: implied([]), issues: [document.issueAt(['mute'], 'value', message)] }
  }
  const mutes: MuteConfig[] = []
  for (const [name, value] of Object.entries(mappingAt(resolved.value, 'mute') ?? {})) {
    const path = ['mute', name]
    if (!isMapping(value)) {
      issues.push(document.issueAt(path, 'value', `a window is a mapping, not ${showValue(value)}; begin with kind`))
      continue
    }
    const checked = check(muteOptions, { path, value }, given)
    if ('issues' in checked) issues.push(...checked.issues)
    else {
      const problem = problemOf(checked.value) ?? (await scheduleProblem(checked.value))
      if (problem === undefined) mutes.push({ name, options: checked.value })
      else issues.push(document.issueAt([...path, ...problem.path], 'value', problem.message))
    }
  }
  return { mutes: implied(mutes), issues }
}

/** Whoever writes one of that kind means it instead. */
function implied(written: readonly MuteConfig[]): readonly MuteConfig[] {
  const missing = (['startup', 'shutdown'] as const).filter(
    (kind) => !written.some(({ options }) => options.kind === kind),
  )
  return [...written, ...missing.map((kind) => ({ name: kind, options: muteOptions.parse({ kind }) }))]
}

interface Problem {
  readonly path: readonly string[]
  readonly message: string
}

function problemOf(options: MuteOptions): Problem | undefined {
  const { kind, from, until, every, for: span } = options
  const timed = [from, until, every].some((value) => value !== undefined)
  if (!usual[kind].byCalendar) {
    const own = ['vmGrace', 'grace', 'maxBootUptime'] as const
    if (kind !== 'startup' && own.some((key) => options[key] !== undefined))
      return { path: [], message: `${own.join(', ')} are for startup; remove them here` }
    if (kind !== 'shutdown' && options.shutdownGrace !== undefined)
      return { path: ['shutdownGrace'], message: 'shutdownGrace is for shutdown; remove it here' }
    return timed && kind !== 'backup' && kind !== 'upgrade'
      ? { path: [], message: `a window of kind ${kind} is opened by what the host does; remove from, until and every` }
      : timed
        ? timesProblem(options)
        : undefined
  }
  if (!timed) return { path: [], message: `nothing says when; give from and until, or every and for` }
  return span !== undefined && every === undefined
    ? { path: ['for'], message: 'for goes with every; beside from it is until that ends the window' }
    : timesProblem(options)
}

function timesProblem({ from, until, every, for: span }: MuteOptions): Problem | undefined {
  if (every !== undefined) {
    if (from !== undefined || until !== undefined)
      return { path: ['every'], message: 'give either from and until, or every and for' }
    return span === undefined
      ? { path: [], message: 'every says when it begins; give for, how long it lasts' }
      : undefined
  }
  if (from === undefined || until === undefined) return { path: [], message: 'give both from and until' }
  const daily = [readTimeOfDay(from), readTimeOfDay(until)]
  if (daily.every((time) => time !== undefined)) {
    return daily[0] === daily[1] ? { path: ['until'], message: 'it ends when it begins; give another time' } : undefined
  }
  const [begins, ends] = [instantOf(from), instantOf(until)]
  const shape =
    'write a time of day such as 22:00 in both, or in both a date with its offset such as 2026-12-01T20:00:00+01:00'
  // One of them is a time of day, so the other is what is wrong.
  if (begins === undefined && daily[0] === undefined)
    return { path: ['from'], message: `"${from}" is no time; ${shape}` }
  if (ends === undefined || begins === undefined) return { path: ['until'], message: `"${until}" is no time; ${shape}` }
  return ends > begins ? undefined : { path: ['until'], message: 'it ends before it begins' }
}

/** Calendars are read by a library that is loaded only where there is one. */
async function scheduleProblem({ every }: MuteOptions): Promise<Problem | undefined> {
  if (every === undefined) return undefined
  const { parseSchedule } = await import('../lib/schedule.ts')
  const schedule = parseSchedule(every)
  return 'error' in schedule ? { path: ['every'], message: schedule.error } : undefined
}

function instantOf(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

/** Ready to judge; `zone` is the hub's. */
export async function toMute({ name, options }: MuteConfig, zone: string): Promise<Mute> {
  const { kind, scope, types, pass, hold, atEnd } = options
  const { on, pass: passing, hold: held, atEnd: ending } = usual[kind]
  const covers = await coverOf(options, options.zone ?? zone)
  return {
    name,
    kind,
    on: types ?? on,
    pass: pass ?? passing,
    where: scope.flatMap((text) => readMatchers(text)),
    hold: hold ?? held,
    atEnd: atEnd ?? ending,
    ...(covers === undefined ? {} : { covers }),
  }
}

/** The spans by which watches open windows. */
export function graceOf(mutes: readonly MuteConfig[]): Grace {
  const of = (kind: Kind): Partial<MuteOptions> => mutes.find(({ options }) => options.kind === kind)?.options ?? {}
  const { vmGrace = 180_000, grace = 300_000, maxBootUptime = 600_000 } = of('startup')
  const { shutdownGrace = 120_000 } = of('shutdown')
  return { vmGraceMs: vmGrace, graceMs: grace, shutdownGraceMs: shutdownGrace, maxBootUptimeMs: maxBootUptime }
}

async function coverOf({ from, until, every, for: span }: MuteOptions, zone: string): Promise<Mute['covers']> {
  if (every !== undefined && span !== undefined) return calendarCover(every, span, zone)
  if (from === undefined || until === undefined) return undefined
  const [begins, ends] = [readTimeOfDay(from), readTimeOfDay(until)]
  if (begins !== undefined && ends !== undefined) {
    const wall = createZone(zone)
    return (now) => coveredUntil({ from: begins, until: ends }, wall, now)
  }
  const [first, last] = [instantOf(from) ?? 0, instantOf(until) ?? 0]
  return (now) => (first <= now && now < last ? last : undefined)
}

/** Asked for each event, it looks into the calendar only when the answer may have changed. */
async function calendarCover(text: string, spanMs: number, zone: string): Promise<Mute['covers']> {
  const { parseSchedule } = await import('../lib/schedule.ts')
  const schedule = parseSchedule(text)
  if ('error' in schedule) return undefined
  let known = { from: 0, to: 0, until: undefined as number | undefined }
  return (now) => {
    if (now < known.from || now >= known.to) known = lookUp(schedule, spanMs, zone, now)
    return known.until
  }
}

function lookUp(
  schedule: Schedule,
  spanMs: number,
  zone: string,
  now: number,
): { from: number; to: number; until: number | undefined } {
  const begun = schedule.previous(now, zone)
  const next = schedule.next(now, zone) ?? Infinity
  const until = begun === undefined ? -Infinity : begun + spanMs
  return now < until ? { from: now, to: Math.min(until, next), until } : { from: now, to: next, until: undefined }
}
