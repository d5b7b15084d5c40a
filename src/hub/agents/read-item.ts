// Reads one item of an agent: an event, a fact or something rejected, of one of its sources.
import { showJson } from '../../lib/read-json.ts'
import { cutBytes } from '../../lib/text.ts'
import type { Rejected } from '../../source.ts'
import { type AgentItem, sourceName } from '../../source-agent.ts'
import { type Condition, type JsonObject, type NewEvent, type NewFact, severities } from '../../words.ts'
import { isHost, readTime } from './read-post.ts'

type Given = { readonly [name: string]: unknown }

const longest = 1024
const longestName = 256
const longestText = 65_536
const mostLabels = 64
const rawBytes = 4096
/** What a source may say in Sereno's own words; the rest is the hub's alone to say. */
const ownWords = new Set(['sereno.rejected', 'sereno.source-failing', 'sereno.truncated'])

/** The item, or what is wrong with it as a sentence without a full stop. */
export function readItem(item: unknown): AgentItem | string {
  if (!isObject(item)) return `an item is a JSON object, not ${showJson(item)}`
  const { source, event, fact, rejected } = item
  if (typeof source !== 'string' || !sourceName.test(source))
    return wrong('source', 'must be the name of a source', source)
  if (event !== undefined) return labelled(source, 'event', readEvent(event))
  if (fact !== undefined) return labelled(source, 'fact', readFact(fact))
  if (rejected !== undefined) return labelled(source, 'rejected', readRejected(rejected))
  return 'an item has an event, a fact or something rejected'
}

function labelled(
  source: string,
  sort: 'event' | 'fact' | 'rejected',
  value: NewEvent | NewFact | Rejected | string,
): AgentItem | string {
  return typeof value === 'string' ? `${sort}: ${value}` : ({ source, [sort]: value } as unknown as AgentItem)
}

function readEvent(given: unknown): NewEvent | string {
  if (!isObject(given)) return `must be a JSON object, not ${showJson(given)}`
  const { type, time, host, subject, severity, labels, data, title, text, identity } = given
  if (!isText(type, longestName) || /\p{Cc}/u.test(type)) return wrong('type', 'must be a short text', type)
  if (type.startsWith('sereno.') && !ownWords.has(type)) return `type ${showJson(type)} is for the hub's own events`
  const problem = problemOf({ time, host, data })
  if (problem !== undefined) return problem
  if (subject != null && !isText(subject, longest))
    return wrong('subject', `must be a text of up to ${longest}`, subject)
  if (severity != null && !severities.some((one) => one === severity))
    return wrong('severity', `must be one of ${severities.join(', ')}`, severity)
  for (const [name, value] of [
    ['title', title],
    ['text', text],
  ] as const)
    if (value != null && (typeof value !== 'string' || value.length > longestText))
      return wrong(name, 'must be a text', value)
  const known = labels == null ? {} : readLabels(labels)
  if (typeof known === 'string') return known
  const condition = given['condition'] == null ? undefined : readCondition(given['condition'])
  if (typeof condition === 'string') return condition
  const who = identity == null ? undefined : readIdentity(identity)
  if (typeof who === 'string') return who
  return {
    type,
    ...common({ time, host }),
    ...(subject == null ? {} : { subject }),
    ...(severity == null ? {} : { severity: severity as NonNullable<NewEvent['severity']> }),
    ...(labels == null ? {} : { labels: known }),
    ...(data == null ? {} : { data: data as JsonObject }),
    ...(title == null ? {} : { title: title as string }),
    ...(text == null ? {} : { text: text as string }),
    ...(condition === undefined ? {} : { condition }),
    ...(who === undefined ? {} : { identity: who }),
  }
}

