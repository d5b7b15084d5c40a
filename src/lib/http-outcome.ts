// What an answer means for who sent the request, by the rules of HTTP alone; in words without secrets.
import { STATUS_CODES } from 'node:http'
import type { HttpAnswer } from './http.ts'

export type HttpOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly reason:
        | 'timeout'
        | 'unreachable'
        | 'tls'
        | 'rate-limited'
        | 'unauthorised'
        | 'rejected'
        | 'too-large'
        | 'server-error'
        | 'misconfigured'
        | 'gone'
      readonly retry: boolean
      readonly maybeDelivered: boolean
      readonly retryAfterMs?: number
      readonly detail: string
    }

export interface OutcomeOptions {
  /** Against which a date in Retry-After is read. */
  readonly now: number
  /** What must not be repeated from the service's words, such as the address that was asked. */
  readonly secrets?: readonly string[]
  /** Statuses that mean that the place we tell is no more; absent: 404 and 410. */
  readonly gone?: readonly number[]
}

/** What an answer means for a sender by the rules of HTTP alone. */
export function toOutcome(answer: HttpAnswer, options: OutcomeOptions): HttpOutcome {
  if (!answer.answered) {
    const { reason, maybeDelivered, detail } = answer
    return { ok: false, reason, retry: reason !== 'misconfigured', maybeDelivered, detail }
  }
  if (answer.status >= 200 && answer.status < 300) return { ok: true }
  const [reason, retry] = judge(answer.status, options.gone ?? [404, 410])
  const retryAfterMs = retry ? readRetryAfter(answer.headers['retry-after'], options.now) : undefined
  return {
    ok: false,
    reason,
    retry,
    maybeDelivered: false,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    detail: detailOf(answer, options.secrets ?? []),
  }
}

type Refusal = Extract<HttpOutcome, { ok: false }>

function judge(status: number, gone: readonly number[]): [reason: Refusal['reason'], retry: boolean] {
  if (gone.includes(status)) return ['gone', false]
  if (status === 408) return ['timeout', true]
  if (status === 425 || status === 429) return ['rate-limited', true]
  if (status === 401 || status === 403) return ['unauthorised', false]
  if (status === 413) return ['too-large', false]
  if (status === 407 || status < 400) return ['misconfigured', false]
  if (status >= 500) return ['server-error', true]
  return ['rejected', false]
}

/** Seconds or an HTTP date, in milliseconds from `now`; at most a day, whatever the peer says. */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? ''
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : /[a-z]/i.test(text) ? Date.parse(text) - now : NaN
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), dayMs)
}

/** The service's own words behind its status, without what must stay secret. */
export function detailOf(answer: Extract<HttpAnswer, { answered: true }>, secrets: readonly string[]): string {
  const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim()
  if (answer.status >= 300 && answer.status < 400) {
    const to = URL.parse(answer.headers['location'] ?? '')?.origin
    const where = to === undefined ? '' : ` to ${to}`
    return `The service answered ${status}, a redirect${where}, which is not followed; write the final address`
  }
  const words = hide(answer.body, secrets).replace(unseemly, ' ').trim()
  // A page for browsers says nothing in its first words.
  if (words === '' || words.startsWith('<')) return `The service answered ${status}`
  return `The service answered ${status}: ${words.length > 200 ? `${words.slice(0, 199)}…` : words}`
}

/** Services repeat what they were asked, such as a path with its token; of an address its parts count as secrets too. */
export function hide(text: string, secrets: readonly string[]): string {
  const parts = secrets.flatMap(secretParts).sort((a, b) => b.length - a.length)
  return parts.reduce((hidden, part) => hidden.replaceAll(part, '…'), text)
}

function secretParts(secret: string): string[] {
  const url = URL.parse(secret)
  if (!url) return secret === '' ? [] : [secret]
  const tokens = [...url.searchParams.values(), url.username, url.password].filter((part) => part.length >= 4)
  const long = [...tokens, ...url.pathname.split('/').filter((part) => part.length >= 6)]
  const whole = [url.pathname + url.search, url.pathname].filter((part) => part.length > 1)
  return [secret, url.href, ...whole, ...long, ...long.map(decode)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const dayMs = 86_400_000
const unseemly = /[\s\p{Cc}\p{Cf}\u2028\u2029]+/gu
