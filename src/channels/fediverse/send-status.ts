// Sends a draft by Mastodon's client API, as Pleroma and Akkoma speak it too.
import type { ChannelTools } from '../../channel.ts'
import { errorOf, outcomeOf, type Api } from '../../lib/fediverse/api.ts'
import { idOf, markStatus, postStatus, uploadMedia, type Status } from '../../lib/fediverse/mastodon.ts'
import type { Server } from '../../lib/fediverse/server.ts'
import type { HttpAnswer } from '../../lib/http.ts'
import type { Outcome } from '../../words.ts'
import type { Draft } from './draft.ts'
import { fit } from './fit.ts'
import { markBeginning } from './mark.ts'
import type { Options } from './options.ts'
import { uploadGraphs } from './pictures.ts'
import { doubtServer, spaceOf } from './servers.ts'
import { visibilityOf } from './visibility.ts'

export interface Sending {
  readonly draft: Draft
  readonly server: Server
  readonly options: Options
  readonly api: Api
}

export async function sendStatus(sending: Sending, tools: ChannelTools): Promise<Outcome> {
  const { draft, server, options, api } = sending
  const { delivery, now } = tools
  const { contentType, ...space } = spaceOf(server, options)
  const { status, spoiler } = fit(draft, options, space)
  const replyTo = replyOf(sending, tools)
  const mediaIds = await uploadGraphs(draft.graphs, uploadMedia, api, tools)
  const whole: Status = {
    status,
    visibility: visibilityOf(draft, options),
    mediaIds,
    sensitive: options.sensitive,
    ...(spoiler === undefined ? {} : { spoiler }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(options.language === undefined ? {} : { language: options.language }),
    ...(contentType === undefined ? {} : { contentType }),
  }
  const answer = await postSomehow(api, whole, delivery.idempotencyKey)
  const outcome = outcomeOf(answer, api, now())
  if (!outcome.ok) {
    // It may have become another, or its limits may have changed.
    if (outcome.reason === 'rejected' || outcome.reason === 'gone') doubtServer(api.origin, options)
    return outcome
  }
  const id = idOf(answer)
  if (id === undefined) {
    // Taken, but broken off before its end: that it was posted is known, what it is called is not.
    if (!answer.answered || answer.cut === true) return { ok: true }
    const detail = 'The server answered, but not with a post; is the url that of a server of the fediverse?'
    return { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail }
  }
  await markBeginning(sending, tools, markStatus)
  return { ok: true, handle: id }
}

/** A change and the end answer the beginning; an answer, the question. */
export function replyOf({ draft, options }: Sending, { delivery }: Pick<ChannelTools, 'delivery'>): string | undefined {
  if (draft.answers !== undefined) return draft.answers.handle
  return options.replies ? delivery.thread.first : undefined
}

/**
 * What goes with a post is not worth losing it: refused with pictures, it goes without; refused as a reply to what is no
 * more, it stands alone. Each form has a key of its own, so that a repeat finds the one that was posted.
 */
async function postSomehow(api: Api, whole: Status, key: string): Promise<HttpAnswer> {
  const answer = await postStatus(api, whole, key)
  if (!answer.answered) return answer
  const { mediaIds = [], replyTo, ...alone } = whole
  if (mediaIds.length > 0 && answer.status === 422) {
    return postSomehow(api, { ...alone, ...(replyTo === undefined ? {} : { replyTo }) }, `${key}-words`)
  }
  if (replyTo !== undefined && isWithoutPlace(answer)) {
    return postSomehow(api, { ...alone, mediaIds }, `${key}-alone`)
  }
  return answer
}

function isWithoutPlace(answer: HttpAnswer): boolean {
  if (!answer.answered) return false
  const { status } = answer
  return (
    status === 404 ||
    status === 410 ||
    status === 422 ||
    (status === 400 && /repl|status/i.test(errorOf(answer).message))
  )
}
