// What the sources that follow a log file share: their options, and the loop from file to reader to store.
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { readCursor } from './lib/tail/cursor.ts'
import { Hint } from './lib/tail/hint.ts'
import type { TailProblem } from './lib/tail/live.ts'
import { type Look, Tail, type TailNote } from './lib/tail/tail.ts'
import { NotStored, type Progress, type Reader, type ReaderOutput, type SourceTools } from './source.ts'
import type { Json } from './words.ts'

export const fileOptions = {
  path: z
    .string()
    .min(1)
    .describe(
      'The log file to follow. Rotated files beside it (.1, -20261120, .gz) are finished first; links are followed.',
    ),
  from: z
    .enum(['checkpoint', 'end', 'beginning'])
    .default('checkpoint')
    .describe(
      'Where to start. checkpoint: where the last run stopped, at the very first start at the end of the file. ' +
        'beginning: the same, but the very first start reads the whole file. ' +
        'end: at every start, skips what was written while Sereno was not running.',
    ),
}

export interface FileOptions {
  readonly path: string
  readonly from: 'checkpoint' | 'end' | 'beginning'
}

/** Rows kept from the last run, as the reader wrote them. */
export type SavedRows = Iterable<readonly [key: string, value: Json]>

/** The clock finds what the watch on the folder did not tell. */
const reconcileMs = 2000
/** A cursor that moves without events is stored so often. */
const cursorMs = 1000
const stuckMs = 60_000
const nothing: ReaderOutput = { events: [], put: [], delete: [] }

