// What an agent has seen and not yet told, on disk: with each batch the place of its source, numbered, bounded by size and age.
import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { jsonDepth } from '../lib/json-depth.ts'
import { type Log, NotStored, type Progress } from '../source.ts'
import type { AgentItem } from '../source-agent.ts'
import { shiftItem, toleratedMs } from '../source-agent-time.ts'
import type { Json } from '../words.ts'
import { AgentDatabase, InUse, isDamaged, type SQLInputValue } from './database.ts'

export interface BufferOptions {
  readonly path: string
  readonly maxBytes: number
  readonly maxAgeMs: number
  /** Names this boot of this machine: times since boot can be compared within it. */
  readonly boot: string
  readonly clock: BufferClock
  readonly log: Log
}

export interface BufferClock {
  now(): number
  /** Since boot, time asleep included; undefined: nobody knows. */
  sinceBoot(): number | undefined
}

export interface BufferedBatch {
  /** The order these numbers belong to. */
  readonly buffer: string
  readonly first: number
  readonly last: number
  /** Each as JSON; null: it was dropped. */
  readonly items: readonly (string | null)[]
}

/** A larger item is kept as rejected, cut: no request could carry it. */
const mostItemBytes = 512 * 1024
const rawBytes = 4096
/** Less than what a hub reads, so that no item makes it refuse its neighbours. */
const mostDepth = 50
/** Dropped at once, so that room is made rarely. */
const dropRows = 200
const roomLeft = 0.95
const schema = `
create table if not exists generation (id integer primary key, name text not null, boot text not null);
create table if not exists item (
  number integer primary key autoincrement, generation integer not null, fact integer not null,
  at integer not null, up integer, bytes integer not null, body text not null
);
create index if not exists item_fact on item (number) where fact = 1;
create table if not exists place (source text primary key, cursor text not null) without rowid;
create table if not exists session (source text, key text, value text not null, primary key (source, key)) without rowid;
`

export class AgentBuffer implements Disposable {
  readonly #options: BufferOptions
  #db: AgentDatabase
  #generation = 0
  #bytes = 0
  #count = 0
  #dropped = 0
  #refusing = false

