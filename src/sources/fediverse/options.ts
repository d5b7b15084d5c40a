// What can be written for a source of kind fediverse: which account hears, whom it heeds, and what answers.
import { z } from 'zod'
import { readAccount } from '../../lib/fediverse/account.ts'
import { originOf } from '../../lib/fediverse/origin.ts'
import { duration, fileBeside, listOf, secret } from '../../lib/schema.ts'

const account = z
  .string()
  .refine((text) => readAccount(text)?.host !== undefined, {
    error: 'this is no whole account; write one such as @ann@example.org',
  })
  .meta({ examples: ['@ann@example.org'] })

export const options = z
  .strictObject({
    url: z
      .string()
      .refine((text) => originOf(text) !== undefined, {
        error: 'this is no address of a server; write one such as https://social.example.org, without what follows',
      })
      .describe('Address of the server where the account is, such as https://social.example.org.'),
    token: secret()
      .optional()
      .describe("The account's access token, with read:notifications and read:statuses. Rather keep it in a file."),
    tokenFile: fileBeside()
      .optional()
      .describe(
        'In place of token: a file with the token and nothing else, as `sereno channel login` writes it. Without a leading slash, it is taken from the folder of the configuration.',
      ),
    accounts: listOf(account)
      .refine((list) => list.length > 0, { error: 'nobody may ask; write at least one account' })
      .describe('Who may ask, as @ann@example.org, one or several. What others say is not heard.'),
    channel: z.string().min(1).describe('Name of the channel of kind fediverse that answers, of the same account.'),
    streaming: z
      .enum(['auto', 'never'])
      .default('auto')
      .describe("auto: questions are heard at once by the server's stream, where it has one, and else by asking."),
    poll: duration({ minMs: 1000 })
      .prefault('60s')
      .describe('How often the server is asked what is new where there is no stream; beside one, every 5 minutes.'),
    perMinute: z
      .int()
      .min(1)
      .max(60)
      .default(10)
      .describe(
        'So many questions are answered in a minute; more are passed over, lest two machines talk without end.',
      ),
  })
  .superRefine(({ token, tokenFile }, context) => {
    const tell = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if (token !== undefined && tokenFile !== undefined) tell('tokenFile', 'write either token or tokenFile')
    if (token === undefined && tokenFile === undefined) tell('token', 'there is no token; write token or tokenFile')
  })

export type Options = z.output<typeof options>
