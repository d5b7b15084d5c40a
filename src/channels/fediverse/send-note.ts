// Sends a draft by the API of Misskey and its relatives, such as Firefish: it knows no keys for repeats, and some know edits.
import type { ChannelTools } from '../../channel.ts'
import { errorOf, outcomeOf, type Api } from '../../lib/fediverse/api.ts'
import { createNote, findUser, markNote, noteIdOf, uploadFile, type Note } from '../../lib/fediverse/misskey.ts'
import type { HttpAnswer } from '../../lib/http.ts'
import type { Outcome } from '../../words.ts'
import { fit } from './fit.ts'
import { markBeginning } from './mark.ts'
import { uploadGraphs } from './pictures.ts'
import { replyOf, type Sending } from './send-status.ts'
import { doubtServer, spaceOf } from './servers.ts'
import { visibilityOf } from './visibility.ts'

export async function sendNote(sending: Sending, tools: ChannelTools): Promise<Outcome> {
  const { draft, server, options, api } = sending
  const { now } = tools
  const { status: text, spoiler, mention } = fit(draft, options, spaceOf(server, options))
  const visibility = visibilityOf(draft, options)
  const visibleTo: string[] = []
  if (visibility === 'direct' && mention !== undefined) {
    const user = await findUser(api, mention)
    if ('answer' in user) return notFound(user.answer, mention, api, now())
    visibleTo.push(user.id)
  }
  const replyTo = replyOf(sending, tools)
  const fileIds = await uploadGraphs(draft.graphs, uploadFile, api, tools)
  const note: Note = {
    text,
    visibility,
    visibleTo,
    fileIds,
    ...(spoiler === undefined ? {} : { spoiler }),
    ...(replyTo === undefined ? {} : { replyTo }),
  }
  const answer = await createSomehow(api, note)
  const outcome = outcomeOf(answer, api, now())
  if (!outcome.ok) {
    if (outcome.reason === 'rejected' || outcome.reason === 'gone') doubtServer(api.origin, options)
    return outcome
  }
  const id = noteIdOf(answer)
  if (id !== undefined) {
    await markBeginning(sending, tools, markNote)
    return { ok: true, handle: id }
  }
  if (!answer.answered || answer.cut === true) return { ok: true }
  const detail = 'The server answered, but not with a note; is the url that of a server of the fediverse?'
  return { ok: false, reason: 'rejected', retry: false, maybeDelivered: false, detail }
}

/** A note that answers one that is no more stands alone instead. */
async function createSomehow(api: Api, note: Note): Promise<HttpAnswer> {
  const answer = await createNote(api, note)
  const { replyTo, ...alone } = note
  if (replyTo === undefined || !answer.answered) return answer
  const isGone = answer.status === 404 || (answer.status === 400 && /REPLY/.test(errorOf(answer).code))
  return isGone ? createNote(api, alone) : answer
}

/** Nothing was sent: a note that nobody may see is none. */
function notFound(answer: HttpAnswer, mention: string, api: Api, now: number): Outcome {
  const outcome = outcomeOf(answer, api, now)
  if (outcome.ok || outcome.reason === 'rejected' || outcome.reason === 'gone') {
    const detail = `The server does not know ${mention}, who alone should see this; write another mention`
    return { ok: false, reason: 'misconfigured', retry: false, maybeDelivered: false, detail }
  }
  return { ...outcome, maybeDelivered: false }
}
