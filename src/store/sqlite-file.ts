// SQLite, synchronously: the one file that knows node:sqlite. Runs in the store's worker, or in place for scenarios.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { statSync } from 'node:fs'
import { firstPosition, fromId } from '../lib/id.ts'
import type { Delivery, HubEvent, Job, Json, Verdict } from '../words.ts'
import { toRefusal } from './explain.ts'
import { readTotals } from './totals.ts'
import { migrations } from './migrations.ts'
import { statements, type Packed } from './pack.ts'
import { copyState } from './state-copy.ts'
import { readEventPage, readNamedEvents, readOneEvent, readWaiting } from './pages.ts'
import { prune } from './prune.ts'
import { selectDeliveries, selectEvents } from './select.ts'
import { json, number, readAttempt, readDelivery, readJob, readPart, readVerdict, text } from './rows.ts'
import type { SqlRow } from './rows.ts'
import {
  type DeliveryDetail,
  type DeliveryQuery,
  type EventQuery,
  type Identity,
  type InputRow,
  type Loaded,
  type Retention,
  type Totals,
  type WaitingDelivery,
  type Wanted,
} from './store.ts'

/** Of events that are read at once, where they may be large: they must not fill the memory. */
const mostBytes = 16 * 1024 * 1024
/** Of events that are shown beside something else. */
const shownBytes = 1024 * 1024

export class SqliteFile {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #prepared = new Map<string, StatementSync>()
  readonly #getter = (sql: string, ...values: readonly SQLInputValue[]) => this.#get(sql, ...values)

