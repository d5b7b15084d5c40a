// The journal source: follows systemd's journal through journalctl and makes events of its entries.
import { setTimeout } from 'node:timers/promises'
import { writeDuration } from '../../lib/duration.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import { type StreamEnd, streamCommand } from '../../lib/stream-command.ts'
import type { SourceKind, SourceTools } from '../../source.ts'
import { findGap } from './gap.ts'
import { createKeeper, type Keeper, Stopped } from './keeper.ts'
import { journalOptions, type JournalOptions } from './options.ts'
import { createJournalReader, readPlace } from './reader.ts'
import { wordsFor } from './run.ts'

export default createJournal('journalctl')

const firstWaitMs = 1000
const longestWaitMs = 60_000
/** One that lived for so long was well. */
const wellMs = 60_000
/** What it says on the side is told once, and no more than this of it. */
const mostNotes = 20

export function createJournal(journalctl: string): SourceKind<JournalOptions> {
  return {
    about:
      "Follows systemd's journal. Entries of the chosen units, programs and priorities, or those that match a pattern, are events " +
      '(log.line, or a type of your own, as the beginning or end of a condition too).',
    options: journalOptions,
    example: {
      identifiers: 'kernel',
      match: { pattern: 'I/O error, dev (?<device>\\w+)', name: 'disk', severity: 'error', subject: 'device' },
    },
    start: (options, tools) => follow(journalctl, options, tools),
    reader: createJournalReader,
  }
}

async function follow(journalctl: string, options: JournalOptions, tools: SourceTools): Promise<void> {
  const { signal } = tools
  const reader = createJournalReader(options, tools.place)
  const keeper = createKeeper(reader, tools)
  const notes = createNotes(tools)
  const words = (more: readonly string[]): readonly string[] => wordsFor(journalctl, options, reader.reached, more)
  let waitMs = firstWaitMs

  /** Reads until journalctl ends. */
  async function read(more: readonly string[]): Promise<StreamEnd> {
    const given = words(['--lines=all', ...more])
    reader.begin(reader.reached)
    return streamCommand(given, { environment, signal, onOutput: keeper.take, onNote: notes.take })
  }

  async function round(): Promise<StreamEnd> {
    // What was written meanwhile first, which has an end: behind it we are where the journal is.
    const before = await read([])
    if (before.exit !== 0 || signal.aborted) return before
    await keeper.caughtUp(true)
    tools.measure('journal_running', 1)
    notes.well()
    return read(['--follow'])
  }

  try {
    await begin(journalctl, options, tools, keeper)
    while (!signal.aborted) {
      const startedMs = performance.now()
      const end = await round()
      if (signal.aborted) break
      tools.measure('journal_running', 0)
      // Nobody else waits for one that cannot be read.
      await keeper.caughtUp(true)
      if (performance.now() - startedMs >= wellMs) waitMs = firstWaitMs
      if (reader.reached.cursor !== undefined && /cursor/i.test(end.stderr)) {
        const { time } = reader.reached
        await keeper.moveTo(time === undefined ? {} : { time })
      }
      notes.ended(journalctl, end, waitMs)
      await setTimeout(waitMs, undefined, { signal }).catch(() => {})
      waitMs = Math.min(2 * waitMs, longestWaitMs)
    }
    await keeper.settle()
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
  }
}

const environment = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' }

/** Finds the place to begin at; what lies too far back is passed over, and said to be. */
async function begin(journalctl: string, options: JournalOptions, tools: SourceTools, keeper: Keeper): Promise<void> {
  const now = tools.now()
  const stored = readPlace(await tools.cursor())
  if (stored === undefined) {
    await keeper.moveTo(options.from === 'beginning' ? {} : { time: now })
    return keeper.caughtUp(false)
  }
  const { storedAt, ...place } = stored
  const oldest = now - options.catchUp
  // The last entry may be old because nothing was written: what counts is when we were last there.
  if (Math.max(storedAt, place.time ?? 0) >= oldest || place.time === undefined) await keeper.moveTo(place)
  else {
    const event = await findGap(wordsFor(journalctl, options, place, []), { place, oldest, environment, tools })
    await keeper.moveTo(event === undefined ? place : { time: oldest }, event)
  }
  await keeper.caughtUp(false)
}

interface Notes {
  take(bytes: Buffer): void
  /** It can be read. */
  well(): void
  ended(journalctl: string, end: StreamEnd, waitMs: number): void
}

/** What journalctl says on the side, and how it ended: each once, until it is well again. */
function createNotes({ name, log }: SourceTools): Notes {
  const told = new Set<string>()
  let trouble: string | undefined
  const warnOnce = (text: string): void => {
    if (told.has(text) || told.size >= mostNotes) return
    told.add(text)
    log.warn(`source ${name}: journalctl says: ${text}`)
  }
  return {
    take(bytes) {
      for (const line of bytes.toString().split('\n')) {
        const text = cutText(cleanLine(line), 300)
        if (text !== '') warnOnce(text)
      }
    },
    well() {
      if (trouble !== undefined) log.info(`source ${name}: the journal is read again`)
      trouble = undefined
    },
    ended(journalctl, { exit, signal }, waitMs) {
      const what =
        exit === 127
          ? `${journalctl} is not there; the journal is read once systemd's journalctl is`
          : `journalctl ended (${exit === undefined ? `killed by ${signal}` : `exit ${exit}`})`
      if (what === trouble) return
      trouble = what
      log.warn(`source ${name}: ${what}. It is started again in ${writeDuration(waitMs)}, later less often.`)
    },
  }
}
