// What the own API needs of a running hub, and what one of its routes is.
import type { HostStore } from '../engine/look-hosts.ts'
import type { LookStore } from '../engine/look.ts'
import type { Rule } from '../rule.ts'
import type { Graph, Issue } from '../words.ts'
import type { Answer, Done, PictureAnswer, Refused } from './api-answers.ts'
import * as shapes from './api-shapes.ts'
import type { DescribedRoute } from './openapi.ts'

/** What the API needs of a running hub. */
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
  /** Sends a test message to one channel by the way all messages go; resolves when it is queued, with its delivery id. */
  testChannel(name: string): Promise<{ readonly ok: true; readonly delivery: string } | Refused>
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

export interface Route extends DescribedRoute {
  /** `given`: path and query parameters, checked. A method, so that each route may name its own. */
  run(door: ApiDoor, given: never): Promise<Answer | PictureAnswer>
}

export const wrong = { about: 'A parameter is wrong.', shape: shapes.refusal }
export const missing = { about: 'There is none by that name.', shape: shapes.refusal }
