// A double of a Mastodon server, of 4.4 or later, and of Pleroma and Akkoma where they differ: written from their API
// documentation, not the software. https://docs.joinmastodon.org/methods/ https://docs.akkoma.dev/stable/development/API/
import { mastodonLength } from './fediverse-length.ts'
import { createMedia } from './fediverse-media-double.ts'
import { oauthRoutes } from './fediverse-oauth-double.ts'
import {
  graphemes,
  startCore,
  text,
  type Asked,
  type FediverseDouble,
  type Mention,
  type Said,
  type Shown,
} from './fediverse-double.ts'

export interface MastodonDoubleOptions {
  readonly software?: 'mastodon' | 'pleroma' | 'akkoma'
  /** Absent: 500 for Mastodon, 5000 for the others. */
  readonly maxCharacters?: number
  /** How often a picture is still being processed when it is asked for. */
  readonly processing?: number
  /** Scopes of the token; absent: those that posting and hearing need. */
  readonly scopes?: readonly string[]
  /** Whether a token is given for a password. Mastodon no longer does. */
  readonly passwords?: boolean
  /** False: no /api/v2/instance, no metadata: an older server. */
  readonly modern?: boolean
}

interface Notification {
  readonly id: string
  readonly type: string
  readonly created_at: string
  readonly account: object
  readonly status: object
}

