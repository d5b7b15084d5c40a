// The reader of journal entries: what becomes of each, and that no split, no kill and no garbage loses or repeats one.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { runCli } from '../../cli/main.ts'
import { createHubHouse } from '../../../test/support/hub-house.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { journalOptions } from './options.ts'
import { createJournalReader } from './reader.ts'

const place = { zone: 'UTC', host: 'here' }
const at = Date.UTC(2026, 10, 20, 3)

interface Line {
  readonly [field: string]: unknown
}

function readAll(lines: readonly Line[], options: object, now = at) {
  const reader = createJournalReader(journalOptions.parse(options), place)
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return { events: reader.push(Buffer.from(text), now).events, reader }
}

function entry(more: Line = {}): Line {
  return { __CURSOR: 's=1;i=1', __REALTIME_TIMESTAMP: `${at - 1000}000`, MESSAGE: 'disk sda failed', ...more }
}

describe('an entry', () => {
  test('is an event of the first pattern that matches, with the fields that it names', () => {
    const options = {
      match: [
        { pattern: 'nothing' },
        { pattern: 'disk (?<disk>\\w+) failed', name: 'disk', subject: 'disk', severity: 'critical' },
        'disk',
      ],
    }
    const { events } = readAll(
      [entry({ PRIORITY: '4', SYSLOG_IDENTIFIER: 'kernel' }), entry({ MESSAGE: 'x' })],
      options,
    )
    assert.deepEqual(events, [
      {
        type: 'log.line',
        time: at - 1000,
        host: 'here',
        subject: 'sda',
        severity: 'critical',
        data: { pattern: 'disk', line: 'disk sda failed', fields: { disk: 'sda' }, identifier: 'kernel', priority: 4 },
      },
    ])
  })

  test('may be of another type, and begin or end a condition', () => {
    const condition = { key: '{unit} {disk}', expireAfter: '1h' }
    const match = [
      { pattern: 'disk (?<disk>\\w+) failed', type: 'storage.disk', title: '{disk} on {host} is ill', condition },
      { pattern: 'disk (?<disk>\\w+) well', type: 'storage.disk', condition: { ...condition, state: 'resolved' } },
    ]
    const unit = { _SYSTEMD_UNIT: 'smartd.service' }
    const { events } = readAll([entry(unit), entry({ MESSAGE: 'disk sda well', ...unit })], { match })
    assert.deepEqual(
      events.map(({ type, title, condition: said, data }) => [type, title, said?.key, said?.state, data?.['disk']]),
      [
        ['storage.disk', 'sda on here is ill', 'smartd.service sda', 'firing', 'sda'],
        ['storage.disk', 'disk sda well', 'smartd.service sda', 'resolved', 'sda'],
      ],
    )
    assert.equal(events[0]?.condition?.expireAfterMs, 3_600_000)
  })

  test('has the severity of its priority, where none is given', () => {
    const { events } = readAll(
      ['0', '2', '3', '4', '5', '7', '9', undefined].map((PRIORITY) => entry({ PRIORITY })),
      { match: 'disk' },
    )
    assert.deepEqual(
      events.map(({ severity }) => severity),
      ['critical', 'critical', 'error', 'warning', 'info', 'info', undefined, undefined],
    )
  })

  test('is of the unit that systemd speaks of, and of nobody who only says so', () => {
    const said = { UNIT: 'a.service', _SYSTEMD_UNIT: 'init.scope' }
    const { events } = readAll([entry({ ...said, _PID: '1' }), entry({ ...said, _PID: '77' })], { match: 'disk' })
    assert.deepEqual(
      events.map(({ subject }) => subject),
      ['a.service', 'init.scope'],
    )
  })

  test('of another machine is of that machine, where journals of others are read', () => {
    const lines = [entry({ _HOSTNAME: 'far' })]
    assert.equal(readAll(lines, { match: 'disk' }).events[0]?.host, 'here')
    assert.equal(readAll(lines, { match: 'disk', directory: '/x' }).events[0]?.host, 'far')
    const match = { pattern: 'disk (?<disk>\\w+)', host: 'disk' }
    assert.equal(readAll(lines, { match }).events[0]?.host, 'sda')
  })

  test('without a time has that of the one before; with one of far ahead, that of reading; both without harm', () => {
    const stamps = [`${at - 5000}000`, undefined, '', 'x', '-1', `${at * 5}000`, '99999999999999999999', 7, null]
    const { events, reader } = readAll(
      stamps.map((stamp) => entry({ __REALTIME_TIMESTAMP: stamp })),
      { match: 'disk' },
    )
    const before = at - 5000
    assert.deepEqual(
      events.map(({ time }) => time),
      [before, before, before, before, before, at, at, at, at],
    )
    assert.equal(reader.counts['stamps_disbelieved'], 1)
    const { events: first } = readAll([entry({ __REALTIME_TIMESTAMP: undefined })], { match: 'disk' })
    assert.equal(first[0]?.time, at)
  })

  test('may have its text as bytes, twice, as nothing, or as something else', () => {
    const bytes = [...Buffer.from('\u001b[1mdisk\u001b[0m ü')]
    const texts = [bytes, ['disk', 'two'], [bytes, 'disk'], null, 5, {}, [], [null, {}], undefined]
    const { events } = readAll(
      texts.map((MESSAGE) => entry({ MESSAGE })),
      { priority: 'err' },
    )
    assert.deepEqual(
      events.map(({ data }) => data?.['line']),
      ['disk ü', 'disk\ntwo', 'disk ü\ndisk', '', '', '', '', '', ''],
    )
  })

  test('of a megabyte and more has its beginning read, wherever its other fields stand', () => {
    const huge = `disk sda failed ${'\\"x'.repeat(500_000)}`
    const options = { match: 'disk sda' }
    const before = readAll([entry({ MESSAGE: huge }), entry({ __CURSOR: 'next' })], options)
    const [event] = before.events
    assert.equal(before.events.length, 2)
    assert.deepEqual([event?.time, event?.data?.['cut']], [at - 1000, true])
    // Its place is not known then: the next entry's is.
    const after = readAll([{ MESSAGE: huge, __CURSOR: 'lost' }], options)
    assert.deepEqual(after.reader.reached, {})
    assert.equal(after.reader.counts['entries_cut'], 1)
  })
})

