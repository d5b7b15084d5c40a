// Events of the log source: lines that matched a pattern, and sessions that ended in one way or another.
import type { EventType } from '../event-type.ts'
import type { HubEvent, Json, MessageField } from '../words.ts'

export const line: EventType = {
  name: 'log.line',
  about: 'A line of a log, or an entry of the journal, matched a pattern.',
  fields: {
    pattern: 'Name of the pattern, else the pattern itself; `entry` where the journal is read without any.',
    line: 'The line, or the text of the entry, cut at 4 KiB.',
    fields: 'Texts of the named groups, each cut at 1024 characters.',
    cut: 'True when the line was longer than what `line` shows.',
    unit: "Of the journal: the systemd unit; of systemd's own words on a unit, that one.",
    identifier: 'Of the journal: the program, as it calls itself.',
    priority: 'Of the journal: 0 (emerg) to 7 (debug).',
  },
  labels: ['pattern', 'unit', 'identifier'],
  severity: 'info',
  message(event) {
    const subject = event.subject === undefined ? '' : `${event.subject}: `
    return {
      title: `${subject}${textOf(event.data['pattern']) ?? 'a line'} in the log ${event.source}`,
      icon: 'page_facing_up',
      fields: fieldsOf(event.data['fields']),
      lines: [`${textOf(event.data['line']) ?? ''}${event.data['cut'] === true ? ' …' : ''}`],
    }
  },
  sample: {
    type: 'log.line',
    time: Date.UTC(2026, 10, 20, 13),
    host: 'web1',
    subject: 'db1',
    severity: 'error',
    data: { pattern: 'error', line: '2026-11-20 13:00:00 ERROR lost connection to db1', fields: { subject: 'db1' } },
  },
}

export const gap: EventType = {
  name: 'log.gap',
  about: 'After a pause, entries of a journal were passed over, since they are older than what is read then.',
  fields: {
    from: 'The last entry that was read, or the beginning of the pause.',
    until: 'Older ones were passed over.',
    entries: 'How many; absent when they could not be counted.',
    more: 'True when there are more than that.',
  },
  labels: [],
  severity: 'warning',
  message({ source, data }) {
    const { entries, more, from, until } = data
    const some = typeof entries === 'number' ? `${entries}${more === true ? ' and more' : ''}` : 'Some'
    return {
      title: `${some} ${entries === 1 ? 'entry' : 'entries'} of the journal ${source} ${entries === 1 ? 'was' : 'were'} passed over`,
      icon: 'hourglass',
      fields: [
        ...(textOf(from) === undefined ? [] : [{ name: 'From', value: textOf(from) ?? '' }]),
        ...(textOf(until) === undefined ? [] : [{ name: 'Until', value: textOf(until) ?? '' }]),
      ],
      lines: ['They were written while I was not running, and are older than what I read of such a time (catchUp).'],
    }
  },
  sample: {
    type: 'log.gap',
    time: Date.UTC(2026, 10, 20, 13),
    host: 'web1',
    data: { from: '2026-11-20T09:00:00.000Z', until: '2026-11-20T12:45:00.000Z', entries: 1200 },
  },
}

export const session: EventType = {
  name: 'log.session',
  about: 'A session in a log has ended, was given up, or ended without having begun.',
  fields: {
    id: 'What tells the sessions of this log apart.',
    outcome:
      'closed: its end was seen. timed-out: its end did not come in time. orphan-end: an end without a beginning. evicted: it had to make room.',
    reason:
      'Of timed-out: idle or total. Of evicted: full (too many were open) or opened-again (the same id began anew).',
    openedAt: 'When it began; absent for orphan-end.',
    durationSeconds: 'From its beginning to its end or to the end of its time; absent for orphan-end.',
    fields: 'Texts of the named groups of all its lines, each cut at 1024 characters; later ones replace earlier ones.',
  },
  labels: ['outcome'],
  severity: 'info',
  message(event) {
    const id = event.subject ?? textOf(event.data['id'])
    const duration = event.data['durationSeconds']
    const openedAt = textOf(event.data['openedAt'])
    return {
      title: `${id === undefined ? 'A session' : `Session ${id}`} ${endingOf(event)}`,
      icon: event.data['outcome'] === 'closed' ? 'white_check_mark' : 'hourglass',
      fields: [
        ...fieldsOf(event.data['fields']),
        ...(openedAt === undefined ? [] : [{ name: 'Began', value: openedAt }]),
        ...(typeof duration === 'number' ? [{ name: 'Took', value: inWords(duration) }] : []),
        { name: 'Log', value: event.source, code: true },
      ],
    }
  },
  sample: {
    type: 'log.session',
    time: Date.UTC(2026, 10, 20, 13, 1),
    host: 'web1',
    subject: '4711',
    severity: 'warning',
    data: {
      id: '4711',
      outcome: 'timed-out',
      reason: 'idle',
      openedAt: '2026-11-20T13:00:00.000Z',
      durationSeconds: 60,
      fields: { user: 'ann' },
    },
  },
}

const endings: { readonly [outcome: string]: string } = {
  closed: 'has ended',
  'timed-out': 'has not ended in time',
  'timed-out idle': 'has gone silent without an end',
  'timed-out total': 'has taken too long',
  'orphan-end': 'has ended, though its beginning was not seen',
  evicted: 'was given up',
  'evicted full': 'was given up, because too many were open',
  'evicted opened-again': 'began again before its end was seen',
}

function endingOf(event: HubEvent): string {
  const outcome = textOf(event.data['outcome']) ?? ''
  const reason = textOf(event.data['reason'])
  return endings[`${outcome} ${reason}`] ?? endings[outcome] ?? 'is over'
}

function fieldsOf(fields: Json | undefined): MessageField[] {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return []
  return Object.entries(fields).map(([name, value]) => ({
    name,
    value: textOf(value) ?? JSON.stringify(value),
    code: true,
  }))
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
