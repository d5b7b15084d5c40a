// The contract of a channel: `render` is pure and is where dry runs, replay and previews stop; `send` does one request.
import type { z } from 'zod'
import type { Graph, IntentKind, Json, Message, Outcome } from './words.ts'
import type { Log } from './source.ts'
import type { HttpRequest, HttpAnswer } from './lib/http.ts'

export interface ChannelKind<Options = unknown> {
  /** One sentence for the reference page. */
  readonly about: string
  readonly options: z.ZodType<Options>
  readonly example: { readonly [key: string]: Json }
  readonly limits: ChannelLimits
  /** Absent: one recipient. Each gets a delivery of its own. */
  recipients?(options: Options): readonly string[]
  render(message: Message, options: Options, place: ChannelPlace): readonly Part[]
  send(part: Part, options: Options, tools: ChannelTools): Promise<Outcome>
}

export interface ChannelLimits {
  /** Characters that one part may have. */
  readonly length: number
  readonly markup: 'plain' | 'mrkdwn' | 'markdown' | 'html'
  readonly edit: boolean
  readonly thread: boolean
  readonly attach: boolean
  /** Whether the service drops a repeat with the same key, so that an unanswered send may be repeated freely. */
  readonly idempotency: boolean
  /** The service's own pace: one part per so many milliseconds. */
  readonly minIntervalMs?: number
  /** So many sends at once, of different threads; absent: one. For a channel that makes one request of those that are under way. */
  readonly concurrency?: number
}

export interface ChannelPlace {
  /** The hub's name in the world (`hub.url`), for links. */
  readonly hubUrl?: string
  /** IANA name: people see their own time. */
  readonly zone: string
}

/** One request's worth of a message. */
export interface Part {
  /** As a person reads it; what replay prints. */
  readonly text: string
  /** What `send` needs beyond its options. */
  readonly payload: Json
}

/** A drawn curve. */
export interface Picture {
  readonly png: Uint8Array
  readonly svg: string
  /** What it shows, in one sentence for who cannot see it. */
  readonly alt: string
}

export interface ChannelTools {
  readonly delivery: {
    readonly id: string
    readonly recipient: string
    /** From 1. */
    readonly attempt: number
    /** The same for every attempt of the same part. */
    readonly idempotencyKey: string
    /** What it does in its thread: begins it, changes or ends what it told, reminds. */
    readonly kind: IntentKind
    readonly thread: {
      /** The same for all messages of a thread; any characters. */
      readonly id: string
      /** What `send` called the first and the last message of this thread that reached this recipient. */
      readonly first?: string
      readonly last?: string
    }
  }
  /** Aborts at the send's deadline. */
  readonly signal: AbortSignal
  now(): number
  /** Draws a curve as it is known by now; undefined: nothing is known, or nothing can be drawn here. */
  graph(graph: Graph): Promise<Picture | undefined>
  request(request: HttpRequest): Promise<HttpAnswer>
  /** Writes a line for people on the hub's standard output. */
  print(line: string): void
  readonly log: Log
}
