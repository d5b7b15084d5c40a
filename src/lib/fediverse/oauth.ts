// A token for an account: by a code that its owner copies from a page of the server (OAuth 2 with PKCE), by MiAuth where
// Misskey's API is spoken, and by a password where a server still takes one.
// https://docs.joinmastodon.org/methods/oauth/ https://misskey-hub.net/en/docs/for-developers/api/token/miauth/
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { hide } from '../http-outcome.ts'
import type { HttpAnswer } from '../http.ts'
import { cleanLine, cutText } from '../text.ts'
import { errorOf, fieldsOf } from './api.ts'
import type { Ask } from './server.ts'

/** What posting with pictures, answering and marking a post as over need, and no more. */
export const scopes = ['write:statuses', 'write:media', 'read:notifications', 'read:statuses'] as const

const misskeyPermissions = ['write:notes', 'write:drive', 'read:notifications', 'read:account'] as const

/** The server shows the code instead of sending the browser elsewhere. */
const outOfBand = 'urn:ietf:wg:oauth:2.0:oob'

export type Got<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: string }

export interface App {
  readonly id: string
  readonly secret: string
}

/** `unknown`: servers that say nothing of it are old, and mostly take passwords. */
export async function passwordGrant(origin: string, ask: Ask): Promise<'yes' | 'no' | 'unknown'> {
  const answer = await ask({ url: `${origin}/.well-known/oauth-authorization-server`, headers, timeoutMs: 5000 })
  const grants = fieldsOf(answer)?.['grant_types_supported']
  if (!Array.isArray(grants)) return 'unknown'
  return grants.includes('password') ? 'yes' : 'no'
}

export async function registerApp(origin: string, ask: Ask): Promise<Got<App>> {
  const answer = await postForm(ask, `${origin}/api/v1/apps`, {
    client_name: 'Sereno',
    redirect_uris: outOfBand,
    scopes: scopes.join(' '),
  })
  const { client_id: id, client_secret: secret } = fieldsOf(answer) ?? {}
  if (typeof id === 'string' && typeof secret === 'string') return { ok: true, value: { id, secret } }
  return { ok: false, problem: problemOf(answer) }
}

export interface Pkce {
  readonly verifier: string
  readonly challenge: string
}

/** RFC 7636: who sees the code cannot use it. */
export function createPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** The page where the account's owner allows it and gets a code. */
export function authorizeUrl(origin: string, app: App, { challenge }: Pkce): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.id,
    redirect_uri: outOfBand,
    scope: scopes.join(' '),
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
  return `${origin}/oauth/authorize?${query.toString()}`
}

export function tokenByCode(origin: string, app: App, pkce: Pkce, code: string, ask: Ask): Promise<Got<string>> {
  return askToken(origin, ask, {
    grant_type: 'authorization_code',
    client_id: app.id,
    client_secret: app.secret,
    redirect_uri: outOfBand,
    scope: scopes.join(' '),
    code,
    code_verifier: pkce.verifier,
  })
}

export function tokenByPassword(
  origin: string,
  app: App,
  login: { readonly username: string; readonly password: string },
  ask: Ask,
): Promise<Got<string>> {
  return askToken(origin, ask, {
    grant_type: 'password',
    client_id: app.id,
    client_secret: app.secret,
    scope: scopes.join(' '),
    username: login.username,
    password: login.password,
  })
}

export function miAuthUrl(origin: string): { readonly url: string; readonly session: string } {
  const session = randomUUID()
  const query = new URLSearchParams({ name: 'Sereno', permission: misskeyPermissions.join(',') })
  return { url: `${origin}/miauth/${session}?${query.toString()}`, session }
}

export async function tokenByMiAuth(origin: string, session: string, ask: Ask): Promise<Got<string>> {
  const answer = await ask({
    url: `${origin}/api/miauth/${session}/check`,
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{}',
  })
  const { ok, token } = fieldsOf(answer) ?? {}
  if (ok === true && isToken(token)) return { ok: true, value: token }
  if (ok === false) return { ok: false, problem: 'it was not allowed on that page yet' }
  return { ok: false, problem: problemOf(answer) }
}

async function askToken(origin: string, ask: Ask, fields: { readonly [name: string]: string }): Promise<Got<string>> {
  const answer = await postForm(ask, `${origin}/oauth/token`, fields)
  const token = fieldsOf(answer)?.['access_token']
  if (isToken(token)) return { ok: true, value: token }
  const secrets = ['password', 'code', 'code_verifier', 'client_secret'].flatMap((name) => fields[name] ?? [])
  return { ok: false, problem: problemOf(answer, secrets) }
}

/** Goes into a header and a file of one line. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\u0021-\u007e]{1,1000}$/.test(value)
}

const headers = { accept: 'application/json', 'user-agent': 'Sereno' }

function postForm(ask: Ask, url: string, fields: { readonly [name: string]: string }): Promise<HttpAnswer> {
  const type = 'application/x-www-form-urlencoded'
  return ask({ url, headers: { ...headers, 'content-type': type }, body: new URLSearchParams(fields).toString() })
}

/** A server may repeat what it was asked. */
function problemOf(answer: HttpAnswer, secrets: readonly string[] = []): string {
  if (!answer.answered) return answer.detail
  const written = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)])
  const message = cutText(cleanLine(hide(errorOf(answer).message, written)), longestMessage)
  return message === '' ? `the server answered ${answer.status}` : `the server answered ${answer.status}: ${message}`
}

const longestMessage = 200
