// A double of a Firefish server: written from the API documentation of Misskey and Firefish, not the software.
// https://misskey-hub.net/en/docs/for-developers/api/ and, for edits, what the server's own API page says. Errors come as {error: {message, code, id, kind}}.
import {
  startCore,
  text,
  type Asked,
  type FediverseDouble,
  type Mention,
  type Said,
  type Shown,
} from './fediverse-double.ts'

export interface FirefishDoubleOptions {
  readonly maxCharacters?: number
  /** Who is known, as `ann` or `ann@example.org`. */
  readonly users?: readonly string[]
  /** Misskey has none; Firefish, Sharkey and Iceshrimp do. */
  readonly edits?: boolean
}

export async function startFirefishDouble(options: FirefishDoubleOptions = {}): Promise<FediverseDouble> {
  const max = options.maxCharacters ?? 3000
  const users = options.users ?? ['ann@example.org']
  const posts: Shown[] = []
  const files = new Map<string, { readonly alt: string; readonly bytes: number }>()
  const notifications: { readonly id: string; readonly type: string }[] = []
  const questions: string[] = []
  const allowed = new Set<string>()
  const tokens = new Set(['the-token-of-the-account'])
  let count = 0

  /** As long as one another, so that they sort by time. */
  const newId = (): string => `9${(count++).toString(36).padStart(15, '0')}`

  function handle(asked: Asked): Said {
    const { method, path, fields } = asked
    if (path === '/.well-known/nodeinfo') {
      return { status: 200, body: { links: [{ href: `${core.url}/nodeinfo/2.1` }] } }
    }
    if (path === '/nodeinfo/2.1') return { status: 200, body: { software: { name: 'firefish', version: '20240729' } } }
    if (path === '/api/meta' && method === 'POST') {
      return { status: 200, body: { maxNoteTextLength: max, uri: core.url, version: '20240729' } }
    }
    // At the page its owner says yes.
    const page = /^\/miauth\/([^/]+)$/.exec(path)?.[1]
    if (page !== undefined) {
      allowed.add(page)
      return { status: 200, body: {} }
    }
    const session = /^\/api\/miauth\/([^/]+)\/check$/.exec(path)?.[1]
    if (session !== undefined) {
      if (!allowed.delete(session)) return { status: 200, body: { ok: false } }
      tokens.add('a-token-by-miauth')
      return { status: 200, body: { ok: true, token: 'a-token-by-miauth' } }
    }
    if (method !== 'POST') return { status: 405, body: {} }
    const bearer = /^Bearer (.+)$/.exec(String(asked.headers['authorization'] ?? ''))?.[1] ?? text(fields['i'])
    if (!tokens.has(bearer)) {
      return refuse(401, 'Authentication failed. Please ensure your token is correct.', 'AUTHENTICATION_FAILED')
    }
    if (path === '/api/notes/create') return create(fields)
    if (path === '/api/notes/show') return show(fields)
    if (path === '/api/notes/edit' && options.edits !== false) return edit(fields)
    if (path === '/api/drive/files/create') return upload(fields)
    if (path === '/api/users/show') return find(fields)
    if (path === '/api/i/notifications') return list(fields)
    return refuse(404, 'Unknown API endpoint.', 'UNKNOWN_API_ENDPOINT')
  }

  function create(fields: Asked['fields']): Said {
    const note = check(fields)
    if ('status' in note) return note
    const id = newId()
    posts.push({ ...note, id })
    return { status: 200, body: { createdNote: { id, text: note.text, visibility: note.visibility } } }
  }

  /** An edit replaces everything: what it does not say is as if it had never been. */
  function edit(fields: Asked['fields']): Said {
    const id = text(fields['editId'])
    if (id === '') return refuse(400, 'You need to specify `editId`.', 'NEEDS_EDIT_ID')
    const index = posts.findIndex((post) => post.id === id)
    if (index < 0) return refuse(400, 'No such note.', 'NO_SUCH_NOTE')
    const note = check(fields)
    if ('status' in note) return note
    posts[index] = { ...note, id }
    return { status: 200, body: { createdNote: { id, text: note.text, visibility: note.visibility } } }
  }

  function show(fields: Asked['fields']): Said {
    const post = posts.find(({ id }) => id === fields['noteId'])
    if (post === undefined) return refuse(400, 'No such note.', 'NO_SUCH_NOTE')
    const fileIds = post.pictures.map((one) => [...files].find(([, file]) => file === one)?.[0] ?? '')
    const { id, text: words, spoiler, visibility, replyTo = null, visibleTo = [] } = post
    const cw = spoiler === '' ? null : spoiler
    return {
      status: 200,
      body: { id, text: words, cw, visibility, replyId: replyTo, fileIds, visibleUserIds: visibleTo, localOnly: false },
    }
  }

  function check(fields: Asked['fields']): Omit<Shown, 'id'> | Said {
    const words = text(fields['text'])
    const fileIds = Array.isArray(fields['fileIds']) ? fields['fileIds'].map(String) : []
    const visibility = text(fields['visibility']) || 'public'
    const invalid = (param: string): Said => refuse(400, 'Invalid param.', 'INVALID_PARAM', { param })
    if (words === '' && fileIds.length === 0) return invalid('#/required')
    if (Array.from(words).length > max) return invalid('#/properties/text/maxLength')
    if (Array.from(text(fields['cw'])).length > 100) return invalid('#/properties/cw/maxLength')
    if (fields['cw'] === '') return invalid('#/properties/cw/minLength')
    if (!['public', 'home', 'followers', 'specified', 'hidden'].includes(visibility))
      return invalid('#/properties/visibility/enum')
    if (!fileIds.every((id) => files.has(id))) return refuse(400, 'Some files are not found.', 'NO_SUCH_FILE')
    const replyTo = text(fields['replyId'])
    if (replyTo !== '' && !questions.includes(replyTo) && !posts.some(({ id }) => id === replyTo)) {
      return refuse(400, 'No such reply target.', 'NO_SUCH_REPLY_TARGET')
    }
    return {
      text: words,
      spoiler: text(fields['cw']),
      visibility,
      sensitive: false,
      pictures: fileIds.map((one) => files.get(one) ?? { alt: '', bytes: 0 }),
      ...(replyTo === '' ? {} : { replyTo }),
      ...(Array.isArray(fields['visibleUserIds']) ? { visibleTo: fields['visibleUserIds'].map(String) } : {}),
    }
  }

  function upload(fields: Asked['fields']): Said {
    const file = fields['file'] as { readonly bytes: number } | undefined
    const alt = text(fields['comment'])
    if (file === undefined) return refuse(400, 'File required.', 'FILE_REQUIRED')
    if (Array.from(alt).length > 512) return refuse(400, 'Comment too long.', 'COMMENT_TOO_LONG')
    const id = newId()
    files.set(id, { alt, bytes: file.bytes })
    return { status: 200, body: { id, comment: alt } }
  }

  function find(fields: Asked['fields']): Said {
    const host = fields['host']
    const name = typeof host === 'string' ? `${text(fields['username'])}@${host}` : text(fields['username'])
    return users.includes(name)
      ? { status: 200, body: { id: `user-${name}` } }
      : refuse(404, 'No such user.', 'NO_SUCH_USER')
  }

  /** Oldest first after `sinceId`, else newest first. */
  function list(fields: Asked['fields']): Said {
    const limit = Number(fields['limit'] ?? 10)
    if (limit > 100) return refuse(400, 'Invalid param.', 'INVALID_PARAM')
    const types = Array.isArray(fields['includeTypes']) ? fields['includeTypes'].map(String) : undefined
    const since = text(fields['sinceId'])
    const wanted = notifications.filter(({ id, type }) => id > since && (types === undefined || types.includes(type)))
    return { status: 200, body: since === '' ? wanted.toReversed().slice(0, limit) : wanted.slice(0, limit) }
  }

  const core = await startCore({ handle })
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
    mention: ({ acct, text: words, visibility = 'home', displayName = '', type = 'mention' }: Mention) => {
      const status = newId()
      const id = newId()
      questions.push(status)
      const [username, host] = acct.split('@')
      const user = { id: 'u1', username, host: host ?? null, name: displayName }
      const note = { id: status, text: `@sereno ${words}`, visibility, userId: 'u1', user }
      notifications.push(
        Object.assign({ id, type }, { createdAt: new Date(0).toISOString(), userId: 'u1', user, note }),
      )
      return { id, status }
    },
    close: core.close,
    [Symbol.asyncDispose]: core.close,
  }
}

function refuse(status: number, message: string, code: string, info?: object): Said {
  return {
    status,
    body: { error: { message, code, id: '00000000', kind: 'client', ...(info === undefined ? {} : { info }) } },
  }
}
