// The loop from a followed file through a reader to the store: nothing lost or doubled when the store refuses or we stop.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLineSplitter } from './lib/lines.ts'
import { followFile } from './source-file.ts'
import { NotStored, type Progress, type Reader, type SourceTools } from './source.ts'
import type { Json, NewEvent } from './words.ts'

test('lines become events, stored together with the cursor behind them', async (t) => {
  const hub = start(t, 'one\ntwo\n')
  await hub.until(() => hub.texts.length === 2)
  fs.appendFileSync(hub.path, 'three\nfo')
  await hub.until(() => hub.texts.length === 3)
  await hub.restart(() => fs.appendFileSync(hub.path, 'ur\nfive\n'))
  await hub.until(() => hub.texts.length === 5)
  assert.deepEqual(hub.texts, ['one', 'two', 'three', 'four', 'five'])
})

test('what the store refuses is offered again until it is taken, and only then is more read', async (t) => {
  const hub = start(t, '')
  await hub.until(() => hub.cursor !== undefined)
  hub.refusals = 1
  fs.appendFileSync(hub.path, 'one\n')
  await hub.until(() => hub.refused === 1)
  fs.appendFileSync(hub.path, 'two\n')
  await hub.until(() => hub.texts.length === 2)
  assert.deepEqual(hub.texts, ['one', 'two'])
  assert.equal(hub.logged.filter((line) => line.includes('refused')).length, 1)
  assert.equal(hub.logged.filter((line) => line.includes('again; reading goes on')).length, 1)
})

test('stopping while the store refuses ends at once, and the next start offers the same again', async (t) => {
  const hub = start(t, '')
  await hub.until(() => hub.cursor !== undefined)
  hub.refusals = Infinity
  fs.appendFileSync(hub.path, 'one\n')
  await hub.until(() => hub.refused === 1)
  await hub.restart(() => {
    hub.refusals = 0
  })
  await hub.until(() => hub.texts.length === 1)
  assert.deepEqual(hub.texts, ['one'])
})

test('an error that is not a refusal of the store is handed up', async (t) => {
  const hub = start(t, 'one\n', { broken: new Error('a bug') })
  await assert.rejects(hub.done, /a bug/)
})

test('input is old until the end of the file is reached', async (t) => {
  const hub = start(t, `${'x'.repeat(99)}\n`.repeat(5000))
  await hub.until(() => hub.texts.length === 5000)
  const flags = hub.progress.map((progress) => progress.caughtUp)
  assert.ok(flags.length > 1)
  assert.deepEqual(new Set(flags.slice(0, -1)), new Set([false]))
  assert.equal(flags.at(-1), true)
})

test('the reader is woken when it asked for it', async (t) => {
  const hub = start(t, 'wake me\n')
  await hub.until(() => hub.texts.includes('tick'))
  assert.deepEqual(hub.texts, ['wake me', 'tick'])
})

test('what the last run left open is looked at without a new line, once what was written meanwhile is read', async (t) => {
  const hub = start(t, 'one\n')
  await hub.until(() => hub.texts.includes('one'))
  await hub.restart(() => {
    hub.saved = [['session', 1]]
    fs.appendFileSync(hub.path, 'two\n')
  })
  await hub.until(() => hub.texts.includes('tick'))
  assert.deepEqual(hub.texts, ['one', 'two', 'tick'])
})

test('a missing file is said once and measured, and read when it comes', async (t) => {
  const hub = start(t, undefined)
  await hub.until(() => hub.measures.get('tail_file_missing') === 1)
  fs.writeFileSync(hub.path, 'one\n')
  await hub.until(() => hub.measures.get('tail_file_missing') === 0)
  assert.deepEqual(hub.texts, ['one'])
  assert.deepEqual(
    hub.logged.map((line) => line.replace(hub.path, 'LOG')),
    ['LOG is not there; it will be read from its beginning when it comes. Is the path right?', 'LOG can be read again'],
  )
  assert.equal(hub.measures.get('tail_stuck'), 0)
})

test('what lies there and is no log is said at once, and called stuck after a minute until it is one', async (t) => {
  const hub = start(t, undefined)
  fs.mkdirSync(hub.path)
  await hub.until(() => hub.logged.some((line) => line.includes('no ordinary file; name a log file')))
  assert.equal(hub.measures.get('tail_stuck') ?? 0, 0)
  hub.aheadMs = 61_000
  await hub.until(() => hub.measures.get('tail_stuck') === 1)
  fs.rmdirSync(hub.path)
  fs.writeFileSync(hub.path, 'one\n')
  await hub.until(() => hub.measures.get('tail_stuck') === 0 && hub.texts.length === 1)
  assert.deepEqual(hub.texts, ['one'])
})