test('whatever the pieces and wherever it is killed, each entry is an event once', () => {
  const texts = fc.array(fc.oneof(fc.string({ maxLength: 30 }), fc.string({ unit: 'binary', maxLength: 60 })), {
    minLength: 1,
    maxLength: 25,
  })
  const lives = fc.array(fc.record({ pieces: fc.array(fc.integer({ min: 1, max: 200 })), kill: fc.nat(40) }), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(texts, lives, (messages, runs) => {
      const journal = messages.map((text, index) => ({
        cursor: `s=1;i=${index}`,
        line: `${JSON.stringify({ MESSAGE: [...Buffer.from(`${index} ${text}`)], __CURSOR: `s=1;i=${index}` })}\n`,
      }))
      const kept: string[] = []
      let stored: { readonly cursor?: string } = {}
      for (const { pieces, kill } of [...runs, { pieces: [], kill: Infinity }]) {
        const reader = createJournalReader(journalOptions.parse({ priority: 'err' }), place)
        reader.begin(stored)
        // As journalctl --cursor has it: from that entry itself on.
        const from = stored.cursor === undefined ? 0 : journal.findIndex(({ cursor }) => cursor === stored.cursor)
        let rest = Buffer.from(
          journal
            .slice(from)
            .map(({ line }) => line)
            .join(''),
        )
        for (let commits = 0; rest.length > 0 && commits < kill; commits += 1) {
          const size = pieces[commits % Math.max(1, pieces.length)] ?? 64
          const { events } = reader.push(rest.subarray(0, size), at)
          rest = rest.subarray(size)
          // The last piece of some lives is read and not stored.
          if (commits + 1 === kill) break
          kept.push(...events.map(({ data }) => /\d+/.exec(JSON.stringify(data?.['line']))?.[0] ?? ''))
          stored = reader.reached
        }
      }
      assert.deepEqual(
        kept,
        messages.map((_text, index) => String(index)),
      )
    }),
    { numRuns: 300 },
  )
})

