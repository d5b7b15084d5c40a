// A real SMTP server on 127.0.0.1 that keeps what it took, as a mail program reads it, and refuses as it is told to.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { testCertificate, testKey } from './certificate.ts'

export interface ReceivedMail {
  readonly from: string
  /** What stood in RCPT. */
  readonly to: readonly string[]
  /** The user that logged in. */
  readonly user: unknown
  /** By which the client greeted. */
  readonly helo: string
  readonly secure: boolean
  readonly raw: Buffer
  readonly mail: Email
}

export interface TestMailServer extends AsyncDisposable {
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** Connections that were opened so far, and are open now. */
  readonly connections: { readonly total: number; readonly open: number }
  /** The next sessions are refused at these stages, by replies such as `550 5.1.1 No such user`. */
  refuse(replies: Refusals): void
}

export interface Refusals {
  readonly connect?: string
  readonly auth?: string
  readonly mail?: string
  readonly rcpt?: string
  readonly message?: string
}

export const account = { username: 'sereno@example.org', password: 'Pa55-w0rd/of=tests' }

/** Without more options it speaks in the clear, wants no login, and offers neither it nor STARTTLS. */
export async function startMailServer(more: SMTPServerOptions = {}): Promise<TestMailServer> {
  const mails: ReceivedMail[] = []
  let refusals: Refusals = {}
  let total = 0
  const server = new SMTPServer({
    key: testKey,
    cert: testCertificate,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1,
    onConnect(_session, done) {
      total += 1
      done(toError(refusals.connect))
    },
    onAuth({ username, password }, _session, done) {
      const isRight = username === account.username && password === account.password
      if (refusals.auth !== undefined) return done(toError(refusals.auth))
      if (isRight) return done(null, { user: username })
      done(toError('535 5.7.8 Authentication credentials invalid'))
    },
    onMailFrom: (_address, _session, done) => done(toError(refusals.mail)),
    onRcptTo: (_address, _session, done) => done(toError(refusals.rcpt)),
    onData(stream, { envelope, user, secure, hostNameAppearsAs: helo }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (refusals.message !== undefined) return done(toError(refusals.message))
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        const raw = Buffer.concat(chunks)
        const keep = (mail: Email): void => {
          mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), user, helo, secure, raw, mail })
        }
        void PostalMime.parse(raw).then(keep).finally(done)
      })
    },
    ...more,
  })
  // Clients that break off are what some tests are about.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    get connections() {
      return { total, open: server.connections.size }
    },
    refuse: (replies) => {
      refusals = replies
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function toError(reply: string | undefined): Error | null {
  if (reply === undefined) return null
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) })
}
