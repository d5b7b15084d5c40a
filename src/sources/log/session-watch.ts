// Follows the sessions of a log: which line opens, fills or ends which one, and the event that each ends as.
import type { Groups } from '../../lib/pattern.ts'
import type { Json, NewEvent } from '../../words.ts'
import type { ClockMark } from './clock.ts'
import type { Line, Matcher } from './line.ts'
import type { SessionOptions } from './options.ts'
import type { Saved, Session } from './session.ts'
import { createSessions } from './sessions.ts'
import { addFields, boundedText } from './text.ts'

type Emit = (event: NewEvent) => void
type Outcome = 'closed' | 'timed-out' | 'orphan-end' | 'evicted'
/** Why it ended without its end line: `idle` and `total` for timed-out, `full` and `opened-again` for evicted. */
type Reason = 'idle' | 'total' | 'full' | 'opened-again'

const idLength = 256

export function createSessionWatch(
  options: SessionOptions,
  host: string,
  saved: Saved,
  compile: (text: string) => Matcher,
) {
  const limits = { idleMs: options.idle, totalMs: options.total, max: options.max }
  const { sessions, mark: savedMark } = createSessions(limits, saved)
  const opening = compile(options.open)
  const closing = compile(options.close)
  const filling = [options.field ?? []].flat().map(compile)
  let fieldsUnattributed = 0

  function line(line: Line, mark: ClockMark, emit: Emit): void {
    const opened = line.groups(opening)
    const closed = line.groups(closing)
    const openedId = idOf(opened)
    const closedId = idOf(closed)
    if (opened && openedId !== undefined) {
      fill(begin(openedId, line.time, mark, emit), opened)
    }
    for (const matcher of filling) {
      const found = line.groups(matcher)
      if (!found) continue
      const session = sessionOf(idOf(found) ?? openedId ?? closedId)
      if (!session) {
        if (closedId === undefined) fieldsUnattributed++
        continue
      }
      fill(session, found)
      sessions.touch(session, line.time, mark)
    }
    if (closed && closedId !== undefined) finish(closedId, closed, line, emit)
  }

  /** An older session of the same id never saw its end: it makes room for the new one and says so. */
  function begin(id: string, time: number, mark: ClockMark, emit: Emit): Session {
    const older = sessions.get(id)
    if (older) end(older, 'evicted', time, emit, 'opened-again')
    for (let oldest = sessions.oldest(); oldest && sessions.size >= limits.max; oldest = sessions.oldest()) {
      end(oldest, 'evicted', time, emit, 'full')
    }
    return sessions.open(id, time, mark)
  }

  function finish(id: string, groups: Groups, line: Line, emit: Emit): void {
    const session = sessions.get(id)
    if (session) {
      fill(session, groups)
      return end(session, 'closed', line.time, emit)
    }
    // Its line may hold fields that belong to no open session.
    const fields: Record<string, string> = {}
    for (const found of [...filling.map((matcher) => line.groups(matcher)), groups]) {
      if (found && (idOf(found) ?? id) === id) addFields(fields, found, options.key)
    }
    emit(toEvent({ id, fields }, host, 'orphan-end', line.time))
  }

  function sessionOf(id: string | undefined): Session | undefined {
    return id === undefined ? sessions.only() : sessions.get(id)
  }

  function idOf(groups: Groups | undefined): string | undefined {
    const id = groups?.[options.key]
    return id ? boundedText(id, idLength) : undefined
  }

  function fill(session: Session, groups: Groups): void {
    addFields(session.fields, groups, options.key)
  }

  function end(session: Session, outcome: Outcome, time: number, emit: Emit, reason?: Reason): void {
    sessions.close(session)
    emit(toEvent(session, host, outcome, time, reason))
  }

  function expire(steady: number, emit: Emit): void {
    if (steady < sessions.dueAt()) return
    for (let next = sessions.overdue(steady); next; next = sessions.overdue(steady)) {
      const { session, reason } = next
      const time = reason === 'idle' ? session.seenAt + limits.idleMs : session.openedAt + limits.totalMs
      end(session, 'timed-out', time, emit, reason)
    }
  }

  return {
    line,
    expire,
    dueAt: sessions.dueAt,
    changes: sessions.changes,
    mark: savedMark,
    counts: () => ({ sessions_open: sessions.size, fields_unattributed: fieldsUnattributed }),
  }
}

function toEvent(
  session: Pick<Session, 'id' | 'fields'> & Partial<Session>,
  host: string,
  outcome: Outcome,
  time: number,
  reason?: Reason,
): NewEvent {
  const { id, fields, openedAt } = session
  const data: Record<string, Json> = { id, outcome, fields }
  if (reason) data['reason'] = reason
  if (openedAt !== undefined) {
    data['openedAt'] = new Date(openedAt).toISOString()
    data['durationSeconds'] = Math.max(0, time - openedAt) / 1000
  }
  return { type: 'log.session', time, host, subject: id, severity: outcome === 'closed' ? 'info' : 'warning', data }
}
