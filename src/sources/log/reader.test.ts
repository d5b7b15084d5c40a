// The log source from bytes to events: sessions and their ends, rows over restarts, odd input.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import type { Reader, ReaderOutput } from '../../source.ts'
import type { Json, NewEvent } from '../../words.ts'
import { logOptions } from './options.ts'
import { createLogReader } from './reader.ts'

const start = Date.parse('2026-11-20T13:00:00Z')
const web = {
  open: 'start id=(?<id>\\S+)',
  field: ['id=(?<id>\\S+) user=(?<user>\\S+)', '^\\S+ \\S+ \\S+ user=(?<user>\\S+)$', 'status=(?<status>\\w+)'],
  close: 'end id=(?<id>\\S+)',
  idle: '60s',
  total: '10m',
}

function create(options: object, saved: Iterable<readonly [string, Json]> = [], zone = 'UTC'): Reader {
  return createLogReader(logOptions.parse({ path: '/var/log/app.log', ...options }), { zone, host: 'web1', saved })
}

/** `+65 text`: the text, stamped 65 seconds after the start. */
function stamped(...lines: readonly string[]): Buffer {
  const at = (seconds: string) => new Date(start + Number(seconds) * 1000).toISOString()
  return Buffer.from(
    lines.map((line) => `${line.replace(/^\+([\d.]+)/, (_, seconds: string) => at(seconds))}\n`).join(''),
  )
}

/** `65 a1 timed-out idle {"user":"ann"}`: seconds after the start, id, outcome, reason, fields. */
function brief(event: NewEvent): string {
  const data = event.data ?? {}
  const seconds = ((event.time ?? 0) - start) / 1000
  if (event.type === 'log.line') return `${seconds} line ${asText(data['pattern'])}`
  const words = [data['id'], data['outcome'], data['reason'], JSON.stringify(data['fields'])]
  return [seconds, ...words.filter((word) => word !== undefined).map(asText)].join(' ')
}

const asText = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value))

const briefs = (output: ReaderOutput): string[] => output.events.map(brief)

test('a log of a service becomes lines and sessions', () => {
  const reader = create({ session: web, match: { pattern: 'ERROR (?<message>.*)', name: 'error', severity: 'error' } })
  const output = reader.push(
    readFileSync(new URL('../../../test/fixtures/log/app-log.txt', import.meta.url)),
    start + 100_000,
  )
  assert.deepEqual(briefs(output), [
    '5 line error',
    '9 a1 closed {"user":"ann","status":"ok"}',
    '11 zz orphan-end {"status":"gone"}',
    '70 b2 timed-out idle {"user":"bob"}',
    '92 c3 evicted opened-again {"user":"carl"}',
  ])
  assert.deepEqual(output.events[0], {
    type: 'log.line',
    time: start + 5000,
    host: 'web1',
    severity: 'error',
    data: {
      pattern: 'error',
      line: '2026-11-20 13:00:05 app[12]: ERROR cannot reach db1',
      fields: { message: 'cannot reach db1' },
    },
  })
  assert.deepEqual(output.events[1], {
    type: 'log.session',
    time: start + 9000,
    host: 'web1',
    subject: 'a1',
    severity: 'info',
    data: {
      id: 'a1',
      outcome: 'closed',
      fields: { user: 'ann', status: 'ok' },
      openedAt: '2026-11-20T13:00:00.000Z',
      durationSeconds: 9,
    },
  })
  assert.deepEqual(output.events[2]?.data, { id: 'zz', outcome: 'orphan-end', fields: { status: 'gone' } })
  assert.deepEqual(
    output.events.slice(1).map((event) => event.severity),
    ['info', 'warning', 'warning', 'warning'],
  )
  assert.deepEqual([output.put.map(([id]) => id), output.delete], [['c3'], []])
  assert.deepEqual(reader.counts, {
    lines: 13,
    lines_cut: 0,
    stamps_disbelieved: 0,
    sessions_open: 1,
    fields_unattributed: 1,
  })
})

test('a field line without an id belongs to the only open session, and to none when there are more', () => {
  const reader = create({ session: { ...web, field: 'user=(?<user>\\S+)' } })
  assert.deepEqual(
    briefs(
      reader.push(
        stamped(
          '+0 start id=a user=x',
          '+1 user=ann',
          '+2 start id=b',
          '+3 user=bob',
          '+4 end id=a',
          '+5 end id=b user=eve',
        ),
        start,
      ),
    ),
    ['4 a closed {"user":"ann"}', '5 b closed {"user":"eve"}'],
  )
  assert.equal(reader.counts['fields_unattributed'], 1)
})

