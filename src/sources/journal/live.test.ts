// The journal source on real journals and a real journalctl: what is written is read once, over kills, restarts and boots.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type SourceDouble, startSource } from '../../../test/support/source-double.ts'
import { type WrittenEntry, writeJournal } from '../../../test/support/journal.ts'
import type { Json, NewEvent } from '../../words.ts'
import journal, { createJournal } from './index.ts'

/** The writer sets a journal aside that has entries of the future, so that of the tests is a while ago. */
const behindMs = 600_000

interface Life {
  readonly double: SourceDouble
  /** Resolves when the condition holds. */
  until(what: string, holds: (double: SourceDouble) => boolean): Promise<void>
  stop(): Promise<void>
}

function createFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-journal-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  return folder
}

/** One run of the source; `saved.cursor` outlives it, as in the store. */
async function live(
  t: TestContext,
  options: object,
  saved: { cursor?: Json } = {},
  { now = () => Date.now() - behindMs, kind = journal }: { now?(): number; kind?: typeof journal } = {},
): Promise<Life> {
  const double = await startSource(kind, options, { now, cursor: saved.cursor })
  const stop = async (): Promise<void> => {
    double.stop()
    await double.ended
    if (double.cursor !== undefined) saved.cursor = JSON.parse(JSON.stringify(double.cursor)) as Json
  }
  t.after(stop)
  return {
    double,
    stop,
    async until(what, holds) {
      for (let tries = 0; tries < 1000; tries += 1) {
        if (holds(double)) return
        await wait(20)
      }
      assert.fail(`${what}: ${JSON.stringify([double.events, double.logged]).slice(0, 2000)}`)
    },
  }
}

function lines(events: readonly NewEvent[]): unknown[] {
  return events.map(({ data }) => data?.['line'])
}

const entry = (at: number, text: string, more: Partial<WrittenEntry> = {}): WrittenEntry => ({
  at,
  MESSAGE: text,
  PRIORITY: '3',
  SYSLOG_IDENTIFIER: 'app',
  _SYSTEMD_UNIT: 'app.service',
  _HOSTNAME: 'far',
  ...more,
})

