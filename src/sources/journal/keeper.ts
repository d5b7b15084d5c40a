// Takes what journalctl says to the reader and its events to the store, together with the place they reach.
import { setTimeout } from 'node:timers/promises'
import { createTurns } from '../../lib/turns.ts'
import { type Batch, NotStored, type SourceTools } from '../../source.ts'
import type { NewEvent } from '../../words.ts'
import { type JournalPlace, type JournalReader, toCursor } from './reader.ts'

export interface Keeper {
  /** Resolves when what it means is on disk; until then nothing more should be read. */
  take(bytes: Buffer): Promise<void>
  /** A place that was not read to. */
  moveTo(place: JournalPlace, event?: NewEvent): Promise<void>
  caughtUp(is: boolean): Promise<void>
  /** Stores how far we are, should that not be stored yet. */
  settle(): Promise<void>
}

/** A place that moves without events is stored so often. */
const placeMs = 1000
const longestWaitMs = 30_000

/** The source was asked to stop while it waited for the store. */
export class Stopped extends Error {}

export function createKeeper(reader: JournalReader, tools: SourceTools): Keeper {
  const { signal, log, now } = tools
  const turns = createTurns(1)
  let stored = ''
  let storedMs = -Infinity
  let later: NodeJS.Timeout | undefined
  let isCaughtUp: boolean | undefined

  async function store(batch: Batch, place: JournalPlace): Promise<void> {
    const text = JSON.stringify(place)
    clearTimeout(later)
    later = undefined
    const progress = {
      ...(text === stored ? {} : { cursor: toCursor(place, now()) }),
      ...(isCaughtUp === undefined ? {} : { caughtUp: isCaughtUp }),
    }
    for (let waitMs = 1000; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
      try {
        await tools.emit(batch, progress)
        if (waitMs > 1000) log.info(`source ${tools.name}: the store takes events again; reading goes on`)
        break
      } catch (error) {
        if (!(error instanceof NotStored)) throw error
        if (waitMs === 1000)
          log.warn(`source ${tools.name}: the store refused what was read, it will be offered again: ${error.message}`)
      }
      await setTimeout(waitMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) throw new Stopped()
    }
    stored = text
    storedMs = performance.now()
  }

  const isUnstored = (): boolean => JSON.stringify(reader.reached) !== stored

  async function storePlace(): Promise<void> {
    if (isUnstored()) await store({}, reader.reached)
  }

  function storeLater(): void {
    later ??= globalThis
      .setTimeout(() => {
        later = undefined
        // A failure shows as well when the next piece is taken.
        turns.take(storePlace).catch(() => {})
      }, placeMs)
      .unref()
  }

  function measure(): void {
    for (const [name, value] of Object.entries(reader.counts)) tools.measure(`journal_${name}_total`, value)
    const { time } = reader.reached
    if (time !== undefined) tools.measure('journal_last_entry_timestamp_seconds', time / 1000)
  }

  return {
    take: (bytes) =>
      turns.take(async () => {
        const { events } = reader.push(bytes, now())
        if (events.length > 0) await store({ events }, reader.reached)
        else if (isUnstored() && performance.now() - storedMs >= placeMs) await storePlace()
        else if (isUnstored()) storeLater()
        measure()
      }),
    moveTo: (place, event) =>
      turns.take(async () => {
        await store(event === undefined ? {} : { events: [event] }, place)
        reader.begin(place)
      }),
    caughtUp: (is) =>
      turns.take(async () => {
        if (is === isCaughtUp) return
        isCaughtUp = is
        await store({}, reader.reached)
      }),
    settle: () => turns.take(storePlace),
  }
}
