// What a proxmox source can be told: where the lists of tasks and guests are, and whom to ask.
import { z } from 'zod'
import { readFingerprint } from '../../lib/http-trust.ts'
import { duration, secret } from '../../lib/schema.ts'

const words = z.array(z.string().min(1)).min(1)
const percent = z.number().min(1).max(100)

const api = z
  .strictObject({
    url: z
      .string()
      .superRefine((text, context) => {
        const message = problemOf(text)
        if (message !== undefined) context.addIssue({ code: 'custom', message })
      })
      .transform((text) => text.replace(/\/+$/, ''))
      .meta({ examples: ['https://127.0.0.1:8006'] })
      .describe('Address of the node.'),
    token: secret().describe('An API token, written as user@realm!name=secret. The role PVEAuditor is enough.'),
    fingerprint: z
      .string()
      .superRefine((text, context) => {
        if (readFingerprint(text) !== undefined) return
        const message =
          'this is no SHA-256 fingerprint; write 64 hexadecimal digits, as openssl x509 -fingerprint -sha256 shows them'
        context.addIssue({ code: 'custom', message })
      })
      .optional()
      .describe("SHA-256 fingerprint of the node's certificate. It alone counts then, whoever signed it."),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe("File with the authority that signed the node's certificate, such as /etc/pve/pve-root-ca.pem."),
  })
  .superRefine(({ fingerprint, ca }, context) => {
    if (fingerprint !== undefined && ca !== undefined)
      context.addIssue({ code: 'custom', path: ['ca'], message: 'write either fingerprint or ca' })
  })

const commands = z.strictObject({
  vms: words.default(['qm', 'list']).describe('Lists the virtual machines.'),
  containers: words.default(['pct', 'list']).describe('Lists the containers.'),
  storages: words.default(['pvesm', 'status']).describe('Lists the storages.'),
})

export const options = z.strictObject({
  node: z
    .string()
    .regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/, 'a node is named by letters, digits and hyphens')
    .optional()
    .describe('Name of the node in Proxmox. Default: the host of the source, up to the first dot.'),
  tasks: z
    .union([z.literal(false), z.string().min(1)])
    .default('/var/log/pve/tasks')
    .describe(
      'Folder of the tasks of the node. false: they are not read; then nothing is known of starts, and no guest is said to have died.',
    ),
  config: z
    .union([z.literal('api'), z.string().min(1)])
    .optional()
    .describe(
      'Folder with qemu-server and lxc, where the guests are configured; or api. Default: /etc/pve; with api, api.',
    ),
  api: api.optional().describe('Asks the API of Proxmox for guests and storages. Without it, commands are run.'),
  commands: commands
    .prefault({})
    .describe('What is run instead of the API: programs with their arguments, without a shell. They need root.'),
  every: duration({ minMs: 5000 }).prefault('30s').describe('How often guests and storages are looked at.'),
  storageFull: z
    .union([
      z.literal(false),
      z.strictObject({
        warning: percent.default(85).describe('Told as a warning from so many percent on.'),
        critical: percent.default(95).describe('Told as critical from so many percent on.'),
        clear: z.number().min(0).max(50).default(2).describe('It is over so many points below.'),
      }),
    ])
    .prefault({})
    .describe('When a storage counts as full, in percent. false: never.'),
  mail: z
    .boolean()
    .default(false)
    .describe('Whether mails of the system that Proxmox passes on are told, as events of type message.'),
  cron: z.boolean().default(false).describe('The same for what cron jobs print.'),
})

export type Options = z.output<typeof options>

function problemOf(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    return `"${text}" is no http or https address; write one such as https://127.0.0.1:8006`
  if (url.username !== '' || url.password !== '')
    return 'this address has a name or password in it, and addresses are shown; write the token as token'
  if (url.search !== '' || url.hash !== '' || url.pathname.includes('api2'))
    return `"${text}" is more than the address; write it without what follows, such as ${url.origin}`
  return undefined
}
