// Hands sightings of alerts to the hub, together with what the ledger learned from them.
import type { Rejected, SourceTools } from '../../source.ts'
import type { NewEvent } from '../../words.ts'
import { toEvent } from './event.ts'
import type { Ledger, Sighting } from './ledger.ts'

export interface Desk {
  readonly tools: SourceTools
  readonly ledger: Ledger
  readonly language: string
}

export interface Reported {
  readonly accepted: number
  /** Also those whose end is known. */
  readonly duplicates: number
}

/** One transaction takes so many, so that a long list does not keep others waiting; each is whole in itself. */
const atOnce = 500

/** Throws `NotStored` when not all could be stored; what was, is told apart when it is sent again. */
export async function report(
  sightings: readonly Sighting[],
  desk: Desk,
  rejected: readonly Rejected[] = [],
): Promise<Reported> {
  let accepted = 0
  let duplicates = 0
  for (let from = 0; from < Math.max(sightings.length, rejected.length); from += atOnce) {
    const until = from + atOnce
    const done = await reportSome(sightings.slice(from, until), desk, rejected.slice(from, until))
    accepted += done.accepted
    duplicates += done.duplicates
  }
  desk.tools.measure('alerts_firing', desk.ledger.firing)
  return { accepted, duplicates }
}

async function reportSome(
  sightings: readonly Sighting[],
  { tools, ledger, language }: Desk,
  rejected: readonly Rejected[],
): Promise<Reported> {
  const now = tools.now()
  const turn = ledger.begin(now)
  const events = sightings.flatMap((sighting): NewEvent[] => {
    const told = turn.see(sighting)
    return told === undefined ? [] : [toEvent(told, now, language)]
  })
  const progress = turn.progress()
  const known = sightings.length - events.length
  if (events.length + rejected.length + progress.delete.length === 0) return { accepted: 0, duplicates: known }
  try {
    const { accepted, duplicates } = await tools.emit({ events, rejected }, rowsOf(progress))
    turn.keep()
    return { accepted, duplicates: duplicates + known }
  } catch (error) {
    turn.drop()
    throw error
  }
}

/** Without rows that change nothing is written beside the events. */
function rowsOf(progress: ReturnType<ReturnType<Ledger['begin']>['progress']>): Partial<typeof progress> {
  return {
    ...(progress.put.length === 0 ? {} : { put: progress.put }),
    ...(progress.delete.length === 0 ? {} : { delete: progress.delete }),
  }
}
