// The fediverse: posts of an account on Mastodon, Pleroma, Akkoma, or Firefish and its relatives; one incident is one thread.
import type { ChannelKind } from '../../channel.ts'
import type { Api } from '../../lib/fediverse/api.ts'
import { originOf } from '../../lib/fediverse/origin.ts'
import { readToken } from '../../lib/fediverse/token.ts'
import type { Json, Outcome } from '../../words.ts'
import { toDraft, type Draft } from './draft.ts'
import { fit } from './fit.ts'
import { options, type Options } from './options.ts'
import { sendNote } from './send-note.ts'
import { sendStatus } from './send-status.ts'
import { serverOf, unknownSpace } from './servers.ts'

export default {
  about: 'Posts to the fediverse: Mastodon, Pleroma, Akkoma, and Firefish with its relatives.',
  options,
  // With software and maxLength given, the server is not asked for them.
  example: {
    url: 'https://social.example.org',
    token: 'the-access-token-of-that-account',
    software: 'mastodon',
    maxLength: 500,
    visibility: 'direct',
    mention: '@ann@example.org',
  },
  limits: {
    // Characters as servers count them are many units for some scripts and emoji, and an address may be long.
    length: 60_000,
    markup: 'markdown',
    edit: true,
    thread: true,
    attach: true,
    // Mastodon and Pleroma drop a repeat by its key, Firefish does not: what may have arrived counts as if none did.
    idempotency: false,
  },

  render(message, options, place) {
    const draft = toDraft(message, place)
    const { spoiler, status } = fit(draft, options, unknownSpace(options))
    return [{ text: spoiler === undefined ? status : `${spoiler}\n\n${status}`, payload: draft as unknown as Json }]
  },

  async send(part, options, tools) {
    const { request, signal } = tools
    const token = await readToken(options)
    if (!token.ok) return noToken(token.problem)
    const origin = originOf(options.url) ?? options.url
    const api: Api = { origin, token: token.value, ask: request, signal, secrets: [options.url] }
    const server = await serverOf(origin, options, tools)
    const draft = part.payload as unknown as Draft
    return server.software === 'firefish'
      ? sendNote({ draft, server, options, api }, tools)
      : sendStatus({ draft, server, options, api }, tools)
  },
} satisfies ChannelKind<Options>

function noToken(problem: string): Outcome {
  const detail = `The token cannot be read from tokenFile: ${problem}; have it written by: sereno channel login NAME`
  return { ok: false, reason: 'misconfigured', retry: false, maybeDelivered: false, detail }
}
