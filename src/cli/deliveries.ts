// `sereno deliveries` and `sereno deliveries retry`: the messages to channels, and sending one again.
import type { DeliveryEntry, DeliveryList } from '../engine/look.ts'
import { localTime, machineZone } from '../lib/local-time.ts'
import { printable } from '../lib/printable.ts'
import { readId, readLimit, set } from './events.ts'
import { needHub, withHub, type HubOptions } from './hub-client.ts'
import { withStore } from './store-file.ts'
import { toTable } from './table.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface DeliveriesOptions extends HubOptions {
  readonly channel?: string
  readonly state?: string
  readonly event?: string
  readonly before?: string
  readonly limit: string
  readonly json?: boolean
}

const states = ['queued', 'sending', 'retrying', 'delivered', 'unknown', 'dead', 'expired', 'replaced'] as const

export async function deliveries(options: DeliveriesOptions, terminal: Terminal): Promise<ExitCode> {
  const { channel, event, before } = options
  const limit = readLimit(options.limit)
  const state = readState(options.state)
  const list = await withHub(
    options,
    async (hub) => {
      const query = { channel, state, event, before, limit: String(limit) }
      return (await hub.get('/api/v1/deliveries', query)) as DeliveryList
    },
    async () => {
      const { listDeliveries } = await import('../engine/look.ts')
      const beforeSeq = before === undefined ? undefined : await readId(before)
      const named = event === undefined ? undefined : await readId(event)
      const query = {
        ...set({ channel, states: state === undefined ? undefined : [state], event: named, beforeSeq }),
        limit,
      }
      return withStore(options.data, (store) => listDeliveries(store, query))
    },
  )
  if (options.json === true) terminal.out(JSON.stringify(list.deliveries, null, 2))
  else print(list, terminal)
  return 0
}

export async function retryDelivery(id: string, options: HubOptions, terminal: Terminal): Promise<ExitCode> {
  await readId(id)
  const path = `/api/v1/deliveries/${encodeURIComponent(id)}/retry`
  const { message } = (await needHub(options, `send ${id} again`, (hub) => hub.post(path))) as { message: string }
  terminal.out(printable(message))
  return 0
}

function readState(text: string | undefined): DeliveryEntry['state'] | undefined {
  if (text === undefined) return undefined
  const state = states.find((known) => known === text)
  if (state !== undefined) return state
  throw new Refusal(`--state ${text} is none; there are ${states.join(', ')}`, 2)
}

function print({ deliveries: entries, next }: DeliveryList, terminal: Terminal): void {
  if (entries.length === 0) return terminal.error('No deliveries.')
  const zone = machineZone()
  const rows = entries.map((entry) => [
    entry.id,
    localTime(Date.parse(entry.createdAt), zone),
    entry.channel,
    entry.recipient,
    entry.kind,
    entry.state,
    String(entry.attempts),
    String(entry.events.length),
    entry.state === 'delivered' || entry.lastReason === undefined
      ? ''
      : `${entry.lastReason}: ${entry.lastDetail ?? ''}`,
  ])
  const head = ['id', 'made', 'channel', 'to', 'kind', 'state', 'attempts', 'events', 'last refusal']
  terminal.out(toTable(head, rows))
  if (next !== undefined) terminal.error(`More: --before ${next}.`)
}
