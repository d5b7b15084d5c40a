// Makes events of what the session found out: the data fields of the kms family.
import type { JsonObject, NewEvent } from '../../words.ts'
import type { Answer } from './attribution.ts'
import type { Block } from './block.ts'
import { addressOf, type Key, keyText, portOf } from './connections.ts'

export type Outcome = 'answered' | 'refused' | 'unknown' | 'lost'

export interface EventMaker {
  request(block: Block, answer: Answer, outcome: Outcome): NewEvent
  rejected(block: Block, answer: Answer, reason: 'public-ip' | 'unsupported-protocol', protocol?: string): NewEvent
  /** `host`: if the line named one. */
  probe(key: Key, openedAt: number, closedAt: number, host: string | undefined): NewEvent
  anomaly(kind: AnomalyKind, origin: Origin, more: JsonObject): NewEvent
  server(type: 'kms.server-started' | 'kms.server-stopped', origin: Origin, version: string): NewEvent
}

export type AnomalyKind = 'worker-crash' | 'log-injection' | 'incomplete'

/** The line an event comes from. */
export interface Origin {
  readonly at: number
  readonly host: string | undefined
  readonly client?: Key | undefined
}

/** `rangeOf` gives the name of the range an address is in; `host` is where the log is. */
export function createEventMaker(rangeOf: (address: string) => string | undefined, host: string): EventMaker {
  const strangers = new Set<string>()
  const zoneOf = (address: string | undefined): string =>
    (address === undefined ? undefined : rangeOf(address)) ?? 'external'

  function request(block: Block, answer: Answer, outcome: Outcome): NewEvent {
    const { fields } = block
    const client = answer.candidates[0]
    const address = client && addressOf(client.key)
    const port = client && portOf(client.key)
    const { sku, machine, workstation, remaining } = fields
    // One literal: fields added one by one cost several times as much, and there are many.
    const data = {
      client: address,
      port,
      zone: zoneOf(address),
      application: applicationOf(block),
      product: product(block),
      skuId: sku?.id || undefined,
      workstation,
      status: fields.status,
      statusCode: fields.statusCode,
      machine: machine || workstation || address,
      clientMachineId: machine,
      previousClientMachineId: fields.previous,
      protocol: fields.protocol,
      isVirtualMachine: fields.virtual,
      remainingSeconds: remaining === undefined ? undefined : remaining * 60,
      minimumClients: fields.minimum,
      outcome,
      activeClients: fields.active,
      clockSkewSeconds: clockSkew(block),
      attribution: answer.exact ? 'exact' : 'ambiguous',
    }
    const known: Data = isWhole(data) ? data : present(data)
    set(known, 'hresult', fields.hresult)
    set(known, 'reason', fields.reason)
    if (!answer.exact) attribute(known, answer)
    return event(typeOf(block, outcome), block, address, known)
  }

  function rejected(block: Block, answer: Answer, reason: string, protocol?: string): NewEvent {
    const client = answer.candidates[0]
    const address = client && addressOf(client.key)
    const data: Data = clientData(client?.key, address)
    data['reason'] = reason
    set(data, 'protocol', protocol)
    attribute(data, answer)
    return event('kms.rejected', block, address, data)
  }

  function probe(key: Key, openedAt: number, closedAt: number, named: string | undefined): NewEvent {
    const address = addressOf(key)
    const durationSeconds = Math.max(0, (closedAt - openedAt) / 1000)
    const port = portOf(key)
    const zone = zoneOf(address)
    const data =
      port === undefined ? { client: address, zone, durationSeconds } : { client: address, port, zone, durationSeconds }
    return event('kms.probe', { at: openedAt, host: named }, address, data)
  }

  function anomaly(kind: AnomalyKind, origin: Origin, more: JsonObject): NewEvent {
    const { client } = origin
    const address = client === undefined ? undefined : addressOf(client)
    const data: Data = { kind, ...more }
    if (client !== undefined) Object.assign(data, clientData(client, address))
    return event('kms.anomaly', origin, address, data)
  }

  function server(type: 'kms.server-started' | 'kms.server-stopped', origin: Origin, version: string): NewEvent {
    return event(type, origin, undefined, { version })
  }

  function event(type: string, origin: Origin, subject: string | undefined, data: JsonObject): NewEvent {
    const at = origin.host ?? host
    if (origin.at > 0 && subject !== undefined) return { type, time: origin.at, host: at, subject, data }
    if (origin.at > 0) return { type, time: origin.at, host: at, data }
    return subject === undefined ? { type, host: at, data } : { type, host: at, subject, data }
  }

  function clientData(client: Key | undefined, address: string | undefined): Data {
    const data: Data = {}
    if (client !== undefined && address !== undefined) {
      data['client'] = address
      set(data, 'port', portOf(client))
    }
    data['zone'] = zoneOf(address)
    return data
  }

  /** A label: whoever sends made-up ids shall not make an endless number of series. */
  function product(block: Block): string {
    const { sku, product: said } = block.fields
    const name = sku?.name || said || 'unknown'
    if (sku ? !sku.isStrange : said === undefined) return name
    if (strangers.has(name)) return name
    if (strangers.size >= mostStrangers) return 'other'
    strangers.add(name)
    return name
  }

  return { request, rejected, probe, anomaly, server }
}

