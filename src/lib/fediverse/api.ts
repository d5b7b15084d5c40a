// Requests to a server of the fediverse under an account's token, and its answers read as JSON.
import type { HttpAnswer, HttpRequest } from '../http.ts'
import { readRetryAfter, toOutcome, type HttpOutcome } from '../http-outcome.ts'
import { isObject, type Ask, type Fields } from './server.ts'

export interface Api {
  readonly origin: string
  readonly token: string
  readonly ask: Ask
  readonly signal: AbortSignal
  /** What must not be said in words of an answer, beside the token. */
  readonly secrets?: readonly string[]
}

export type Called = Omit<HttpRequest, 'url' | 'signal'> & { readonly timeoutMs?: number }

export function call(api: Api, path: string, request: Called = {}): Promise<HttpAnswer> {
  const headers = {
    accept: 'application/json',
    'user-agent': 'Sereno',
    authorization: `Bearer ${api.token}`,
    ...request.headers,
  }
  return api.ask({ ...request, url: api.origin + path, headers, signal: api.signal })
}

export function callJson(api: Api, path: string, body: unknown, request: Called = {}): Promise<HttpAnswer> {
  const headers = { 'content-type': 'application/json', ...request.headers }
  return call(api, path, { ...request, headers, body: JSON.stringify(body) })
}

/** A whole JSON object of a 2xx answer; undefined for anything else. */
export function fieldsOf(answer: HttpAnswer): Fields | undefined {
  const value = valueOf(answer)
  return isObject(value) ? value : undefined
}

export function valueOf(answer: HttpAnswer): unknown {
  if (!answer.answered || answer.status >= 300 || answer.cut === true) return undefined
  return parse(answer.body)
}

/** Mastodon and Pleroma say `{error}`, Misskey `{error: {message, code}}`. */
export function errorOf(answer: HttpAnswer): { readonly message: string; readonly code: string } {
  const body = answer.answered ? parse(answer.body) : undefined
  const error = isObject(body) ? body['error'] : undefined
  if (typeof error === 'string') {
    const more = isObject(body) && typeof body['error_description'] === 'string' ? body['error_description'] : undefined
    return { message: more ?? error, code: error }
  }
  if (!isObject(error)) return { message: '', code: '' }
  const { message, code } = error
  return { message: typeof message === 'string' ? message : '', code: typeof code === 'string' ? code : '' }
}

/** The outcome by HTTP's rules, in the server's own words and with its own way of saying when to come again. */
export function outcomeOf(answer: HttpAnswer, api: Api, now: number): HttpOutcome {
  const { message, code } = errorOf(answer)
  const said = answer.answered && message !== '' ? { ...answer, body: message } : answer
  const outcome = toOutcome(said, { now, secrets: [api.token, ...(api.secrets ?? [])] })
  if (outcome.ok || !answer.answered) return outcome
  // Misskey says 400 where others say 401.
  if (code === 'AUTHENTICATION_FAILED' || code === 'CREDENTIAL_REQUIRED') {
    return { ...outcome, reason: 'unauthorised', retry: false }
  }
  if (outcome.reason !== 'rate-limited') return outcome
  const retryAfterMs = outcome.retryAfterMs ?? readReset(answer.headers, now)
  return retryAfterMs === undefined ? outcome : { ...outcome, retryAfterMs }
}

/** When a limit is lifted, by the server's own clock where it shows one. https://docs.joinmastodon.org/api/rate-limits/ */
function readReset(headers: { readonly [name: string]: string }, now: number): number | undefined {
  const reset = Date.parse(headers['x-ratelimit-reset'] ?? '')
  if (Number.isNaN(reset)) return undefined
  const itsNow = Date.parse(headers['date'] ?? '')
  const waitMs = reset - (Number.isNaN(itsNow) ? now : itsNow)
  // One that is over already, and yet we were refused: its clock is not to be trusted.
  return waitMs <= 0 ? undefined : readRetryAfter(String(Math.ceil(waitMs / 1000)), now)
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return undefined
  }
}