/** Follows the file until `tools.signal`; each whole line reaches the reader once, and its output the store once. */
export async function followFile(
  options: FileOptions,
  tools: SourceTools,
  createReader: (saved: SavedRows) => Reader,
): Promise<void> {
  await using tail = new Tail({
    path: options.path,
    from: options.from,
    cursor: readCursor(await tools.cursor()),
    now: () => tools.now(),
    note: (note) => tellNote(tools, note),
  })
  using hint = new Hint(options.path)
  const follower = new Follower(tail, createReader(tools.place.saved ?? []), tools)
  let byClock = false
  try {
    while (!tools.signal.aborted) {
      await hint.arm(tools.now())
      const look = await follower.look()
      if (byClock && look.readBytes > 0) await hint.missed(tools.now())
      const waitMs = follower.waitMs(look)
      byClock = !(await hint.wait(waitMs, tools.signal)) && waitMs === reconcileMs
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
  }
}

/** What lies between tail and store: the reader, the cursor, and the troubles already told. */
class Follower {
  readonly #tail: Tail
  readonly #reader: Reader
  readonly #tools: SourceTools
  /** When the reader wants its next tick. */
  #due: number | undefined
  #ticked = false
  #stored = ''
  #storedAt = -Infinity
  #caughtUp: boolean | undefined
  #problem: (TailProblem & { readonly since: number }) | undefined
  #lastLineAt: number | undefined

  constructor(tail: Tail, reader: Reader, tools: SourceTools) {
    this.#tail = tail
    this.#reader = reader
    this.#tools = tools
  }

  /** Reads all there is, ends what is due, stores how far we are. */
  async look(): Promise<Look> {
    const look = await this.#tail.poll((bytes, more) => this.#take(bytes, more))
    const now = this.#tools.now()
    // Sessions of the last run have times of their own, which only a first tick tells; before the end of what was
    // written meanwhile it would end those whose end is in it.
    const isFirst = !this.#ticked && look.caughtUp
    if (isFirst || (this.#due !== undefined && this.#due <= now)) {
      this.#ticked ||= isFirst
      await this.#keep(this.#reader.tick(now), look.caughtUp)
    }
    const ripe = this.#tools.now() - this.#storedAt >= cursorMs && this.#isUnstored()
    if (ripe || this.#caughtUp !== look.caughtUp) await this.#store(nothing, look.caughtUp)
    this.#tellProblem(look.problem)
    this.#measure(look)
    return look
  }

  /** How long nothing needs to be done, if no hint comes. */
  waitMs(look: Look): number {
    const due = this.#due === undefined ? reconcileMs : Math.max(0, this.#due - this.#tools.now())
    return Math.min(reconcileMs, look.againInMs ?? reconcileMs, due, this.#isUnstored() ? cursorMs : reconcileMs)
  }

  async #take(bytes: Uint8Array, more: boolean): Promise<void> {
    if (this.#tools.signal.aborted) throw new Stopped()
    this.#lastLineAt = this.#tools.now()
    await this.#keep(this.#reader.push(bytes, this.#lastLineAt), !more)
  }

  async #keep(output: ReaderOutput, caughtUp: boolean): Promise<void> {
    this.#due = output.due
    const { events, facts = [], put, delete: gone } = output
    if (events.length + facts.length + put.length + gone.length > 0) await this.#store(output, caughtUp)
  }

  /** Returns when it is on disk; until then nothing more is read. What the store refuses is offered again. */
  async #store(output: ReaderOutput, caughtUp: boolean): Promise<void> {
    const { signal, log } = this.#tools
    const cursor = this.#tail.cursor(this.#reader.pending)
    const { put, delete: gone } = output
    const progress = { ...(cursor && { cursor }), put, delete: gone, caughtUp } satisfies Progress
    const since = this.#tools.now()
    for (let waitMs = 1000; ; waitMs = Math.min(2 * waitMs, 30_000)) {
      try {
        await this.#tools.emit(
          { events: output.events, ...(output.facts === undefined ? {} : { facts: output.facts }) },
          progress,
        )
        if (waitMs > 1000) log.info('the store takes events again; reading goes on')
        break
      } catch (error) {
        if (!(error instanceof NotStored)) throw error
        if (waitMs === 1000) log.warn(`the store refused what was read, it will be offered again: ${error.message}`)
        if (this.#tools.now() - since >= stuckMs) this.#tools.measure('tail_stuck', 1)
      }
      await setTimeout(waitMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) throw new Stopped()
    }
    this.#stored = JSON.stringify(cursor)
    this.#storedAt = this.#tools.now()
    this.#caughtUp = caughtUp
  }

  #isUnstored(): boolean {
    return JSON.stringify(this.#tail.cursor(this.#reader.pending)) !== this.#stored
  }

  #tellProblem(problem: TailProblem | undefined): void {
    const old = this.#problem
    if (old?.what === problem?.what && old?.path === problem?.path) return
    this.#problem = problem && { ...problem, since: this.#tools.now() }
    if (problem) this.#tools.log.warn(problemSentences[problem.what](problem))
    else if (old) this.#tools.log.info(`${old.path} can be read again`)
  }

  #measure(look: Look): void {
    const measure = (name: string, value: number) => this.#tools.measure(name, value)
    const problem = this.#problem
    const unreadable = problem !== undefined && problem.what !== 'missing'
    const { rotations, truncations, cutLines } = this.#tail.counts
    measure('tail_stuck', unreadable && this.#tools.now() - problem.since >= stuckMs ? 1 : 0)
    measure('tail_file_missing', problem?.what === 'missing' ? 1 : 0)
    measure('tail_lag_bytes', look.lagBytes)
    measure('tail_rotations_total', rotations)
    measure('tail_truncations_total', truncations)
    measure('tail_cut_lines_total', cutLines)
    if (this.#lastLineAt !== undefined) measure('tail_last_line_timestamp_seconds', this.#lastLineAt / 1000)
    for (const [name, value] of Object.entries(this.#reader.counts)) measure(toMetric(name), value)
  }
}

/** The source was asked to stop in the middle of something. */
class Stopped extends Error {}

const problemSentences: { readonly [what in TailProblem['what']]: (problem: TailProblem) => string } = {
  missing: ({ path }) => `${path} is not there; it will be read from its beginning when it comes. Is the path right?`,
  unreadable: ({ path, detail }) =>
    `${path} cannot be read (${detail}); allow it to the user that Sereno runs as. It is tried again every 2 seconds.`,
  'no-file': ({ path }) => `${path} is no ordinary file; name a log file. It is looked at again every 2 seconds.`,
  'broken-gzip': ({ path, detail }) =>
    `${path} cannot be unpacked to its end (${detail}); if that is still so in a minute, its rest is passed over.`,
}

const noteSentences: { readonly [what in TailNote['what']]: (note: TailNote) => string } = {
  rotated: ({ path }) => `the log was rotated; reading goes on in ${path}`,
  truncated: ({ path }) => `the log was truncated; reading goes on in ${path}`,
  lost: ({ path }) =>
    `the file that the last run was reading is neither ${path} nor among the rotated files beside it; ` +
    `what was written to it since then is lost. Reading begins with the oldest file that is newer.`,
  busy: ({ path }) =>
    `a program still writes to ${path} a minute after it was rotated away; its further lines there are not read. ` +
    `Make the rotation tell it to open its log anew.`,
  skipped: ({ path, detail }) => `${path} could not be read for a minute (${detail}); its lines are passed over`,
}

function tellNote(tools: SourceTools, note: TailNote): void {
  const level = note.what === 'rotated' || note.what === 'truncated' ? 'info' : 'warn'
  tools.log[level](noteSentences[note.what](note))
}

/** What a reader counts is a total, except for what is open now. */
function toMetric(name: string): string {
  return name.endsWith('_open') || name.endsWith('_total') ? name : `${name}_total`
}
