// One request as the log tells it, line by line: which label comes next, and what the labels said.
import { createInterner, guid, maxName, type NamedId, readInteger, readNamedId, readStatus, readUtc } from './values.ts'
import type { Connection } from './connections.ts'
import { form, type Line } from './line.ts'
import { type Product, toProduct } from './products.ts'

export interface Block {
  /** Number of its first line. */
  readonly id: number
  readonly at: number
  readonly stamped: boolean
  readonly host: string | undefined
  readonly pid: number
  /** Two lines instead of two dozen (vlmcsd without -v). */
  readonly short: boolean
  /** Which connections may have asked, oldest first; not all of them if `many`. */
  candidates: Connection[]
  many: boolean
  /** No other connection was open when it began, or the pid names it: proof without further thought. */
  sole: boolean
  /** Its lines and those of another block could not be told apart. */
  mixed: boolean
  /** Its response may be that of another block, until it names the machine. */
  contended: boolean
  /** Its first line may have been forged by a workstation name. */
  suspect: boolean
  /** No label was missing so far. */
  gapless: boolean
  /** Index in `steps` of the label that comes next. */
  step: number
  lastId: number
  lastAt: number
  /** What stands before its lines. */
  layout: Line['layout']
  /** Counts changes; the row on disk is of `storedVersion`, 0 if there is none. */
  version: number
  storedVersion: number
  readonly fields: Fields
}

/** What the labels said so far. */
export interface Fields {
  protocol: string | undefined
  virtual: boolean | undefined
  statusCode: number | undefined
  status: string | undefined
  remaining: number | undefined
  application: NamedId | undefined
  sku: Product | undefined
  machine: string | undefined
  previous: string | undefined
  clientTime: number | undefined
  workstation: string | undefined
  minimum: number | undefined
  active: number | undefined
  /** vlmcsd's own word for the product, in short logs. */
  product: string | undefined
  hresult: string | undefined
  reason: string | undefined
}

/** The labels in their fixed order: twelve of the request, nine of the response. */
export const steps: readonly number[] = [
  form.protocol,
  form.virtual,
  form.status,
  form.remaining,
  form.application,
  form.sku,
  form.counted,
  form.machine,
  form.previous,
  form.clientTime,
  form.workstation,
  form.minimum,
  form.response,
  form.protocol,
  form.epid,
  form.hardware,
  form.machine,
  form.clientTime,
  form.active,
  form.renewal,
  form.retry,
]

export const step = { minimum: 11, response: 12, hardware: 15, machine: 16, clientTime: 17, end: 21 } as const

/** Whether the line is the one that the block waits for; a protocol below 6 answers without a hardware id. */
export function isNext(block: Block, line: Line): boolean {
  if (steps[block.step] === line.form) return true
  return block.step === step.hardware && line.form === form.machine && (block.fields.protocol ?? '6') < '6'
}

/** The step that the line would be if labels before it are missing; -1 when it comes too late for that. */
export function laterStep(block: Block, line: Line): number {
  return block.short ? -1 : steps.indexOf(line.form, block.step)
}

/** Whether a label that came too late was still missing: some logs have their lines in another order. */
export function isMissing(block: Block, line: Line): boolean {
  const { fields } = block
  if (line.form === form.protocol) return fields.protocol === undefined
  if (line.form === form.virtual) return fields.virtual === undefined
  if (line.form === form.status) return fields.status === undefined
  if (line.form === form.remaining) return fields.remaining === undefined
  if (line.form === form.application) return fields.application === undefined
  if (line.form === form.sku) return fields.sku === undefined
  if (line.form === form.machine) return fields.machine === undefined
  if (line.form === form.previous) return fields.previous === undefined
  if (line.form === form.clientTime) return fields.clientTime === undefined
  if (line.form === form.workstation) return fields.workstation === undefined
  return false
}

/** A response repeats the machine and the time of its request: what differs belongs to another. */
export function agrees(block: Block, line: Line): boolean {
  const { bytes, value, end } = line
  const { machine, clientTime } = block.fields
  if (line.form === form.machine) {
    return machine === undefined || readMachine(line, value, end) === machine
  }
  if (line.form === form.clientTime)
    return clientTime === undefined || Object.is(readUtc(bytes, value, end), clientTime)
  return true
}

