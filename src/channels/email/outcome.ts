// What the end of an SMTP transaction means for the outbox, by the stage it had reached and the codes of RFC 5321 and 3463.
import { tlsCode, unreachableWords } from '../../lib/connection-words.ts'
import { hide } from '../../lib/http-outcome.ts'
import { cleanLine, cutText } from '../../lib/text.ts'
import type { Outcome, Reason } from '../../words.ts'
import type { MailServer } from './options.ts'
import { calledOff, type Failure, loginNotOffered, type Stage, tooLargeBySize } from './session.ts'

export interface Parties {
  readonly server: MailServer
  readonly from: string
  readonly to: string
}

export function toOutcome(end: Failure, parties: Parties): Outcome {
  const { reason, retry, words, maybe } =
    end.response === undefined ? lost(end, parties) : refused(end, end.response, parties)
  return { ok: false, reason, retry, maybeDelivered: maybe === true, detail: words }
}

interface Verdict {
  readonly reason: Reason
  readonly retry: boolean
  readonly words: string
  readonly maybe?: boolean
}

function refused({ stage, sent }: Failure, response: string, { server, from, to }: Parties): Verdict {
  const where = whereIs(server)
  const said = wordsOf(response, server)
  const words = `${where} ${refusals[stage](from, to)}: ${said}`
  // Neither yes nor no: it may have meant yes.
  if (!/^[45]\d\d/.test(response)) {
    if (stage === 'greeting') return misconfigured(`${where} answers with something that is no SMTP: ${said}`)
    return { reason: 'server-error', retry: true, words: `${where} answered out of turn: ${said}`, maybe: sent }
  }
  if (stage === 'starttls') return { reason: 'tls', retry: true, words: `${words}; ${starttlsAdvice}` }
  return { ...(response.startsWith('4') ? temporary(stage, response) : permanent(stage, response)), words }
}

type Judgement = Omit<Verdict, 'words'>

/** Every one of them may pass; they part in whether it is the pace, this recipient, or the server itself. */
function temporary(stage: Stage, response: string): Judgement {
  const status = statusOf(response)
  if (slower.test(response) || (stage !== 'login' && status.startsWith('4.7.')))
    return { reason: 'rate-limited', retry: true }
  // The mailbox or its address: the others need not wait for it.
  if (stage === 'rcpt' && /^4\.[12]\./.test(status)) return { reason: 'rejected', retry: true }
  return { reason: 'server-error', retry: true }
}

function permanent(stage: Stage, response: string): Judgement {
  const status = statusOf(response)
  const code = Number(response.slice(0, 3))
  if (/starttls/i.test(response)) return { reason: 'misconfigured', retry: false }
  if (unauthorised.includes(code)) return { reason: 'unauthorised', retry: false }
  const isFull = status.startsWith('5.2.') && status !== '5.2.3'
  if (status === '5.3.4' || status === '5.2.3' || (code === 552 && stage !== 'rcpt' && !isFull))
    return { reason: 'too-large', retry: false }
  if (stage === 'login') return { reason: code < 505 ? 'misconfigured' : 'unauthorised', retry: false }
  if (stage === 'greeting') return { reason: 'unauthorised', retry: false }
  if (stage === 'hello' || stage === 'mail') return { reason: 'misconfigured', retry: false }
  return { reason: 'rejected', retry: false }
}

/** No login, a weak one, a wrong one, one that must be encrypted: RFC 4954. */
const unauthorised = [530, 534, 535, 538]
const slower = /gr[ae]y-?list|\btoo (?:many|much|fast|frequent)|\brate\b|\blimit|throttl|slow down/i

/** RFC 3463; empty where the server gives none. */
function statusOf(response: string): string {
  return /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? ''
}

function lost({ stage, cause, sent }: Failure, { server, from }: Parties): Verdict {
  const where = whereIs(server)
  if (cause === tooLargeBySize) {
    return { reason: 'too-large', retry: false, words: `The mail is larger than ${where} says it takes` }
  }
  if (cause === loginNotOffered) {
    return misconfigured(
      `${where} offers no login, so remove username and password, or is the port for something else?`,
    )
  }
  if (tlsCode.test(cause) || cause === 'ETLS') {
    return {
      reason: 'tls',
      retry: true,
      words: `The certificate or TLS of ${where} was not accepted (${cause})${tlsAdvice(cause)}`,
    }
  }
  if (cause === calledOff || cause === 'ETIMEDOUT') {
    if (stage === 'connect')
      return { reason: 'unreachable', retry: true, words: `No connection to ${where}: no packet came back in time` }
    const advice =
      stage === 'greeting' && server.port === 465 && server.security !== 'tls' ? '; port 465 wants security: tls' : ''
    return {
      reason: 'timeout',
      retry: true,
      words: `${where} did not answer ${waitedFor[stage]} in time${advice}`,
      maybe: sent,
    }
  }
  if (stage === 'connect')
    return { reason: 'unreachable', retry: true, words: `No connection to ${where}: ${unreachableWords(cause)}` }
  if (cause === 'EENVELOPE' || cause === 'EMESSAGE')
    return misconfigured(`The mail from ${from} cannot be handed to ${where}`)
  const words = sent ? 'after the whole mail, without an answer' : `when it had yet to answer ${waitedFor[stage]}`
  return { reason: 'unreachable', retry: true, words: `${where} closed the connection ${words}`, maybe: sent }
}

function misconfigured(words: string): Verdict {
  return { reason: 'misconfigured', retry: false, words }
}

const starttlsAdvice = 'without it nothing is sent; is the port right? Only security: none sends unencrypted'

function tlsAdvice(code: string): string {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return '; it does not begin with TLS there: write security: starttls, or the port for TLS, often 465'
  if (/SELF_SIGNED|UNABLE_TO_(?:GET_ISSUER|VERIFY)/.test(code))
    return '; nobody this machine knows has signed it: see NODE_EXTRA_CA_CERTS for an authority of your own'
  return ''
}

type Words = (from: string, to: string) => string

/** Behind "mail.example.org:587 …" and before its own words. */
const refusals: { readonly [stage in Stage]: Words } = {
  connect: () => 'refused',
  greeting: () => 'does not talk to this machine',
  hello: () => 'refused our greeting (option helo)',
  starttls: () => 'does not encrypt with STARTTLS',
  login: () => 'refused the login (options username and password)',
  mail: (from) => `refused the sender ${from} (option from)`,
  rcpt: (_, to) => `refused the recipient ${to}`,
  data: () => 'refused to take the mail',
  message: () => 'refused the mail',
}

const waitedFor: { readonly [stage in Stage]: string } = {
  connect: 'the connection',
  greeting: 'with a greeting',
  hello: 'our greeting',
  starttls: 'STARTTLS',
  login: 'the login',
  mail: 'who writes to whom',
  rcpt: 'who writes to whom',
  data: 'who writes to whom',
  message: 'the mail itself',
}

function whereIs({ host, port }: MailServer): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The server's own words in one line, without what it repeats of the login. */
function wordsOf(response: string, { login }: MailServer): string {
  const [first = '', ...others] = response.split('\n')
  const rest = others.map((line) => line.replace(/^\d{3}[ -](?:\d\.\d{1,3}\.\d{1,3}\s)?/, ''))
  const secrets = login === undefined ? [] : secretsOf(login)
  return cutText(cleanLine(hide([first.replace(/^(\d{3})-/, '$1 '), ...rest].join(' '), secrets)), 220)
}

function secretsOf({ username, password }: { readonly username: string; readonly password: string }): string[] {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return [password, base64(password), base64(`\0${username}\0${password}`)]
}
