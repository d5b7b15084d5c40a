// The API of Misskey and its relatives (Firefish, Calckey, Sharkey, Iceshrimp): notes, files, users.
// https://misskey-hub.net/en/docs/for-developers/api/
import type { HttpAnswer } from '../http.ts'
import { readAccount } from './account.ts'
import { call, callJson, fieldsOf, type Api } from './api.ts'
import { toForm, type Image } from './form.ts'
import { problemOf } from './mastodon.ts'
import { isObject } from './server.ts'

export interface Note {
  readonly text: string
  readonly spoiler?: string
  /** In Mastodon's words. */
  readonly visibility: string
  readonly replyTo?: string
  readonly fileIds?: readonly string[]
  /** Who sees a direct one. */
  readonly visibleTo?: readonly string[]
}

/** Mastodon's words for who sees a post, in Misskey's. */
const visibilities: { readonly [mastodon: string]: string } = {
  public: 'public',
  unlisted: 'home',
  private: 'followers',
  direct: 'specified',
}

export function createNote(api: Api, note: Note): Promise<HttpAnswer> {
  const { text, spoiler, visibility, replyTo, fileIds = [], visibleTo = [] } = note
  return callJson(api, '/api/notes/create', {
    text,
    visibility: visibilities[visibility] ?? 'specified',
    ...(spoiler === undefined ? {} : { cw: spoiler }),
    ...(replyTo === undefined ? {} : { replyId: replyTo }),
    ...(fileIds.length === 0 ? {} : { fileIds }),
    ...(visibleTo.length === 0 ? {} : { visibleUserIds: visibleTo }),
  })
}

export function noteIdOf(answer: HttpAnswer): string | undefined {
  const note = fieldsOf(answer)?.['createdNote']
  const id = isObject(note) ? note['id'] : undefined
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** The id by which a note names who may see it; else the server's answer. */
export async function findUser(
  api: Api,
  account: string,
): Promise<{ readonly id: string } | { readonly answer: HttpAnswer }> {
  const { user, host } = readAccount(account) ?? { user: account.replace(/^@/, ''), host: undefined }
  const isHome = host === undefined || host === new URL(api.origin).host
  const answer = await callJson(api, '/api/users/show', { username: user, host: isHome ? null : host })
  const id = fieldsOf(answer)?.['id']
  return typeof id === 'string' && id !== '' ? { id } : { answer }
}

/** Pictures that came before are known by their content and not stored again. */
export async function uploadFile(
  api: Api,
  image: Image,
): Promise<{ readonly id: string } | { readonly problem: string }> {
  const answer = await call(api, '/api/drive/files/create', toForm(image, 'comment'))
  const id = fieldsOf(answer)?.['id']
  return typeof id === 'string' && id !== '' ? { id } : { problem: problemOf(answer, api) }
}
