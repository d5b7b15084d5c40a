// SQLite, synchronously: the one file that knows node:sqlite. Runs in the store's worker, or in place for scenarios.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { statSync } from 'node:fs'
import { firstPosition, fromId } from '../lib/id.ts'
import type { Delivery, Fact, HubEvent, Job, Json, Verdict } from '../words.ts'
import { toRefusal } from './explain.ts'
import { readTotals } from './totals.ts'
import { migrate, touchEveryTable } from './schema.ts'
import { statements, type Packed } from './pack.ts'
import { PastTables } from './past.ts'
import { copyState } from './state-copy.ts'
import { readDetail, readEventPage, readNamedEvents, readOneEvent, readWaiting } from './pages.ts'
import { prune } from './prune.ts'
import {
  selectDeliveries,
  selectEvents,
  selectFacts,
  selectHandles,
  selectLastSeq,
  selectNaming,
  selectStates,
} from './select.ts'
import { readVerdicts } from './verdicts.ts'
import { json, number, readDelivery, readFact, readInput, readJob, text } from './rows.ts'
import type { SqlRow } from './rows.ts'
import {
  type DeliveryDetail,
  type DeliveryQuery,
  type EventQuery,
  type FactQuery,
  type Handles,
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

  /** Hosts and their history. */
  readonly past = new PastTables({
    get: this.#getter,
    all: (sql, ...values) => this.#all(sql, ...values),
    iterate: (sql, ...values) => this.#prepare(sql).iterate(...values),
    run: (sql, ...values) => Number(this.#prepare(sql).run(...values).changes),
    isOpen: () => this.#db.isTransaction,
  })

  /** Throws what SQLite says when the file is no database or of a newer schema. */
  constructor(path: string, { readOnly = false }: { readOnly?: boolean } = {}) {
    this.#path = path
    this.#db = new DatabaseSync(path, { readOnly, timeout: 5000, allowExtension: false })
    try {
      this.#db.exec('pragma cache_size = -8192; pragma temp_store = memory; pragma foreign_keys = off')
      if (!readOnly) {
        this.#db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 16000')
        this.#db.exec('pragma journal_size_limit = 67108864')
        migrate(this.#db, path)
      }
      touchEveryTable(this.#db)
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  nextSeq(now: number): number {
    const row = this.#get(selectLastSeq)
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
  load({ state, identities, deliveries = [] }: Wanted): Loaded {
    try {
      const states = new Map<string, Json>()
      const jobs = new Map<string, Job>()
      const sent = new Map<number, Delivery>()
      for (const key of state) {
        const row = this.#get('select value from state where key = ?1', key)
        if (row !== undefined) states.set(key, json(row['value']) as Json)
        const job = this.#get('select * from job where key = ?1', key)
        if (job !== undefined) jobs.set(key, readJob(job))
      }
      for (const seq of deliveries) {
        const row = this.#get('select * from delivery where seq = ?1', seq)
        if (row !== undefined) sent.set(seq, readDelivery(row))
      }
      return { state: states, jobs, identities: this.#identities(identities), deliveries: sent }
    } catch (error) {
      throw toRefusal(error, this.#path)
    }
  }

  dueJobs(now: number, limit: number): { jobs: Job[]; nextAt?: number } {
    const jobs = this.#all('select * from job where due <= ?1 order by due, key limit ?2', now, limit).map(readJob)
    const next = this.#get('select min(due) as due from job where due > ?1', now)
    return next === undefined || next['due'] === null ? { jobs } : { jobs, nextAt: number(next['due']) }
  }

  jobs(which: { readonly kind: string } | { readonly absence: true }): Job[] {
    const rows =
      'kind' in which
        ? this.#all('select * from job where kind = ?1', which.kind)
        : this.#all('select * from job where period is not null')
    return rows.map(readJob)
  }

  handles(channel: string, recipient: string, thread: string): Handles {
    const rows = this.#all(selectHandles, channel, thread, recipient)
    const [first, last] = [rows[0], rows.at(-1)]
    return first === undefined || last === undefined ? {} : { first: text(first['handle']), last: text(last['handle']) }
  }

  facts(query: FactQuery): Fact[] {
    const { sql, values } = selectFacts(query)
    return this.#all(sql, ...values).map(readFact)
  }

  /** As one text: ten thousand rows cross to another thread more cheaply so. */
  states(prefix: string): string {
    const row = this.#get(selectStates, prefix, `${prefix}\u{10ffff}`)
    return text(row?.['rows'])
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
    const all = (sql: string, ...values: readonly SQLInputValue[]) => this.#all(sql, ...values)
    return events.flatMap((event) => readVerdicts(this.#getter, all, event))
  }

  deliveries(query: DeliveryQuery): Delivery[] {
    if (query.event !== undefined) return this.#deliveriesOf(query.event)
    const { sql, values } = selectDeliveries(query)
    return this.#all(sql, ...values).map(readDelivery)
  }

  delivery(id: string): DeliveryDetail | undefined {
    return readDetail(this.#getter, (sql, seq) => this.#all(sql, seq), id, shownBytes)
  }

  inputs(fromSeq: number, limit: number): InputRow[] {
    return this.#all('select * from input where seq >= ?1 order by seq limit ?2', fromSeq, limit).map(readInput)
  }

  totals(): Totals {
    return { ...readTotals((sql) => this.#all(sql)), bytes: this.#path === ':memory:' ? 0 : statSync(this.#path).size }
  }

  setting(key: string): Json | undefined {
    const row = this.#get('select value from meta where key = ?1', key)
    return row === undefined ? undefined : (json(row['value']) as Json)
  }

  prune(policy: Retention): number {
    this.past.rollAll(policy.now)
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

  #identities(keys: readonly string[]): Map<string, Identity> {
    const found = new Map<string, Identity>()
    for (const key of keys) {
      const row = this.#get('select seq, digest from identity where key = ?1', key)
      if (row !== undefined) found.set(key, { seq: number(row['seq']), digest: text(row['digest']) })
    }
    return found
  }

  #deliveriesOf(event: number): Delivery[] {
    return this.#all(selectNaming, event).map(readDelivery)
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
