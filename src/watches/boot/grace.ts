// The grace around a boot: when it begins, how it is looked after, when it ends early, and the report at its end.
import { bootFacts } from '../../source-boot.ts'
import type { NewEvent } from '../../words.ts'
import { reportOf } from './report.ts'
import { fresh, type State } from './state.ts'
import { change, type Work } from './work.ts'

export interface Begun {
  readonly bootId: string
  readonly bootedAt: number
  readonly seenAt: number
  readonly previousClean?: boolean
}

/** So often everything was well, in looks that follow each other, and nothing is missing: it is settled. */
const goodLooks = 2

/** Another boot than the one that was known; of a host that was not known, a boot only when it is up for a short time. */
export function begin(work: Work, { bootId, bootedAt, seenAt, previousClean }: Begun): void {
  const stopping = work.state?.bootId === unknownBoot ? work.state.stopping : undefined
  // It said that it stops before anybody told of its boot: this is the one.
  if (stopping !== undefined && bootedAt < stopping.at)
    return change(work, { bootId, bootedAt, lastSeenAt: seenAt, stopping: { ...stopping, bootId } })
  // Each boot has its report, also one that another boot cut short.
  if (work.state?.phase === 'starting') report(work, { cutShort: true })
  const { state: before, grace, now } = work
  const isBoot = before !== undefined || seenAt - bootedAt < grace.maxBootUptimeMs
  const clean = previousClean ?? (before === undefined ? undefined : wasClean(before))
  work.state = {
    ...fresh(bootId, bootedAt, seenAt),
    ...stepped(work),
    ...(before === undefined ? {} : { sources: before.sources, guests: asExpected(before) }),
    ...(before?.saysWhenStopping === undefined ? {} : { saysWhenStopping: true as const }),
    ...(clean === undefined ? {} : { previousClean: clean }),
    ...(before === undefined ? {} : { downMs: Math.max(0, bootedAt - (before.stopping?.at ?? before.lastSeenAt)) }),
    phase: isBoot ? 'starting' : 'calm',
  }
  if (!isBoot) return
  // Heard of only now, it still has its report: everything is looked at once before.
  const ends = Math.max(bootedAt + grace.graceMs, now + 1000)
  work.windows.push({ kind: 'startup', host: work.host, from: bootedAt, until: ends + reportWaitMs })
  work.timers.push({ name: 'deadline', at: ends }, { name: 'check', at: Math.min(now + work.options.checkEvery, ends) })
  // Only now: what it held waits for the report as well.
  work.windows.push({ kind: 'shutdown', host: work.host, until: now })
  ask(work)
}

/** A window outlasts its grace, so that what is held is there when that ends; which closes it. */
const reportWaitMs = 60_000

/** Nobody said that it stops, though somebody would have: it fell. */
function wasClean({ stopping, bootId, saysWhenStopping }: State): boolean | undefined {
  if (stopping?.bootId === bootId) return true
  return saysWhenStopping === true ? false : undefined
}

/** What is known of guests from before: none of them runs yet. */
function asExpected({ guests }: State): State['guests'] {
  return Object.fromEntries(
    Object.entries(guests).map(([id, { startedAt: _at, failed: _failed, ...guest }]) => [
      id,
      { ...guest, running: false },
    ]),
  )
}

function stepped({ steppedMs }: Work): Pick<State, 'steppedMs'> {
  return steppedMs === 0 ? {} : { steppedMs }
}

/** Of a host that said that it stops, and of which nothing else is known. */
const unknownBoot = ''

