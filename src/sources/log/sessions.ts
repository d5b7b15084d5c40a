// The open sessions of a log: found by id, and known in the order of their opening and of their last line.
import type { Json } from '../../words.ts'
import type { ClockMark } from './clock.ts'
import { readRows, toRow } from './session.ts'
import type { Saved, Session } from './session.ts'

export interface Limits {
  readonly idleMs: number
  readonly totalMs: number
  readonly max: number
}

export interface Overdue {
  readonly session: Session
  readonly reason: 'idle' | 'total'
  /** Steady time at which it was over. */
  readonly at: number
}

export interface Sessions {
  readonly size: number
  get(id: string): Session | undefined
  /** The one that is open, if it is the only one. */
  only(): Session | undefined
  oldest(): Session | undefined
  /** The id must not be open and there must be room. */
  open(id: string, time: number, mark: ClockMark): Session
  /** A line of this session was read. */
  touch(session: Session, time: number, mark: ClockMark): void
  close(session: Session): void
  /** The session whose time is over first, if it is over at `steady`. */
  overdue(steady: number): Overdue | undefined
  /** Steady time at which the next one is over; Infinity when none is open. */
  dueAt(): number
  /** Rows that differ from what was last asked for. */
  changes(): { readonly put: [string, Json][]; readonly delete: string[] }
}

export function createSessions(
  limits: Limits,
  saved: Saved,
): { readonly sessions: Sessions; readonly mark?: ClockMark } {
  const byId = new Map<string, Session>()
  // Of each session that changed since `changes`: whether the store had a row of its id before.
  let changed = new Map<string, boolean>()
  let first: Session | undefined
  let last: Session | undefined
  let order = 0
  // A live iterator passes over each entry once: asking a Map for its first key costs more with every deleted entry.
  let openings = byId.values()
  let eldest: Session | undefined

  const { restored, unreadable } = readRows(saved)
  for (const id of unreadable) changed.set(id, true)
  for (const session of restored.toSorted((a, b) => a.openedOrder - b.openedOrder)) byId.set(session.id, session)
  for (const session of restored.toSorted((a, b) => a.seenOrder - b.seenOrder)) append(session)
  for (const session of restored) order = Math.max(order, session.openedOrder, session.seenOrder)

  function append(session: Session): void {
    session.before = last
    session.after = undefined
    if (last) last.after = session
    else first = session
    last = session
  }

  function unlink(session: Session): void {
    if (session.before) session.before.after = session.after
    else first = session.after
    if (session.after) session.after.before = session.before
    else last = session.before
  }

  function note(session: Session): void {
    if (!changed.has(session.id)) changed.set(session.id, session.stored)
  }

  function open(id: string, time: number, mark: ClockMark): Session {
    order++
    const session: Session = {
      id,
      openedAt: time,
      opened: mark.steady,
      seen: mark.steady,
      seenAt: time,
      fields: {},
      mark,
      openedOrder: order,
      seenOrder: order,
      before: undefined,
      after: undefined,
      stored: false,
      open: true,
    }
    byId.set(id, session)
    append(session)
    note(session)
    return session
  }

  function touch(session: Session, time: number, mark: ClockMark): void {
    session.seen = mark.steady
    session.seenAt = time
    session.mark = mark
    session.seenOrder = ++order
    if (session !== last) {
      unlink(session)
      append(session)
    }
    note(session)
  }

  function close(session: Session): void {
    session.open = false
    byId.delete(session.id)
    unlink(session)
    note(session)
  }

  function oldest(): Session | undefined {
    if (byId.size === 0) return undefined
    while (!eldest?.open) {
      const next = openings.next()
      if (next.done) openings = byId.values()
      else eldest = next.value
    }
    return eldest
  }

  function overdue(steady: number): Overdue | undefined {
    const idle = first
    const old = oldest()
    if (!idle || !old || dueAt() > steady) return undefined
    const idleAt = idle.seen + limits.idleMs
    const totalAt = old.opened + limits.totalMs
    return idleAt <= totalAt
      ? { session: idle, reason: 'idle', at: idleAt }
      : { session: old, reason: 'total', at: totalAt }
  }

  function dueAt(): number {
    const old = oldest()
    return first && old ? Math.min(first.seen + limits.idleMs, old.opened + limits.totalMs) : Infinity
  }

  function changes(): { readonly put: [string, Json][]; readonly delete: string[] } {
    const put: [string, Json][] = []
    const gone: string[] = []
    for (const [id, hadRow] of changed) {
      const session = byId.get(id)
      if (session) {
        put.push([id, toRow(session)])
        session.stored = true
      } else if (hadRow) gone.push(id)
    }
    if (changed.size > 0) changed = new Map()
    return { put, delete: gone }
  }

  const sessions: Sessions = {
    get size() {
      return byId.size
    },
    get: (id) => byId.get(id),
    only: () => (byId.size === 1 ? first : undefined),
    oldest,
    open,
    touch,
    close,
    overdue,
    dueAt,
    changes,
  }
  return { sessions, ...(last && { mark: last.mark }) }
}