test('a session that goes on is ended by its total time, a silent one by its idle time, each at its own moment', () => {
  const reader = create({ session: { ...web, idle: '60s', total: '100s' } })
  const output = reader.push(
    stamped(
      '+0 start id=a',
      '+10 start id=b',
      '+50 id=a user=x',
      '+99 id=a user=y',
      '+99.999 nothing',
      '+300 anything',
    ),
    start,
  )
  assert.deepEqual(briefs(output), ['70 b timed-out idle {}', '100 a timed-out total {"user":"y"}'])
  assert.equal(output.events[1]?.data?.['durationSeconds'], 100)
})

test('beyond the bound the oldest makes room, also when the bound was lowered over a restart', () => {
  const reader = create({ session: { ...web, max: 2 } })
  const first = reader.push(stamped('+0 start id=a', '+1 start id=b', '+2 id=a user=x', '+3 start id=c'), start)
  assert.deepEqual(briefs(first), ['3 a evicted full {"user":"x"}'])
  const next = create({ session: { ...web, max: 1 } }, first.put)
  assert.deepEqual(briefs(next.push(stamped('+4 start id=d'), start)), ['4 b evicted full {}', '4 c evicted full {}'])
})

test('only what changed is stored, and a session that came and went in one go never', () => {
  const reader = create({ session: web })
  const first = reader.push(stamped('+0 start id=a', '+1 start id=b', '+1 start id=c', '+2 end id=c'), start)
  assert.deepEqual([first.put.map(([id]) => id), first.delete], [['a', 'b'], []])
  const second = reader.push(stamped('+3 id=b user=x', '+4 other'), start)
  assert.deepEqual([second.put.map(([id]) => id), second.delete], [['b'], []])
  const third = reader.push(stamped('+5 end id=a', '+6 end id=b', '+6 start id=b'), start)
  assert.deepEqual([third.put.map(([id]) => id), third.delete], [['b'], ['a']])
  const quiet = reader.push(stamped('+7 other'), start)
  assert.deepEqual([quiet.put, quiet.delete, quiet.events], [[], [], []])
})

test('without new lines the time of reading ends sessions, and says when it will', () => {
  const reader = create({ session: web })
  const { due } = reader.push(stamped('+0 start id=a'), start + 3000)
  assert.equal(due, start + 63_000)
  assert.deepEqual(briefs(reader.tick(due - 1)), [])
  const output = reader.tick(due)
  assert.deepEqual(briefs(output), ['60 a timed-out idle {}'])
  assert.deepEqual([output.delete, output.due], [['a'], undefined])
})

test('a log whose clock or zone is hours off, or that is read hours later, loses no session by that', () => {
  for (const hours of [-26, -2, 0, 2, 26]) {
    const now = start + hours * 3_600_000
    const reader = create({ session: web })
    assert.deepEqual(briefs(reader.push(stamped('+0 start id=a'), now)), [], `${hours}`)
    assert.deepEqual(briefs(reader.tick(now + 59_999)), [], `${hours}`)
    const saved = create({ session: web }, reader.push(stamped('+59.999 id=a user=x'), now + 59_999).put)
    assert.deepEqual(briefs(saved.tick(now + 119_998)), [], `${hours}`)
    assert.deepEqual(briefs(saved.tick(now + 119_999)), ['119.999 a timed-out idle {"user":"x"}'], `${hours}`)
  }
})

test('in a replay without a time of reading all goes by log time', () => {
  const reader = create({ session: web, match: 'FAIL' })
  const output = reader.push(stamped('+0 start id=a', 'FAIL without a stamp'), 0)
  assert.deepEqual(briefs(output), ['0 line FAIL'])
  assert.equal(output.due, start + 60_000)
  assert.deepEqual(briefs(reader.tick(output.due)), ['60 a timed-out idle {}'])
})

test('lines without stamps happen when they are read; between stamped ones, when the one before did', () => {
  const reader = create({ match: 'FAIL' })
  assert.deepEqual(briefs(reader.push(Buffer.from('FAIL\n'), start + 7000)), ['7 line FAIL'])
  assert.deepEqual(briefs(reader.push(stamped('+1 x', 'FAIL'), start + 60_000)), ['1 line FAIL'])
  assert.deepEqual(briefs(reader.push(Buffer.from('FAIL\n'), start + 62_000)), ['3 line FAIL'])
})

test('a stamp years ahead is not believed, and a clock set back does not freeze timeouts', () => {
  const reader = create({ session: web })
  const output = reader.push(
    stamped('+0 start id=a', '+99999999 x', '+1 id=a user=x', '+2 start id=b', '+65 y', '+4 start id=c', '+70 z'),
    start,
  )
  assert.deepEqual(briefs(output), ['61 a timed-out idle {"user":"x"}', '62 b timed-out idle {}'])
  assert.equal(reader.counts['stamps_disbelieved'], 1)
  const back = reader.push(stamped('+1000 start id=d', '+400 start id=e', '+461 x'), start)
  assert.deepEqual(briefs(back), ['64 c timed-out idle {}', '1060 d timed-out idle {}', '460 e timed-out idle {}'])
})

