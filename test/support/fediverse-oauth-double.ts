// How a double gives tokens: apps, codes with PKCE, and passwords where there still are any. RFC 6749, RFC 7636, RFC 8414.
import { createHash } from 'node:crypto'
import { text, type Asked, type Said } from './fediverse-double.ts'

export interface OauthDouble {
  readonly software: 'mastodon' | 'pleroma' | 'akkoma'
  /** Says what it takes. */
  readonly modern: boolean
  readonly passwords: boolean
  /** Those that are good. */
  readonly tokens: Set<string>
}

export function oauthRoutes({ software, modern, passwords, tokens }: OauthDouble): {
  readonly [route: string]: (asked: Asked) => Said
} {
  const isMastodon = software === 'mastodon'
  const codes = new Map<string, string>()
  const apps = new Map<string, { readonly secret: string; readonly scopes: string }>()

  function giveToken(fields: Asked['fields']): Said {
    const app = apps.get(text(fields['client_id']))
    if (app === undefined || app.secret !== fields['client_secret']) {
      return {
        status: 401,
        body: { error: 'invalid_client', error_description: 'Client authentication failed due to unknown client.' },
      }
    }
    if (fields['grant_type'] === 'password') {
      if (!passwords && isMastodon) {
        return {
          status: 400,
          body: {
            error: 'unsupported_grant_type',
            error_description: 'The authorization grant type is not supported by the authorization server.',
          },
        }
      }
      if (fields['password'] !== 'right')
        return { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid credentials' } }
    } else {
      const challenge = codes.get(text(fields['code']))
      codes.delete(text(fields['code']))
      const hashed = createHash('sha256').update(text(fields['code_verifier'])).digest('base64url')
      if (challenge === undefined || (challenge !== '' && challenge !== hashed)) {
        return {
          status: 400,
          body: {
            error: 'invalid_grant',
            error_description: 'The provided authorization grant is invalid, expired or revoked.',
          },
        }
      }
    }
    const token = `given-token-${tokens.size}`
    tokens.add(token)
    return { status: 200, body: { access_token: token, token_type: 'Bearer', scope: app.scopes } }
  }

  return {
    'GET /.well-known/oauth-authorization-server': () =>
      modern && isMastodon
        ? {
            status: 200,
            body: {
              grant_types_supported: ['authorization_code', 'client_credentials', ...(passwords ? ['password'] : [])],
              code_challenge_methods_supported: ['S256'],
            },
          }
        : { status: 404, body: { error: 'Not found' } },
    'POST /api/v1/apps': ({ fields }) => {
      if (text(fields['client_name']) === '')
        return { status: 422, body: { error: "Validation failed: Application name can't be blank" } }
      const id = `client-${apps.size + 1}`
      apps.set(id, { secret: `secret-${apps.size + 1}`, scopes: text(fields['scopes']) || 'read' })
      return { status: 200, body: { id: '1', client_id: id, client_secret: apps.get(id)?.secret } }
    },
    // Its owner, at the page, says yes: for tests only the query is looked at, and the code is the answer.
    'GET /oauth/authorize': ({ query }) => {
      const app = apps.get(query.get('client_id') ?? '')
      if (app === undefined || query.get('redirect_uri') !== 'urn:ietf:wg:oauth:2.0:oob')
        return { status: 400, body: { error: 'invalid_client' } }
      const code = `code-${codes.size + 1}`
      codes.set(code, query.get('code_challenge') ?? '')
      return { status: 200, body: { code } }
    },
    'POST /oauth/token': ({ fields }) => giveToken(fields),
  }
}