  /** Throws an `Error` with a sentence when the folder cannot be used, or another agent uses it. */
  constructor(options: BufferOptions) {
    this.#options = options
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 })
    try {
      this.#db = this.#open()
    } catch (error) {
      if (!isDamaged(error)) throw error
      this.#db = this.#beginAnew()
    }
  }

  /** How much waits to be told. */
  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** On disk when it returns: the items, and where their source stands. Throws `NotStored` when it cannot. */
  append(source: string, items: readonly AgentItem[], { cursor, put = [], delete: gone = [] }: Progress = {}): void {
    const { clock } = this.#options
    const [at, up] = [clock.now(), clock.sinceBoot() ?? null]
    const rows = items.map((item) => ({ fact: 'fact' in item ? 1 : 0, body: toBody(item) }))
    this.#store(() => {
      for (const { fact, body } of rows) {
        const values = [this.#generation, fact, at, up, Buffer.byteLength(body), body]
        this.#db.run('insert into item (generation, fact, at, up, bytes, body) values (?1,?2,?3,?4,?5,?6)', ...values)
      }
      if (cursor !== undefined)
        this.#db.run('insert or replace into place values (?1,?2)', source, JSON.stringify(cursor))
      for (const [key, value] of put)
        this.#db.run('insert or replace into session values (?1,?2,?3)', source, key, JSON.stringify(value))
      for (const key of gone) this.#db.run('delete from session where source = ?1 and key = ?2', source, key)
    })
    this.#count += rows.length
    for (const { body } of rows) this.#bytes += Buffer.byteLength(body)
    if (this.#bytes > this.#options.maxBytes) this.#makeRoom()
  }

  cursor(source: string): Json | undefined {
    const row = this.#db.get('select cursor from place where source = ?1', source)
    return row === undefined ? undefined : (JSON.parse(String(row['cursor'])) as Json)
  }

  rows(source: string): (readonly [key: string, value: Json])[] {
    const rows = this.#db.all('select key, value from session where source = ?1 order by key', source)
    return rows.map((row) => [String(row['key']), JSON.parse(String(row['value'])) as Json])
  }

  /** The oldest that waits, of one order; undefined: nothing does. */
  oldest(mostItems: number, mostBytes: number): BufferedBatch | undefined {
    const begin = this.#db.get('select number, generation from item order by number limit 1')
    if (begin === undefined) return undefined
    const [first, generation] = [Number(begin['number']), Number(begin['generation'])]
    const found = this.#db.get('select name, boot from generation where id = ?1', generation) ?? {}
    const sql =
      'select number, at, up, bytes, body from item where generation = ?1 and number < ?2 order by number limit ?3'
    const drift = this.#driftOf(found['boot'] === this.#options.boot)
    const items: (string | null)[] = []
    let size = 0
    for (const row of this.#db.each(sql, generation, first + mostItems, mostItems)) {
      size += Number(row['bytes'])
      if (items.length > 0 && size > mostBytes) break
      // Those between have been dropped.
      while (first + items.length < Number(row['number'])) items.push(null)
      items.push(corrected(String(row['body']), drift(Number(row['at']), row['up'] as number | null)))
    }
    return { buffer: String(found['name']), first, last: first + items.length - 1, items }
  }

  /** The hub has all of this order up to that number. False: that is more than was ever there, so another uses its name. */
  told(buffer: string, upTo: number): boolean {
    const highest = Number(this.#db.get("select seq from sqlite_sequence where name = 'item'")?.['seq'] ?? 0)
    if (upTo > highest) {
      this.#renew(buffer)
      return false
    }
    this.#forget('generation = (select id from generation where name = ?1) and number <= ?2', buffer, upTo)
    return true
  }

  /** Gives up one item that no hub takes. */
  giveUp(number: number): void {
    this.#forget('number = ?1', number)
  }

  /** Drops what is too old to be news to anybody. */
  prune(): void {
    const { clock, maxAgeMs, boot } = this.#options
    const [now, up] = [clock.now(), clock.sinceBoot()]
    // Of this boot the time since then is true, whatever the clock said.
    const here = 'up is not null and generation in (select id from generation where boot = ?1)'
    const gone =
      up === undefined
        ? this.#forget('at < ?1', now - maxAgeMs)
        : this.#forget(`case when ${here} then up < ?2 else at < ?3 end`, boot, up - maxAgeMs, now - maxAgeMs)
    if (gone > 0) this.#options.log.warn(`${gone} items were dropped: the hub did not take them for too long`)
    this.#db.run('delete from generation where id <> ?1 and id not in (select generation from item)', this.#generation)
    if (this.#count === 0) this.#db.shrink()
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }

  #open(): AgentDatabase {
    const { path } = this.#options
    try {
      this.#db = new AgentDatabase(path, schema)
    } catch (error) {
      if (!(error instanceof InUse)) throw error
      throw new Error(`another agent uses ${dirname(path)}; stop it, or name another folder with --data`, {
        cause: error,
      })
    }
    this.#db.run('delete from generation where id not in (select generation from item)')
    // At each start, so that a copy of this folder never goes on with the same numbers.
    this.#generation = this.#beginGeneration()
    this.#recount()
    return this.#db
  }

  /** A damaged file must not stop an agent: it is set aside. */
  #beginAnew(): AgentDatabase {
    const { path, log, clock } = this.#options
    const aside = `${path}.damaged-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '-')}`
    for (const suffix of ['', '-wal']) {
      try {
        renameSync(path + suffix, aside + suffix)
      } catch {
        // There may be none.
      }
    }
    log.error('what was kept for the hub could not be read; it was set aside, and sources begin where they can', {
      aside,
    })
    return this.#open()
  }

  #beginGeneration(): number {
    const sql = 'insert into generation (name, boot) values (?1, ?2)'
    return Number(this.#db.run(sql, randomBytes(12).toString('base64url'), this.#options.boot).lastInsertRowid)
  }

  /** Under a name of its own the hub takes for new what is new. */
  #renew(buffer: string): void {
    this.#options.log.warn(
      'another agent has used the numbers of this one, perhaps a copy of this machine; new ones are used',
    )
    this.#store(() => {
      const next = this.#beginGeneration()
      this.#db.run(
        'update item set generation = ?1 where generation = (select id from generation where name = ?2)',
        next,
        buffer,
      )
      this.#generation = next
    })
  }

  /** The oldest facts go first: what happened is worth more than how it was. */
  #makeRoom(): void {
    const goal = this.#options.maxBytes * roomLeft
    const before = this.#dropped
    for (const which of ['fact = 1', 'fact >= 0']) {
      while (this.#bytes > goal) {
        const oldest = this.#db.all(`select number, bytes from item where ${which} order by number limit ${dropRows}`)
        if (oldest.length === 0) break
        let size = 0
        const enough = oldest.find((row) => (size += Number(row['bytes'])) >= this.#bytes - goal) ?? oldest.at(-1)
        this.#dropped += this.#forget(`${which} and number <= ?1`, Number(enough?.['number']))
      }
    }
    if (before === 0) this.#options.log.warn('the room for what the hub was not told is full: the oldest is dropped')
  }

  /** Deletes items; returns how many. */
  #forget(where: string, ...values: SQLInputValue[]): number {
    const gone = this.#store(() => this.#db.all(`delete from item where ${where} returning bytes`, ...values))
    this.#count -= gone.length
    for (const row of gone) this.#bytes -= Number(row['bytes'])
    if (this.#count === 0 && this.#dropped > 0) {
      this.#options.log.info(`the hub has been told all that was left; ${this.#dropped} items had been dropped`)
      this.#dropped = 0
    }
    return gone.length
  }

  #store<T>(act: () => T): T {
    try {
      const result = this.#db.transaction(act)
      this.#refusing = false
      return result
    } catch (error) {
      if (isDamaged(error)) {
        this.#db.close()
        this.#db = this.#beginAnew()
      } else if (!this.#refusing) this.#options.log.error('what is seen cannot be kept', { error: String(error) })
      this.#refusing = true
      throw new NotStored(error instanceof Error ? error.message : String(error), { cause: error })
    }
  }

  #recount(): void {
    const row = this.#db.get('select count(*) as count, coalesce(sum(bytes), 0) as bytes from item') ?? {}
    this.#count = Number(row['count'])
    this.#bytes = Number(row['bytes'])
  }

  /** What the clock was wrong by when an item came, as far as is known by now. */
  #driftOf(isThisBoot: boolean): (at: number, up: number | null) => number {
    const { clock } = this.#options
    const [now, sinceBoot] = [clock.now(), clock.sinceBoot()]
    return (at, up) => {
      if (!isThisBoot || up === null || sinceBoot === undefined) return 0
      const byMs = now - (sinceBoot - up) - at
      return Math.abs(byMs) > toleratedMs ? byMs : 0
    }
  }
}

function toBody(item: AgentItem): string {
  const body = JSON.stringify(item)
  const bytes = Buffer.from(body)
  const isLarge = bytes.length > mostItemBytes
  if (!isLarge && jsonDepth(bytes) <= mostDepth) return body
  const message = isLarge ? `it is larger than ${mostItemBytes} bytes` : `it is nested deeper than ${mostDepth} levels`
  return JSON.stringify({ source: item.source, rejected: { raw: body.slice(0, rawBytes), message } })
}

function corrected(body: string, byMs: number): string {
  return byMs === 0 ? body : JSON.stringify(shiftItem(JSON.parse(body) as AgentItem, byMs))
}
