// What can be written for a channel of kind fediverse.
import { z } from 'zod'
import { readAccount } from '../../lib/fediverse/account.ts'
import { originOf } from '../../lib/fediverse/origin.ts'
import { fileBeside, secret } from '../../lib/schema.ts'

export const softwares = ['auto', 'mastodon', 'pleroma', 'akkoma', 'firefish'] as const
export const visibilities = ['public', 'unlisted', 'private', 'direct'] as const
export type Visibility = (typeof visibilities)[number]

/** Below this not even a title, a mention and an address fit. */
const leastLength = 200

export const options = z
  .strictObject({
    url: secret()
      .refine((text) => originOf(text) !== undefined, {
        error: 'this is no address of a server; write one such as https://social.example.org, without what follows',
      })
      .describe('Address of the server where the account is, such as https://social.example.org.'),
    token: secret()
      .optional()
      .describe(
        "The account's access token: from its settings (Development, or API), with write:statuses and write:media. Rather keep it in a file, or in the environment.",
      ),
    tokenFile: fileBeside()
      .meta({ secret: true })
      .optional()
      .describe(
        'In place of token: a file with the token and nothing else, as `sereno channel login` writes it. It is read for every message. Without a leading slash, it is taken from the folder of the configuration.',
      ),
    software: z
      .enum(softwares)
      .default('auto')
      .describe(
        'What runs there; firefish also stands for Misskey and its other relatives. auto: the server is asked, once an hour.',
      ),
    visibility: z
      .enum(visibilities)
      .default('unlisted')
      .describe(
        'Who sees the posts. public: everybody, in timelines too. unlisted: everybody who looks. private: followers. direct: whom mention names.',
      ),
    mention: z
      .string()
      .refine((text) => text.startsWith('@') && readAccount(text) !== undefined && text.length <= 120, {
        error: 'this is no account; write one such as @ann@example.org',
      })
      .optional()
      .describe('An account that every post calls, such as @ann@example.org; direct posts need one.'),
    contentType: z
      .enum(['text/plain', 'text/markdown', 'text/html'])
      .optional()
      .describe(
        'How posts are written. Default: text/markdown where the server says that it takes it, such as Pleroma and Akkoma, else text/plain. One that a server does not list is not used there.',
      ),
    spoiler: z
      .enum(['summary', 'always', 'never'])
      .default('summary')
      .describe(
        'Which posts are folded away behind their title. summary: those that ask for it, such as a script’s message with a summary.',
      ),
    maxLength: z
      .int()
      .min(leastLength, `nothing fits into less than ${leastLength} characters; write more, or leave it out`)
      .max(100_000)
      .optional()
      .describe('Characters that a post may have. Default: what the server says, else 500.'),
    replies: z
      .boolean()
      .default(true)
      .describe('Whether changes and the end of something are told as replies to the post of its beginning.'),
    edits: z
      .boolean()
      .default(true)
      .describe('Whether the post of a beginning is marked as over when it has ended, where the server can edit.'),
    language: z
      .string()
      .regex(/^[a-z]{2,3}$/, 'a language is written as two letters, such as en or it')
      .optional()
      .describe('Language of the posts, such as en, for who has them translated or filtered.'),
    sensitive: z.boolean().default(false).describe('Whether pictures are shown only after a click.'),
  })
  .superRefine(({ token, tokenFile, visibility, mention }, context) => {
    const tell = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if (token !== undefined && tokenFile !== undefined) tell('tokenFile', 'write either token or tokenFile')
    if (token === undefined && tokenFile === undefined) {
      tell(
        'token',
        'there is no token; write token, or write tokenFile and have it filled by: sereno channel login NAME',
      )
    }
    if (visibility === 'direct' && mention === undefined) {
      tell('visibility', 'a direct post that mentions nobody is seen by nobody; write mention as well')
    }
  })

export type Options = z.output<typeof options>
