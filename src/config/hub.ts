// What is checked of the hub's own section beyond its schema: names that must exist, and where it may listen.
import type { z } from 'zod'
import type { Issue, Json } from '../words.ts'
import type { Checked, Given } from './check.ts'
import type { HubConfig, Token } from './config.ts'
import type { Path } from './document.ts'
import { unknownName } from './issue-words.ts'
import { listenProblem, readListen } from './listen.ts'
import { at, isMapping, mappingAt } from './named.ts'
import type { hubOptions } from './options.ts'

interface HubTools {
  readonly given: Given
  readonly channels: readonly string[]
  readonly sources: readonly string[]
}

type Options = z.output<typeof hubOptions>

/** Also checks the fallbacks of channels, which follow the same rule. */
export function readHub(
  checked: Checked<Options>,
  tools: HubTools,
): { readonly hub?: HubConfig; readonly issues: readonly Issue[] } {
  const { document, resolved } = tools.given
  const issues: Issue[] = 'issues' in checked ? [...checked.issues] : []
  const tell = (path: Path, message: string) => void issues.push(document.issueAt(path, 'value', message))
  const section = at(resolved.value, 'hub') ?? {}
  checkChannel(at(section, 'fallback'), ['hub', 'fallback'])
  for (const [name, channel] of Object.entries(mappingAt(resolved.value, 'channels') ?? {})) {
    const fallback = at(channel, 'fallback')
    const path = ['channels', name, 'fallback']
    if (fallback === name) tell(path, `a channel cannot stand in for itself; name another one, or remove fallback`)
    else checkChannel(fallback, path)
  }
  checkTokens(section, tools, tell)
  checkListen(section, tell)
  return issues.length > 0 || 'issues' in checked ? { issues } : { hub: toHub(checked.value), issues }

  function checkChannel(name: Json | undefined, path: Path): void {
    if (typeof name !== 'string' || tools.channels.includes(name)) return
    tell(path, unknownName('the channel', name, tools.channels, 'there are'))
  }
}

function checkListen(section: Json, tell: (path: Path, message: string) => void): void {
  const text = at(section, 'listen')
  const listen = typeof text === 'string' ? readListen(text) : undefined
  const tls = at(section, 'tls')
  const how = { insecure: at(section, 'insecure') === true, ...(isMapping(tls) && { tls }) }
  const problem = listen && listenProblem(listen, how)
  if (problem !== undefined) tell(['hub', 'listen'], problem)
}

function checkTokens(section: Json, { sources }: HubTools, tell: (path: Path, message: string) => void): void {
  const tokens = at(section, 'tokens')
  if (!Array.isArray(tokens)) return
  const names = new Set<Json>()
  for (const [index, token] of (tokens as readonly Json[]).entries()) {
    if (!isMapping(token)) continue
    const path = ['hub', 'tokens', index]
    const { name } = token
    if (name !== undefined && names.has(name)) tell([...path, 'name'], 'two tokens have this name; give each its own')
    if (name !== undefined) names.add(name)
    const allowed = [token['sources'] ?? []].flat() as readonly Json[]
    for (const [number, source] of allowed.entries()) {
      if (typeof source !== 'string' || sources.includes(source)) continue
      // An agent's: what its sources are called is for the agent to say.
      if (typeof name === 'string' && source.startsWith(`${name}/`) && source.length > name.length + 1) continue
      const place = Array.isArray(token['sources']) ? [...path, 'sources', number] : [...path, 'sources']
      tell(place, unknownName('the source', source, sources, 'there are'))
    }
  }
}

function toHub(options: Options): HubConfig {
  const {
    listen,
    url,
    data,
    store,
    timezone,
    tls,
    insecure,
    dryRun,
    open,
    fallback,
    heartbeat,
    retention,
    history,
    maxBody,
  } = options
  const { unmatched, rest, facts, size } = retention
  return {
    listen,
    data,
    insecure,
    dryRun,
    open,
    tokens: options.tokens.map(({ name, token, sources, expires }): Token => ({
      name,
      token,
      ...(sources && { sources }),
      ...(expires !== undefined && { expiresAt: expires }),
    })),
    retention: { unmatchedMs: unmatched, restMs: rest, factsMs: facts, ...(size !== undefined && { sizeBytes: size }) },
    history: { minuteMs: history.minute, tenMinutesMs: history.tenMinutes, hourMs: history.hour },
    maxBodyBytes: maxBody,
    ...(url !== undefined && { url }),
    ...(store !== undefined && { store }),
    ...(timezone !== undefined && { timezone }),
    ...(tls && { tls }),
    ...(fallback !== undefined && { fallback }),
    ...(heartbeat && { heartbeat: { url: heartbeat.url, everyMs: heartbeat.every } }),
  }
}
