// Which node_exporters are asked, how often, and what each one's host is called.
import { z } from 'zod'
import { duration, listOf, secret } from '../../lib/schema.ts'

export interface Target {
  /** Of the page of metrics. */
  readonly url: string
  readonly host: string
}

const address = z.string().superRefine((text, context) => {
  const message = problemOf(text)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})

const target = z.union([
  address.transform((url) => toTarget(url)),
  z
    .strictObject({
      url: address.describe('Address of the node_exporter.'),
      host: z.string().min(1).max(253).describe('What the host is called.'),
    })
    .transform(({ url, host }) => toTarget(url, host)),
])

export const options = z
  .strictObject({
    url: listOf(target)
      .describe(
        'Address of the node_exporter, or a list of them: http://nas:9100, or {url: "http://10.0.0.5:9100", host: db1} where the ' +
          'host is to be called otherwise. Without a path it is /metrics.',
      )
      .meta({ examples: ['http://nas.example.org:9100'] }),
    every: duration({ minMs: 1000 })
      .prefault('60s')
      .describe('How often each is asked, at whole multiples of it: 60s is at each full minute.'),
    token: secret().optional().describe('Sent to each as a bearer token.'),
    username: z.string().min(1).optional().describe('For node_exporters that ask for a name and a password.'),
    password: secret().optional().describe('The password of `username`.'),
  })
  .superRefine(({ url: targets, token, username, password }, context) => {
    const add = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if (targets.length === 0) add('url', 'name at least one node_exporter, such as http://nas:9100')
    const known = new Set<string>()
    for (const { host } of targets) {
      if (known.has(host)) add('url', `two of them are the host ${host}; write {url: …, host: …} to tell them apart`)
      known.add(host)
    }
    if (token !== undefined && username !== undefined) add('token', 'write either token, or username and password')
    if ((username === undefined) !== (password === undefined))
      add(username === undefined ? 'password' : 'username', 'username and password belong together; write both')
  })

export type Options = z.output<typeof options>

function problemOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    return `"${text}" is no http or https address; write one such as http://nas:9100`
  if (url.username !== '' || url.password !== '')
    return 'this address has a name or password in it, and addresses are shown; write them as username and password'
  return undefined
}

function toTarget(text: string, host?: string): Target {
  const url = URL.parse(text)
  if (!url) return { url: text, host: host ?? text }
  if (url.pathname === '/') url.pathname = '/metrics'
  return { url: url.href, host: host ?? url.hostname.replace(/^\[|\]$/g, '') }
}
