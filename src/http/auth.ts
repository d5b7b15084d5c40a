// Who may come in: tokens in headers, the page's cookie made of one, ranges of addresses that need none; and who must not.
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { matchesAny } from '../lib/cidr.ts'

export interface AccessToken {
  readonly name: string
  /** The secret itself, or where only that is kept, its SHA-256 in base64url. */
  readonly token?: string
  readonly digest?: string
  /** Names of the sources it may write to; absent: all, and everything else. */
  readonly sources?: readonly string[]
  /** Good until then. */
  readonly expiresAt?: number
  /** A code by which a host becomes an agent, and good for nothing else. */
  readonly enrols?: true
}

export interface Asked {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly remote: string
}

export type Admission =
  /** `by` is absent where the way in is open to the address. */
  | { readonly ok: true; readonly by?: AccessToken }
  | { readonly ok: false; readonly status: 401 | 403 | 421; readonly error: string }

export interface GatePlace {
  /** Only this machine can connect: then a foreign Host header is a page that had a name point here. */
  readonly loopback: boolean
  /** How people reach the hub, if not by its address. */
  readonly hubUrl?: string | undefined
  /** Two hubs of one machine share the cookies of `localhost`. */
  readonly cookieName: string
}

export interface Gate {
  readonly cookieName: string
  /** `open`: ranges that need no token for what is asked. */
  admit(asked: Asked, open: readonly string[], now: number): Admission
  /** The cookie's value for a token of `?token=`; undefined when it is wrong or may not read. */
  session(token: string, now: number): string | undefined
  /** Lets these in from now on, and no others; cookies made of others end. */
  useTokens(tokens: readonly AccessToken[]): void
}

export const sessionMs = 30 * 24 * 3_600_000

const noToken: Admission = {
  ok: false,
  status: 401,
  error:
    'A token is needed: send it as "Authorization: Bearer TOKEN", as the password of Basic authentication, or open the page once with ?token=TOKEN. The first one is in the file "token" of the data folder.',
}
const wrongToken: Admission = { ok: false, status: 401, error: 'The token is wrong; this hub knows no such one.' }
const expiredToken: Admission = {
  ok: false,
  status: 401,
  error: 'The token has expired; ask whoever keeps this hub for another.',
}
const crossSite: Admission = {
  ok: false,
  status: 403,
  error:
    'A page of another site asked for this on behalf of its visitor, which is refused. Programs send a token instead.',
}

