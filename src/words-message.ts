// The glossary goes on: what a person reads.
import type { JsonObject, Severity } from './words.ts'

/** What a person reads: composed by the outbox when due, rendered per channel. */
export interface Message {
  readonly title: string
  /** A shortcode without colons, such as `computer`. */
  readonly icon?: string
  readonly severity: Severity
  readonly fields: readonly MessageField[]
  /** Paragraphs of plain text; channels escape them. */
  readonly lines: readonly string[]
  readonly links: readonly { readonly text: string; readonly url: string }[]
  /** What Sereno itself has to add, such as "4 repeats were held". */
  readonly notes: readonly string[]
  /** Ids of the events named here; the first stands beside the message. */
  readonly ids: readonly string[]
  readonly at: number
  /** The title stands for all of it: channels that can fold a message away behind its title do. */
  readonly folded?: true
  /** Curves to show beside it; a channel that takes pictures has them drawn when it sends. */
  readonly graphs?: readonly Graph[]
  /** An answer goes back to where it was asked, seen by no more people than the question. */
  readonly answers?: Asked
  /** For channels that tell of stages of work as such. */
  readonly stage?: MessageStage
}

/** The beginning or the end of a stage of work, such as a boot or a part of it. */
export interface MessageStage {
  readonly type: 'start' | 'finish'
  /** With those of its parents before it: `boot/network`. */
  readonly name: string
  readonly description: string
  readonly origin?: string
  readonly result?: 'SUCCESS' | 'WARN' | 'FAIL'
  readonly durationSeconds?: number
  readonly files?: readonly JsonObject[]
}

/** One metric of a host over a span of time. */
export interface Graph {
  readonly host: string
  /** A series, such as `cpu_percent` or `filesystem_percent{mount="/data"}`. */
  readonly metric: string
  readonly from: number
  readonly to: number
  /** What it should not pass, drawn as a line. */
  readonly limit?: number
}

/** Where a person asked the watchman, in the words of that service. */
export interface Asked {
  /** What the service calls the post that asks. */
  readonly handle: string
  /** As the service mentions the account that asks, with its @. */
  readonly account: string
  readonly visibility: string
}

export interface MessageField {
  readonly name: string
  readonly value: string
  /** A machine's word (address, name): shown in a fixed font. */
  readonly code?: boolean
  /** Said in brackets behind the value. */
  readonly note?: string
}
