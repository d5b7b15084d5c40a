// What can be written for a channel of kind email, and the mail server that comes of it.
import { z } from 'zod'
import { readMailbox } from '../../lib/mail-address.ts'
import { isRedisUrl } from '../../lib/redis.ts'
import { listOf, secret } from '../../lib/schema.ts'

const hostName = z
  .string()
  .regex(/^(?:\[[\da-fA-F:.]+\]|[\w.-]+|[\da-fA-F:.]+)$/, 'write a name or an address alone, such as mail.example.org')

/** Each of them costs a connection. */
const mostRecipients = 50

export const options = z
  .strictObject({
    host: hostName
      .optional()
      .describe('The mail server that takes our mails: a name or an address. Left out with smarthost.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe('Its port. Default: 465 with security tls, 587 with starttls or a username, else 25.'),
    security: z
      .enum(['none', 'starttls', 'tls'])
      .optional()
      .describe(
        'tls: encrypted from the first byte. starttls: encrypted before anything is said, or not sent. none: never encrypted, the password neither. ' +
          'Default: tls on port 465; starttls on port 587 and with a username; else STARTTLS where the server offers it, without a look at its certificate, since who could forge that could as well hide the offer.',
      ),
    verify: z
      .boolean()
      .optional()
      .describe(
        'Whether its certificate must convince; false takes any, also a forged one. For an authority of your own rather start the hub with NODE_EXTRA_CA_CERTS. Default: true.',
      ),
    username: z.string().min(1).max(500).optional().describe('The account at the server, where it wants one.'),
    password: secret().max(500).optional().describe('Its password.'),
    smarthost: z
      .strictObject({
        redis: z
          .string()
          .refine(isRedisUrl, { error: 'write the address of a Redis, such as redis://127.0.0.1:6379' })
          .meta({ examples: ['redis://127.0.0.1:6379'] })
          .describe("Redis of a node of the cluster; any node's will do."),
      })
      .optional()
      .describe(
        'In place of host, port, security, verify, username and password: the smarthost of a NethServer 8 cluster, as set in its own settings. Changes there are followed within a minute.',
      ),
    from: mailbox().describe('Who writes. Replies and returned mails go there.'),
    to: listOf(address())
      .refine((list) => list.length > 0, { error: 'nobody is written to; write at least one address' })
      .refine((list) => list.length <= mostRecipients, {
        error: `these are more than ${mostRecipients} addresses; write the one of a mailing list`,
      })
      .transform((list) => [...new Set(list)])
      .describe(
        'Who is written to, one address or several. Each gets a mail of its own, tried and recorded by itself.',
      ),
    replyTo: mailbox().optional().describe('Where answers go, if not to from.'),
    subjectPrefix: z
      .string()
      .min(1)
      .max(40)
      .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'write one line of plain text')
      .optional()
      .meta({ examples: ['[NS8]'] })
      .describe('Stands before every subject.'),
    helo: hostName
      .optional()
      .describe(
        "The name by which this machine greets the server. Default: the machine's full name, else [127.0.0.1].",
      ),
  })
  .superRefine((given, context) => {
    const tell = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    const { host, smarthost, username, password } = given
    if (host === undefined && smarthost === undefined) {
      context.addIssue({
        code: 'custom',
        message: 'there is no mail server; write host, or smarthost for one of NethServer 8',
      })
    }
    if (smarthost !== undefined) {
      for (const name of ['host', 'port', 'security', 'verify', 'username', 'password'] as const) {
        if (given[name] !== undefined) tell(name, `the smarthost says its own ${name}; remove ${name} or smarthost`)
      }
      return
    }
    if (username !== undefined && password === undefined)
      tell('username', 'there is no password for it; write password as well')
    if (password !== undefined && username === undefined)
      tell('password', 'nobody is named to whom it belongs; write username as well')
  })

export type Options = z.infer<typeof options>

export interface MailServer {
  readonly host: string
  readonly port: number
  /** `offered`: STARTTLS where there is one. */
  readonly security: 'none' | 'offered' | 'starttls' | 'tls'
  readonly verify: boolean
  readonly login?: { readonly username: string; readonly password: string }
}

/** A password is never sent in the clear unless `security: none` was written. */
export function toServer(given: Omit<Options, 'from' | 'to'> & { readonly host: string }): MailServer {
  const { host, username, password, verify } = given
  const port = given.port ?? (given.security === undefined ? portOf(username) : ports[given.security](username))
  const security =
    given.security ?? (port === 465 ? 'tls' : port === 587 || username !== undefined ? 'starttls' : 'offered')
  return {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port,
    security,
    verify: verify ?? true,
    ...(username === undefined || password === undefined ? {} : { login: { username, password } }),
  }
}

const portOf = (username: string | undefined): number => (username === undefined ? 25 : 587)
const ports = { tls: () => 465, starttls: () => 587, none: portOf } as const

function mailbox() {
  return z.string().transform((text, context) => {
    const read = readMailbox(text)
    if (read !== undefined) return read
    const message = `${JSON.stringify(text)} is no mail address; write one such as sereno@example.org or Sereno <sereno@example.org>`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

function address() {
  return z.string().transform((text, context) => {
    const read = readMailbox(text)
    if (read !== undefined && read.name === undefined) return read.address
    const message = `${JSON.stringify(text)} is no bare mail address; write one such as ops@example.org`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}
