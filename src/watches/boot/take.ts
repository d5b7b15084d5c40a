// What a fact or an event means for a host: a boot, a stop, a guest that starts, a thing that is not well.
import { bootFacts, readBoot } from '../../source-boot.ts'
import { readSample, sampleFact } from '../../source-sample.ts'
import type { Fact, HubEvent, Json } from '../../words.ts'
import { begin, settle, stop } from './grace.ts'
import { type GuestState, mostGuests, mostNotes, mostOpen, mostThings, type OpenCondition } from './state.ts'
import { change, type Work } from './work.ts'

/** An older boot heard of late, as from an agent's backlog, is no news; clocks differ by so much. */
const sameBootMs = 60_000
/** A row is not written for each sample. */
const seenEveryMs = 60_000

export function takeFact(work: Work, fact: Fact): void {
  const { name, key, source, data } = fact
  if (name === sampleFact || name === bootFacts.boot) return takeBoot(work, fact)
  const { state } = work
  if (name === bootFacts.stopping) return stop(work, { fromFact: true, at: fact.time })
  if (state === undefined) return
  if (name === bootFacts.task) return takeTask(work, fact)
  if (state.sources[name] !== source) change(work, { sources: { ...state.sources, [name]: source } })
  if (key === '*') return settle(work)
  if (name === bootFacts.guest) takeGuest(work, key, data, fact.receivedAt)
  else takeThing(work, `${name} ${key}`, data)
}

function takeBoot(work: Work, fact: Fact): void {
  const said = readBoot(fact)
  const boot = said ?? bootOfSample(fact)
  if (boot === undefined) return
  const bootedAt = Math.min(fact.time, fact.receivedAt) - boot.uptimeSeconds * 1000
  const { state } = work
  if (state === undefined || state.bootId !== boot.bootId) {
    if (state !== undefined && bootedAt < state.bootedAt - sameBootMs) return
    return begin(work, { ...boot, bootedAt, seenAt: fact.receivedAt })
  }
  const clean = said?.previousClean
  change(work, {
    ...(fact.receivedAt - state.lastSeenAt >= seenEveryMs ? { lastSeenAt: fact.receivedAt } : {}),
    ...(clean === undefined || clean === state.previousClean ? {} : { previousClean: clean }),
  })
  // What a source that is there for boots says counts as a look.
  if (said !== undefined) settle(work)
}

function bootOfSample(fact: Fact): { readonly bootId: string; readonly uptimeSeconds: number } | undefined {
  const { bootId, uptimeSeconds } = readSample(fact) ?? {}
  return bootId === undefined || uptimeSeconds === undefined ? undefined : { bootId, uptimeSeconds }
}