export async function startMastodonDouble(options: MastodonDoubleOptions = {}): Promise<FediverseDouble> {
  const software = options.software ?? 'mastodon'
  const isMastodon = software === 'mastodon'
  const max = options.maxCharacters ?? (isMastodon ? 500 : 5000)
  const scopes = options.scopes ?? ['write:statuses', 'write:media', 'read:notifications', 'read:statuses']
  const formats = ['text/plain', 'text/html', 'text/markdown', 'text/bbcode']
  const modern = options.modern ?? true
  const posts: Shown[] = []
  const notifications: Notification[] = []
  const keys = new Map<string, Said>()
  const tokens = new Set(['the-token-of-the-account'])
  let nextId = 113_000_000_000_000_001n

  const newId = (): string => String(nextId++)
  const { media, upload, processed } = createMedia(newId, options.processing ?? 0)

  function handle(asked: Asked): Said {
    const { method, path } = asked
    const open = openRoutes[`${method} ${path}`]
    if (open !== undefined) return open(asked)
    const bearer = /^Bearer (.+)$/.exec(String(asked.headers['authorization'] ?? ''))?.[1]
    if (bearer === undefined) return { status: 401, body: { error: 'The access token is invalid' } }
    if (!tokens.has(bearer)) return { status: 401, body: { error: 'The access token was revoked' } }
    for (const [pattern, scope, route] of routes) {
      const found = pattern.exec(`${method} ${path}`)
      if (found === null) continue
      if (!scopes.includes(scope))
        return { status: 403, body: { error: 'This action is outside the authorized scopes' } }
      return route(asked, decodeURIComponent(found[1] ?? ''))
    }
    return { status: 404, body: { error: 'Record not found' } }
  }

  const openRoutes: { readonly [route: string]: (asked: Asked) => Said } = {
    'GET /.well-known/nodeinfo': () => ({
      status: 200,
      body: { links: [{ rel: 'http://nodeinfo.diaspora.software/ns/schema/2.0', href: `${core.url}/nodeinfo/2.0` }] },
    }),
    'GET /nodeinfo/2.0': () => ({
      status: 200,
      body: {
        version: '2.0',
        software: { name: software, version: versions[software] },
        metadata: isMastodon ? {} : { postFormats: formats },
      },
    }),
    'GET /api/v2/instance': () =>
      modern ? { status: 200, body: instance() } : { status: 404, body: { error: 'Not found' } },
    'GET /api/v1/instance': () => ({
      status: 200,
      body: {
        uri: isMastodon ? core.host : core.url,
        version: isMastodon
          ? '3.3.0'
          : `2.7.2 (compatible; ${software === 'akkoma' ? 'Akkoma' : 'Pleroma'} ${versions[software]})`,
        urls: { streaming_api: core.url.replace('http', 'ws') },
        ...(isMastodon ? {} : { max_toot_chars: max, pleroma: { metadata: { post_formats: formats } } }),
      },
    }),
    ...oauthRoutes({ software, modern, passwords: options.passwords ?? false, tokens }),
  }

  const routes: readonly (readonly [RegExp, string, (asked: Asked, id: string) => Said])[] = [
    [/^POST \/api\/v1\/statuses$/, 'write:statuses', (asked) => keyed(asked, () => create(asked.fields))],
    [/^PUT \/api\/v1\/statuses\/([^/]+)$/, 'write:statuses', ({ fields }, id) => edit(fields, id)],
    [/^GET \/api\/v1\/statuses\/([^/]+)$/, 'read:statuses', (_, id) => show(id)],
    [/^GET \/api\/v1\/statuses\/([^/]+)\/source$/, 'read:statuses', (_, id) => source(id)],
    [/^POST \/api\/v[12]\/media$/, 'write:media', ({ fields }) => upload(fields)],
    [/^GET \/api\/v1\/media\/([^/]+)$/, 'write:media', (_, id) => processed(id)],
    [/^GET \/api\/v1\/notifications$/, 'read:notifications', ({ query }) => list(query)],
  ]

  /** Mastodon keeps what it took; Pleroma keeps refusals as well. */
  function keyed({ headers }: Asked, work: () => Said): Said {
    const key = headers['idempotency-key']
    if (typeof key !== 'string') return work()
    const known = keys.get(key)
    if (known !== undefined)
      return isMastodon ? known : { ...known, headers: { ...known.headers, 'idempotent-replayed': 'true' } }
    const said = work()
    if (!isMastodon || said.status === 200) keys.set(key, said)
    return said
  }

  function create(fields: Asked['fields']): Said {
    const refused = refusal(fields)
    if (refused !== undefined) return refused
    const replyTo = text(fields['in_reply_to_id'])
    const ids = Array.isArray(fields['media_ids']) ? fields['media_ids'].map(String) : []
    const attached = ids.map((id) => media.get(id)).filter((one) => one !== undefined)
    for (const one of attached) one.used = true
    const shown: Shown = {
      id: newId(),
      text: text(fields['status']),
      spoiler: text(fields['spoiler_text']),
      visibility: text(fields['visibility']) || 'public',
      pictures: attached.map(({ alt, bytes }) => ({ alt, bytes })),
      sensitive: fields['sensitive'] === true || text(fields['spoiler_text']) !== '',
      ...(replyTo === '' ? {} : { replyTo }),
      ...(isMastodon ? {} : { contentType: text(fields['content_type']) || 'text/plain' }),
      ...(text(fields['language']) === '' ? {} : { language: text(fields['language']) }),
    }
    posts.push(shown)
    pictureIds.set(shown.id, ids)
    return show(shown.id)
  }

  const pictureIds = new Map<string, readonly string[]>()

  function refusal(fields: Asked['fields']): Said | undefined {
    const invalid = (error: string): Said => ({
      status: 422,
      body: { error: isMastodon ? `Validation failed: ${error}` : error },
    })
    const status = text(fields['status'])
    const spoiler = text(fields['spoiler_text'])
    const ids = Array.isArray(fields['media_ids']) ? fields['media_ids'].map(String) : []
    if (status.trim() === '' && ids.length === 0)
      return invalid(isMastodon ? "Text can't be blank" : 'Cannot post an empty status without attachments')
    const length = isMastodon ? mastodonLength(spoiler, status) : graphemes((status + spoiler).trim())
    if (length > max)
      return invalid(isMastodon ? `Text character limit of ${max} exceeded` : 'The status is over the character limit')
    if (!['', 'public', 'unlisted', 'private', 'direct'].includes(text(fields['visibility'])))
      return invalid('Visibility is not included in the list')
    const type = fields['content_type']
    if (type !== undefined && !isMastodon && !formats.includes(text(type)))
      return invalid(`Invalid value for enum: content_type ${text(type)}`)
    if (ids.length > 4) return { status: 422, body: { error: 'Cannot attach more than 4 files' } }
    for (const id of ids) {
      const one = media.get(id)
      if (one === undefined || one.used) return invalid(`Media ${id} not found or already attached to another post`)
      if (one.waits > 0)
        return {
          status: 422,
          body: { error: 'Cannot attach files that have not finished processing. Try again in a moment!' },
        }
    }
    const replyTo = text(fields['in_reply_to_id'])
    if (replyTo === '' || [...posts, ...questions].some(({ id }) => id === replyTo)) return undefined
    return isMastodon
      ? { status: 404, body: { error: 'The post you are trying to reply to does not appear to exist.' } }
      : { status: 422, body: { error: 'Cannot reply to a deleted status' } }
  }

  const questions: { readonly id: string }[] = []

  function edit(fields: Asked['fields'], id: string): Said {
    const post = posts.find((one) => one.id === id)
    if (post === undefined) return { status: 404, body: { error: 'Record not found' } }
    const length = isMastodon
      ? mastodonLength(text(fields['spoiler_text']), text(fields['status']))
      : graphemes(text(fields['status']) + text(fields['spoiler_text']))
    if (length > max)
      return { status: 422, body: { error: `Validation failed: Text character limit of ${max} exceeded` } }
    post.text = text(fields['status'])
    post.spoiler = text(fields['spoiler_text'])
    // An edit without them takes the pictures away.
    const ids = Array.isArray(fields['media_ids']) ? fields['media_ids'].map(String) : []
    const kept = ids.map((one) => media.get(one)).filter((one) => one !== undefined)
    Object.assign(post, { pictures: kept.map(({ alt, bytes }) => ({ alt, bytes })) })
    pictureIds.set(id, ids)
    return show(id)
  }

  function show(id: string): Said {
    const post = posts.find((one) => one.id === id)
    if (post === undefined) return { status: 404, body: { error: 'Record not found' } }
    const body = {
      id,
      content: `<p>${post.text}</p>`,
      spoiler_text: post.spoiler,
      visibility: post.visibility,
      sensitive: post.sensitive,
      in_reply_to_id: post.replyTo ?? null,
      language: post.language ?? null,
      media_attachments: (pictureIds.get(id) ?? []).map((one) => ({ id: one, type: 'image' })),
    }
    return { status: 200, body }
  }

  function source(id: string): Said {
    const post = posts.find((one) => one.id === id)
    if (post === undefined) return { status: 404, body: { error: 'Record not found' } }
    const type = post.contentType === undefined ? {} : { content_type: post.contentType }
    return { status: 200, body: { id, text: post.text, spoiler_text: post.spoiler, ...type } }
  }

  /** Newest first; after `min_id` the next ones, after `since_id` the newest. */
  function list(query: URLSearchParams): Said {
    const limit = Math.min(Number(query.get('limit') ?? 40), 80)
    const types = query.getAll('types[]')
    const min = BigInt(query.get('min_id') ?? '0')
    const since = BigInt(query.get('since_id') ?? '0')
    const wanted = notifications.filter(
      ({ id, type }) => BigInt(id) > min && BigInt(id) > since && (types.length === 0 || types.includes(type)),
    )
    const page = query.has('min_id') ? wanted.slice(0, limit) : wanted.slice(-limit)
    return { status: 200, body: page.reverse() }
  }

  function instance(): object {
    const reserved = isMastodon ? 23 : 0
    return {
      domain: core.host,
      version: isMastodon ? versions.mastodon : `2.7.2 (compatible; ${software} ${versions[software]})`,
      configuration: {
        urls: { streaming: core.url.replace('http', 'ws') },
        statuses: { max_characters: max, max_media_attachments: 4, characters_reserved_per_url: reserved },
      },
      ...(isMastodon ? {} : { pleroma: { metadata: { post_formats: formats } } }),
    }
  }

  const core = await startCore({
    handle,
    stream: (token, stream) => tokens.has(token) && (stream === 'user:notification' || stream === 'user'),
  })

  return {
    url: core.url,
    host: core.host,
    token: 'the-token-of-the-account',
    posts,
    asked: core.asked,
    fail: core.fail,
    streams: core.streams,
    revoke: () => tokens.clear(),
    remove: (id) =>
      void posts.splice(
        posts.findIndex((one) => one.id === id),
        1,
      ),
    mention: ({ acct, text: words, visibility = 'unlisted', displayName = '', type = 'mention' }: Mention) => {
      const status = newId()
      const id = newId()
      questions.push({ id: status })
      const content = `<p><span class="h-card"><a href="${core.url}/@sereno" class="u-url mention">@<span>sereno</span></a></span> ${words}</p>`
      const notification = {
        id,
        type,
        created_at: new Date(0).toISOString(),
        account: { id: '7', username: acct.split('@')[0], acct, display_name: displayName, bot: false },
        status: {
          id: status,
          content,
          visibility,
          spoiler_text: '',
          mentions: [{ username: 'sereno', acct: 'sereno' }],
        },
      }
      notifications.push(notification)
      core.send({ stream: ['user:notification'], event: 'notification', payload: JSON.stringify(notification) })
      return { id, status }
    },
    close: core.close,
    [Symbol.asyncDispose]: core.close,
  }
}

const versions = { mastodon: '4.4.1', pleroma: '2.9.1', akkoma: '3.15.2' } as const
