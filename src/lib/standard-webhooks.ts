// Signs webhooks as Standard Webhooks 1.0.0 say: HMAC-SHA256 over id, time and body, in three headers.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
import { createHmac } from 'node:crypto'

export interface Signable {
  /** Stays the same when the webhook is sent again. */
  readonly id: string
  /** Of this attempt, in milliseconds. */
  readonly now: number
  readonly body: string | Uint8Array
}

/** The three headers; with several secrets, as while one is replaced, the receiver needs to know only one of them. */
export function signWebhook(
  { id, now, body }: Signable,
  secrets: readonly string[],
): { readonly [name: string]: string } {
  const seconds = String(Math.floor(now / 1000))
  const headers = { 'webhook-id': id, 'webhook-timestamp': seconds }
  if (secrets.length === 0) return headers
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.`).update(body)
    return `v1,${hmac.digest('base64')}`
  })
  return { ...headers, 'webhook-signature': signatures.join(' ') }
}

/** `whsec_` and the base64 of 24 to 64 bytes. */
export function isWebhookSecret(text: string): boolean {
  const digits = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1]
  if (digits === undefined) return false
  const key = Buffer.from(digits, 'base64')
  // Decoding forgives everything, so what was read must say the same again.
  const isExact = key.toString('base64').replace(/=+$/, '') === digits.replace(/=+$/, '')
  return isExact && key.length >= 24 && key.length <= 64
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
}
