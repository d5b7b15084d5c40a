// One SMTP transaction: a connection of its own, one recipient, one mail; says where it ended, never throws.
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import type SMTPConnection from 'nodemailer/lib/smtp-connection'
import { codeOf } from '../../lib/connection-words.ts'
import type { MailServer } from './options.ts'

export interface Transaction {
  readonly server: MailServer
  readonly helo?: string | undefined
  readonly from: string
  readonly to: string
  readonly mail: Buffer
  /** Ends it at once, whatever stage it has reached. */
  readonly signal: AbortSignal
}

/** What the server had not answered yet, or refused; `message` is the end of the mail itself. */
export type Stage = 'connect' | 'greeting' | 'hello' | 'starttls' | 'login' | 'mail' | 'rcpt' | 'data' | 'message'

export type SessionEnd =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly stage: Stage
      /** The server's refusal, with its code. */
      readonly response?: string
      /** Without a response: node's word for the failure, or one of ours. */
      readonly cause: string
      /** The whole mail was handed over, so that the server may have taken it. */
      readonly sent: boolean
    }

export type Failure = Extract<SessionEnd, { ok: false }>

/** Causes of our own, beside node's codes. */
export const calledOff = 'CALLED_OFF'
export const loginNotOffered = 'LOGIN_NOT_OFFERED'
export const tooLargeBySize = 'SIZE_EXCEEDED'

export async function transact(transaction: Transaction): Promise<SessionEnd> {
  const { server, signal } = transaction
  // On use: it takes some 25 MB.
  const { default: Connection } = await import('nodemailer/lib/smtp-connection')
  if (signal.aborted) return failure('connect', calledOff)
  const socket = connect({ host: server.host, port: server.port })
  const { promise, resolve } = Promise.withResolvers<SessionEnd>()
  const callOff = (): void => resolve(failure('connect', calledOff))
  signal.addEventListener('abort', callOff)
  socket.once('error', (error) => resolve(failure('connect', codeOf(error))))
  socket.once('connect', () => resolve({ ok: true }))
  const connected = await promise
  signal.removeEventListener('abort', callOff)
  if (connected.ok) return converse(transaction, socket, Connection)
  socket.on('error', () => {})
  socket.destroy()
  return connected
}

/** The signal rules; these only hold where nobody gives one that ends. */
const longestMs = 120_000

function converse(
  { server, helo, from, to, mail, signal }: Transaction,
  socket: Socket,
  Connection: typeof SMTPConnection,
): Promise<SessionEnd> {
  const smtp = new Connection({
    connection: socket,
    host: server.host,
    port: server.port,
    name: helo,
    secure: server.security === 'tls',
    ignoreTLS: server.security === 'none',
    requireTLS: server.security === 'starttls',
    opportunisticTLS: server.security === 'offered',
    tls: { rejectUnauthorized: server.verify && server.security !== 'offered' },
    connectionTimeout: longestMs,
    greetingTimeout: longestMs,
    socketTimeout: longestMs,
    socketCloseTimeout: 0,
    maxResponseSize: 64 * 1024,
  })
  const { promise, resolve } = Promise.withResolvers<SessionEnd>()
  let stage: Stage = 'greeting'
  let sent = false
  let settled = false
  const settle = (end: SessionEnd): void => {
    if (settled) return
    settled = true
    signal.removeEventListener('abort', callOff)
    takeLeave(smtp, end)
    resolve(end)
  }
  const fail = (error: SmtpError): void => {
    if (stage === 'greeting' && smtp.lastServerResponse !== false && error.response === undefined) stage = 'hello'
    settle(toFailure(error, stage, sent))
  }
  const callOff = (): void => fail({ code: calledOff })
  // Read only after the server has said that it takes the mail; the final dot comes after the end.
  function* body(): Generator<Buffer> {
    stage = 'message'
    yield mail
    sent = true
  }
  const deliver = (): void => {
    stage = 'mail'
    const stream = Readable.from(body(), { objectMode: false })
    smtp.send({ from, to, size: mail.length }, stream, (error) => (error ? fail(error) : settle({ ok: true })))
  }
  signal.addEventListener('abort', callOff)
  smtp.on('error', fail)
  smtp.connect((error) => {
    if (error) return fail(error)
    if (server.login === undefined) return deliver()
    stage = 'login'
    if (!smtp.allowsAuth) return fail({ code: loginNotOffered })
    const { username: user, password: pass } = server.login
    smtp.login({ user, pass }, (refused) => (refused ? fail(refused) : deliver()))
  })
  return promise
}

interface SmtpError {
  readonly code?: string | undefined
  readonly originalCode?: string | undefined
  readonly response?: string | undefined
  readonly command?: string | undefined
}

function toFailure(
  { code = '', originalCode, response, command = '' }: SmtpError,
  stage: Stage,
  sent: boolean,
): Failure {
  if (code === 'EMESSAGE' && command === 'MAIL FROM') return failure('mail', tooLargeBySize)
  const named = stage === 'message' ? undefined : stageOf(command)
  return {
    ...failure(named ?? stage, originalCode ?? code),
    ...(response === undefined ? {} : { response }),
    sent,
  }
}

/** The command that was refused; lost connections name none. */
function stageOf(command: string): Stage | undefined {
  const word = command.split(' ')[0] ?? ''
  return commands[word]
}

const commands: { readonly [word: string]: Stage } = {
  EHLO: 'hello',
  HELO: 'hello',
  STARTTLS: 'starttls',
  AUTH: 'login',
  MAIL: 'mail',
  RCPT: 'rcpt',
  DATA: 'data',
}

function failure(stage: Stage, cause: string): Failure {
  return { ok: false, stage, cause, sent: false }
}

/** QUIT where the server still listens, but nobody waits for its answer. */
function takeLeave(smtp: SMTPConnection, end: SessionEnd): void {
  smtp.on('error', () => {})
  if (!end.ok && end.response === undefined) return smtp.close()
  if (smtp.destroyed) return
  smtp.quit()
  setTimeout(() => smtp.close(), leaveMs).unref()
}

const leaveMs = 1000
