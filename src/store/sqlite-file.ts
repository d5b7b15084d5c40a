// SQLite, synchronously: the one file that knows node:sqlite. Runs in the store's worker, or in place for scenarios.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { statSync } from 'node:fs'
import { firstPosition, fromId } from '../lib/id.ts'
import type { Delivery, Fact, HubEvent, Job, Json, Verdict } from '../words.ts'
import { toRefusal } from './explain.ts'
import { readTotals } from './totals.ts'
import { migrate, touchEveryTable } from './schema.ts'
import { statements, type Packed } from './pack.ts'
import { copyState } from './state-copy.ts'
import { prune } from './prune.ts'
import { selectDeliveries, selectEvents, selectFacts, selectHandles } from './select.ts'
import {
  json,
  number,
  readAttempt,
  readDelivery,
  readEvent,
  readFact,
  readJob,
  readPart,
  readVerdict,
  text,
} from './rows.ts'
import type { SqlRow } from './rows.ts'
import {
  type DeliveryDetail,
  type DeliveryQuery,
  type DeliveryWithEvents,
  type EventQuery,
  type FactQuery,
  type Handles,
  type Identity,
  type InputRow,
  type Loaded,
  type Retention,
  type Totals,
  type Wanted,
} from './store.ts'

/** A page of what waits ends at this size, however many it was asked for: large messages must not fill the memory. */
const pageBytes = 16 * 1024 * 1024

export class SqliteFile {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #prepared = new Map<string, StatementSync>()

  /** Throws what SQLite says when the file is no database or of a newer schema. */
  constructor(path: string, { readOnly = false }: { readOnly?: boolean } = {}) {
    this.#path = path
    this.#db = new DatabaseSync(path, { readOnly, timeout: 5000, allowExtension: false })
    try {
      this.#db.exec('pragma cache_size = -8192; pragma temp_store = memory; pragma foreign_keys = off')
      if (!readOnly) {
        this.#db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000')
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
    const row = this.#get(
      'select max((select coalesce(max(seq), 0) from event), (select coalesce(max(seq), 0) from input), (select coalesce(max(seq), 0) from delivery), (select coalesce(max(seq), 0) from fact)) as seq',
    )
    return Math.max(number(row?.['seq']) + 1, firstPosition(now))
  }

  /** One transaction, on disk when it returns. */
  commit(packed: readonly Packed[]): void {
    try {
      this.#run('begin immediate')
      for (const { table, rows } of packed) {
        const statement = this.#prepare(statements[table])
        for (const row of rows) statement.run(...row)
      }
      this.#run('commit')
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
      const found = new Map<string, Identity>()
      const sent = new Map<number, Delivery>()
      for (const key of state) {
        const row = this.#get('select value from state where key = ?1', key)
        if (row !== undefined) states.set(key, json(row['value']) as Json)
        const job = this.#get('select * from job where key = ?1', key)
        if (job !== undefined) jobs.set(key, readJob(job))
      }
      for (const key of identities) {
        const row = this.#get('select seq, digest from identity where key = ?1', key)
        if (row !== undefined) found.set(key, { seq: number(row['seq']), digest: text(row['digest']) })
      }
      for (const seq of deliveries) {
        const row = this.#get('select * from delivery where seq = ?1', seq)
        if (row !== undefined) sent.set(seq, readDelivery(row))
      }
      return { state: states, jobs, identities: found, deliveries: sent }
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

  states(prefix: string): (readonly [string, Json])[] {
    // The character after the last that a key can go on with: keys are of ASCII up to the escaped parts.
    return this.#all(
      'select key, value from state where key >= ?1 and key < ?2 order by key',
      prefix,
      `${prefix}\u{10ffff}`,
    ).map((row) => [text(row['key']), json(row['value']) as Json])
  }

  waiting(channel: string, afterSeq: number, limit: number): DeliveryWithEvents[] {
    const page: DeliveryWithEvents[] = []
    let bytes = 0
    const sql =
      "select * from delivery where channel = ?1 and seq > ?2 and state in ('queued', 'retrying') order by seq limit ?3"
    for (const row of this.#all(sql, channel, afterSeq, limit)) {
      const one = this.#withEvents(readDelivery(row))
      page.push(one)
      for (const event of one.events) bytes += (event.text?.length ?? 0) + JSON.stringify(event.data).length
      if (bytes > pageBytes) break
    }
    return page
  }

  waitingChannels(): string[] {
    return this.#all("select distinct channel from delivery where state in ('queued', 'retrying')").map((row) =>
      text(row['channel']),
    )
  }

  interrupted(): DeliveryWithEvents[] {
    return this.#all("select * from delivery where state = 'sending' order by seq").map((row) =>
      this.#withEvents(readDelivery(row)),
    )
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
    return this.#all(sql, ...values).map(readEvent)
  }

  event(id: string): HubEvent | undefined {
    const seq = fromId(id)
    return seq === undefined ? undefined : this.#event(seq)
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
    return {
      ...this.#withEvents(readDelivery(row)),
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

  #event(seq: number): HubEvent | undefined {
    const row = this.#get('select * from event where seq = ?1', seq)
    return row === undefined ? undefined : readEvent(row)
  }

  #withEvents(delivery: Delivery): DeliveryWithEvents {
    return { delivery, events: delivery.events.flatMap((seq) => this.#event(seq) ?? []) }
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
