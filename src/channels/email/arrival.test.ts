// What a mail program finds of our mails: sent to a real SMTP server, read back by a parser that is not ours.
import assert from 'node:assert/strict'
import type { Email } from 'postal-mime'
import { after, before, describe, test } from 'node:test'
import tls from 'node:tls'
import fc from 'fast-check'
import type { SMTPServerOptions } from 'smtp-server'
import { testCertificate } from '../../../test/support/certificate.ts'
import { readHtml } from '../../../test/support/mail-html.ts'
import { account, startMailServer, type ReceivedMail, type TestMailServer } from '../../../test/support/mail-server.ts'
import { endOf, place, sample, sendWith, wordsOf, type Sending } from '../../../test/support/mail-sending.ts'
import { messages } from '../../../test/support/messages.ts'
import type { Message } from '../../words.ts'
import email from './index.ts'
import type { Payload } from './mime.ts'

let server: TestMailServer
before(async () => {
  server = await startMailServer()
})
after(() => server[Symbol.asyncDispose]())

async function arrive(sending: Sending = {}, given: { readonly [name: string]: unknown } = {}): Promise<ReceivedMail> {
  const count = server.mails.length
  const outcome = await sendWith({ port: server.port, ...given }, sending)
  assert.equal(outcome.ok, true, wordsOf(outcome))
  assert.equal(server.mails.length, count + 1)
  const [mail] = server.mails.slice(-1)
  return mail ?? assert.fail()
}

function headersOf({ mail }: ReceivedMail): { readonly [name: string]: string } {
  const names = mail.headers.map(({ key }) => key)
  assert.equal(new Set(names).size, names.length, 'no header stands twice')
  return Object.fromEntries(mail.headers.map(({ key, value }) => [key, value]))
}

const alwaysThere = [
  'from',
  'to',
  'subject',
  'date',
  'message-id',
  'auto-submitted',
  'x-auto-response-suppress',
  'x-sereno-event',
  'mime-version',
  'content-type',
]

describe('a mail', () => {
  test('goes to one recipient, from the address of the config', async () => {
    const { from, to, mail, helo } = await arrive(
      {},
      { from: 'Büro, "Nacht" <nacht@bücher.example>', helo: 'hub.example' },
    )
    assert.deepEqual([from, to, helo], ['nacht@bücher.example', ['ops@example.org'], 'hub.example'])
    assert.deepEqual([mail.from?.name, mail.from?.address], ['Büro, "Nacht"', 'nacht@xn--bcher-kva.example'])
    assert.deepEqual(addressesOf(mail.to), ['ops@example.org'])
  })

  test('has the headers it should and no others', async () => {
    const headers = headersOf(await arrive({ message: { ...sample, ids: ['01k9zq8va', '01k9zq8vb'] } }))
    assert.deepEqual(Object.keys(headers).toSorted(), alwaysThere.toSorted())
    assert.equal(headers['subject'], '[ERROR] Backup of nas failed')
    assert.equal(headers['date'], 'Fri, 20 Nov 2026 12:00:05 +0000')
    assert.equal(headers['auto-submitted'], 'auto-generated')
    assert.equal(headers['x-auto-response-suppress'], 'All')
    assert.equal(headers['x-sereno-event'], '01k9zq8va, 01k9zq8vb')
    assert.match(headers['content-type'] ?? '', /^multipart\/alternative;/)
  })

  test('has its curves as pictures within, and in words for who sees none; what cannot be drawn is left out', async () => {
    const graph = { host: 'pi4', metric: 'cpu_percent', from: 0, to: 1 }
    const message = { ...sample, graphs: [graph, { ...graph, host: 'gone' }, graph, graph, graph, graph] }
    const png = Buffer.from('\x89PNG picture')
    const { mail } = await arrive({
      message,
      graph: async ({ host }) => (host === 'gone' ? undefined : { png, svg: '', alt: `CPU of ${host}: <b>"12" %` }),
    })
    assert.deepEqual(
      mail.attachments.map(({ mimeType, disposition }) => [mimeType, disposition]),
      Array.from({ length: 3 }, () => ['image/png', 'inline']),
    )
    const [first] = mail.attachments
    assert.deepEqual(Buffer.from(first?.content as ArrayBuffer), png)
    const shown = [...(mail.html ?? '').matchAll(/<img src="cid:([^"]+)" alt="([^"]+)"/g)]
    assert.deepEqual(
      shown.map(([, cid]) => `<${cid}>`),
      mail.attachments.map(({ contentId }) => contentId),
    )
    assert.equal(shown[0]?.[2], 'CPU of pi4: &lt;b&gt;&quot;12&quot; %')
    assert.match(linesOf(mail.text), /CPU of pi4: <b>"12" %/)
    const without = await arrive({ message })
    assert.deepEqual(without.mail.attachments, [])
    assert.ok(!(without.mail.html ?? '').includes('<!--'))
  })

  test('answers go where the config says', async () => {
    const { mail } = await arrive({}, { replyTo: 'Admins <admins@example.org>' })
    assert.deepEqual(
      mail.replyTo?.map(({ name, address }) => [name, address]),
      [['Admins', 'admins@example.org']],
    )
  })

  test('has its text and its HTML whole, with lines of any length and dots at their beginning', async () => {
    const message: Message = { ...sample, lines: [`.\n..\n.hidden = "größe" =3D\nFrom me\n${'long '.repeat(500)}end`] }
    const { text, html } = payloadOf(message)
    const { mail, raw } = await arrive({ message })
    assert.deepEqual([linesOf(mail.text), linesOf(mail.html)], [text, linesOf(html)])
    for (const line of raw.toString('latin1').split('\r\n')) {
      assert.ok(line.length <= 998 && /^[\t\x20-\x7e]*$/.test(line), line)
    }
  })

  test('stays under 2 MB, however much there is to say', async () => {
    const { raw } = await arrive({ message: { ...sample, lines: ['日"<'.repeat(100_000), '本'.repeat(100_000)] } })
    assert.ok(raw.length < 2_000_000, `${raw.length} bytes`)
    const { raw: other } = await arrive({ message: { ...sample, lines: ['本'.repeat(200_000)] } })
    assert.ok(other.length < 2_000_000, `${other.length} bytes`)
  })

  test('holds nothing but the intended headers, subject and words, whatever a message says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(messages, nasty), { minLength: 1, maxLength: 8 }), async (some) => {
        await Promise.all(
          some.map(async (message, index) => checkWhole(message, await arriveAs(`p-${index}`, message))),
        )
      }),
      { numRuns: 20 },
    )
  })
})

