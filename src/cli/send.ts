// `sereno send TEXT…`: hands an event to the hub, or keeps it on disk for the hub's next start.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { appendToSpool } from '../lib/spool.ts'
import { severityOf, type JsonObject } from '../words.ts'
import { dataFolder } from './data-folder.ts'
import { HubBusy, HubGone, HubSilent, withHub, type HubOptions } from './hub-client.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface SendOptions extends Omit<HubOptions, 'data'> {
  /** The data folder and, as JSON objects, fields of the event. */
  readonly data: readonly string[]
  readonly type: string
  readonly host?: string
  readonly severity?: string
  readonly subject?: string
  readonly title?: string
  readonly json?: boolean
}

export const spoolName = 'spool'

export async function send(words: readonly string[], options: SendOptions, terminal: Terminal): Promise<ExitCode> {
  const { folder = await dataFolder(), fields } = readData(options.data)
  const event = toCloudEvent(words.join(' '), fields, options)
  const where = await handOver(event, { ...options, data: folder })
  if (options.json === true) terminal.out(JSON.stringify(where))
  else terminal.out(toSentence(where))
  return 0
}

/** To the hub that runs on the folder, or into its spool when none does. */
export function handOver(event: JsonObject, options: HubOptions): Promise<Sent | Kept> {
  const folder = options.data
  return withHub(
    options,
    async ({ url, post }) => {
      try {
        return readAccepted(await post('/api/v1/events', event, 'application/cloudevents+json'), url)
      } catch (error) {
        // One named by --hub may be on another machine: its spool is not ours to fill.
        if (options.hub !== undefined || !isUnsure(error)) throw error
        // The event's own id keeps it from counting twice, should the hub have taken it after all.
        return keep(folder, event, error.message)
      }
    },
    () => keep(folder, event, `No hub runs on ${folder}.`),
  )
}

/** What was done with an event, as a sentence. */
export function toSentence(where: Sent | Kept): string {
  return where.sent
    ? `Sent to the hub at ${where.hub}.`
    : `${where.reason} Kept in ${where.file}; the hub takes it in when it starts.`
}

export type Sent = { readonly sent: true; readonly hub: string; readonly duplicate: boolean }
export type Kept = { readonly sent: false; readonly file: string; readonly reason: string }

interface Invalid {
  readonly message: string
}

function isUnsure(error: unknown): error is Refusal {
  return error instanceof HubGone || error instanceof HubSilent || error instanceof HubBusy
}

function readAccepted(body: unknown, hub: string): Sent {
  const { accepted, duplicates, invalid } = body as { accepted?: number; duplicates?: number; invalid?: Invalid[] }
  const mistakes = (invalid ?? []).map((entry) => entry.message)
  if (mistakes.length > 0) throw new Refusal(`The hub at ${hub} refused the event: ${mistakes.join('; ')}.`)
  return { sent: true, hub, duplicate: accepted === 0 && (duplicates ?? 0) > 0 }
}

async function keep(folder: string, event: JsonObject, reason: string): Promise<Kept> {
  const spool = join(folder, spoolName)
  try {
    return { sent: false, file: await appendToSpool(spool, [event], Date.now()), reason }
  } catch (error) {
    throw new Refusal(`${reason} Nor can the event be kept in ${spool}: ${detailOf(error)}. It is lost.`, 1, {
      cause: error,
    })
  }
}

function toCloudEvent(text: string, fields: JsonObject, options: SendOptions): JsonObject {
  const { type, subject, title } = options
  const severity = severityOf.get(options.severity)
  // A type of its own may say it all, such as host.shutdown; a message without words says nothing.
  if (type === 'message' && text === '' && title === undefined && Object.keys(fields).length === 0) {
    throw new Refusal("nothing to send: give a text, such as sereno send 'the backup disk is full', or --title", 2)
  }
  if (options.severity !== undefined && severity === undefined) {
    throw new Refusal(`--severity ${options.severity} is none; there are ${[...severityOf.keys()].join(', ')}`, 2)
  }
  const host = options.host ?? hostname()
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: `urn:sereno:send:${encodeURIComponent(host)}`,
    type,
    time: new Date().toISOString(),
    host,
    ...(subject === undefined ? {} : { subject }),
    ...(severity === undefined ? {} : { severity }),
    datacontenttype: 'application/json',
    data: { ...fields, ...(title === undefined ? {} : { title }), ...(text === '' ? {} : { text }) },
  }
}

/** `--data` names the data folder, as with every command; what is a JSON object is the event's data instead. */
function readData(values: readonly string[]): { folder: string | undefined; fields: JsonObject } {
  const objects = values.filter((value) => value.trimStart().startsWith('{'))
  const folder = values.findLast((value) => !objects.includes(value))
  return { folder, fields: Object.assign({}, ...objects.map(readObject)) as JsonObject }
}

function readObject(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject
  } catch (error) {
    throw new Refusal(`--data ${text} is no JSON object: ${detailOf(error)}`, 2, { cause: error })
  }
}