test('local stamps are read in the zone of the place, through the hour that comes twice', () => {
  const lines = ['2026-10-25 02:59:50 FAIL', '2026-10-25 02:00:05 FAIL', '2026-10-25 03:00:00 FAIL']
  const { events } = create({ match: 'FAIL' }, [], 'Europe/Berlin').push(Buffer.from(`${lines.join('\n')}\n`), start)
  assert.deepEqual(
    events.map((event) => new Date(event.time ?? 0).toISOString()),
    ['2026-10-25T00:59:50.000Z', '2026-10-25T01:00:05.000Z', '2026-10-25T02:00:00.000Z'],
  )
})

test('a stamp in the middle of the line is found by a pattern, and stamps can be ignored', () => {
  const line = Buffer.from('10.0.0.1 - - [20/Nov/2026:14:00:05 +0100] "GET / HTTP/1.1" 500\n')
  const access = { match: ' 500$', time: { pattern: '\\[(?<time>[^\\]]+)\\]', format: 'clf' } }
  assert.deepEqual(briefs(create(access).push(line, start + 60_000)), ['5 line  500$'])
  assert.deepEqual(briefs(create({ match: 'x', time: { format: 'none' } }).push(stamped('+1 x'), start)), ['0 line x'])
})

test('of several patterns the first that matches counts; a group gives the subject', () => {
  const match = [
    { pattern: 'login of (?<who>\\w+) failed', subject: 'who', name: 'login', severity: 'warning' },
    'fail',
    { pattern: 'disk (?<subject>\\w+)' },
  ]
  const { events } = create({ match }).push(stamped('+0 login of ann failed', '+1 it fails', '+2 disk sda'), start)
  assert.deepEqual(
    events.map((event) => [event.data?.['pattern'], event.subject, event.severity]),
    [
      ['login', 'ann', 'warning'],
      ['fail', undefined, undefined],
      ['disk (?<subject>\\w+)', 'sda', undefined],
    ],
  )
})

test('long lines and long ids are cut, marked and counted, and the next line is read as ever', () => {
  const reader = create({ match: 'FAIL (?<what>.*)', session: web })
  const long = 'é'.repeat(50_000)
  const { events, put } = reader.push(stamped(`+0 FAIL ${long}`, '+1 FAIL short', `+2 start id=${long}`), start)
  const data = events[0]?.data as { line: string; cut: boolean; fields: { what: string } }
  assert.ok(Buffer.byteLength(data.line) <= 4096 && data.line.endsWith('é'))
  assert.deepEqual([data.cut, data.fields.what, events[1]?.data?.['cut']], [true, 'é'.repeat(1024), undefined])
  assert.equal(put[0]?.[0], 'é'.repeat(256))
  assert.equal(reader.counts['lines_cut'], 2)
})

test('the last line counts at the end of the stream, without a line feed', () => {
  const reader = create({ match: 'FAIL' })
  assert.deepEqual(briefs(reader.push(Buffer.from('x\nFAIL'), start)), [])
  assert.equal(reader.pending, 4)
  assert.deepEqual(briefs(reader.end(start)), ['0 line FAIL'])
  assert.equal(reader.pending, 0)
})

test('a buffer that its owner writes to again does no harm', () => {
  const reader = create({ match: 'FAIL' })
  const buffer = Buffer.from('fine\n')
  assert.equal(reader.push(buffer, start).events.length, 0)
  buffer.write('FAIL')
  assert.equal(reader.push(buffer, start).events.length, 1)
})

test('rows that nobody can read are deleted', () => {
  const saved: [string, Json][] = [
    ['a', null],
    ['b', { v: 1 }],
    ['c', 'x'],
    ['d', { v: 1, order: [1], clock: {} }],
  ]
  const reader = create({ session: web }, saved)
  assert.deepEqual(reader.push(stamped('+0 x'), start).delete, ['a', 'b', 'c', 'd'])
})