/** Keeps what the line says, if it belongs to the request or is worth keeping of the response. */
export function keep(block: Block, line: Line, isResponse: boolean): void {
  const { fields } = block
  const { bytes, value, end } = line
  if (isResponse) {
    if (line.form === form.active) fields.active = readInteger(bytes, value, end)
    return
  }
  switch (line.form) {
    case form.protocol:
      fields.protocol = readShort(line, value, end)
      break
    case form.virtual:
      fields.virtual = bytes[value] === 0x59
      break
    case form.status: {
      const status = internStatus(line, value, end)
      fields.statusCode = status.code
      fields.status = status.words
      break
    }
    case form.remaining:
      fields.remaining = readInteger(bytes, value, end)
      break
    case form.application:
      fields.application = internId(line, value, end)
      break
    case form.sku:
      fields.sku = internProduct(line, value, end)
      break
    case form.machine:
      fields.machine = readMachine(line, value, end)
      break
    case form.previous:
      fields.previous = readMachine(line, value, end)
      break
    case form.clientTime:
      fields.clientTime = readUtc(bytes, value, end)
      break
    case form.workstation:
      fields.workstation = readName(line, value, end)
      break
    case form.minimum:
      fields.minimum = readInteger(bytes, value, end)
      break
  }
}

/** The words of a short log: `KMS v6.0 request from HOST for PRODUCT`; the host may say " for " itself. */
export function keepShort(block: Block, text: string): void {
  const from = text.indexOf(' request from ')
  const name = text.lastIndexOf(' for Virtual Desktops') > from ? text.lastIndexOf(' for ', text.length - 21) : -1
  const split = Math.max(from + 13, name > 0 ? name : text.lastIndexOf(' for '))
  block.fields.protocol = text.slice(0, from).slice(0, 16)
  block.fields.workstation = text.slice(from + 14, split).slice(0, maxName)
  const product = text.slice(split + 5).slice(0, maxName)
  if (guid.test(product)) block.fields.sku = toProduct(product.toLowerCase(), '')
  else block.fields.product = product
}

/** `Refusing unknown product (0xC004F042)` */
export function keepRefusal(block: Block, line: Line): void {
  block.fields.hresult = readShort(line, line.value, line.end - 1)
  block.fields.reason = readShort(line, line.start, line.value - 2)
}

/** The machine behind a request: its own id, else its name; undefined when it says neither. */
export function identityOf(block: Block): string | undefined {
  const { machine, workstation } = block.fields
  if (machine !== undefined && machine !== '') return machine
  return workstation === undefined || workstation === '' ? undefined : `name ${workstation}`
}

/** Whether an identity is a name; a name and an id cannot be compared. */
export function isName(identity: string): boolean {
  // Ids begin with a hexadecimal digit, which is quicker to see.
  return identity.charCodeAt(0) === 0x6e && identity.startsWith('name ')
}

export function createBlock(id: number, line: Line, short: boolean): Block {
  return {
    id,
    at: line.at,
    stamped: line.stamped,
    host: line.host,
    pid: line.pid,
    short,
    candidates: [],
    many: false,
    sole: false,
    mixed: false,
    contended: false,
    suspect: false,
    gapless: true,
    step: 0,
    lastId: id,
    lastAt: line.at,
    layout: line.layout,
    version: 1,
    storedVersion: 0,
    fields: createFields(),
  }
}

/** All fields from the start: objects of one shape are faster and smaller. */
export function createFields(): Fields {
  return {
    protocol: undefined,
    virtual: undefined,
    statusCode: undefined,
    status: undefined,
    remaining: undefined,
    application: undefined,
    sku: undefined,
    machine: undefined,
    previous: undefined,
    clientTime: undefined,
    workstation: undefined,
    minimum: undefined,
    active: undefined,
    product: undefined,
    hresult: undefined,
    reason: undefined,
  }
}

const internStatus = createInterner(readStatus)
const internId = createInterner(readNamedId)
const internProduct = createInterner((text) => {
  const { id, name } = readNamedId(text)
  return toProduct(id, name)
})
const readShort = createInterner((text) => text.slice(0, maxName))
const readMachine = createInterner((text) => text.trimEnd().slice(0, 36), 2048, 40)
const readName = createInterner((text) => text.trimEnd().slice(0, maxName), 2048, 64)
