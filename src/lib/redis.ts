// Reads from a Redis server: one short connection for each question, with a deadline; the answer is a value, never thrown.
import { codeOf, tlsCode, unreachableWords } from './connection-words.ts'

export type RedisAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false
      readonly reason: 'timeout' | 'unreachable' | 'tls' | 'unauthorised' | 'server-error' | 'misconfigured'
      /** One sentence without secrets: of the address only host and port. */
      readonly detail: string
    }

export interface RedisQuestion {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  readonly url: string
  /** For everything together. */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 5000

export function isRedisUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && /^(?:\/\d*)?$/.test(url.pathname)
}

/** All fields of a hash; a key that is not there is an empty hash. */
export async function readHash(
  question: RedisQuestion,
  key: string,
): Promise<RedisAnswer<{ readonly [field: string]: string }>> {
  const { url, timeoutMs = defaultTimeoutMs } = question
  if (!isRedisUrl(url)) return refusal('misconfigured', 'The address is no redis or rediss URL')
  // On use: it takes some 25 MB.
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // An account that may do little more than read is refused what these would ask first.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
  })
  let broken: unknown
  redis.on('error', (error) => (broken ??= error))
  const deadline = setTimeout(() => redis.disconnect(), timeoutMs)
  const startedAt = performance.now()
  try {
    await redis.connect()
    return { ok: true, value: await redis.hgetall(key) }
  } catch (error) {
    const late = performance.now() - startedAt >= timeoutMs - 1
    return toRefusal(whereIs(url), late ? 'late' : (broken ?? error), timeoutMs)
  } finally {
    clearTimeout(deadline)
    redis.disconnect()
  }
}

function toRefusal(where: string, error: unknown, timeoutMs: number): RedisAnswer<never> {
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

function refusal(reason: Extract<RedisAnswer<never>, { ok: false }>['reason'], detail: string): RedisAnswer<never> {
  return { ok: false, reason, detail }
}

function whereIs(url: string): string {
  const { hostname, port } = new URL(url)
  return `${hostname}:${port === '' ? '6379' : port}`
}

function cut(words: string): string {
  return words.replace(/[\s\p{C}]+/gu, ' ').slice(0, 200)
}
