// Reads from a Redis server: one short connection for each question, with a deadline; the answer is a value, never thrown.
import type { Redis, RedisOptions } from 'ioredis'
import { codeOf, tlsCode, unreachableWords } from './connection-words.ts'

export type RedisAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false
      readonly reason: 'timeout' | 'unreachable' | 'tls' | 'unauthorised' | 'server-error' | 'misconfigured'
      /** One sentence without secrets: of the address only host and port. */
      readonly detail: string
    }

export type RedisRefusal = Extract<RedisAnswer<never>, { ok: false }>

export interface RedisQuestion {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string
  /** For everything together. */
  readonly timeoutMs?: number
  /** Calls it off. */
  readonly signal?: AbortSignal
}

export type RedisConnecting = Required<Pick<RedisOptions, 'retryStrategy' | 'connectTimeout' | 'commandTimeout'>> &
  Pick<RedisOptions, 'autoResubscribe'>

const defaultTimeoutMs = 5000

export function isRedisUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && /^(?:\/\d*)?$/.test(url.pathname)
}

/** All fields of a hash; a key that is not there is an empty hash. */
export function readHash(
  question: RedisQuestion,
  key: string,
): Promise<RedisAnswer<{ readonly [field: string]: string }>> {
  return askRedis(question, (redis) => redis.hgetall(key))
}

/** Any reading over one connection of its own; `read` may throw what the client throws. */
export async function askRedis<Value>(
  question: RedisQuestion,
  read: (redis: Redis) => Promise<Value>,
): Promise<RedisAnswer<Value>> {
  const { url, timeoutMs = defaultTimeoutMs, signal } = question
  if (!isRedisUrl(url)) return refusal('misconfigured', 'The address is no redis or rediss URL')
  const within = { connectTimeout: timeoutMs, commandTimeout: timeoutMs }
  const redis = await openRedis(url, { ...within, retryStrategy: () => null })
  let broken: unknown
  redis.on('error', (error) => (broken ??= error))
  const end = (): void => redis.disconnect()
  const deadline = setTimeout(end, timeoutMs)
  signal?.addEventListener('abort', end)
  const startedAt = performance.now()
  try {
    if (signal?.aborted) return refusal('unreachable', `The question to Redis at ${whereIs(url)} was called off`)
    await redis.connect()
    return { ok: true, value: await read(redis) }
  } catch (error) {
    const late = performance.now() - startedAt >= timeoutMs - 1
    return toRefusal(url, late ? 'late' : (broken ?? error), timeoutMs)
  } finally {
    clearTimeout(deadline)
    signal?.removeEventListener('abort', end)
    end()
  }
}

/** A client that is not connected yet; whoever opens it listens to its errors and disconnects it. */
export async function openRedis(url: string, connecting: RedisConnecting): Promise<Redis> {
  // On use: it takes some 25 MB.
  const { Redis } = await import('ioredis')
  return new Redis(url, {
    ...connecting,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    // An account that may do little more than read is refused what these would ask first.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
  })
}

export function toRefusal(url: string, error: unknown, timeoutMs: number): RedisRefusal {
  const where = whereIs(url)
  const words = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  if (error === 'late' || code === 'ETIMEDOUT' || /timed out/i.test(words))
    return refusal('timeout', `Redis at ${where} did not answer within ${timeoutMs / 1000} s`)
  if (/^(?:NOAUTH|WRONGPASS|NOPERM)|\b(?:invalid|without any) password\b/i.test(words))
    return refusal(
      'unauthorised',
      `Redis at ${where} did not accept user and password, or the user may not read: ${cut(words)}`,
    )
  if (/^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|ERR max number of clients)/.test(words))
    return refusal('server-error', `Redis at ${where} is not ready: ${cut(words)}`)
  if (tlsCode.test(code))
    return refusal('tls', `The certificate or TLS of Redis at ${where} was not accepted (${code})`)
  if (/^[A-Z]+ /.test(words)) return refusal('misconfigured', `Redis at ${where} answered: ${cut(words)}`)
  const why = code.startsWith('E') && code !== 'Error' ? unreachableWords(code) : 'it closed the connection'
  return refusal('unreachable', `No connection to Redis at ${where}: ${why}`)
}

function refusal(reason: RedisRefusal['reason'], detail: string): RedisRefusal {
  return { ok: false, reason, detail }
}

function whereIs(url: string): string {
  const { hostname, port } = new URL(url)
  return `${hostname}:${port === '' ? '6379' : port}`
}

function cut(words: string): string {
  return words.replace(/[\s\p{C}]+/gu, ' ').slice(0, 200)
}
