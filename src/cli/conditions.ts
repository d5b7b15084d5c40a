// `sereno conditions` and `sereno conditions close`: what has begun and not ended, and ending it by hand.
import type { ConditionList } from '../engine/look-conditions.ts'
import { localTime, machineZone } from '../lib/local-time.ts'
import { printable } from '../lib/printable.ts'
import { readId } from './events.ts'
import { needHub, withHub, type HubOptions } from './hub-client.ts'
import { withStore } from './store-file.ts'
import { toTable } from './table.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface ConditionsOptions extends HubOptions {
  readonly state: string
  readonly source?: string
  readonly json?: boolean
}

const states = ['open', 'ended', 'all'] as const
const most = 10_000

export async function conditions(options: ConditionsOptions, terminal: Terminal): Promise<ExitCode> {
  const { source } = options
  const state = readState(options.state)
  const list = await withHub(
    options,
    async (hub) => (await hub.get('/api/v1/conditions', { state, source })) as ConditionList,
    async () => {
      const { listConditions } = await import('../engine/look-conditions.ts')
      const query = { state, limit: most, ...(source === undefined ? {} : { source }) }
      return withStore(options.data, (store) => listConditions(store, query))
    },
  )
  if (options.json === true) terminal.out(JSON.stringify(list.conditions, null, 2))
  else print(list, state, terminal)
  return 0
}

export async function closeCondition(id: string, options: HubOptions, terminal: Terminal): Promise<ExitCode> {
  await readId(id)
  const path = `/api/v1/conditions/${encodeURIComponent(id)}/close`
  const { message } = (await needHub(options, `close condition ${id}`, (hub) => hub.post(path))) as { message: string }
  terminal.out(printable(message))
  return 0
}

function readState(text: string): (typeof states)[number] {
  const state = states.find((known) => known === text)
  if (state !== undefined) return state
  throw new Refusal(`--state ${text} is none; there are ${states.join(', ')}`, 2)
}

function print({ conditions: entries, total }: ConditionList, state: string, terminal: Terminal): void {
  if (entries.length === 0) return terminal.error(state === 'open' ? 'No open conditions.' : 'No conditions.')
  const zone = machineZone()
  const rows = entries.map((entry) => [
    entry.id,
    localTime(Date.parse(entry.since), zone),
    entry.endedAt === undefined ? '' : localTime(Date.parse(entry.endedAt), zone),
    entry.severity,
    entry.source,
    entry.host ?? '',
    entry.title,
    [...new Set(entry.threads.map((thread) => `${thread.channel} ${thread.state}`))].join(', '),
  ])
  const head = ['id', 'since', 'ended', 'severity', 'source', 'host', 'what', 'channels']
  terminal.out(toTable(head, rows))
  if (total > entries.length) terminal.error(`${total - entries.length} more are not shown.`)
}