describe('a journal', () => {
  test('is read from its end on, each entry once, over a stop and what is written meanwhile', async (t) => {
    const file = join(createFolder(t), 'a.journal')
    const start = Date.now() - behindMs
    writeJournal(file, [entry(start - 60_000, 'old')])
    const saved: { cursor?: Json } = {}
    const first = await live(t, { file, units: 'app.service' }, saved)
    writeJournal(file, [entry(start + 1000, 'one'), entry(start + 1001, 'other', { _SYSTEMD_UNIT: 'b.service' })])
    await first.until('one', ({ events }) => events.length === 1)
    writeJournal(file, [entry(start + 2000, 'two')])
    await first.until('two', ({ events }) => events.length === 2)
    await first.stop()
    writeJournal(file, [entry(start + 3000, 'three')])
    const second = await live(t, { file, units: 'app.service' }, saved)
    await second.until('three', ({ events }) => events.length === 1)
    writeJournal(file, [entry(start + 4000, 'four', { boot: '22222222222222222222222222222222' })])
    await second.until('four', ({ events }) => events.length === 2)
    assert.deepEqual(lines([...first.double.events, ...second.double.events]), ['one', 'two', 'three', 'four'])
    assert.deepEqual(first.double.events[0], {
      type: 'log.line',
      time: start + 1000,
      host: 'far',
      subject: 'app.service',
      severity: 'error',
      data: { pattern: 'entry', line: 'one', fields: {}, unit: 'app.service', identifier: 'app', priority: 3 },
    })
  })

  test('that is rotated is read on, and so is one whose entries come from another boot', async (t) => {
    const folder = createFolder(t)
    const start = Date.now() - behindMs
    writeJournal(join(folder, 'a.journal'), [entry(start - 5000, 'zero')])
    const run = await live(t, { directory: folder, priority: 'err', from: 'beginning' })
    await run.until('zero', ({ events }) => events.length === 1)
    writeJournal(join(folder, 'b.journal'), [entry(start + 10, 'one', { boot: '33333333333333333333333333333333' })])
    await run.until('one', ({ events }) => events.length === 2)
    rmSync(join(folder, 'a.journal'))
    writeJournal(join(folder, 'c.journal'), [entry(start + 20, 'two')])
    await run.until('two', ({ events }) => events.length === 3)
    assert.deepEqual(lines(run.double.events), ['zero', 'one', 'two'])
  })

  test('goes on when the entry at its place is no longer there, with the next one that is', async (t) => {
    const folder = createFolder(t)
    const start = Date.now() - behindMs
    const saved: { cursor?: Json } = {}
    writeJournal(join(folder, 'a.journal'), [entry(start - 5000, 'zero')])
    const first = await live(t, { directory: folder, priority: 'err', from: 'beginning' }, saved)
    await first.until('zero', ({ events }) => events.length === 1)
    await first.stop()
    rmSync(join(folder, 'a.journal'))
    writeJournal(join(folder, 'b.journal'), [entry(start, 'one'), entry(start + 1, 'two')])
    const second = await live(t, { directory: folder, priority: 'err' }, saved)
    await second.until('two', ({ events }) => events.length === 2)
    assert.deepEqual(lines(second.double.events), ['one', 'two'])
  })

  test('of a long pause is read from fifteen minutes back, and what was passed over is told once', async (t) => {
    const file = join(createFolder(t), 'a.journal')
    const start = Date.now() - behindMs
    writeJournal(file, [entry(start - 7_200_000, 'read')])
    const saved: { cursor?: Json } = {}
    const first = await live(t, { file, priority: 'err', from: 'beginning' }, saved, { now: () => start - 7_200_000 })
    await first.until('read', ({ events }) => events.length === 1)
    await first.stop()
    writeJournal(file, [entry(start - 7_000_000, 'x'), entry(start - 1_000_000, 'y'), entry(start - 800_000, 'late')])
    const second = await live(t, { file, priority: 'err' }, saved, { now: () => start })
    await second.until('late', ({ events }) => events.length === 2)
    const [gap, late] = second.double.events
    assert.deepEqual([gap?.type, gap?.data?.['entries'], late?.data?.['line']], ['log.gap', 2, 'late'])
    await second.stop()
    writeJournal(file, [entry(start + 10, 'new')])
    const third = await live(t, { file, priority: 'err' }, saved, { now: () => start + 20_000_000 })
    await third.until('a gap of one', ({ events }) => events.length === 1)
    assert.deepEqual([third.double.events[0]?.data?.['entries']], [1])
    await third.stop()
    const fourth = await live(t, { file, priority: 'err' }, saved, { now: () => start + 90_000_000 })
    await fourth.until('caught up', ({ measures }) => measures.get('journal_running') === 1)
    assert.deepEqual(fourth.double.events, [], 'where nothing was written there is no gap')
  })

  test('in which nothing was written for long has no pause: what comes late is read, however old it says to be', async (t) => {
    const file = join(createFolder(t), 'a.journal')
    const start = Date.now() - behindMs
    const saved: { cursor?: Json } = {}
    writeJournal(file, [entry(start - 7_200_000, 'read')])
    const first = await live(t, { file, priority: 'err', from: 'beginning' }, saved, { now: () => start })
    await first.until('read', ({ events }) => events.length === 1)
    await first.stop()
    writeJournal(file, [entry(start - 3_600_000, 'late')])
    const second = await live(t, { file, priority: 'err' }, saved, { now: () => start + 60_000 })
    await second.until('late', ({ events }) => events.length === 1)
    assert.deepEqual(lines(second.double.events), ['late'])
  })

  test('has binary, long and strange texts read, and their beginnings kept', async (t) => {
    const file = join(createFolder(t), 'a.journal')
    const start = Date.now() - behindMs
    writeJournal(file, [
      entry(start, '\u001b[31mred\u001b[0m alert\nof two lines'),
      entry(start + 1, `long ${'x'.repeat(100_000)} end`),
      entry(start + 2, `vast ${'"\\ü'.repeat(700_000)}`),
      entry(start + 3, 'last'),
    ])
    const options = { file, from: 'beginning', match: ['red', 'long .* end', 'vast', 'last'] }
    const run = await live(t, options)
    await run.until('last', ({ events }) => events.length === 4)
    const [red, long, vast, last] = run.double.events
    assert.equal(red?.data?.['line'], 'red alert\nof two lines')
    assert.equal(red?.data?.['cut'], undefined)
    for (const one of [long, vast]) {
      assert.equal(one?.data?.['cut'], true)
      assert.ok(JSON.stringify(one?.data?.['line']).length <= 6000)
    }
    assert.deepEqual(last?.data?.['line'], 'last')
    assert.equal(run.double.measures.get('journal_entries_total'), 4)
  })
})

test('what is read and is no event moves the place as well, at the latest when it stops', async (t) => {
  const file = join(createFolder(t), 'a.journal')
  const start = Date.now() - behindMs
  const saved: { cursor?: Json } = {}
  writeJournal(file, [entry(start, 'one')])
  const run = await live(t, { file, match: 'nothing', from: 'beginning' }, saved)
  await run.until('caught up', ({ measures }) => measures.get('journal_running') === 1)
  await wait(1200)
  writeJournal(file, [entry(start + 1, 'two'), entry(start + 2, 'three')])
  await run.until('read', ({ measures }) => measures.get('journal_entries_total') === 3)
  writeJournal(file, [entry(start + 3, 'four')])
  await run.until('read', ({ measures }) => measures.get('journal_entries_total') === 4)
  await run.stop()
  assert.equal((saved.cursor as { time?: number } | undefined)?.time, start + 3)
  assert.deepEqual(run.double.events, [])
})

