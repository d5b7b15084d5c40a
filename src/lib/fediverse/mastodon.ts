// The client API of Mastodon, as Pleroma and Akkoma speak it too: posts, their edits, pictures.
// https://docs.joinmastodon.org/methods/statuses/ https://docs-develop.pleroma.social/backend/development/API/differences_in_mastoapi_responses/
import { hide } from '../http-outcome.ts'
import type { HttpAnswer } from '../http.ts'
import { call, callJson, errorOf, fieldsOf, type Api } from './api.ts'
import { isObject } from './server.ts'
import { toForm, type Image } from './form.ts'

export interface Status {
  readonly status: string
  readonly spoiler?: string
  readonly visibility: string
  readonly replyTo?: string
  readonly mediaIds?: readonly string[]
  readonly sensitive?: boolean
  readonly language?: string
  readonly contentType?: string
}

/** Posts; what the same key posted before is answered again instead. */
export async function postStatus(api: Api, status: Status, key: string): Promise<HttpAnswer> {
  let answer = await post(api, status, key)
  // Pleroma keeps a refusal under its key too, and repeats it for hours: what was refused was never posted.
  for (let turn = 1; turn <= mostTurns && isRepeatedRefusal(answer); turn += 1) {
    answer = await post(api, status, `${key}-${turn}`)
  }
  return answer
}

function post(api: Api, status: Status, key: string): Promise<HttpAnswer> {
  return callJson(api, '/api/v1/statuses', toBody(status), { headers: { 'idempotency-key': key } })
}

const mostTurns = 20

function isRepeatedRefusal(answer: HttpAnswer): boolean {
  return answer.answered && answer.status >= 400 && answer.headers['idempotent-replayed'] === 'true'
}

function toBody({ status, spoiler, visibility, replyTo, mediaIds, sensitive, language, contentType }: Status): object {
  return {
    status,
    visibility,
    ...(spoiler === undefined ? {} : { spoiler_text: spoiler }),
    ...(replyTo === undefined ? {} : { in_reply_to_id: replyTo }),
    ...(mediaIds === undefined || mediaIds.length === 0 ? {} : { media_ids: mediaIds }),
    ...(sensitive === true ? { sensitive } : {}),
    ...(language === undefined ? {} : { language }),
    ...(contentType === undefined ? {} : { content_type: contentType }),
  }
}

export function idOf(answer: HttpAnswer): string | undefined {
  const id = fieldsOf(answer)?.['id']
  return typeof id === 'string' && id !== '' ? id : undefined
}

/**
 * Puts `mark` before what is seen first of a post of ours; false when it could not be, or stands there already. An edit
 * replaces everything, so pictures and language are read first and given again.
 */
export async function markStatus(api: Api, id: string, mark: string): Promise<boolean> {
  const path = `/api/v1/statuses/${encodeURIComponent(id)}`
  const [source, status] = await Promise.all([call(api, `${path}/source`), call(api, path, { maxBytes: statusBytes })])
  const words = fieldsOf(source)
  const whole = fieldsOf(status)
  if (words === undefined || whole === undefined) return false
  const spoiler = typeof words['spoiler_text'] === 'string' ? words['spoiler_text'] : ''
  const text = words['text']
  if (typeof text !== 'string' || (spoiler === '' ? text : spoiler).startsWith(mark)) return false
  const media = Array.isArray(whole['media_attachments']) ? (whole['media_attachments'] as readonly unknown[]) : []
  const body = {
    status: spoiler === '' ? mark + text : text,
    spoiler_text: spoiler === '' ? '' : mark + spoiler,
    sensitive: whole['sensitive'] === true,
    media_ids: media.map((one) => (isObject(one) ? one['id'] : undefined)).filter((one) => typeof one === 'string'),
    ...(typeof whole['language'] === 'string' ? { language: whole['language'] } : {}),
    ...(typeof words['content_type'] === 'string' ? { content_type: words['content_type'] } : {}),
  }
  const answer = await callJson(api, path, body, { method: 'PUT' })
  return answer.answered && answer.status === 200
}

/** A post with its account, pictures, tags and a preview of what it links to. */
const statusBytes = 256 * 1024

/** The id of a picture that can be attached, or what is in the way. */
export async function uploadMedia(
  api: Api,
  image: Image,
): Promise<{ readonly id: string } | { readonly problem: string }> {
  const form = toForm(image, 'description')
  let answer = await call(api, '/api/v2/media', form)
  // Older servers know only the first way.
  if (answer.answered && answer.status === 404) answer = await call(api, '/api/v1/media', form)
  const id = idOf(answer)
  if (id === undefined) return { problem: problemOf(answer, api) }
  if (answer.answered && answer.status === 202 && !(await isReady(api, id)))
    return { problem: 'it is still being processed' }
  return { id }
}

/** 206 while it is being processed, 200 after. https://docs.joinmastodon.org/methods/media/#get */
async function isReady(api: Api, id: string): Promise<boolean> {
  for (let waitMs = 200; !api.signal.aborted; waitMs = Math.min(waitMs * 2, 2000)) {
    const answer = await call(api, `/api/v1/media/${encodeURIComponent(id)}`)
    if (!answer.answered || answer.status !== 206) return answer.answered && answer.status === 200
    await pause(waitMs, api.signal)
  }
  return false
}

/** Goes into logs, so without what must stay secret. */
export function problemOf(answer: HttpAnswer, { token, secrets = [] }: Pick<Api, 'token' | 'secrets'>): string {
  if (!answer.answered) return answer.detail
  const message = hide(errorOf(answer).message, [token, ...secrets]).replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
  return `the server answered ${answer.status}${message === '' ? '' : `: ${message.slice(0, 200)}`}`
}

function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = (): void => resolve()
  const timer = setTimeout(end, waitMs)
  signal.addEventListener('abort', end)
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  })
}
