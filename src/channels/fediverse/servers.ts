// What is known of the servers that channels post to: asked once an hour, and never in the way of a message.
import { countings, discover, type Server, type Software } from '../../lib/fediverse/server.ts'
import { strictest } from '../../lib/fediverse/length.ts'
import type { Markup } from '../../lib/fediverse/escape.ts'
import type { ChannelTools } from '../../channel.ts'
import type { Space } from './fit.ts'
import type { Options } from './options.ts'

/** Every server takes so much. */
export const defaultLength = 500

const keptMs = 3_600_000
/** One that said nothing may be up again soon. */
const failedMs = 60_000
const discoveryMs = 8000
const mostKept = 50

interface Kept {
  readonly server: Server | undefined
  readonly until: number
}

const kept = new Map<string, Kept>()

type Asking = Pick<ChannelTools, 'request' | 'signal' | 'now'>

/** Its limits and features; what it did not say is assumed to be as little as anywhere. */
export async function serverOf(origin: string, options: Options, tools: Asking): Promise<Server> {
  const software = options.software === 'auto' ? undefined : options.software
  // Nothing is left to ask for.
  if (software !== undefined && options.maxLength !== undefined && !asksForTypes(software, options))
    return assumed(software)
  const key = `${origin} ${options.software}`
  const known = kept.get(key)
  const now = tools.now()
  if (known !== undefined && now < known.until) return known.server ?? assumed(software)
  const signal = AbortSignal.any([tools.signal, AbortSignal.timeout(discoveryMs)])
  const found = await discover(origin, (request) => tools.request({ ...request, signal }), software)
  // What was known is still better than nothing.
  const server = found ?? known?.server
  kept.delete(key)
  kept.set(key, { server, until: now + (found === undefined ? failedMs : keptMs) })
  for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - mostKept))) kept.delete(oldest)
  return server ?? assumed(software)
}

/** Forgets a server that did not take what it is said to take. */
export function doubtServer(origin: string, options: Options): void {
  kept.delete(`${origin} ${options.software}`)
}

function asksForTypes(software: Software, { contentType }: Options): boolean {
  return software !== 'firefish' && software !== 'mastodon' && contentType !== 'text/plain'
}

function assumed(software: Software | undefined): Server {
  const counting = software === undefined ? strictest : countings[software]
  return { software: software ?? 'mastodon', name: 'unknown', counting, contentTypes: [] }
}

/** What a post may be on a server. */
export function spaceOf(server: Server, options: Options): Space & { readonly contentType?: string } {
  const { counting, maxSpoiler } = server
  const wanted = options.contentType ?? 'text/markdown'
  const contentType = server.contentTypes.includes(wanted) ? wanted : undefined
  return {
    maxLength: options.maxLength ?? server.maxLength ?? defaultLength,
    ...(maxSpoiler === undefined ? {} : { maxSpoiler }),
    counting,
    markup: server.software === 'firefish' ? 'mfm' : ((contentType && markups[contentType]) ?? 'plain'),
    ...(contentType === undefined ? {} : { contentType }),
  }
}

const markups: { readonly [type: string]: Markup } = {
  'text/plain': 'plain',
  'text/markdown': 'markdown',
  'text/html': 'html',
}

/** Before a server was asked: as the options have it, else in plain words, and counted as strictly as anywhere. */
export function unknownSpace(options: Options): Space {
  if (options.software === 'auto') return spaceOf(assumed(undefined), options)
  const takes = options.contentType !== undefined && options.software !== 'mastodon' ? [options.contentType] : []
  return spaceOf({ ...assumed(options.software), contentTypes: takes }, options)
}
