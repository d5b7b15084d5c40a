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

/**
 * Puts `mark` before what is seen first of a note of ours; false when it could not be, as on Misskey, which knows no
 * edits, or stands there already. An edit replaces everything, and what is left out is public, so all is read first and
 * given again.
 */
export async function markNote(api: Api, id: string, mark: string): Promise<boolean> {
  const note = fieldsOf(await callJson(api, '/api/notes/show', { noteId: id }, { maxBytes: noteBytes }))
  const text = note?.['text']
  const cw = note?.['cw']
  const visibility = note?.['visibility']
  if (note === undefined || typeof text !== 'string' || typeof visibility !== 'string') return false
  const spoiler = typeof cw === 'string' && cw !== '' ? cw : undefined
  if ((spoiler ?? text).startsWith(mark)) return false
  const kept = ['replyId', 'localOnly', 'fileIds', 'visibleUserIds'].flatMap((name) => {
    const value = note[name]
    const isNone = value === undefined || value === null || (Array.isArray(value) && value.length === 0)
    return isNone ? [] : [[name, value] as const]
  })
  const answer = await callJson(api, '/api/notes/edit', {
    editId: id,
    text: spoiler === undefined ? mark + text : text,
    ...(spoiler === undefined ? {} : { cw: mark + spoiler }),
    visibility,
    ...Object.fromEntries(kept),
  })
  return answer.answered && answer.status === 200
}

/** A note with its account, files and the note that it answers. */
const noteBytes = 256 * 1024

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
