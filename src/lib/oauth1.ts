// Signs requests as OAuth 1.0 has it with the method PLAINTEXT, which cloud-init and MAAS speak.
// https://www.rfc-editor.org/rfc/rfc5849#section-3.4.4
import { randomBytes } from 'node:crypto'

export interface OAuthKeys {
  readonly consumerKey: string
  readonly consumerSecret: string
  readonly tokenKey: string
  readonly tokenSecret: string
}

/** Value of the header `Authorization`. The receiver refuses a time that is too far from its own. */
export function authorizeByOAuth(keys: OAuthKeys, now: number, nonce = randomBytes(16).toString('hex')): string {
  const signature = `${encode(keys.consumerSecret)}&${encode(keys.tokenSecret)}`
  const parameters = {
    oauth_nonce: nonce,
    oauth_timestamp: String(Math.floor(now / 1000)),
    oauth_version: '1.0',
    oauth_signature_method: 'PLAINTEXT',
    oauth_consumer_key: keys.consumerKey,
    oauth_token: keys.tokenKey,
    oauth_signature: signature,
  }
  const words = Object.entries(parameters).map(([name, value]) => `${name}="${encode(value)}"`)
  return `OAuth ${words.join(', ')}`
}

/** More than `encodeURIComponent` does. https://www.rfc-editor.org/rfc/rfc5849#section-3.6 */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