/** The same sessions by the plainest means: all of them are looked at for every line. */
function model(
  lines: readonly string[],
  limits: { readonly idle: number; readonly total: number; readonly max: number },
): string[] {
  type Open = { id: string; opened: number; seen: number; touched: number; fields: Record<string, string> }
  let open: Open[] = []
  let count = 0
  const events: string[] = []
  const end = (session: Open, at: number, words: string) => {
    open = open.filter((other) => other !== session)
    events.push(`${at} ${session.id} ${words} ${JSON.stringify(session.fields)}`)
  }
  for (const line of lines) {
    const [, seconds, text = ''] = /^\+(\d+) (.*)/.exec(line) ?? []
    const now = Number(seconds)
    for (;;) {
      const idle = open.toSorted((a, b) => a.seen - b.seen || a.touched - b.touched)[0]
      const total = open[0]
      if (!idle || !total || Math.min(idle.seen + limits.idle, total.opened + limits.total) > now) break
      if (idle.seen + limits.idle <= total.opened + limits.total) end(idle, idle.seen + limits.idle, 'timed-out idle')
      else end(total, total.opened + limits.total, 'timed-out total')
    }
    const [verb, id, user] = text.split(' ')
    if (!id) continue
    const known = open.find((session) => session.id === id)
    if (verb === 'start') {
      if (known) end(known, now, 'evicted opened-again')
      if (open.length >= limits.max && open[0]) end(open[0], now, 'evicted full')
      open.push({ id, opened: now, seen: now, touched: ++count, fields: {} })
    } else if (verb === 'user') {
      const session = id === '-' ? (open.length === 1 ? open[0] : undefined) : known
      if (session && user) Object.assign(session, { seen: now, touched: ++count, fields: { user } })
    } else if (verb === 'end') {
      if (known) end(known, now, 'closed')
      else events.push(`${now} ${id} orphan-end {}`)
    }
  }
  return events
}

const verbs = fc.oneof(
  fc.tuple(fc.constantFrom('start', 'end'), fc.constantFrom('a', 'b', 'c', 'dé')).map((words) => words.join(' ')),
  fc.tuple(fc.constantFrom('a', 'b', '-'), fc.constantFrom('x', 'y\ufffd')).map((words) => `user ${words.join(' ')}`),
  fc.constantFrom('noise', '', 'start', 'end  ', '\0\xff'),
)
const program = fc.array(fc.tuple(fc.constantFrom(0, 0, 1, 3, 8, 21), verbs), { maxLength: 60 }).map((steps) => {
  let seconds = 0
  return steps.map(([wait, text]) => `+${(seconds += wait)} ${text}`)
})

test('for any log, any split and any restarts, the events are those of the plainest model', () => {
  fc.assert(
    fc.property(
      program,
      fc.array(fc.nat({ max: 4000 }), { maxLength: 8 }),
      fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
      fc.record({
        idle: fc.integer({ min: 1, max: 30 }),
        total: fc.integer({ min: 1, max: 60 }),
        max: fc.integer({ min: 1, max: 4 }),
      }),
      (lines, cuts, restarts, limits) => {
        const options = {
          session: {
            open: 'start (?<id>\\S+)$',
            field: ['user - (?<user>\\S+)$', 'user (?<id>[^\\s-]+) (?<user>\\S+)$'],
            close: 'end (?<id>\\S+)$',
            idle: `${limits.idle}s`,
            total: `${limits.total}s`,
            max: limits.max,
          },
        }
        const bytes = stamped(...lines)
        const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
        const rows = new Map<string, Json>()
        const seen: string[] = []
        let reader = create(options)
        let from = 0
        edges.slice(1).forEach((edge, n) => {
          const output = reader.push(bytes.subarray(from, edge), start)
          seen.push(...briefs(output))
          for (const [id, row] of output.put) rows.set(id, JSON.parse(JSON.stringify(row)) as Json)
          for (const id of output.delete) assert.ok(rows.delete(id))
          assert.equal(rows.size, reader.counts['sessions_open'])
          from = edge
          if (!restarts[n]) return
          from = edge - reader.pending
          reader = create(options, [...rows].toReversed())
        })
        assert.deepEqual(seen, model(lines, limits))
      },
    ),
    { numRuns: 1000 },
  )
})

test('garbage never throws and never leaves an unsound event', () => {
  const parts = fc.constantFrom(
    '\n',
    '\r\n',
    ' ',
    'start id=',
    'end id=',
    'user=',
    '1',
    '9999999999999',
    '2026-11-20 13:00:00',
    '\xff\xfe',
    '\0',
    'Nov 20 13:00:00 ',
    '{}',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(parts, fc.string()), { maxLength: 40 }), fc.constantFrom(0, start), (list, now) => {
      const reader = create({ session: web, match: ['\\d{4}', '(?<subject>\\W+)'] })
      for (const part of list) {
        for (const event of reader.push(Buffer.from(part, 'latin1'), now).events) assert.ok(Number.isFinite(event.time))
        reader.tick(now)
      }
      reader.end(now)
      assert.ok(JSON.stringify(reader.tick(now + 1e9)))
    }),
    { numRuns: 1000 },
  )
})