export function createGate(first: readonly AccessToken[], place: GatePlace): Gate {
  let known = byDigest(first)
  let full = fullTokens(first)

  /**
   * By its digest: there may be thousands. How long the look-up takes says something of the digest of what was sent,
   * which nobody can bend towards that of a token.
   */
  function find(text: string, now: number): AccessToken | 'expired' | undefined {
    const found = known.get(digestOf(text).toString('base64url'))
    return found?.expiresAt !== undefined && found.expiresAt <= now ? 'expired' : found
  }

  function admitBy(text: string, now: number): Admission {
    const by = find(text, now)
    if (by === 'expired') return expiredToken
    return by === undefined ? wrongToken : { ok: true, by }
  }

  function bySession(value: string, now: number): AccessToken | undefined {
    const until = Number.parseInt(value.slice(0, value.indexOf('.')), 36)
    if (!(until > now)) return undefined
    const digest = digestOf(value)
    return full.find(
      (one) =>
        !((one.expiresAt ?? Infinity) <= now) && timingSafeEqual(digestOf(sessionValue(one.token, until)), digest),
    )
  }

  const publicName = place.hubUrl === undefined ? undefined : URL.parse(place.hubUrl)?.hostname

  function isForeignHost(host: string | undefined): boolean {
    if (!place.loopback || host === undefined) return false
    const name = nameOf(host)
    return !(isLocalName(name) || isLoopback(name) || name === publicName)
  }

  /** A name that only the page's own site says is ours may have been pointed here by that site; an address cannot be. */
  function isDoubtful({ origin, host }: IncomingHttpHeaders): boolean {
    if (origin === undefined || host === undefined) return false
    const name = nameOf(host)
    return !(isLocalName(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0 || name === publicName)
  }

  return {
    cookieName: place.cookieName,
    admit(asked, open, now) {
      const { authorization, cookie, host } = asked.headers
      const given = authorization === undefined ? undefined : readAuthorization(authorization)
      // No page can make a browser send this header to another site, so it stands for itself.
      if (given?.scheme === 'bearer') return admitBy(given.token, now)
      if (isForeignHost(host)) return { ok: false, status: 421, error: foreignHost(host) }
      const isUnsafe = asked.method !== 'GET' && asked.method !== 'HEAD'
      const from = isUnsafe ? originOf(asked.headers) : 'own'
      if (given !== undefined) {
        const admission = admitBy(given.token, now)
        return admission.ok && from === 'other' ? crossSite : admission
      }
      const session = cookie === undefined ? undefined : readCookie(cookie, place.cookieName)
      const by = session === undefined ? undefined : bySession(session, now)
      if (by) return from === 'own' ? { ok: true, by } : crossSite
      if (!isOpen(open, asked)) return noToken
      // No secret was shown: then even a page's reading is refused, and so is a name that may have been made up.
      return originOf(asked.headers) === 'other' || isDoubtful(asked.headers) ? crossSite : { ok: true }
    },
    session(token, now) {
      const by = find(token, now)
      if (by === undefined || by === 'expired' || by.sources !== undefined) return undefined
      return sessionValue(token, now + sessionMs)
    },
    useTokens(next) {
      known = byDigest(next)
      full = fullTokens(next)
    },
  }
}

function byDigest(tokens: readonly AccessToken[]): Map<string, AccessToken> {
  return new Map(tokens.map((one) => [one.digest ?? digestOf(one.token ?? '').toString('base64url'), one]))
}

/** Those that may do everything, and so open the page. */
function fullTokens(tokens: readonly AccessToken[]): (AccessToken & { readonly token: string })[] {
  return tokens.flatMap((one) =>
    one.sources === undefined && one.token !== undefined ? { ...one, token: one.token } : [],
  )
}

const isLoopback = matchesAny(['127.0.0.0/8', '::1/128'])

export function isLoopbackAddress(address: string): boolean {
  return isLoopback(address)
}

const proxyHeaders = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']
const ranges = new WeakMap<readonly string[], (address: string) => boolean>()

/** Through a proxy the address is the proxy's and says nothing; what the proxy writes about it, anyone can write. */
function isOpen(open: readonly string[], { remote, headers }: Asked): boolean {
  if (open.length === 0) return false
  if (proxyHeaders.some((name) => headers[name] !== undefined)) return false
  const known = ranges.get(open) ?? matchesAny(open)
  ranges.set(open, known)
  return known(remote)
}

/** What a browser says of the page that asks; `unsaid` is what programs say, and browsers before 2020. */
function originOf(headers: IncomingHttpHeaders): 'own' | 'other' | 'unsaid' {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? 'own' : 'other'
  const { origin, host } = headers
  if (origin === undefined) return 'unsaid'
  return host !== undefined && URL.parse(origin)?.host === host.toLowerCase() ? 'own' : 'other'
}

/** Of a Host header, without the port. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase()
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}

function readAuthorization(text: string): { readonly scheme: 'bearer' | 'basic'; readonly token: string } {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+)$/i.exec(text.trim()) ?? []
  if (/^bearer$/i.test(scheme)) return { scheme: 'bearer', token: value }
  // What is no scheme of ours is a wrong token, not none.
  const pair = Buffer.from(value, 'base64').toString('utf8')
  return { scheme: 'basic', token: pair.slice(pair.indexOf(':') + 1) }
}

function readCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}

/** Good until its time; gone with its token. Says nothing of the token itself. */
function sessionValue(token: string, until: number): string {
  const mac = createHmac('sha256', token).update(`sereno page until ${until}`).digest('base64url')
  return `${until.toString(36)}.${mac}`
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function foreignHost(host: string | undefined): string {
  return `This hub is not known as ${JSON.stringify(host ?? '').slice(0, 120)}; ask it by its address, or give that name in hub.url.`
}
