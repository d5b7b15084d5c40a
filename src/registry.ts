// Loads kinds by name from the table of lazy imports; only what the config names is read from disk.
import type { ChannelKind } from './channel.ts'
import type { EventType } from './event-type.ts'
import { besideSources, channels, eventTypes, sources, watches } from './kinds.ts'
import type { SourceKind } from './source.ts'
import type { WatchKind } from './watch.ts'

type Table = { readonly [name: string]: () => Promise<object> }

export const sourceNames: readonly string[] = Object.keys(sources)
export const channelNames: readonly string[] = Object.keys(channels)
export const watchNames: readonly string[] = Object.keys(watches)
/** Those that stand beside a source come with it; the others are configured by themselves. */
export const ownWatchNames: readonly string[] = watchNames.filter((name) => !besideSources.includes(name))

/** Throws for a name that is not in `sourceNames`. */
export function loadSource(name: string): Promise<SourceKind> {
  return load(sources, 'source', name)
}

/** Throws for a name that is not in `channelNames`. */
export function loadChannel(name: string): Promise<ChannelKind> {
  return load(channels, 'channel', name)
}

/** Throws for a name that is not in `watchNames`. */
export function loadWatch(name: string): Promise<WatchKind> {
  return load(watches, 'watch', name)
}

/** The whole catalogue by event type name. */
export async function loadEventTypes(): Promise<Map<string, EventType>> {
  const families = await Promise.all(Object.values<() => Promise<object>>(eventTypes).map((load) => load()))
  const catalogue = new Map<string, EventType>()
  for (const type of families.flatMap((family) => Object.values(family).flat()).filter(isEventType)) {
    if (catalogue.get(type.name) && catalogue.get(type.name) !== type)
      throw new Error(`two event types are named ${type.name}`)
    catalogue.set(type.name, type)
  }
  return catalogue
}

async function load<Kind>(table: Table, sort: string, name: string): Promise<Kind> {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (!found) throw new Error(`there is no ${sort} of kind ${name}; there are ${Object.keys(table).join(', ')}`)
  const module = (await found()) as { readonly default?: Kind }
  if (!module.default) throw new Error(`the ${sort} kind ${name} has no default export`)
  return module.default
}

function isEventType(value: unknown): value is EventType {
  return typeof value === 'object' && value !== null && 'name' in value && 'message' in value && 'sample' in value
}
