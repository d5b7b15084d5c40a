// The rows that the engine writes for a repeat which its rule calms: the full trail of one event, without the judging.
import { toId } from '../../src/lib/id.ts'
import { toKey } from '../../src/lib/key.ts'
import type { Commit, StateRow } from '../../src/store/store.ts'
import type { HubEvent, Verdict } from '../../src/words.ts'

/** What a sender's CloudEvent says, as far as the rows need it. */
export interface Told {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly time: string
  readonly host: string
  readonly subject: string
  readonly severity: 'warning'
  readonly data: HubEvent['data']
}

const windowMs = 3_600_000
const keptMs = 7 * 24 * windowMs

/** One commit for all of them. */
export function toTrail(told: readonly Told[], firstSeq: number, now: number): Commit {
  const state = new Map<string, StateRow>()
  const rows = told.map((one, index) => {
    const seq = firstSeq + index
    const time = Date.parse(one.time)
    const window = { at: time, into: toId(firstSeq), held: index, heldSince: time }
    const key = toKey('dedupe', 'bench', 'sink', one.type, one.host)
    state.set(key, { key, value: window, expiresAt: now + windowMs + keptMs })
    const clock = toKey('judge-time', 'events', one.host)
    state.set(clock, { key: clock, value: time })
    const identity = { key: toKey('events', one.source, one.id), seq, digest: 'nN0TMd2Yk1zBqv3G5sWc8E', at: now }
    return { event: toEvent(one, seq, now), verdict: toVerdict(seq, firstSeq, now), identity }
  })
  return {
    events: rows.map(({ event }) => event),
    verdicts: rows.map(({ verdict }) => verdict),
    newIdentities: rows.map(({ identity }) => identity),
    state: [...state.values()],
  }
}

function toEvent(told: Told, seq: number, now: number): HubEvent {
  const { type, time, host, subject, severity, data, source } = told
  return {
    seq,
    id: toId(seq),
    type,
    time: Date.parse(time),
    receivedAt: now,
    source: 'events',
    host,
    subject,
    severity,
    labels: { producer: source },
    data,
  }
}

function toVerdict(event: number, into: number, now: number): Verdict {
  return {
    event,
    rule: 'bench',
    channel: 'sink',
    state: 'merged',
    by: 'dedupe',
    reason: 'a repeat of the same host within its window',
    into: toId(into),
    until: now + windowMs,
    at: now,
  }
}
