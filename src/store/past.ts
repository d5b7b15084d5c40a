// Hosts and their history in a SQLite file: what is asked of them, and the rolling up.
import { readHostSample, type HostSample } from '../source-sample.ts'
import type { JsonObject } from '../words.ts'
import { type FlatHistory, queryHistory } from './history-query.ts'
import { foldHost, hostsToFold, type HistoryFile, type Rolled, rollFacts } from './history-roll.ts'
import { json, number, type SqlRow, text } from './rows.ts'
import type { HistoryQuery, HostRow } from './store.ts'

export type PastFile = Omit<HistoryFile, 'transaction'> & { isOpen(): boolean }

/** A host that is silent for so long does not wait for more before its pieces are folded. */
const quietMs = 6 * 3_600_000

export class PastTables {
  readonly #file: HistoryFile

  constructor(file: PastFile) {
    this.#file = { ...file, transaction: (kind, act) => transact(file, kind, act) }
  }

  hosts(): HostRow[] {
    return this.#file.all('select * from host order by name').map(readHost)
  }

  host(name: string): HostRow | undefined {
    const row = this.#file.get('select * from host where name = ?1', name)
    return row === undefined ? undefined : readHost(row)
  }

  history(query: HistoryQuery): FlatHistory {
    return queryHistory(this.#file, query)
  }

  hasHosts(): boolean {
    return this.#file.get('select 1 as there from host limit 1') !== undefined
  }

  rollFacts(): Rolled {
    return rollFacts(this.#file)
  }

  hostsToFold(): string[] {
    return hostsToFold(this.#file)
  }

  foldHost(host: string): void {
    foldHost(this.#file, host)
  }

  /** Before facts go: nothing that was not rolled up is lost. */
  rollAll(now: number): void {
    while (rollFacts(this.#file).more);
    for (const host of hostsToFold(this.#file, now - quietMs)) foldHost(this.#file, host)
  }

  forgetHost(name: string): boolean {
    // Else the next round would find its last samples.
    while (rollFacts(this.#file).more);
    return this.#file.transaction('immediate', () => {
      this.#file.run('delete from history where host = ?1', name)
      this.#file.run('delete from history_new where host = ?1', name)
      return this.#file.run('delete from host where name = ?1', name) > 0
    })
  }
}

function readHost(row: SqlRow): HostRow {
  const none: HostSample = { metrics: {} }
  return {
    name: text(row['name']),
    firstSeenAt: number(row['first']),
    lastSeenAt: number(row['last']),
    source: text(row['source']),
    sample: readHostSample(json(row['sample']) as JsonObject) ?? none,
  }
}

function transact<Result>(file: PastFile, kind: 'deferred' | 'immediate', act: () => Result): Result {
  file.run(`begin ${kind}`)
  try {
    const result = act()
    file.run('commit')
    return result
  } catch (error) {
    if (file.isOpen()) file.run('rollback')
    throw error
  }
}