  /** Throws what SQLite says when the file is no database or of a newer schema. */
  constructor(path: string, { readOnly = false }: { readOnly?: boolean } = {}) {
    this.#path = path
    this.#db = new DatabaseSync(path, { readOnly, timeout: 5000, allowExtension: false })
    try {
      this.#db.exec('pragma cache_size = -8192; pragma temp_store = memory; pragma foreign_keys = off')
      if (!readOnly) {
        this.#db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 16000')
        this.#db.exec('pragma journal_size_limit = 67108864')
        this.#migrate()
      }
      this.#touchEveryTable()
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  nextSeq(now: number): number {
    const row = this.#get(
      'select max((select coalesce(max(seq), 0) from event), (select coalesce(max(seq), 0) from input), (select coalesce(max(seq), 0) from delivery)) as seq',
    )
    return Math.max(number(row?.['seq']) + 1, firstPosition(now))
  }

  /** One transaction, on disk when it returns; or else nothing of it is, and what it returns was there before. */
  commit(packed: readonly Packed[]): Map<string, Identity> | undefined {
    try {
      this.#run('begin immediate')
      for (const { table, rows } of packed) {
        const statement = this.#prepare(statements[table])
        if (table !== 'newIdentity') {
          for (const row of rows) statement.run(...row)
          continue
        }
        const old = rows.filter((row) => statement.run(...row).changes === 0)
        if (old.length === 0) continue
        const found = this.#identities(old.map(([key]) => text(key)))
        this.#run('rollback')
        return found
      }
      this.#run('commit')
      return undefined
    } catch (error) {
      if (this.#db.isTransaction) this.#run('rollback')
      throw toRefusal(error, this.#path)
    }
  }

  /** What cannot be read cannot be decided either: senders shall try again. */
  load({ state, identities }: Wanted): Loaded {
    try {
      const states = new Map<string, Json>()
      const jobs = new Map<string, Job>()
      for (const key of state) {
        const row = this.#get('select value from state where key = ?1', key)
        if (row !== undefined) states.set(key, json(row['value']) as Json)
        const job = this.#get('select * from job where key = ?1', key)
        if (job !== undefined) jobs.set(key, readJob(job))
      }
      return { state: states, jobs, identities: this.#identities(identities) }
    } catch (error) {
      throw toRefusal(error, this.#path)
    }
  }

  dueJobs(now: number, limit: number): { jobs: Job[]; nextAt?: number } {
    const jobs = this.#all('select * from job where due <= ?1 order by due, key limit ?2', now, limit).map(readJob)
    const next = this.#get('select min(due) as due from job where due > ?1', now)
    return next === undefined || next['due'] === null ? { jobs } : { jobs, nextAt: number(next['due']) }
  }

  waiting(channel: string, afterSeq: number, limit: number, bytes = mostBytes): WaitingDelivery[] {
    const sql =
      "select * from delivery where channel = ?1 and seq > ?2 and state in ('queued', 'retrying') order by seq limit ?3"
    return readWaiting(this.#getter, this.#all(sql, channel, afterSeq, limit), bytes)
  }

  waitingChannels(): string[] {
    return this.#all("select distinct channel from delivery where state in ('queued', 'retrying')").map((row) =>
      text(row['channel']),
    )
  }

  interrupted(): WaitingDelivery[] {
    const rows = this.#all("select * from delivery where state = 'sending' order by seq")
    return rows.map((row) => ({ delivery: readDelivery(row) }))
  }

  cursor(source: string): Json | undefined {
    const row = this.#get('select cursor from source where name = ?1', source)
    return row === undefined ? undefined : (json(row['cursor']) as Json)
  }

  rows(source: string): (readonly [string, Json])[] {
    return this.#all('select key, value from session where source = ?1', source).map((row) => [
      text(row['key']),
      json(row['value']) as Json,
    ])
  }

  events(query: EventQuery): HubEvent[] {
    const { sql, values } = selectEvents(query)
    return readEventPage(this.#prepare(sql).iterate(...values), query.bytes ?? Infinity)
  }

  event(id: string): HubEvent | undefined {
    const seq = fromId(id)
    return seq === undefined ? undefined : readOneEvent(this.#getter, seq)
  }

  namedEvents(seqs: readonly number[]): HubEvent[] {
    return readNamedEvents(this.#getter, seqs, mostBytes)
  }

  verdicts(events: readonly number[]): Verdict[] {
    return events.flatMap((event) =>
      this.#all('select * from verdict where event = ?1 order by rule, channel', event).map(readVerdict),
    )
  }

  deliveries(query: DeliveryQuery): Delivery[] {
    if (query.event !== undefined) return this.#deliveriesOf(query.event)
    const { sql, values } = selectDeliveries(query)
    return this.#all(sql, ...values).map(readDelivery)
  }

  delivery(id: string): DeliveryDetail | undefined {
    const seq = fromId(id)
    const row = seq === undefined ? undefined : this.#get('select * from delivery where seq = ?1', seq)
    if (seq === undefined || row === undefined) return undefined
    const delivery = readDelivery(row)
    return {
      delivery,
      events: readNamedEvents(this.#getter, delivery.events, shownBytes),
      tried: this.#all('select * from attempt where delivery = ?1 order by number', seq).map(readAttempt),
      parts: this.#all('select * from part where delivery = ?1 order by number', seq).map(readPart),
    }
  }

  inputs(fromSeq: number, limit: number): InputRow[] {
    return this.#all('select * from input where seq >= ?1 order by seq limit ?2', fromSeq, limit).map((row) => ({
      seq: number(row['seq']),
      at: number(row['at']),
      kind: text(row['kind']) as InputRow['kind'],
      body: json(row['body']) as Json,
    }))
  }

  totals(): Totals {
    return { ...readTotals((sql) => this.#all(sql)), bytes: this.#path === ':memory:' ? 0 : statSync(this.#path).size }
  }

  setting(key: string): Json | undefined {
    const row = this.#get('select value from meta where key = ?1', key)
    return row === undefined ? undefined : (json(row['value']) as Json)
  }

  prune(policy: Retention): number {
    return prune((sql, ...values) => Number(this.#prepare(sql).run(...values).changes), policy)
  }

  /** A consistent copy; refuses to overwrite. */
  backup(path: string): void {
    this.#prepare('vacuum into ?1').run(path)
  }

  /** The state tables and unsent deliveries into a file of their own, replaced as a whole. */
  copyState(path: string): void {
    copyState(this.#db, path)
  }

  /** What SQLite thinks of the whole file; `ok` when sound. */
  quickCheck(): string {
    return text(Object.values(this.#get('pragma quick_check(1)') ?? { none: 'no answer' })[0])
  }

  close(): void {
    this.#prepared.clear()
    this.#db.close()
  }

  #migrate(): void {
    const version = number(this.#get('pragma user_version')?.['user_version'])
    if (version > migrations.length) {
      throw new Error(
        `${this.#path} was written by a newer Sereno (schema ${version}, this one knows ${migrations.length}). Start that newer version, or restore a backup made by this one.`,
      )
    }
    if (version === migrations.length) return
    if (version > 0) this.backup(`${this.#path}.before-schema-${migrations.length}`)
    this.#db.exec('begin immediate')
    // Another connection may have done it while this one waited for its turn.
    const now = number(this.#db.prepare('pragma user_version').get()?.['user_version'])
    for (const sql of migrations.slice(now)) this.#db.exec(sql)
    this.#db.exec(`pragma user_version = ${migrations.length}; commit`)
  }

  /** A damaged page at the ends of a table shows here and not in the middle of the night. */
  #touchEveryTable(): void {
    for (const row of this.#all("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")) {
      const table = text(row['name'])
      const key = table === 'event' || table === 'delivery' || table === 'input' ? 'seq' : undefined
      this.#all(`select * from ${table} ${key === undefined ? '' : `order by ${key} desc`} limit 1`)
      if (key !== undefined) this.#all(`select * from ${table} order by ${key} limit 1`)
    }
  }

  #identities(keys: readonly string[]): Map<string, Identity> {
    const found = new Map<string, Identity>()
    for (const key of keys) {
      const row = this.#get('select seq, digest from identity where key = ?1', key)
      if (row !== undefined) found.set(key, { seq: number(row['seq']), digest: text(row['digest']) })
    }
    return found
  }

  #deliveriesOf(event: number): Delivery[] {
    return this.#all(
      'select d.* from delivery d where d.seq >= ?1 and exists (select 1 from json_each(d.events) where value = ?1) order by d.seq',
      event,
    ).map(readDelivery)
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.#db.prepare(sql)
    this.#prepared.set(sql, statement)
    return statement
  }

  #run(sql: string): void {
    this.#prepare(sql).run()
  }

  #get(sql: string, ...values: SQLInputValue[]): SqlRow | undefined {
    return this.#prepare(sql).get(...values)
  }

  #all(sql: string, ...values: SQLInputValue[]): SqlRow[] {
    return this.#prepare(sql).all(...values)
  }
}