type Data = { [name: string]: JsonObject[string] }

const mostStrangers = 200
const unknownNames = new Set(['', 'Unknown'])

const applications = new Map([
  ['55c92734-d682-4d71-983e-d6ec3f16059f', 'Windows'],
  ['59a52881-a989-479d-af46-f275c6370663', 'Office 2010'],
  ['0ff1ce15-a989-479d-af46-f275c6370663', 'Office 2013+'],
])

/** Field by field, since a loop over the names would take longer than all else about an event. */
function isWhole(data: { readonly [name: string]: JsonObject[string] | undefined }): data is Data {
  return (
    data.client !== undefined &&
    data.port !== undefined &&
    data.application !== undefined &&
    data.skuId !== undefined &&
    data.workstation !== undefined &&
    data.status !== undefined &&
    data.statusCode !== undefined &&
    data.machine !== undefined &&
    data.clientMachineId !== undefined &&
    data.previousClientMachineId !== undefined &&
    data.protocol !== undefined &&
    data.isVirtualMachine !== undefined &&
    data.remainingSeconds !== undefined &&
    data.minimumClients !== undefined &&
    data.activeClients !== undefined &&
    data.clockSkewSeconds !== undefined
  )
}

/** Without the fields that are not known. */
function present(data: { readonly [name: string]: JsonObject[string] | undefined }): Data {
  const known: Data = {}
  for (const [name, value] of Object.entries(data)) set(known, name, value)
  return known
}

function set(data: Data, name: string, value: JsonObject[string] | undefined): void {
  if (value !== undefined) data[name] = value
}

function typeOf(block: Block, outcome: Outcome): string {
  if (outcome === 'refused') return 'kms.refused'
  return block.fields.statusCode === 1 ? 'kms.renewal' : 'kms.activation'
}

function attribute(data: Data, answer: Answer): void {
  data['attribution'] = answer.exact ? 'exact' : 'ambiguous'
  if (!answer.exact) data['candidates'] = answer.candidates.map((one) => keyText(one.key))
}

function applicationOf(block: Block): string | undefined {
  const { application } = block.fields
  if (!application) return undefined
  if (!unknownNames.has(application.name)) return application.name
  return applications.get(application.id) ?? (application.id || undefined)
}

/** How far the client's clock is ahead of the server's. */
function clockSkew(block: Block): number | undefined {
  const { clientTime } = block.fields
  if (clientTime === undefined || Number.isNaN(clientTime) || !block.stamped) return undefined
  return (clientTime - block.at) / 1000
}