/** A host is about to stop. The first word of a boot counts; a fact is told as an event, an event has been told. */
export function stop(work: Work, { fromFact, at }: { readonly fromFact: boolean; readonly at: number }): void {
  const { grace, host, now } = work
  const state = (work.state ??= { ...fresh(unknownBoot, 0, now), ...stepped(work) })
  // Of a boot that nobody tells of, the next word may be of the next one.
  const isUnknown = state.bootId === unknownBoot
  if (state.stopping?.bootId === state.bootId && !(isUnknown && state.phase === 'calm')) return
  // The last word of the boot before, heard of behind this one, as from a spool.
  if (state.phase === 'starting' && at < state.bootedAt)
    return change(work, { previousClean: true, downMs: state.bootedAt - at, saysWhenStopping: true })
  if (state.phase === 'starting') report(work, { cutShort: true })
  const stopping = { at: now, bootId: state.bootId }
  change(work, { stopping, phase: 'stopping', saysWhenStopping: true })
  // Not what says so itself, which is told at this moment.
  work.windows.push({ kind: 'shutdown', host, from: now + 1, until: now + grace.shutdownGraceMs + reportWaitMs })
  work.timers.push({ name: 'deadline', at: now + grace.shutdownGraceMs, periodMs: grace.maxBootUptimeMs })
  if (fromFact) work.events.push(shutdownOf(host))
}

function shutdownOf(host: string): NewEvent {
  return { type: 'host.shutdown', host, subject: host }
}

export function lookAgain(work: Work): void {
  const { state, now, options } = work
  if (state?.phase !== 'starting') return
  ask(work)
  work.timers.push({ name: 'check', at: now + options.checkEvery })
}

function ask({ state, rechecks }: Work): void {
  for (const name of [bootFacts.guest, bootFacts.unit, bootFacts.storage, bootFacts.network]) {
    const source = state?.sources[name]
    if (source !== undefined) rechecks.push({ source, name, key: '*', body: {} })
  }
}

/** A look has come in: when nothing is missing twice in a row, there is nothing more to wait for. */
export function settle(work: Work): void {
  const { state, grace, now } = work
  if (state?.phase !== 'starting') return
  // What is wrong by now, and is not said by what is known of guests, may still get well.
  const isOpen = state.open.some(({ type }) => type !== 'guest.start-failed')
  const isGood = Object.keys(state.wrong).length === 0 && missing(state) === 0 && !isOpen
  const good = isGood ? state.good + 1 : 0
  if (good !== state.good) change(work, { good })
  const knowsGuests = Object.values(state.guests).some((guest) => guest.onboot !== undefined)
  const isEarly = !knowsGuests && now < state.bootedAt + grace.vmGraceMs
  // Each of the kinds that can be asked answers in a look of its own.
  const needed = goodLooks * Math.max(1, Object.keys(state.sources).length)
  if (good >= needed && !isEarly) report(work)
}

/** Guests that should run and neither do nor have failed. */
function missing({ guests }: State): number {
  return Object.values(guests).filter((guest) => guest.onboot !== false && !guest.running && guest.failed === undefined)
    .length
}

export function timeIsUp(work: Work): void {
  const { state, grace, host, now } = work
  if (state?.phase === 'starting') return report(work)
  if (state?.phase !== 'stopping' || state.stopping === undefined) return
  const until = state.stopping.at + grace.maxBootUptimeMs
  // Gone as it said, it is about to come back, and to report.
  if (state.bootId !== unknownBoot && state.lastSeenAt < state.stopping.at + stillThereMs && now < until) {
    work.windows.push({ kind: 'shutdown', host, until: until + reportWaitMs })
    work.timers.push({ name: 'deadline', at: until, periodMs: grace.maxBootUptimeMs })
    return
  }
  change(work, { phase: 'calm' })
  work.windows.push({ kind: 'shutdown', host, until: now })
}

/** Heard of so long after it said that it stops, it did not stop. */
const stillThereMs = 60_000

function report(work: Work, { cutShort = false } = {}): void {
  const { state, grace, host, now } = work
  if (state === undefined) return
  const event = reportOf(host, state, now, cutShort)
  const names = state.open.map(({ source, key }) => ({ source, key }))
  // A limit that was passed in the grace, and has not been for long enough, is not what is wrong behind it.
  const lateUntil = state.bootedAt + grace.graceMs
  work.windows.push({ kind: 'startup', host, until: now, lateUntil, report: { event, names } })
  work.timers.push({ name: 'deadline' }, { name: 'check' })
  change(work, { phase: 'calm', open: [], notes: {}, good: 0 })
}
