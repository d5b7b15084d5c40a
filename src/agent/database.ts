// An agent's SQLite file: the one place that knows the driver. On disk means on disk, and one process has it at a time.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

export type Row = { readonly [column: string]: unknown }
export type { SQLInputValue }

export class AgentDatabase {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  /** Throws `InUse` when another process has it. */
  constructor(path: string, schema: string) {
    this.#db = new DatabaseSync(path, { timeout: 200 })
    try {
      // Exclusive: the system frees the lock of an agent that was killed, and a second one finds out at once.
      this.#db.exec('pragma auto_vacuum = incremental; pragma locking_mode = exclusive')
      this.#db.exec('pragma journal_mode = wal; pragma synchronous = full')
      // Little is read twice, and the file is to stay small once the hub was told all.
      this.#db.exec('pragma cache_size = -512; pragma journal_size_limit = 4194304')
      this.#db.exec(`begin immediate; ${schema} commit`)
    } catch (error) {
      this.#db.close()
      throw /locked/.test(String(error)) ? new InUse('another process has it', { cause: error }) : error
    }
  }

  run(sql: string, ...values: SQLInputValue[]): { readonly lastInsertRowid: number | bigint } {
    return this.#statement(sql).run(...values)
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  /** Row by row, for what may be large: whoever has seen enough stops. */
  each(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#statement(sql).iterate(...values)
  }

  /** Gives the room of what was deleted back to the file system. */
  shrink(): void {
    this.#db.exec('pragma incremental_vacuum')
  }

  /** All of it on disk when it returns, or nothing of it. */
  transaction<T>(act: () => T): T {
    this.#db.exec('begin immediate')
    try {
      const result = act()
      this.#db.exec('commit')
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback')
      throw error
    }
  }

  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #statement(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

export class InUse extends Error {
  override readonly name = 'InUse'
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: https://www.sqlite.org/rescode.html */
export function isDamaged(error: unknown): boolean {
  const code = (error as { readonly errcode?: number }).errcode ?? 0
  return (code & 0xff) === 11 || (code & 0xff) === 26
}
