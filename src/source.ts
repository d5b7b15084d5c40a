// The contract of a source: I/O only. It emits what it saw and keeps its place by a cursor.
import type { z } from 'zod'
import type { Asked, Json, JsonObject, NewEvent, NewFact } from './words.ts'

export interface SourceKind<Options = unknown> {
  /** One sentence for the reference page. */
  readonly about: string
  readonly options: z.ZodType<Options>
  readonly example: { readonly [key: string]: Json }
  /**
   * Begins; resolves when it has stopped (within a second of `tools.signal`) or at once if all it does is answer routes.
   * Survives garbage; a thrown error is our bug and is logged at the boundary.
   */
  start(options: Options, tools: SourceTools): Promise<void>
  /** The pure half of a source that can be replayed from a file; the same code runs live. */
  readonly reader?: (options: Options, place: ReaderPlace) => Reader
  /** In a replay: adds to a fact of a file what lies beside that file, such as the log of a task. */
  readonly lookBeside?: (path: string, fact: NewFact) => Promise<NewFact>
}

/** What the hub knows of where a source stands. */
export interface ReaderPlace {
  /** IANA name; the source's own, else the hub's, else the machine's. */
  readonly zone: string
  readonly host: string
  /** Rows kept from the last run, as `put` wrote them. */
  readonly saved?: Iterable<readonly [key: string, value: Json]>
}

export interface Reader {
  /** Takes any split of the byte stream; `now` is the time of reading (or, in replay, undefined work is done by log time). */
  push(bytes: Uint8Array, now: number): ReaderOutput
  /** Ends what has waited too long. */
  tick(now: number): ReaderOutput
  /** The stream has ended: a last line without a line feed counts. */
  end(now: number): ReaderOutput
  /** Bytes at the end of what was pushed that form no whole line yet; a cursor stands before them. */
  readonly pending: number
  /** Totals since the start for metrics, such as `unparsed`; names are metric-friendly. */
  readonly counts: { readonly [name: string]: number }
}

export interface ReaderOutput {
  readonly events: readonly NewEvent[]
  readonly facts?: readonly NewFact[]
  /** Session rows that changed. */
  readonly put: readonly (readonly [key: string, value: Json])[]
  readonly delete: readonly string[]
  /** When `tick` has something to do next, if it has. */
  readonly due?: number
}

/** What a source hands in at once: all of it is kept, or nothing. */
export interface Batch {
  readonly events?: readonly NewEvent[]
  readonly facts?: readonly NewFact[]
  readonly rejected?: readonly Rejected[]
}

/** What a watch wants looked up. */
export interface Recheck {
  /** Name and key of the fact that is the answer. */
  readonly name: string
  readonly key: string
  /** What the watch adds, such as which parts it wants probed. */
  readonly body: JsonObject
}

/** A source has so long to answer a recheck. */
export const recheckDeadlineMs = 300_000

export interface Progress {
  readonly cursor?: Json
  readonly put?: readonly (readonly [key: string, value: Json])[]
  readonly delete?: readonly string[]
  /** False while old input is being read; digests of late news and judge-time jobs wait for true. */
  readonly caughtUp?: boolean
}

export interface EmitResult {
  /** Ids of the accepted events, in order; a duplicate has the id of the first. */
  readonly ids: readonly string[]
  readonly accepted: number
  readonly duplicates: number
}

/** An element that is no event: kept as `sereno.rejected` with its raw text. */
export interface Rejected {
  readonly raw: string
  readonly message: string
}

/** What a person asked the watchman, such as "status nas". */
export interface Question extends Asked {
  readonly text: string
  /** The channel that carries the answer. */
  readonly channel: string
}

export interface SourceTools {
  readonly name: string
  readonly place: ReaderPlace
  readonly signal: AbortSignal
  now(): number
  /** Resolves when the batch is on disk; throws `NotStored` when it could not be. Nothing of a batch is kept then. */
  emit(batch: Batch, progress?: Progress): Promise<EmitResult>
  /**
   * Answers what a watch asks to be looked up: emit a fact of that name and key. It ends only with the committed answer;
   * after `recheckDeadlineMs`, or a throw, the watch is told that the answer is unknown. Asked again after a restart.
   */
  onRecheck(handler: (request: Recheck) => Promise<void>): void
  /**
   * Has the watchman answer a person on `channel`; resolves when the answer is queued, in one transaction with the
   * progress. Who may ask is for the source to know.
   */
  ask(question: Question, progress?: Progress): Promise<void>
  /** The cursor of the last committed batch. */
  cursor(): Promise<Json | undefined>
  /** A path that ends in `/*` answers for one more step of any name. */
  route(method: 'GET' | 'POST' | 'PUT', path: string, handler: RouteHandler): void
  /** Sets a gauge or counter `sereno_<name>{source}`. */
  measure(name: string, value: number): void
  readonly log: Log
}

export interface Log {
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

export type RouteHandler = (request: SourceRequest) => Promise<SourceResponse>

export interface SourceRequest {
  readonly method: string
  readonly path: string
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly query: URLSearchParams
  /** At most `hub.maxBody` bytes; larger ones were answered 413. */
  readonly body: Uint8Array
  readonly remote: string
  /** The name of the token that was shown; absent: the way in is open to the address. */
  readonly by?: string
}

export interface SourceResponse {
  readonly status: number
  /** A string is sent as text/plain, anything else as JSON. */
  readonly body: Json | string
  readonly headers?: { readonly [name: string]: string }
}

/** The store refused (disk full, read-only, failing): the sender should try again. HTTP says 503. */
export class NotStored extends Error {
  override readonly name = 'NotStored'
}
