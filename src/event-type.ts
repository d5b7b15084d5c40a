// The contract of an event type: its fields, which of them are labels, and the words a person reads.
import type { HubEvent, Message, NewEvent, Severity } from './words.ts'

export interface EventType {
  /** `family.name`, as in rules. */
  readonly name: string
  /** One sentence for the reference page. */
  readonly about: string
  /** Data fields and a sentence for each. */
  readonly fields: { readonly [name: string]: string }
  /** Data fields that become labels. */
  readonly labels: readonly string[]
  readonly severity: Severity
  message(event: HubEvent): MessageWords
  /** A valid event of this type, for the contract test and the docs. */
  readonly sample: NewEvent
  /** Each of them is news, also right after another: dedupe takes none for a repeat. */
  readonly each?: true
  /** Counters that this type feeds beside `sereno_events_total`, such as another program's names. */
  readonly counters?: readonly EventCounter[]
}

export interface EventCounter {
  readonly name: string
  readonly help: string
  /** What is counted: the event itself, or its verdict `merged`; `last` is a gauge with the event's time in seconds. */
  readonly on: 'event' | 'merged' | 'last'
  /** Metric label to event label (or data field of bounded values). */
  readonly labels: { readonly [label: string]: string }
}

/** What an event type says; the composer adds severity, ids, links and notes. */
export type MessageWords = Pick<Message, 'title'> &
  Partial<Pick<Message, 'icon' | 'fields' | 'lines' | 'folded' | 'graphs' | 'answers' | 'stage'>>
