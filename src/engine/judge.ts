// What the config makes of the judge: rules in order, and what it must know of channels, sources and event types.
import type { EventType } from '../event-type.ts'
import type { Rule, Throttle } from '../rule.ts'

export interface Judge {
  readonly rules: readonly Rule[]
  readonly channels: ReadonlyMap<string, ChannelFacts>
  /** Hears what no other channel could be told. */
  readonly fallback?: string
  readonly sources: ReadonlyMap<string, SourceFacts>
  readonly types: ReadonlyMap<string, EventType>
}

export interface ChannelFacts {
  readonly recipients: readonly string[]
  readonly throttle?: Throttle
  readonly expireAfterMs: number
  readonly fallback?: string
  /** Whether the service drops repeats by key, so that unanswered sends may be repeated freely. */
  readonly idempotency: boolean
}

export interface SourceFacts {
  readonly maxAgeMs: number
  readonly host?: string
  readonly labels: { readonly [name: string]: string }
}

export const defaultMaxAgeMs = 3_600_000
