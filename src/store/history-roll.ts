// Rolls samples up: facts become small pieces of history, one per host and round; many pieces are folded into the chunks of the tiers.
import { readSample, sampleFact } from '../source-sample.ts'
import type { JsonObject } from '../words.ts'
import { addSample, mergeSeries, type SeriesBuckets, splitSeries } from './history-buckets.ts'
import { packChunk, unpackChunk } from './history-chunk.ts'
import { stepMs, tiers } from './history-tiers.ts'
import { json, number, type SqlRow, text } from './rows.ts'

type Value = string | number | Uint8Array

/** One connection, as far as history needs it. */
export interface HistoryFile {
  get(sql: string, ...values: readonly Value[]): SqlRow | undefined
  all(sql: string, ...values: readonly Value[]): readonly SqlRow[]
  iterate(sql: string, ...values: readonly Value[]): Iterable<SqlRow>
  run(sql: string, ...values: readonly Value[]): number
  /** All of it or nothing; `immediate`: with the right to write from its beginning. */
  transaction<Result>(kind: 'deferred' | 'immediate', act: () => Result): Result
}

/** In one transaction, so that neither the memory nor the writer has to bear more. */
const mostFacts = 20_000
const mostValues = 500_000
/** Pieces of a host that are folded together: between these, so that hosts which began together take turns. */
const fewestPieces = 24
const furtherPieces = 24
/** Numbers with a fraction are kept to so many digits. */
const digits = 6

/** Position of the last fact that is rolled up. */
export function rolledUpto(file: HistoryFile): number {
  const row = file.get("select value from meta where key = 'history-rolled'")
  return row === undefined ? 0 : number(json(row['value']))
}

export interface Rolled {
  /** How many were looked at. */
  readonly facts: number
  readonly more: boolean
}

/** Takes up the next samples and notes how far it came, in one transaction. */
export function rollFacts(file: HistoryFile): Rolled {
  const from = rolledUpto(file)
  const hosts = new Map<string, SeriesBuckets>()
  let [facts, values, upto] = [0, 0, from]
  for (const row of file.iterate(
    `select seq, key, time, received, data from fact where seq > ?1 and name = '${sampleFact}' order by seq`,
    from,
  )) {
    facts += 1
    values += addFact(hosts, row)
    upto = number(row['seq'])
    if (facts >= mostFacts || values >= mostValues) break
  }
  const more = facts >= mostFacts || values >= mostValues
  // The search for the next ones begins behind facts of other names, too.
  if (!more) upto = Math.max(upto, number(file.get('select coalesce(max(seq), 0) as seq from fact')?.['seq']))
  if (upto === from) return { facts, more }
  const pieces = [...hosts].map(([host, series]) => [host, packChunk(series)] as const)
  return file.transaction('immediate', () => {
    // Another connection was quicker: what it took is not taken twice.
    if (rolledUpto(file) !== from) return { facts: 0, more: true }
    for (const [host, data] of pieces) file.run('insert into history_new values (?1, ?2, ?3)', host, upto, data)
    file.run("insert or replace into meta values ('history-rolled', ?1)", String(upto))
    return { facts, more }
  })
}

/** Hosts with so many pieces that they are worth folding; `all`: with any, heard of for the last time before then. */
export function hostsToFold(file: HistoryFile, quietSince?: number): string[] {
  const rows = file.all('select host, count(*) as pieces from history_new group by host')
  return rows
    .map((row) => ({ host: text(row['host']), pieces: number(row['pieces']) }))
    .filter(
      ({ host, pieces }) => pieces >= fewestPieces + (spread(host) % furtherPieces) || isQuiet(file, host, quietSince),
    )
    .map(({ host }) => host)
}

/** A host's pieces go into the chunks of all tiers, in one transaction. */
export function foldHost(file: HistoryFile, host: string): void {
  file.transaction('immediate', () => {
    const fresh: SeriesBuckets = new Map()
    for (const piece of readPieces(file, host)) mergeSeries(fresh, piece)
    for (const { tier, factor, width } of tiers) {
      const wide: SeriesBuckets = factor === 1 ? fresh : new Map()
      if (factor !== 1) mergeSeries(wide, fresh, factor)
      for (const [part, series] of splitSeries(wide, width)) foldChunk(file, host, tier, part, series)
    }
    file.run('delete from history_new where host = ?1', host)
  })
}

export function readPieces(file: HistoryFile, host: string, only?: string): SeriesBuckets[] {
  const rows = file.all('select data from history_new where host = ?1 order by upto', host)
  return rows.map((row) => readChunk(row, only))
}

/** One that is damaged is begun anew: it must hold up neither what else is known of the host nor retention. */
export function readChunk(row: SqlRow | undefined, only?: string): SeriesBuckets {
  const data = row?.['data']
  if (!(data instanceof Uint8Array)) return new Map()
  try {
    return unpackChunk(data, only)
  } catch {
    return new Map()
  }
}

/** Adds what a fact's row says and returns the number of values; a question wants those of one series only. */
export function addFact(hosts: Map<string, SeriesBuckets>, row: SqlRow, only?: string): number {
  const host = text(row['key'])
  const sample = readSample({ name: sampleFact, data: json(row['data']) as JsonObject })
  if (sample === undefined) return 0
  let series = hosts.get(host)
  if (series === undefined) hosts.set(host, (series = new Map()))
  // A clock that is ahead tells of times that nobody has seen.
  const at = Math.max(0, Math.floor(Math.min(number(row['time']), number(row['received'])) / stepMs))
  const metrics = Object.entries(sample.metrics)
  for (const [name, value] of metrics) {
    if (only === undefined || only === name) addSample(series, name, at, shorten(value))
  }
  return metrics.length
}

function foldChunk(file: HistoryFile, host: string, tier: number, part: number, series: SeriesBuckets): void {
  const row = file.get('select data from history where host = ?1 and tier = ?2 and start = ?3', host, tier, part)
  const chunk = readChunk(row)
  mergeSeries(chunk, series)
  file.run('insert or replace into history values (?1, ?2, ?3, ?4)', host, tier, part, packChunk(chunk))
}

function isQuiet(file: HistoryFile, host: string, since: number | undefined): boolean {
  if (since === undefined) return false
  const row = file.get('select last from host where name = ?1', host)
  return row === undefined || number(row['last']) < since
}

function spread(name: string): number {
  let sum = 0
  for (let index = 0; index < name.length; index += 1) sum = (sum * 31 + name.charCodeAt(index)) % 65_521
  return sum
}

function shorten(value: number): number {
  if (Number.isInteger(value) || Math.round(value * 1000) / 1000 === value) return value
  return Number(value.toPrecision(digits))
}
