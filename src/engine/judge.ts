// What the config makes of the judge: rules in order, and what it must know of channels, sources and event types.
import type { EventType } from '../event-type.ts'
import type { Rule, Throttle } from '../rule.ts'
import type { Mute } from '../rule-mute.ts'
import type { WatchKind, WatchPlace } from '../watch.ts'

export interface Judge {
  readonly rules: readonly Rule[]
  readonly channels: ReadonlyMap<string, ChannelFacts>
  /** Hears what no other channel could be told. */
  readonly fallback?: string
  readonly sources: ReadonlyMap<string, SourceFacts>
  readonly types: ReadonlyMap<string, EventType>
  readonly watches: readonly JudgeWatch[]
  readonly mutes: readonly Mute[]
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

/** A watch with its options, ready to judge. */
export interface JudgeWatch {
  readonly name: string
  readonly kind: WatchKind
  readonly options: unknown
  readonly place: WatchPlace
  /** It stands beside this source and sees nothing else. */
  readonly source?: string
}

export const defaultMaxAgeMs = 3_600_000