function readFact(given: unknown): NewFact | string {
  if (!isObject(given)) return `must be a JSON object, not ${showJson(given)}`
  const { name, key, time, host, data } = given
  if (!isText(name, longestName) || /\p{Cc}/u.test(name)) return wrong('name', 'must be a short text', name)
  if (typeof key !== 'string' || key.length > longest) return wrong('key', `must be a text of up to ${longest}`, key)
  if (data == null) return wrong('data', 'must be a JSON object', data)
  const problem = problemOf({ time, host, data })
  if (problem !== undefined) return problem
  return { name, key, ...common({ time, host }), data: data as JsonObject }
}

function readRejected(given: unknown): Rejected | string {
  if (!isObject(given)) return `must be a JSON object, not ${showJson(given)}`
  const { raw, message } = given
  if (typeof raw !== 'string') return wrong('raw', 'must be a text', raw)
  if (typeof message !== 'string') return wrong('message', 'must be a text', message)
  return { raw: cutBytes(raw, rawBytes), message: message.slice(0, longest) }
}

/** What events and facts have in common. */
function problemOf({ time, host, data }: Given): string | undefined {
  if (time != null && toTime(time) === undefined) return wrong('time', timeWords, time)
  if (host != null && !isHost(host)) return wrong('host', 'must be a short text without control characters', host)
  if (data != null && !isObject(data)) return wrong('data', 'must be a JSON object', data)
  return undefined
}

function common({ time: given, host }: Given): { readonly time?: number; readonly host?: string } {
  const time = toTime(given)
  return { ...(time === undefined ? {} : { time }), ...(host == null ? {} : { host: host as string }) }
}

function readLabels(given: unknown): { readonly [name: string]: string } | string {
  if (!isObject(given)) return wrong('labels', 'must be a JSON object', given)
  const entries = Object.entries(given)
  if (entries.length > mostLabels) return `there are more than ${mostLabels} labels; what is larger belongs into data`
  for (const [name, value] of entries) {
    if (!/^[A-Za-z_]\w{0,63}$/.test(name) || name === '__proto__') return `${showJson(name)} is no name of a label`
    if (!isText(value, longestName) && value !== '') return wrong(name, 'must be a short text', value)
  }
  return given as { readonly [name: string]: string }
}

function readCondition(given: unknown): Condition | string {
  if (!isObject(given)) return wrong('condition', 'must be a JSON object', given)
  const { key, state, expireAfterMs } = given
  if (!isText(key, longest)) return wrong('condition.key', 'must be a text', key)
  if (state !== 'firing' && state !== 'changed' && state !== 'resolved')
    return wrong('condition.state', 'must be firing, changed or resolved', state)
  const [since, endsAt] = [toTime(given['since']), toTime(given['endsAt'])]
  for (const [name, time] of Object.entries({ since, endsAt }))
    if (given[name] != null && time === undefined) return wrong(`condition.${name}`, timeWords, given[name])
  if (expireAfterMs != null && !isAmount(expireAfterMs))
    return wrong('condition.expireAfterMs', 'must be milliseconds', expireAfterMs)
  return {
    key,
    state,
    ...(since === undefined ? {} : { since }),
    ...(endsAt === undefined ? {} : { endsAt }),
    ...(expireAfterMs == null ? {} : { expireAfterMs }),
  }
}

function readIdentity(given: unknown): NonNullable<NewEvent['identity']> | string {
  if (!isObject(given)) return wrong('identity', 'must be a JSON object', given)
  const { producer, id } = given
  if (!isText(producer, longest)) return wrong('identity.producer', 'must be a text', producer)
  return isText(id, longest) ? { producer, id } : wrong('identity.id', 'must be a text', id)
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most
}

const timeWords = 'must be milliseconds since 1970, or as RFC 3339 writes it'

function toTime(value: unknown): number | undefined {
  const time = readTime(value)
  return isAmount(time) ? time : undefined
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= 8.64e15
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(name: string, what: string, value: unknown): string {
  return value === undefined ? `${name} is missing: it ${what}` : `${name} ${what}, not ${showJson(value)}`
}
