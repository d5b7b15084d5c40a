// The mail server as a NethServer 8 cluster has it in its own settings, asked for at most once a minute while all is well.
import { readHash } from '../../lib/redis.ts'
import type { Outcome } from '../../words.ts'
import { type MailServer, toServer } from './options.ts'

type Refusal = Extract<Outcome, { ok: false }>
export type Smarthost = { readonly ok: true; readonly server: MailServer } | Refusal

interface Known {
  readonly server: MailServer
  /** Until then nobody asks again. */
  readonly freshUntil: number
}

const freshMs = 60_000
const key = 'cluster/smarthost'

/** By address of the Redis. */
const known = new Map<string, Known>()

/**
 * What was read last holds as long as Redis cannot be asked: that Redis is away may be the very thing to be told.
 */
export async function readSmarthost(redis: string, now: number): Promise<Smarthost> {
  const last = known.get(redis)
  if (last !== undefined && now < last.freshUntil) return { ok: true, server: last.server }
  const answer = await readHash({ url: redis }, key)
  if (!answer.ok && last !== undefined) {
    known.set(redis, { ...last, freshUntil: now + freshMs })
    return { ok: true, server: last.server }
  }
  if (!answer.ok) {
    const { reason, detail } = answer
    const retry = reason !== 'misconfigured' && reason !== 'unauthorised'
    return { ok: false, reason, retry, maybeDelivered: false, detail: `The smarthost is not known: ${detail}` }
  }
  const server = toMailServer(answer.value)
  known.delete(redis)
  if (typeof server === 'string') {
    return { ok: false, reason: 'misconfigured', retry: false, maybeDelivered: false, detail: server }
  }
  known.set(redis, { server, freshUntil: now + freshMs })
  return { ok: true, server }
}

/** After a failure the settings may be what was wrong, and may have been mended: the next mail asks again. */
export function doubtSmarthost(redis: string): void {
  const last = known.get(redis)
  if (last !== undefined) known.set(redis, { ...last, freshUntil: 0 })
}

/** A sentence where there is none. */
function toMailServer(fields: { readonly [field: string]: string }): MailServer | string {
  const {
    host = '',
    port = '',
    username = '',
    password = '',
    enabled,
    encrypt_smtp: encrypt = '',
    tls_verify: verify,
  } = fields
  if (Object.keys(fields).length === 0)
    return `Redis has no ${key}: is it that of a NethServer 8 node, and is a smarthost set in the cluster's settings?`
  if (enabled !== '1')
    return "The cluster's smarthost is disabled; enable it in the settings of NethServer 8, or write host in its place"
  if (host === '') return "The cluster's smarthost has no host; complete it in the settings of NethServer 8"
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    return `The cluster's smarthost has no valid port; correct it in the settings of NethServer 8`
  if (encrypt !== 'none' && encrypt !== 'starttls' && encrypt !== 'tls')
    return "The cluster's smarthost has an encryption that is not known here; set none, STARTTLS or TLS in the settings of NethServer 8"
  if (username !== '' && password === '')
    return "The cluster's smarthost has a username without a password; complete it in the settings of NethServer 8"
  return toServer({
    host,
    port: Number(port),
    security: encrypt,
    verify: verify !== '0',
    ...(username === '' ? {} : { username, password }),
  })
}
