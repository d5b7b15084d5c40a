// Looks what lies between the place where the last run stopped and the oldest entries that are still read.
import { runCommand } from '../../lib/command.ts'
import { readEntry } from '../../lib/journal.ts'
import type { SourceTools } from '../../source.ts'
import type { NewEvent } from '../../words.ts'
import type { JournalPlace } from './reader.ts'
import { stampOf } from './run.ts'

/** So many are counted. */
const most = 10_000
const timeoutMs = 10_000
/** An entry without its text and fields takes about 300. */
const maxBytes = 8 * 1024 * 1024

export interface GapTools {
  readonly place: JournalPlace
  /** The time of the oldest entries that are read. */
  readonly oldest: number
  readonly environment: { readonly [name: string]: string | undefined }
  readonly tools: SourceTools
}

/** Undefined where nothing was written; `words` call journalctl from the place on. */
export async function findGap(
  words: readonly string[],
  { place, oldest, environment, tools }: GapTools,
): Promise<NewEvent | undefined> {
  const split = words.indexOf('--')
  const options = words.slice(0, split).map((word) => (word.startsWith('--output-fields=') ? fewFields : word))
  const given = [...options, `--until=${stampOf(oldest)}`, `--lines=${most + 2}`, ...words.slice(split)]
  const { signal } = tools
  const end = await runCommand(given, { environment, timeoutMs, maxBytes, signal }).catch((error: unknown) => {
    if (signal.aborted) return undefined
    throw error
  })
  if (end === undefined) return undefined
  const isCounted = end.exit === 0 && !end.timedOut
  const found = end.stdout.split('\n').filter((line) => {
    const entry = readEntry(line)
    return entry !== undefined && entry.cursor !== place.cursor
  }).length
  if (isCounted && found === 0) return undefined
  return {
    type: 'log.gap',
    time: tools.now(),
    host: tools.place.host,
    data: {
      from: toText(place.time ?? 0),
      until: toText(oldest),
      ...(isCounted ? { entries: Math.min(found, most) } : {}),
      ...(isCounted && found > most ? { more: true } : {}),
    },
  }
}

const fewFields = '--output-fields=PRIORITY'

function toText(time: number): string {
  return new Date(time).toISOString()
}