test('a folder made anew takes the watch with it, and the clock finds what is written there', async (t) => {
  const hub = start(t, 'one\n', { folder: 'logs' })
  await hub.until(() => hub.texts.length === 1)
  const folder = path.dirname(hub.path)
  fs.renameSync(folder, `${folder}.old`)
  fs.mkdirSync(folder)
  await hub.until(() => hub.measures.get('tail_file_missing') === 1)
  fs.writeFileSync(hub.path, 'two\n')
  await hub.until(() => hub.texts.length === 2)
  assert.deepEqual(hub.texts, ['one', 'two'])
})

test('what the reader counts is measured', async (t) => {
  const hub = start(t, 'one\n')
  await hub.until(() => hub.measures.get('lines_total') === 1)
  assert.equal(hub.measures.get('tail_lag_bytes'), 0)
  assert.equal(hub.measures.get('sessions_open'), 0, 'what is open now is no total')
})

function start(t: TestContext, content: string | undefined, options: { broken?: Error; folder?: string } = {}): Hub {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sereno-follow-'))
  const file = path.join(folder, options.folder ?? '', 'a.log')
  fs.mkdirSync(path.dirname(file), { recursive: true })
  if (content !== undefined) fs.writeFileSync(file, content)
  const hub = new Hub(file, options.broken)
  t.after(async () => {
    await hub.stop().catch(() => {})
    fs.rmSync(folder, { recursive: true })
  })
  return hub
}

/** As much of a hub as a source can see. */
class Hub {
  readonly path: string
  readonly texts: string[] = []
  readonly progress: Progress[] = []
  readonly logged: string[] = []
  readonly measures = new Map<string, number>()
  cursor: Json | undefined
  saved: readonly (readonly [string, Json])[] = []
  refusals = 0
  refused = 0
  /** How far its clock is ahead. */
  aheadMs = 0
  done: Promise<void>
  readonly #broken: Error | undefined
  readonly #news = new EventEmitter()
  #stop = new AbortController()

  constructor(file: string, broken: Error | undefined) {
    this.path = file
    this.#broken = broken
    this.done = this.#follow()
    // Looked at by the tests; a rejection before that is no crash.
    this.done.catch(() => {})
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await once(this.#news, 'news')
  }

  async restart(meanwhile: () => void): Promise<void> {
    await this.stop()
    meanwhile()
    this.#stop = new AbortController()
    this.done = this.#follow()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.done
  }

  #follow(): Promise<void> {
    const say = (message: string) => void this.logged.push(message)
    const tools: SourceTools = {
      name: 'test',
      place: { zone: 'UTC', host: 'here', saved: this.saved },
      signal: this.#stop.signal,
      now: () => Date.now() + this.aheadMs,
      emit: async ({ events = [] }, progress) => this.#emit(events, progress ?? {}),
      ask: async () => {},
      onRecheck: () => {},
      cursor: async () => this.cursor,
      route: () => {},
      measure: (name, value) => {
        this.measures.set(name, value)
        this.#news.emit('news')
      },
      log: { info: say, warn: say, error: say },
    }
    return followFile({ path: this.path, from: 'beginning' }, tools, createReader)
  }

  #emit(events: readonly NewEvent[], progress: Progress) {
    if (this.#broken) throw this.#broken
    this.#news.emit('news')
    if (events.length > 0 && this.refusals > 0) {
      this.refusals--
      this.refused++
      throw new NotStored('no space')
    }
    this.texts.push(...events.map((event) => event.text ?? ''))
    this.progress.push(progress)
    if (progress.cursor !== undefined) this.cursor = JSON.parse(JSON.stringify(progress.cursor))
    return { ids: [], accepted: events.length, duplicates: 0 }
  }
}

/** Every line is an event; `wake me` asks for a tick at once, and so does a row kept from the last run. */
function createReader(saved: Iterable<unknown> = []): Reader {
  const splitter = createLineSplitter()
  let lines = 0
  let waits = [...saved].length > 0
  return {
    push(bytes, now) {
      const events: NewEvent[] = []
      splitter.push(bytes, (buffer, start, end) => {
        events.push({ type: 'log.line', text: buffer.toString('utf8', start, end) })
        lines++
      })
      waits ||= events.some((event) => event.text === 'wake me')
      return { events, put: [], delete: [], ...(waits && { due: now }) }
    },
    tick() {
      const events = waits ? [{ type: 'log.line', text: 'tick' }] : []
      waits = false
      return { events, put: [], delete: [] }
    },
    end: () => ({ events: [], put: [], delete: [] }),
    get pending() {
      return splitter.pending
    },
    get counts() {
      return { lines, sessions_open: 0 }
    },
  }
}