test('garbage between entries is counted and passed over', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 10 }), (noise) => {
      const reader = createJournalReader(journalOptions.parse({ match: 'disk' }), place)
      let found = 0
      for (const bytes of noise) {
        found += reader.push(Buffer.concat([bytes, Buffer.from(`\n${JSON.stringify(entry())}\n`)]), at).events.length
      }
      assert.equal(found, noise.length)
    }),
  )
})

describe('options', () => {
  const problems = (options: object): string[] =>
    journalOptions.safeParse(options).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

  test('that would make every entry an event, or say two things, are refused', () => {
    assert.match(problems({})[0] ?? '', /every entry of the journal would be an event/)
    assert.match(problems({ priority: 'err', file: '/a', directory: '/b' })[0] ?? '', /either file or directory/)
    assert.deepEqual(problems({ units: 'a' }), [])
    assert.deepEqual(problems({ match: 'a' }), [])
  })

  test('with words that journalctl would take for something else are refused', () => {
    for (const options of [
      { units: '--vacuum-size=1' },
      { identifiers: '-k' },
      { matches: '/dev/sda' },
      { matches: '--rotate' },
      { priority: 'error' },
      { file: 'a.journal', priority: 'err' },
    ])
      assert.equal(problems(options).length, 1, JSON.stringify(options))
    assert.deepEqual(problems({ matches: ['_UID=0', '+', '_COMM=sudo'], priority: 'emerg..err' }), [])
  })

  test('that name a group which is not in the pattern say so, and where', () => {
    const match = { pattern: 'a(?<b>.)', subject: 'c', host: 'd', title: '{b} {unit} {e}', condition: { key: '{f}' } }
    assert.deepEqual(
      problems({ match }).map((text) => text.slice(0, text.indexOf(';'))),
      ['c', 'd', 'e', 'f'].map(
        (name, index) =>
          `match.${['subject', 'host', 'title', 'condition.key'][index]}: the pattern has no group named ${name}`,
      ),
    )
    assert.match(problems({ match: { pattern: 'a', type: 'sereno.started' } })[0] ?? '', /for the hub alone/)
    assert.match(problems({ match: '(?=a)' })[0] ?? '', /look-around/)
  })
})

test('an export of journalctl is replayed through the rules', async () => {
  await using house = await createHubHouse()
  await house.configure(`
sources: { journal: { kind: journal, match: { pattern: 'disk (?<disk>\\w+) failed', subject: disk } } }
channels: { out: { kind: console } }
rules: [{ on: log.line, dedupe: { by: [subject], for: 1h }, to: out }]
`)
  const file = join(house.folder, 'export.json')
  writeFileSync(
    file,
    [entry(), entry(), entry({ MESSAGE: 'well' })].map((line) => `${JSON.stringify(line)}\n`).join(''),
  )
  const said: string[] = []
  const out = (text: string): void => void said.push(text)
  const config = join(house.folder, 'sereno.yaml')
  const args = ['replay', '--config', config, '--input', `journal=${file}`, '--json']
  assert.equal(await runCli(args, { out, error: out }), 0, said.join('\n'))
  const lines = said.map((line) => JSON.parse(line) as { kind: string; time?: string; title?: string })
  assert.deepEqual(
    lines.map(({ kind, time, title }) => [kind, time ?? title]),
    [
      ['event', '2026-11-20T02:59:59.000Z'],
      ['message', 'sda: disk (?<disk>\\w+) failed in the log journal'],
      ['event', '2026-11-20T02:59:59.000Z'],
    ],
  )
})
