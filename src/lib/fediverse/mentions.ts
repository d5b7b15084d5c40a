// What was said to an account: its notifications of mentions, oldest first, whatever the server's API.
// https://docs.joinmastodon.org/methods/notifications/#get https://misskey-hub.net/en/docs/for-developers/api/
import type { HttpAnswer } from '../http.ts'
import { call, callJson, valueOf, type Api } from './api.ts'
import { postText, stripMentions } from './html-text.ts'
import { isObject, type Fields } from './server.ts'

export interface Mention {
  /** Of the notification. */
  readonly id: string
  /** `ann@example.org`, or `ann` of the same server: as the server says, never what somebody calls himself. */
  readonly acct: string
  /** Without markup and without mentions around it. */
  readonly text: string
  /** Of the post. */
  readonly handle: string
  readonly visibility: string
}

export type Page =
  | {
      readonly ok: true
      readonly mentions: readonly Mention[]
      /** The last notification of any kind, readable or not. */
      readonly last?: string
    }
  | { readonly ok: false; readonly answer: HttpAnswer }

export type Listen = (api: Api, after: string) => Promise<Page>

/** So many at once, and fewer when their bodies are too long. */
const limits = [30, 5, 1] as const
const mostBytes = 2 * 1024 * 1024

/** The next ones after a notification; with an empty one the newest. */
export const listenMastodon: Listen = async (api, after) => {
  return readPage(after, readNotification, (limit) => {
    // `since_id` would give the newest and leave out those between.
    const query = new URLSearchParams({ limit: String(limit), 'types[]': 'mention' })
    if (after !== '') query.set('min_id', after)
    return call(api, `/api/v1/notifications?${query.toString()}`, { maxBytes: mostBytes })
  })
}

export const listenMisskey: Listen = async (api, after) => {
  return readPage(after, readNote, (limit) => {
    const body = { limit, includeTypes: ['mention', 'reply'], ...(after === '' ? {} : { sinceId: after }) }
    return callJson(api, '/api/i/notifications', body, { maxBytes: mostBytes })
  })
}

/** Newer ones have longer or, of the same length, greater ids: numbers as well as those that begin with the time. */
export function isNewer(id: string, than: string): boolean {
  return id.length === than.length ? id > than : id.length > than.length
}

async function readPage(
  after: string,
  read: (notification: Fields) => Omit<Mention, 'id'> | undefined,
  ask: (limit: number) => Promise<HttpAnswer>,
): Promise<Page> {
  let answer: HttpAnswer | undefined
  for (const limit of limits) {
    answer = await ask(limit)
    if (!answer.answered || answer.cut !== true) break
  }
  const list = answer === undefined ? undefined : valueOf(answer)
  if (!Array.isArray(list)) return { ok: false, answer: answer as HttpAnswer }
  const seen = (list as readonly unknown[])
    .filter(isObject)
    .map((fields) => ({ id: idOf(fields), fields }))
    .filter(({ id }) => id !== '' && isNewer(id, after))
    .sort((a, b) => (isNewer(a.id, b.id) ? 1 : -1))
  const mentions = seen.flatMap(({ id, fields }) => {
    const mention = read(fields)
    return mention === undefined ? [] : [{ id, ...mention }]
  })
  const last = seen.at(-1)?.id
  return { ok: true, mentions, ...(last === undefined ? {} : { last }) }
}

function readNotification({ type, account, status }: Fields): Omit<Mention, 'id'> | undefined {
  if (type !== 'mention' || !isObject(account) || !isObject(status)) return undefined
  const { acct } = account
  const { content, visibility } = status
  const handle = idOf(status)
  if (typeof acct !== 'string' || typeof content !== 'string' || handle === '') return undefined
  return { acct, text: postText(content), handle, visibility: typeof visibility === 'string' ? visibility : 'direct' }
}

function readNote({ type, user, note }: Fields): Omit<Mention, 'id'> | undefined {
  if ((type !== 'mention' && type !== 'reply') || !isObject(user) || !isObject(note)) return undefined
  const { username, host } = user
  const { text, visibility } = note
  const handle = idOf(note)
  if (typeof username !== 'string' || typeof text !== 'string' || handle === '') return undefined
  const acct = typeof host === 'string' ? `${username}@${host}` : username
  const seen = typeof visibility === 'string' ? visibility : 'specified'
  return { acct, text: stripMentions(text.slice(0, 20_000)), handle, visibility: seen }
}

function idOf({ id }: Fields): string {
  return typeof id === 'string' && /^[\w-]{1,100}$/.test(id) ? id : ''
}
