// E-mail by SMTP: each recipient a mail of its own, the mails of one incident one thread.
import type { ChannelKind } from '../../channel.ts'
import type { Reason } from '../../words.ts'
import { readContent, textLength } from './content.ts'
import { toHtml } from './html.ts'
import { type Payload, toMessageId, toMime } from './mime.ts'
import { options, type Options, toServer } from './options.ts'
import { toOutcome } from './outcome.ts'
import { transact } from './session.ts'
import { doubtSmarthost, readSmarthost, type Smarthost } from './smarthost.ts'
import { toSubject, toText } from './text.ts'

/** What may be due to settings that are out of date. */
const doubtful: readonly Reason[] = ['unreachable', 'tls', 'unauthorised', 'misconfigured']

/** Pictures in one mail. */
const mostGraphs = 4

export default {
  about: 'Sends mail through an SMTP server, or through the smarthost of a NethServer 8 cluster.',
  options,
  example: {
    host: 'mail.example.org',
    port: 587,
    username: 'sereno@example.org',
    password: 'an-app-password-of-that-account',
    from: 'Sereno <sereno@example.org>',
    to: ['ops@example.org', 'ann@example.org'],
    subjectPrefix: '[NS8]',
  },
  limits: {
    length: textLength,
    markup: 'html',
    edit: false,
    thread: true,
    attach: true,
    // Many servers and mail programs drop a repeat by its Message-ID, but none has to.
    idempotency: false,
  },

  recipients: ({ to }) => to,

  render(message, { subjectPrefix }, place) {
    const content = readContent(message, place)
    const graphs = (message.graphs ?? []).slice(0, mostGraphs).map((graph) => ({ ...graph }))
    const text = toText(content)
    const payload = {
      subject: toSubject(content, subjectPrefix),
      text,
      html: toHtml(content, graphs.length > 0),
      ids: message.ids,
      graphs,
    } satisfies Payload
    return [{ text, payload }]
  },

  async send(part, options, { delivery, signal, now, graph }) {
    const found = await findServer(options, now())
    if (!found.ok) return found
    const { server } = found
    const { from, replyTo, helo } = options
    const to = delivery.recipient
    const messageId = toMessageId(delivery.idempotencyKey, to, from)
    const { thread } = delivery
    const { graphs, ...payload } = part.payload as Payload
    const drawn = await Promise.all(graphs.map((one) => graph(one)))
    const pictures = drawn.filter((picture) => picture !== undefined)
    const mail = await toMime({ ...payload, pictures, from, to, replyTo, messageId, thread, at: now() })
    const end = await transact({ server, helo, from: from.address, to, mail, signal })
    if (end.ok) return { ok: true, handle: messageId }
    const outcome = toOutcome(end, { server, from: from.address, to })
    if (options.smarthost !== undefined && !outcome.ok && doubtful.includes(outcome.reason)) {
      doubtSmarthost(options.smarthost.redis)
    }
    return outcome
  },
} satisfies ChannelKind<Options>

async function findServer(options: Options, now: number): Promise<Smarthost> {
  const { smarthost, host } = options
  if (smarthost !== undefined) return readSmarthost(smarthost.redis, now)
  // The schema asks for one of the two.
  return { ok: true, server: toServer({ ...options, host: host ?? 'localhost' }) }
}
