// One mail as it goes over the wire, and the names by which mail programs tell repeats and threads.
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { domainOf, type Mailbox } from '../../lib/mail-address.ts'
import type { Graph } from '../../words.ts'
import { addPictures } from './html.ts'

/** What `render` hands to `send`. */
export type Payload = {
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Of the events told, as the header has them. */
  readonly ids: readonly string[]
  /** To be drawn when it is sent. */
  readonly graphs: readonly (Graph & { readonly [key: string]: string | number })[]
}

export interface Letter extends Omit<Payload, 'graphs'> {
  readonly pictures: readonly { readonly png: Uint8Array; readonly alt: string }[]
  readonly from: Mailbox
  readonly to: string
  readonly replyTo?: Mailbox | undefined
  readonly messageId: string
  readonly thread: { readonly first?: string; readonly last?: string }
  readonly at: number
}

/**
 * The same for every attempt, so that who has it already drops the repeat. The machine counts as well: hubs number
 * their deliveries alike, and two of them that write to one person must never seem to repeat each other.
 */
export function toMessageId(idempotencyKey: string, recipient: string, from: Mailbox): string {
  const named = JSON.stringify([idempotencyKey, recipient, hostname()])
  return `<sereno.${createHash('sha256').update(named).digest('hex').slice(0, 24)}@${domainOf(from.address)}>`
}

export async function toMime(letter: Letter): Promise<Buffer> {
  const { from, to, replyTo, subject, text, html, messageId, thread, at } = letter
  const pictures = letter.pictures.map((picture, index) => ({
    ...picture,
    cid: `graph-${index + 1}.${messageId.slice(1, -1)}`,
  }))
  const [{ default: MailComposer }, { encodeWord }] = await Promise.all([
    import('nodemailer/lib/mail-composer'),
    import('nodemailer/lib/mime-funcs'),
  ])
  const parents = [thread.first, thread.last].filter(isMessageId)
  const ids = headerIds(letter.ids)
  const composer = new MailComposer({
    from: toAddress(from),
    to: toAddress({ address: to }),
    ...(replyTo === undefined ? {} : { replyTo: toAddress(replyTo) }),
    // Words that look encoded already would be sent as they are, and decoded to whatever their author liked.
    ...(subject.includes('=?') ? {} : { subject }),
    date: new Date(at),
    messageId,
    ...(parents.length === 0 ? {} : { inReplyTo: parents.at(-1), references: [...new Set(parents)] }),
    headers: {
      ...(subject.includes('=?')
        ? { Subject: { prepared: true, foldLines: true, value: encodeWord(subject, 'Q', 52) } }
        : {}),
      // RFC 3834, and Microsoft's way to say it: no "out of office" comes back.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      ...(ids === '' ? {} : { 'X-Sereno-Event': ids }),
    },
    text: [text, ...pictures.map(({ alt }) => alt)].join('\n\n'),
    html: addPictures(html, pictures),
    ...(pictures.length === 0 ? {} : { attachments: pictures.map(toAttachment) }),
    // Lines may be longer than the 998 bytes that SMTP allows.
    encoding: 'quoted-printable',
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return composer.compile().build()
}

function toAttachment({ png, cid }: { readonly png: Uint8Array; readonly cid: string }, index: number): object {
  const place = { cid, filename: `graph-${index + 1}.png`, contentType: 'image/png', contentDisposition: 'inline' }
  return { ...place, content: Buffer.from(png), encoding: 'base64' }
}

function toAddress({ name, address }: Mailbox): { name: string; address: string } {
  return { name: name ?? '', address }
}

function isMessageId(handle: string | undefined): handle is string {
  return handle !== undefined && /^<[\x21-\x3b=\x3f-\x7e]{1,250}>$/.test(handle)
}

/** Events without a name that a header can carry are left out; a list is bounded. */
function headerIds(ids: readonly string[]): string {
  const plain = ids.map((id) => id.replace(/[^\w.:-]/g, '').slice(0, 32)).filter((id) => id !== '')
  return plain.slice(0, mostIds).join(', ')
}

const mostIds = 20