describe('a journalctl', () => {
  /** Does as `script` says, with the real one in $REAL. */
  function standIn(t: TestContext, script: string): { readonly kind: typeof journal; readonly folder: string } {
    const folder = createFolder(t)
    const path = join(folder, 'journalctl')
    writeFileSync(path, `#!/bin/sh\nREAL=journalctl\nHERE=${folder}\n${script}\n`)
    chmodSync(path, 0o755)
    return { kind: createJournal(path), folder }
  }

  test('that is killed is started again, and nothing is lost or read twice', async (t) => {
    const { kind, folder } = standIn(t, 'echo $$ > $HERE/$$.pid; exec $REAL "$@"')
    const file = join(folder, 'a.journal')
    const start = Date.now() - behindMs
    writeJournal(file, [entry(start, 'one')])
    const run = await live(t, { file, priority: 'err', from: 'beginning' }, {}, { kind })
    await run.until('one', ({ events, measures }) => events.length === 1 && measures.get('journal_running') === 1)
    await wait(100)
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.pid')))
      try {
        process.kill(Number(readFileSync(join(folder, name), 'utf8')), 'SIGKILL')
      } catch {
        // The first one has ended by itself.
      }
    await run.until('told', ({ logged }) => logged.some((line) => line.includes('killed by SIGKILL')))
    writeJournal(file, [entry(start + 1, 'two')])
    await run.until('two', ({ events }) => events.length === 2)
    assert.deepEqual(lines(run.double.events), ['one', 'two'])
    await run.until('well', ({ logged }) => logged.some((line) => line.includes('the journal is read again')))
  })

  test('that is not there is told once, and nobody waits for it', async (t) => {
    const run = await live(t, { units: 'a.service' }, {}, { kind: createJournal('/nowhere/journalctl') })
    await run.until('told', ({ logged }) => logged.length > 0)
    assert.match(run.double.logged[0] ?? '', /^warn: source double: \/nowhere\/journalctl is not there/)
    await wait(1500)
    assert.equal(run.double.logged.length, 1)
    assert.equal(run.double.caughtUp, true)
  })

  test('that talks nonsense is survived, and what is sense in it is read', async (t) => {
    const good = '{"__CURSOR":"s=1;i=1","__REALTIME_TIMESTAMP":"1700000000000000","MESSAGE":"good"}'
    const { kind } = standIn(
      t,
      `case "$*" in *--follow*) sleep 5;; *) echo hint >&2; printf '{"MESSAGE\\n\\n[1]\\n{}\\nnull\\n{"MESSAGE":5}\\n%s\\n{"half' '${good}';; esac`,
    )
    const run = await live(t, { match: 'good' }, {}, { kind })
    await run.until('good', ({ events }) => events.length === 1)
    assert.deepEqual(lines(run.double.events), ['good'])
    assert.ok(run.double.logged.includes('warn: source double: journalctl says: hint'))
  })

  test('that refuses a place begins at its time', async (t) => {
    const file = join(createFolder(t), 'a.journal')
    const start = Date.now() - behindMs
    writeJournal(file, [entry(start, 'one')])
    const saved = { cursor: { v: 1, cursor: 'nonsense', time: start - 10, storedAt: start } }
    const run = await live(t, { file, priority: 'err' }, saved)
    await run.until('one', ({ events }) => events.length === 1)
  })

  test('is not asked for more than the store takes, and what it took back is offered again', async (t) => {
    const file = join(createFolder(t), 'a.journal')
    const start = Date.now() - behindMs
    writeJournal(file, [entry(start, 'zero')])
    const run = await live(t, { file, priority: 'err', from: 'beginning' })
    await run.until('zero', ({ events }) => events.length === 1)
    run.double.full = true
    writeJournal(file, [entry(start + 1, 'one')])
    await run.until('told', ({ logged }) => logged.some((line) => line.includes('the store refused')))
    run.double.full = false
    await run.until('one', ({ events }) => events.length === 2)
    assert.deepEqual(lines(run.double.events), ['zero', 'one'])
  })
})

test('a clock that is set while the journal is followed loses and repeats nothing', async (t) => {
  const file = join(createFolder(t), 'a.journal')
  const start = Date.now() - behindMs
  let shift = 0
  const saved: { cursor?: Json } = {}
  writeJournal(file, [entry(start, 'one')])
  const now = (): number => Date.now() - behindMs + shift
  const first = await live(t, { file, priority: 'err', from: 'beginning' }, saved, { now })
  await first.until('one', ({ events }) => events.length === 1)
  shift = -3_600_000
  writeJournal(file, [entry(start - 3_600_000, 'back')])
  await first.until('back', ({ events }) => events.length === 2)
  await first.stop()
  writeJournal(file, [entry(start - 3_599_000, 'again')])
  const second = await live(t, { file, priority: 'err' }, saved, { now })
  await second.until('again', ({ events }) => events.length === 1)
  assert.deepEqual(lines([...first.double.events, ...second.double.events]), ['one', 'back', 'again'])
})
