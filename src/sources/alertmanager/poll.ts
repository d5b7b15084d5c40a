// Asks an Alertmanager for its list of alerts, and for how long it has been running. https://prometheus.io/docs/alerting/latest/alerts_api/
import { request } from '../../lib/http.ts'
import { toOutcome } from '../../lib/http-outcome.ts'
import { readJson } from '../../lib/read-json.ts'
import { readRfc3339 } from '../../lib/rfc3339.ts'
import { isObject } from './alert.ts'
import type { Options } from './options.ts'

export type List =
  | { readonly ok: true; readonly alerts: readonly unknown[] }
  /** `detail`: a sentence without secrets and without a full stop. */
  | { readonly ok: false; readonly reason: string; readonly detail: string }

export interface Asking {
  readonly options: Options & { readonly url: string }
  readonly signal: AbortSignal
  now(): number
}

const timeoutMs = 30_000
/** Some ten thousand alerts. */
const listBytes = 32 * 1024 * 1024
/** The status shows the whole configuration beside what is wanted. */
const statusBytes = 8 * 1024 * 1024

/**
 * Those that Alertmanager keeps quiet about are asked for as well: they still fire, and an alert that was silenced must
 * not look as if it were over.
 */
export async function askForAlerts(asking: Asking): Promise<List> {
  const answer = await ask(
    asking,
    '/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true',
    listBytes,
  )
  const outcome = toOutcome(answer, { now: asking.now(), secrets: secretsOf(asking.options) })
  if (!outcome.ok) return { ok: false, reason: outcome.reason, detail: outcome.detail }
  if (!answer.answered || answer.cut === true) {
    const detail = `The list of alerts broke off, or is longer than ${listBytes / 1024 / 1024} MiB`
    return { ok: false, reason: 'too-large', detail }
  }
  const read = readJson(Buffer.from(answer.body), 'The answer')
  if ('value' in read && Array.isArray(read.value)) return { ok: true, alerts: read.value as readonly unknown[] }
  const origin = new URL(asking.options.url).origin
  return {
    ok: false,
    reason: 'rejected',
    detail: `${origin} answered something that is no list of alerts; is it an Alertmanager?`,
  }
}

/**
 * Whether Alertmanager has run long enough to have heard of all alerts again. False when it cannot be asked now; what
 * answers without saying when it started is another program, and believed.
 */
export async function hasSettled(asking: Asking): Promise<boolean> {
  if (asking.options.settle === 0) return true
  const answer = await ask(asking, '/api/v2/status', statusBytes)
  if (!answer.answered || answer.status >= 500) return false
  const read = readJson(Buffer.from(answer.body), 'The answer')
  const started = 'value' in read && isObject(read.value) ? read.value['uptime'] : undefined
  const startedAt = typeof started === 'string' ? readRfc3339(started) : undefined
  if (startedAt === undefined) return true
  // By its own clock, which may not be ours.
  const itsNow = Date.parse(answer.headers['date'] ?? '')
  return (Number.isNaN(itsNow) ? asking.now() : itsNow) - startedAt >= asking.options.settle
}

function ask({ options, signal }: Asking, path: string, maxBytes: number): ReturnType<typeof request> {
  const access = accessOf(options)
  const headers = {
    accept: 'application/json',
    'user-agent': 'Sereno',
    ...(access === undefined ? {} : { authorization: access }),
  }
  return request({ url: options.url + path, headers, maxBytes, timeoutMs, signal })
}

function accessOf({ token, username, password }: Options): string | undefined {
  if (token !== undefined) return `Bearer ${token}`
  return username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function secretsOf(options: Options): string[] {
  return [options.token, options.password, accessOf(options)].filter((secret) => secret !== undefined)
}
