// What reading a configuration needs to know of the kinds there are; handed in, so that only those named are loaded.
import type { ChannelKind } from '../channel.ts'
import type { EventType } from '../event-type.ts'
import type { SourceKind } from '../source.ts'
import type { WatchKind } from '../watch.ts'

export interface Kinds {
  readonly sources: KindTable<Pick<SourceKind, 'options'>>
  /** Those that can be configured by themselves. */
  readonly watches: KindTable<Pick<WatchKind, 'options'>>
  readonly channels: KindTable<Pick<ChannelKind, 'options'>>
  /** The catalogue by name. */
  readonly eventTypes: ReadonlyMap<string, Pick<EventType, 'fields' | 'labels'>>
}

export interface KindTable<Kind> {
  readonly names: readonly string[]
  /** Called for names of `names` only. */
  load(name: string): Promise<Kind>
}
