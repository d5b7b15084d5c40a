// Reads what an agent posted: its envelope or a sentence, its items one by one. By hand: thousands of agents ask every few seconds.
import { readJson } from '../../lib/read-json.ts'
import { readRfc3339 } from '../../lib/rfc3339.ts'
import type { AgentPost } from '../../source-agent.ts'

export type PostFrame = Omit<AgentPost, 'items'> & { readonly items: readonly unknown[] }

const mostItems = 5000
const longestName = 100
const longestHost = 253
const mostRechecks = 1000

/** The post with its items as they came, or what is wrong with it as a sentence. */
export function readPost(body: Uint8Array): PostFrame | string {
  const given = readObject(body)
  if (typeof given === 'string') return given
  const { buffer, first, items } = given
  if (!isName(buffer)) return `"buffer" must be a text of 1 to ${longestName} characters.`
  if (!Number.isSafeInteger(first) || (first as number) < 1) return '"first" must be a whole number from 1.'
  if (!Array.isArray(items)) return '"items" must be a list.'
  if (items.length > mostItems) return `There are more than ${mostItems} items; send them in several requests.`
  const sentAt = readTime(given['sentAt'])
  if (sentAt === undefined) return '"sentAt" must be a time: milliseconds since 1970, or as RFC 3339 writes it.'
  const { uptimeSeconds, more } = given
  return {
    buffer,
    first: first as number,
    items: items as unknown[],
    sentAt,
    ...name('bootId', given),
    ...name('machineId', given),
    ...name('run', given),
    ...(isHost(given['host']) ? { host: given['host'] } : {}),
    ...(typeof uptimeSeconds === 'number' && uptimeSeconds >= 0 ? { uptimeSeconds } : {}),
    ...(more === true ? { more } : {}),
    got: names(given['got']),
    unanswered: names(given['unanswered']),
  }
}

export function isHost(value: unknown): value is string {
  // What has control characters would break the lines it is shown in.
  return typeof value === 'string' && value !== '' && value.length <= longestHost && !/\p{Cc}/u.test(value)
}

/** An object, or what is wrong with the body as a sentence. */
export function readObject(body: Uint8Array): { readonly [name: string]: unknown } | string {
  const read = readJson(body, 'The body')
  if ('error' in read) return read.error
  const { value } = read
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [name: string]: unknown }
  return 'The body is no JSON object.'
}

export function readTime(value: unknown): number | undefined {
  if (typeof value === 'string') return readRfc3339(value)
  return typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= 8.64e15 ? value : undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestName && !/\p{Cc}/u.test(value)
}

function name<Key extends 'bootId' | 'machineId' | 'run'>(
  key: Key,
  given: { readonly [name: string]: unknown },
): { [one in Key]?: string } {
  const value = given[key]
  return isName(value) ? ({ [key]: value } as { [one in Key]?: string }) : {}
}

function names(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter(isName).slice(0, mostRechecks) : []
}
