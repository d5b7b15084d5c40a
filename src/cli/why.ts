// `sereno why ID`: what became of an event, and why.
import type { DeliveryPage, EventPage } from '../engine/look.ts'
import type { Rule } from '../rule.ts'
import { cut } from '../lib/printable.ts'
import { readId } from './events.ts'
import { withHub, type HubOptions } from './hub-client.ts'
import { withStore } from './store-file.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

/** A host or a subject may be as long as what was sent; `--json` has all of it. */
const longestLine = 1000

export interface WhyOptions extends HubOptions {
  readonly config?: string
  readonly json?: boolean
}

export async function why(id: string, options: WhyOptions, terminal: Terminal): Promise<ExitCode> {
  await readId(id)
  const found = await withHub(
    options,
    async (hub) => {
      const path = encodeURIComponent(id)
      const page = await hub.get(`/api/v1/events/${path}`).catch(async (error: unknown) => {
        // People copy the id of a message as well.
        if (!(error instanceof Refusal)) throw error
        return hub.get(`/api/v1/deliveries/${path}`).catch(() => Promise.reject(error))
      })
      return page as EventPage | DeliveryPage
    },
    () => lookIntoStore(id, options),
  )
  if (options.json === true) terminal.out(JSON.stringify(found, null, 2))
  else if ('why' in found) terminal.out(found.why.lines.map((line) => cut(line, longestLine)).join('\n'))
  else terminal.out(messageLines(found).join('\n'))
  return 0
}

function lookIntoStore(id: string, options: WhyOptions): Promise<EventPage | DeliveryPage> {
  return withStore(options.data, async (store) => {
    const { lookUpDelivery, lookUpEvent } = await import('../engine/look.ts')
    const { machineZone } = await import('../lib/local-time.ts')
    const rules = await readRules(options.config)
    const place = { zone: machineZone(), ...(rules === undefined ? {} : { rules }) }
    const found = (await lookUpEvent(store, id, place)) ?? (await lookUpDelivery(store, id))
    if (found !== undefined) return found
    throw new Refusal(`There is no event ${id} in ${options.data}, or it is no longer kept.`)
  })
}

/** Those of the configuration file, as no hub can say which are in force; none when the file cannot be read now. */
async function readRules(config: string | undefined): Promise<readonly Rule[] | undefined> {
  const { readRulesOf } = await import('./configuration.ts')
  return readRulesOf(config)
}

function messageLines(page: DeliveryPage): string[] {
  return [
    `${page.id} is a message to ${page.channel} (${page.state}, attempts: ${page.attempts}). It tells of these events:`,
    ...page.events.map((event) => `  sereno why ${event}`),
  ]
}
