// `sereno events`: what came in and what became of it, newest first.
import type { EventEntry, EventList } from '../engine/look.ts'
import { localTime, machineZone } from '../lib/local-time.ts'
import { withHub, type HubOptions } from './hub-client.ts'
import { readSince } from './since.ts'
import { withStore } from './store-file.ts'
import { toTable } from './table.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface EventsOptions extends HubOptions {
  readonly type?: string
  readonly source?: string
  readonly host?: string
  readonly since?: string
  readonly before?: string
  readonly limit: string
  readonly json?: boolean
}

export async function events(options: EventsOptions, terminal: Terminal): Promise<ExitCode> {
  const { type, source, host, before } = options
  const limit = readLimit(options.limit)
  const since = options.since === undefined ? undefined : readSince(options.since, Date.now())
  const list = await withHub(
    options,
    async (hub) => {
      const from = since === undefined ? undefined : new Date(since).toISOString()
      const query = { type, source, host, before, since: from, limit: String(limit) }
      return (await hub.get('/api/v1/events', query)) as EventList
    },
    async () => {
      const { listEvents } = await import('../engine/look.ts')
      const beforeSeq = before === undefined ? undefined : await readId(before)
      const query = { ...set({ type, source, host, since, beforeSeq }), limit }
      return withStore(options.data, (store) => listEvents(store, query))
    },
  )
  if (options.json === true) terminal.out(JSON.stringify(list.events, null, 2))
  else print(list, terminal)
  // Large events make a list end before its limit, which a program would take for the end of all.
  if (list.next !== undefined && (options.json !== true || list.events.length < limit)) {
    terminal.error(`More: --before ${list.next}. Why: sereno why ID.`)
  }
  return 0
}

/** A number of rows, as all lists take it. */
export function readLimit(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit
  throw new Refusal(`--limit ${text} is out of range; give a number from 1 to 1000`, 2)
}

export async function readId(text: string): Promise<number> {
  const { fromId } = await import('../lib/id.ts')
  const position = fromId(text)
  if (position !== undefined) return position
  throw new Refusal(`"${text}" is no id; ids look like 1n5c0k3v2`, 2)
}

/** Without the keys that were not given. */
export function set<Values extends object>(values: Values): { [Key in keyof Values]?: NonNullable<Values[Key]> } {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [Key in keyof Values]?: NonNullable<Values[Key]> }
}

function print({ events: entries }: EventList, terminal: Terminal): void {
  if (entries.length === 0) return terminal.error('No events.')
  const zone = machineZone()
  const rows = entries.map((entry) => [
    entry.id,
    localTime(Date.parse(entry.time), zone),
    entry.type,
    entry.severity,
    entry.host ?? '',
    entry.title ?? entry.subject ?? entry.text ?? said(entry),
    outcome(entry),
  ])
  terminal.out(toTable(['id', 'time', 'type', 'severity', 'host', 'what', 'what became of it'], rows))
}

/** What a log or a refusal says, of events that have no words of their own. */
function said({ data }: EventEntry): string {
  const words = data['line'] ?? data['message']
  return typeof words === 'string' ? words : ''
}

function outcome({ verdicts }: EventEntry): string {
  if (verdicts.length === 0) return 'recorded'
  return verdicts.map((verdict) => `${verdict.channel}: ${verdict.state}`).join(', ')
}