/** Several may be under way: each is found again by its name. */
async function arriveAs(idempotencyKey: string, message: Message): Promise<ReceivedMail> {
  const outcome = await sendWith({ port: server.port }, { message, delivery: { idempotencyKey } })
  assert.equal(outcome.ok, true, wordsOf(outcome))
  return server.mails.findLast(({ mail }) => outcome.ok && mail.messageId === outcome.handle) ?? assert.fail()
}

function checkWhole(message: Message, arrived: ReceivedMail): void {
  const payload = payloadOf(message)
  const hasIds = message.ids.some((id) => /[\w.:-]/.test(id))
  const expected = alwaysThere.filter((name) => hasIds || name !== 'x-sereno-event')
  assert.deepEqual(Object.keys(headersOf(arrived)).toSorted(), expected.toSorted())
  assert.equal(arrived.mail.subject, payload.subject)
  assert.deepEqual(arrived.to, ['ops@example.org'])
  assert.deepEqual(addressesOf(arrived.mail.to), ['ops@example.org'])
  assert.equal(arrived.mail.attachments.length, 0)
  assert.equal(linesOf(arrived.mail.text), payload.text)
  assert.equal(linesOf(arrived.mail.html), linesOf(payload.html))
  readHtml(payload.html)
  const head = arrived.raw.subarray(0, arrived.raw.indexOf('\r\n\r\n')).toString('latin1')
  for (const line of head.split('\r\n')) assert.match(line, /^(?:[A-Za-z-]+: | |\t)[\t\x20-\x7e]{1,990}$/)
}

function payloadOf(message: Message): Payload {
  const [part] = email.render(message, email.options.parse({ host: 'a', from: 'a@b', to: 'a@b' }), place)
  assert.ok(part)
  return part.payload as Payload
}

function addressesOf(list: Email['to']): readonly unknown[] {
  return (list ?? []).map(({ address }) => address)
}

describe('the name of a mail', () => {
  const idOf = async (delivery: Sending['delivery'], more: object = {}): Promise<string> => {
    const outcome = await sendWith({ port: server.port, ...more }, { delivery: delivery ?? {} })
    assert.ok(outcome.ok && outcome.handle)
    assert.equal(server.mails.at(-1)?.mail.messageId, outcome.handle)
    return outcome.handle
  }

  test('is the same for every attempt, and its handle', async () => {
    const first = await idOf({ attempt: 1 })
    assert.match(first, /^<sereno\.[0-9a-f]{24}@example\.org>$/)
    assert.equal(await idOf({ attempt: 2, id: 'd1' }), first)
  })

  test('is another for another delivery, part, or recipient', async () => {
    const names = [
      await idOf({}),
      await idOf({ idempotencyKey: 'd1-1' }),
      await idOf({ idempotencyKey: 'd2-0' }),
      await idOf({ recipient: 'ann@example.org' }),
    ]
    assert.equal(new Set(names).size, 4)
  })

  test('belongs to the domain of the sender', async () => {
    assert.match(await idOf({}, { from: 'root@[127.0.0.1]' }), /^<sereno\.[0-9a-f]{24}@\[127\.0\.0\.1\]>$/)
  })
})

