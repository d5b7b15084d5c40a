// `sereno silences`, `sereno silence add|end`, `sereno conditions ack` and `sereno ask`: what people say to the hub.
import { userInfo } from 'node:os'
import type { SilenceEntry } from '../engine/look-silences.ts'
import { localTime, machineZone } from '../lib/local-time.ts'
import { printable } from '../lib/printable.ts'
import { readId } from './events.ts'
import { needHub, withHub, type HubOptions } from './hub-client.ts'
import { withStore } from './store-file.ts'
import { toTable } from './table.ts'
import type { ExitCode, Terminal } from './terminal.ts'

export interface SilencesOptions extends HubOptions {
  readonly all?: boolean
  readonly json?: boolean
}

export interface SilenceOptions extends HubOptions {
  readonly for: string
  readonly comment: string
  readonly json?: boolean
}

export interface AskOptions extends HubOptions {
  readonly json?: boolean
}

export async function silences(options: SilencesOptions, terminal: Terminal): Promise<ExitCode> {
  const state = options.all === true ? 'all' : 'active'
  const list = await withHub(
    options,
    async (hub) =>
      ((await hub.get('/api/v1/silences', { state })) as { readonly silences: readonly SilenceEntry[] }).silences,
    async () => {
      const { listSilences } = await import('../engine/look-silences.ts')
      return withStore(options.data, (store) => listSilences(store, Date.now(), state))
    },
  )
  if (options.json === true) terminal.out(JSON.stringify(list, null, 2))
  else if (list.length === 0) terminal.error('No silences.')
  else terminal.out(toTable(['id', 'state', 'until', 'by', 'covers', 'why'], list.map(toRow)))
  return 0
}

function toRow({ id, state, until, by, matchers, comment }: SilenceEntry): string[] {
  return [id, state, localTime(Date.parse(until), machineZone()), by, matchers, comment]
}

export async function addSilence(
  matchers: readonly string[],
  options: SilenceOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const body = { matchers, for: options.for, comment: options.comment, by: whoAmI() }
  const done = (await needHub(options, 'add a silence', (hub) => hub.post('/api/v1/silences', body))) as {
    readonly id: string
    readonly message: string
  }
  terminal.out(options.json === true ? JSON.stringify(done, null, 2) : printable(done.message))
  return 0
}

export async function endSilence(id: string, options: HubOptions, terminal: Terminal): Promise<ExitCode> {
  const path = `/api/v1/silences/${encodeURIComponent(id)}/end`
  const done = (await needHub(options, `end silence ${id}`, (hub) => hub.post(path))) as { readonly message: string }
  terminal.out(printable(done.message))
  return 0
}

export async function ackCondition(id: string, options: HubOptions, terminal: Terminal): Promise<ExitCode> {
  await readId(id)
  const path = `/api/v1/conditions/${encodeURIComponent(id)}/ack`
  const done = (await needHub(options, `acknowledge ${id}`, (hub) => hub.post(path, { by: whoAmI() }))) as {
    readonly message: string
  }
  terminal.out(printable(done.message))
  return 0
}

export async function ask(words: readonly string[], options: AskOptions, terminal: Terminal): Promise<ExitCode> {
  const body = { text: words.join(' '), by: whoAmI() }
  const said = (await needHub(options, 'ask', (hub) => hub.post('/api/v1/ask', body))) as {
    readonly ok: boolean
    readonly lines: readonly string[]
  }
  terminal.out(options.json === true ? JSON.stringify(said, null, 2) : said.lines.map(printable).join('\n'))
  return said.ok ? 0 : 1
}

/** As it stands in the record. */
function whoAmI(): string {
  try {
    return userInfo().username
  } catch {
    // A user without an entry in the system's list, as in containers.
    return `user ${process.getuid?.() ?? ''}`.trim()
  }
}
