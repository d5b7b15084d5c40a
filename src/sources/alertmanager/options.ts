// What an alertmanager source can be told: nothing for webhooks alone, or where to ask for the list of alerts as well.
import { z } from 'zod'
import { duration, secret } from '../../lib/schema.ts'

export const options = z
  .strictObject({
    url: z
      .string()
      .superRefine((text, context) => {
        const message = problemOf(text)
        if (message !== undefined) context.addIssue({ code: 'custom', message })
      })
      .transform((text) => text.replace(/\/+$/, ''))
      .optional()
      .describe(
        'Address of the Alertmanager that posts here, or would. Its list of alerts is then asked for as well: what is no longer ' +
          'in it is resolved, also when no post says so. Without it, posts alone count.',
      )
      .meta({ examples: ['http://127.0.0.1:9093', 'https://alerts.example.org/alertmanager'] }),
    poll: duration({ minMs: 1000 }).prefault('60s').describe('How often the list is asked for.'),
    settle: duration()
      .prefault('5m')
      .describe(
        'An Alertmanager forgets its alerts when it restarts, until Prometheus repeats them: for so long after its start what is ' +
          'missing in its list is not taken for resolved.',
      ),
    token: secret().optional().describe('Sent with every question as a bearer token.'),
    username: z.string().min(1).optional().describe('For an Alertmanager that asks for a name and a password.'),
    password: secret().optional().describe('The password of `username`.'),
    language: z
      .string()
      .regex(/^[a-z]{2,3}$/, 'a language is written as two letters, such as en or it')
      .default('en')
      .describe('Of annotations that come in several languages, such as summary_en and summary_it, this one is told.'),
  })
  .superRefine(({ url, token, username, password }, context) => {
    const add = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    for (const [name, value] of Object.entries({ token, username, password }))
      if (value !== undefined && url === undefined)
        add(name, `${name} is for asking an Alertmanager; write its url as well`)
    if (token !== undefined && username !== undefined) add('token', 'write either token, or username and password')
    if ((username === undefined) !== (password === undefined))
      add(username === undefined ? 'password' : 'username', 'username and password belong together; write both')
  })

export type Options = z.output<typeof options>

function problemOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    return `"${text}" is no http or https address; write one such as http://127.0.0.1:9093`
  if (url.username !== '' || url.password !== '')
    return 'this address has a name or password in it, and addresses are shown; write them as username and password'
  if (url.search !== '' || url.hash !== '' || /\/api\/v\d/.test(url.pathname))
    return `"${text}" is more than the address; write it without what follows, such as ${url.origin}`
  return undefined
}
