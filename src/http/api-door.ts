// What the API needs of a running hub.
import type { HostStore } from '../engine/look-hosts.ts'
import type { LookStore } from '../engine/look.ts'
import type { NewSilence } from '../engine/look-silences.ts'
import type { Rule } from '../rule.ts'
import type { Graph, Issue } from '../words.ts'
import type { AgentDesk } from './api-agents.ts'
import type { Done, Refused } from './api-answers.ts'

export interface ApiDoor {
  readonly store: LookStore & HostStore
  /** IANA name: the zone of the words in `why`. */
  readonly zone: string
  status(): HubStatus
  /** In force now, top down. */
  rules(): readonly Rule[]
  /** Sends a dead or expired message again; a refusal is one sentence. */
  retryDelivery(id: string): Promise<Done>
  /** Ends a condition by hand; `key` is that of its row. */
  closeCondition(key: string): Promise<void>
  /** A refusal is one sentence. */
  silence(given: NewSilence): Promise<{ readonly ok: true; readonly id: string; readonly message: string } | Refused>
  endSilence(id: string): Promise<Done>
  /** A person looks after a condition; undefined: there is none. */
  ack(id: string, by: string): Promise<Done | undefined>
  /** Asks the watchman, as one does on a channel. */
  ask(text: string, by: string): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }>
  /** Has a schedule run now; a refusal is one sentence. */
  runSchedule(name: string): Promise<Done>
  /** Sends a test message to one channel by the way all messages go; resolves when it is queued, with its delivery id. */
  testChannel(name: string): Promise<{ readonly ok: true; readonly delivery: string } | Refused>
  readonly agents: AgentDesk
  /** The course of a metric as SVG; what is not known is drawn as nothing. */
  draw(
    graph: Graph,
    how?: { readonly size: 'small'; readonly title: string },
  ): Promise<{ readonly svg: string; readonly alt: string }>
  toPng(svg: string): Promise<Uint8Array>
  /** Drops a host with all that is kept of it; false: none by that name is known. */
  forgetHost(name: string): Promise<boolean>
  /** All or nothing; `message` says what changed. */
  reload(): Promise<Done | { readonly ok: false; readonly issues: readonly Issue[] }>
}

export interface HubStatus {
  readonly version: string
  readonly startedAt: number
  readonly ready: boolean
  /** Why it is not ready, one sentence each. */
  readonly problems: readonly string[]
  /** Path of the file in force, or `built-in`. */
  readonly config: string
  readonly sources: readonly string[]
  readonly channels: readonly string[]
}