function takeGuest(work: Work, key: string, data: Fact['data'], at: number): void {
  const { state } = work
  if (state === undefined || !/^\d{1,9}$/.test(key)) return
  const { [key]: before, ...others } = state.guests
  if (data['gone'] === true) return change(work, { guests: others })
  if (before === undefined && Object.keys(others).length >= mostGuests) return
  const running = data['running'] === true
  const startedAt = running ? (before?.startedAt ?? (state.phase === 'starting' ? at : undefined)) : undefined
  const guest: GuestState = {
    guest: data['guest'] === 'ct' ? 'ct' : 'vm',
    running,
    ...text('name', data['name']),
    ...(typeof data['onboot'] === 'boolean' ? { onboot: data['onboot'] } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(!running && before?.failed !== undefined ? { failed: before.failed } : {}),
  }
  change(work, { guests: { ...others, [key]: guest } })
}

/** A start that failed is known by its task, before any look at the guest. */
function takeTask(work: Work, { data, receivedAt }: Fact): void {
  const { state } = work
  const { id, action, outcome, reason } = data
  if (state?.phase !== 'starting' || action !== 'start' || typeof id !== 'number') return
  const known = state.guests[id] ?? { guest: data['guest'] === 'ct' ? 'ct' : 'vm', running: false }
  const named = { ...known, ...text('name', data['name']) }
  const { failed: _failed, ...well } = named
  const next: GuestState =
    outcome === 'failed'
      ? { ...named, running: false, failed: typeof reason === 'string' ? reason : 'it failed to start' }
      : { ...well, running: true, startedAt: known.startedAt ?? receivedAt }
  if (state.guests[id] === undefined && Object.keys(state.guests).length >= mostGuests) return
  change(work, { guests: { ...state.guests, [String(id)]: next } })
  settle(work)
}

/** What is there sooner after a boot came in time. */
const lateMs = 120_000

function takeThing(work: Work, thing: string, data: Fact['data']): void {
  const { state } = work
  if (state === undefined) return
  const { [thing]: before, ...others } = state.wrong
  if (data['ok'] !== false) {
    if (before === undefined) return
    const afterMs = work.now - state.bootedAt
    const isLate = state.phase === 'starting' && afterMs >= lateMs && Object.keys(state.late).length < mostThings
    change(work, {
      wrong: others,
      ...(isLate ? { late: { ...state.late, [thing]: afterMs } } : {}),
    })
    return
  }
  const why = [data['reason'], data['state']].find((one) => typeof one === 'string')
  const reason = typeof why === 'string' ? why.slice(0, 300) : 'not well'
  if (before === undefined && Object.keys(others).length >= mostThings) return
  if (before !== reason) change(work, { wrong: { ...others, [thing]: reason } })
}

export function takeEvent(work: Work, event: HubEvent): void {
  if (event.type === 'host.shutdown') return stop(work, { fromFact: false, at: event.time })
  const { state } = work
  if (state === undefined || state.phase === 'calm') return
  if (event.condition === undefined) return takeNote(work, event)
  const { source, type, severity, subject, title, condition } = event
  const others = state.open.filter((one) => one.source !== source || one.key !== condition.key)
  if (condition.state === 'resolved') {
    if (others.length < state.open.length) change(work, { open: others })
  } else if (others.length < mostOpen) {
    const words = (title ?? subject ?? type).slice(0, 300)
    const open: OpenCondition = {
      source,
      key: condition.key,
      type,
      severity,
      title: words,
      ...text('subject', subject),
    }
    change(work, { open: [...others, open] })
  }
}

/** Of a log, only what its writer calls an error counts. */
function takeNote(work: Work, event: HubEvent): void {
  const { state } = work
  const { type, severity, title, subject, data } = event
  if (state?.phase !== 'starting' || type.startsWith('host.')) return
  if (/^guest\.(?:started|restarted|start-failed)$/.test(type) && isGuestId(data['id']))
    return takeStart(work, event, data['id'])
  const isLog = type === 'log.line'
  if (isLog && severity !== 'error' && severity !== 'critical') return
  const line = isLog && typeof data['line'] === 'string' ? data['line'] : undefined
  const words = (title ?? line ?? subject ?? type).slice(0, 300)
  const { notes = {} } = state
  if (notes[words] === undefined && Object.keys(notes).length >= mostNotes) return
  change(work, { notes: { ...notes, [words]: (notes[words] ?? 0) + 1 } })
}

/** A start of a guest that no fact tells of, as another program sends it; what a fact has told is known better. */
function takeStart(work: Work, { type, data, receivedAt }: HubEvent, id: number): void {
  const { state } = work
  const known = state?.guests[id]
  if (state === undefined || known?.running === true || known?.failed !== undefined) return
  if (known === undefined && Object.keys(state.guests).length >= mostGuests) return
  const named: GuestState = {
    guest: data['guest'] === 'ct' ? 'ct' : 'vm',
    running: false,
    ...text('name', data['name']),
    ...known,
  }
  const { reason } = data
  const next: GuestState =
    type === 'guest.start-failed'
      ? { ...named, failed: typeof reason === 'string' ? reason.slice(0, 300) : 'it failed to start' }
      : { ...named, running: true, startedAt: receivedAt }
  change(work, { guests: { ...state.guests, [id]: next } })
}

function isGuestId(id: Json | undefined): id is number {
  return typeof id === 'number' && Number.isInteger(id) && id > 0 && id < 1e9
}

function text<Key extends string>(key: Key, value: Json | undefined): { readonly [name in Key]?: string } {
  return typeof value === 'string' && value !== '' ? ({ [key]: value.slice(0, 300) } as { [name in Key]: string }) : {}
}
