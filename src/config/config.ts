// What the hub is given once a configuration was read and found good: names resolved, defaults filled in, times in ms.
import type { MuteConfig } from './mute.ts'
import type { Rule, Template, Throttle } from '../rule.ts'

export interface Config {
  readonly hub: HubConfig
  /** In the order of the file, the implied ones last. */
  readonly sources: readonly SourceConfig[]
  readonly watches: readonly WatchConfig[]
  readonly channels: readonly ChannelConfig[]
  /** With those that are there without being written. */
  readonly mutes: readonly MuteConfig[]
  /** Top down, as they are tried. */
  readonly rules: readonly Rule[]
  /** By event type: words in place of the type's own, unless a rule has its own. */
  readonly templates: { readonly [type: string]: Template }
}

export interface SourceConfig {
  readonly name: string
  readonly kind: string
  /** As the kind's schema returned them. */
  readonly options: unknown
  /** IANA name; absent: the hub's, else the machine's. */
  readonly timezone?: string
  readonly host?: string
  readonly labels: { readonly [name: string]: string }
  /** Address ranges that need no token. */
  readonly open: readonly string[]
  readonly maxAgeMs: number
  /** Not in the file: the message endpoint and CloudEvents are there without being named. */
  readonly implied: boolean
}

export interface WatchConfig {
  readonly name: string
  readonly kind: string
  readonly options: unknown
}

export interface ChannelConfig {
  readonly name: string
  readonly kind: string
  readonly options: unknown
  readonly throttle?: Throttle
  /** Absent: the pace of the service. */
  readonly minIntervalMs?: number
  readonly expireAfterMs: number
  readonly fallback?: string
}

export interface HubConfig {
  readonly listen: Listen
  /** How people reach this hub, for links; without a slash at the end. */
  readonly url?: string
  readonly data: string
  /** Path of the store's file; absent: sereno.db in `data`. */
  readonly store?: string
  readonly timezone?: string
  readonly tokens: readonly Token[]
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly insecure: boolean
  /** Messages are printed, not sent. */
  readonly dryRun: boolean
  readonly open: { readonly metrics: readonly string[] }
  readonly fallback?: string
  readonly heartbeat?: { readonly url: string; readonly everyMs: number }
  readonly retention: {
    readonly unmatchedMs: number
    readonly restMs: number
    readonly factsMs: number
    readonly sizeBytes?: number
  }
  /** How long samples are kept rolled up by the minute, by ten minutes and by the hour. */
  readonly history: { readonly minuteMs: number; readonly tenMinutesMs: number; readonly hourMs: number }
  readonly maxBodyBytes: number
}

export interface Listen {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

export interface Token {
  readonly name: string
  readonly token: string
  /** Names of the sources it may write to; absent: all, and the API. */
  readonly sources?: readonly string[]
  readonly expiresAt?: number
}
