// Reads vlmcsd logs in tests: through the source's own reader, in chunks, with restarts, and to the last due moment.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Reader } from '../../src/source.ts'
import { createVlmcsdReader } from '../../src/sources/vlmcsd/reader.ts'
import type { Json, JsonObject, NewEvent } from '../../src/words.ts'

export interface Setting {
  readonly zone?: string
  readonly connections?: number
  readonly idle?: number
  readonly saved?: Iterable<readonly [string, Json]>
}

export function openReader(setting: Setting = {}): Reader {
  const options = {
    zones: { internal_pod: ['10.10.0.0/16'], cluster_node: ['10.0.20.0/24'] },
    connections: setting.connections ?? 10_000,
    idle: setting.idle ?? 600_000,
  }
  const place = { zone: setting.zone ?? 'UTC', host: 'kms' }
  return createVlmcsdReader(options, setting.saved ? { ...place, saved: setting.saved } : place)
}

export function readFixture(name: string): string {
  return readFileSync(join(import.meta.dirname, '../fixtures/vlmcsd', name), 'utf8')
}

/** All events of a log, those that only time brings included. */
export function readLog(log: string | Uint8Array, setting: Setting = {}): NewEvent[] {
  const reader = openReader(setting)
  return finish(reader, [...reader.push(Buffer.from(log), 0).events])
}

export function finish(reader: Reader, events: NewEvent[]): NewEvent[] {
  let output = reader.end(0)
  events.push(...output.events)
  while (output.due !== undefined) {
    output = reader.tick(output.due)
    events.push(...output.events)
  }
  return events
}

/** Reads in pieces that end at the given offsets; `restart` says before which of them the reader is made anew from its rows. */
export function readInPieces(
  log: Uint8Array,
  cuts: readonly number[],
  restart: (piece: number) => boolean,
): NewEvent[] {
  const rows = new Map<string, Json>()
  const events: NewEvent[] = []
  let reader = openReader()
  let from = 0
  const ends = [...new Set([...cuts.filter((cut) => cut < log.length), log.length])].sort((a, b) => a - b)
  ends.forEach((end, piece) => {
    if (restart(piece)) {
      // What was not a whole line is read again, as the cursor stands before it.
      from -= reader.pending
      reader = openReader({ saved: copy(rows) })
    }
    const output = reader.push(log.subarray(from, end), 0)
    for (const [key, value] of output.put) rows.set(key, value)
    for (const key of output.delete) rows.delete(key)
    events.push(...output.events)
    from = end
  })
  return finish(reader, events)
}

/** As a store gives them back. */
function copy(rows: ReadonlyMap<string, Json>): [string, Json][] {
  return JSON.parse(JSON.stringify([...rows])) as [string, Json][]
}

export function dataOf(event: NewEvent | undefined): JsonObject {
  return event?.data ?? {}
}

/** A data field as text; empty when it is absent. */
export function textOf(event: NewEvent | undefined, field: string): string {
  const value = event?.data?.[field]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
