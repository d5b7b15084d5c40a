// `sereno channel test NAME`: a real message by the way all messages go, and what became of it.
import type { DeliveryPage } from '../engine/look.ts'
import { printable } from '../lib/printable.ts'
import { needHub, type HubOptions } from './hub-client.ts'
import type { ExitCode, Terminal } from './terminal.ts'

export interface ChannelTestOptions extends HubOptions {
  readonly json?: boolean
}

export async function testChannel(name: string, options: ChannelTestOptions, terminal: Terminal): Promise<ExitCode> {
  const path = `/api/v1/channels/${encodeURIComponent(name)}/test`
  const page = (await needHub(options, `test a channel`, (hub) => hub.post(path))) as DeliveryPage
  if (options.json === true) terminal.out(JSON.stringify(page, null, 2))
  else terminal.out(printable(outcomeWords(page)))
  return page.state === 'delivered' ? 0 : 1
}

function outcomeWords(page: DeliveryPage): string {
  const { channel, id, state } = page
  const last = page.tried.at(-1)
  const refusal =
    last === undefined || last.result === 'ok' ? '' : `: ${last.result}${last.detail === '' ? '' : `, ${last.detail}`}`
  switch (state) {
    case 'delivered':
      return `${channel}: delivered (message ${id}). Look whether it arrived.`
    case 'unknown':
      return `${channel}: sent, but no answer came (message ${id})${refusal}. Look whether it arrived.`
    case 'dead':
    case 'expired':
    case 'replaced':
      return `${channel}: not delivered (message ${id})${refusal}. Nothing more is tried.`
    case 'retrying':
      return `${channel}: not delivered yet (message ${id})${refusal}. It is tried again; 'sereno deliveries' shows how it goes.`
    case 'queued':
    case 'sending':
      return `${channel}: still on its way (message ${id}). 'sereno deliveries' shows how it goes.`
  }
}
