// `sereno run-schedule NAME`: has the running hub do a schedule's work now; with --dry-run, shows what would be told.
import { existsSync } from 'node:fs'
import { printable } from '../lib/printable.ts'
import type { RehearsedMessage } from '../hub/rehearsal.ts'
import { storePathOf } from '../store/place.ts'
import { needHub, type HubOptions } from './hub-client.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface RunScheduleOptions extends HubOptions {
  readonly dryRun?: boolean
  readonly config?: string
}

export async function runSchedule(name: string, options: RunScheduleOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.dryRun === true) return dryRun(name, options, terminal)
  const path = `/api/v1/schedules/${encodeURIComponent(name)}/run`
  const { message } = (await needHub(options, 'run a schedule', (hub) => hub.post(path))) as {
    readonly message: string
  }
  terminal.out(printable(message))
  return 0
}

/** Asks nobody and needs no hub: it reads the store of one, if there is one. */
async function dryRun(name: string, options: RunScheduleOptions, terminal: Terminal): Promise<ExitCode> {
  const { assembleFile } = await import('./configuration.ts')
  const assembly = await assembleFile(options.config)
  const { rehearseSchedule, schedulesOf } = await import('../hub/schedule-rehearsal.ts')
  const known = schedulesOf(assembly)
  if (!known.includes(name)) {
    throw new Refusal(`There is no schedule ${name}; there are ${known.join(', ') || 'none'}.`)
  }
  const rehearse = (store?: Parameters<typeof rehearseSchedule>[2]): ReturnType<typeof rehearseSchedule> =>
    rehearseSchedule(assembly, name, store, Date.now())
  const { messages, types, asks } = existsSync(storePathOf(options.data))
    ? await (await import('./store-file.ts')).withStore(options.data, rehearse)
    : await rehearse()
  for (const { source, key } of asks) {
    terminal.out(printable(`Source ${source} would be asked for a sample of ${key}; that sends no message.`))
  }
  // That nobody answered is only so since nobody was asked.
  if (asks.length > 0) return 0
  for (const message of messages) terminal.out(toText(message))
  if (messages.length > 0) return 0
  const [type = ''] = types
  terminal.error(
    `Nobody would be told: no rule sends ${type} to a channel. Add one such as - { on: ${type}, to: team }`,
  )
  return 1
}

function toText({ channel, text }: RehearsedMessage): string {
  return [`→ ${channel}`, ...text.split('\n').map((line) => `    ${line}`)].map(printable).join('\n')
}