describe('a thread', () => {
  const first = '<sereno.one@example.org>'
  const last = '<sereno.two@example.org>'
  const linksOf = async (thread: object) => {
    const { mail } = await arrive({ delivery: { kind: 'change', thread: { id: 'any|thing', ...thread } } })
    return [mail.inReplyTo, mail.references]
  }

  test('begins with a mail that answers none', async () => {
    assert.deepEqual(await linksOf({}), [undefined, undefined])
  })

  test('goes on from its last mail and names its first', async () => {
    assert.deepEqual(await linksOf({ first, last }), [last, `${first} ${last}`])
    assert.deepEqual(await linksOf({ first, last: first }), [first, first])
    assert.deepEqual(await linksOf({ first }), [first, first])
  })

  test('takes no handle that is no name of a mail', async () => {
    assert.deepEqual(await linksOf({ first: '1700000000.0001', last: '<a@b>\r\nBcc: <eve@example.org>' }), [
      undefined,
      undefined,
    ])
  })

  test('keeps the subject as it was composed', async () => {
    const { mail } = await arrive({ delivery: { kind: 'end', thread: { id: 't', first, last } } })
    assert.equal(mail.subject, '[ERROR] Backup of nas failed')
  })
})

describe('a server that encrypts and wants a login', () => {
  const trusted = tls.getCACertificates('default')
  before(() => tls.setDefaultCACertificates([...trusted, testCertificate]))
  after(() => tls.setDefaultCACertificates(trusted))

  for (const security of ['starttls', 'tls'] as const) {
    for (const authMethods of [['PLAIN'], ['LOGIN'], ['CRAM-MD5']]) {
      test(`is given both by ${security} with ${authMethods.join()}`, async () => {
        const onAuth = authMethods[0] === 'CRAM-MD5' ? { onAuth: byChallenge } : {}
        await using strict = await startMailServer({
          secure: security === 'tls',
          disabledCommands: [],
          authMethods,
          ...onAuth,
        })
        const outcome = await sendWith({ host: 'localhost', port: strict.port, security, ...account })
        assert.equal(outcome.ok, true, wordsOf(outcome))
        assert.deepEqual([strict.mails[0]?.secure, strict.mails[0]?.user], [true, account.username])
      })
    }
  }

  test('is not believed when its certificate is for another name, unless told to', async () => {
    await using strict = await startMailServer({ disabledCommands: [] })
    const given = { host: '127.0.0.1', port: strict.port, ...account }
    const outcome = await sendWith(given)
    assert.deepEqual(endOf(outcome), ['tls', true, false])
    assert.match(wordsOf(outcome), /ERR_TLS_CERT_ALTNAME_INVALID/)
    assert.equal((await sendWith({ ...given, verify: false })).ok, true)
  })

  test('gets no password without encryption, though it would take one', async () => {
    await using lax = await startMailServer({ disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
    assert.deepEqual(endOf(await sendWith({ port: lax.port, ...account })), ['tls', true, false])
    const outcome = await sendWith({ port: lax.port, ...account, security: 'none' })
    assert.equal(outcome.ok, true, wordsOf(outcome))
    assert.deepEqual([lax.mails.length, lax.mails[0]?.secure], [1, false])
  })
})

describe('a server that merely offers to encrypt', () => {
  test('is taken at its word, whoever signed its certificate', async () => {
    await using offering = await startMailServer({ disabledCommands: [], authOptional: true })
    assert.equal((await sendWith({ port: offering.port })).ok, true)
    assert.equal(offering.mails[0]?.secure, true)
  })

  test('is not where the config says none', async () => {
    await using offering = await startMailServer({ disabledCommands: [], authOptional: true })
    assert.equal((await sendWith({ port: offering.port, security: 'none' })).ok, true)
    assert.equal(offering.mails[0]?.secure, false)
  })
})

const byChallenge: NonNullable<SMTPServerOptions['onAuth']> = (auth, _session, done) => {
  const isRight = auth.username === account.username && auth.validatePassword(account.password)
  done(isRight ? null : new Error('no'), { user: auth.username })
}

/** What would end a header, begin another, or be decoded into either. */
const words = [
  '\r\nBcc: eve@example.org\r\n',
  '\nContent-Type: text/html\n\n<b>',
  '\u2028X-Evil: 1',
  '\u0085X: 1',
  '=?utf-8?Q?=0D=0ABcc:_eve@example.org?=',
  '=?utf-8?B?DQpCY2M6IGV2ZUBleGFtcGxlLm9yZw==?=',
  '=?utf-8?Q?half',
  '?=',
  '"',
  '\\',
  '<a@b>',
  ',',
  ';',
  '<script>alert(1)</script>',
  "' onload='",
  '--',
  '\u202e',
  '\u0000',
  '.\r\n',
  '\r\n.\r\n',
  ' ',
  'größe',
  '😀',
  'x'.repeat(300),
]
const line = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 }).map((some) => some.join(''))
const nasty: fc.Arbitrary<Message> = fc
  .record({ title: line, name: line, value: line, text: line, url: line, note: line, id: line })
  .map(({ title, name, value, text, url, note, id }) => ({
    ...sample,
    title,
    fields: [{ name, value, code: true, note }],
    lines: [text],
    links: [{ text, url }],
    notes: [note],
    ids: [id],
  }))

/** With the line ends of our texts, without those that mail puts at the end. */
function linesOf(text: string | undefined): string {
  return (text ?? '').replaceAll('\r\n', '\n').replace(/\n+$/, '')
}
