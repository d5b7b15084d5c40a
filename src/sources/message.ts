// POST /message: a script's message, as a form (the Janitor's wire, its answers kept) or as JSON.
import { z } from 'zod'
import { jsonDepth } from '../lib/json-depth.ts'
import { createPace } from '../lib/pace.ts'
import type { SourceKind, SourceRequest, SourceResponse, SourceTools } from '../source.ts'
import type { NewEvent, Severity } from '../words.ts'

const severityOf = {
  none: 'info',
  info: 'info',
  warning: 'warning',
  error: 'error',
  alarm: 'critical',
  alert: 'critical',
  critical: 'critical',
  page: 'critical',
} as const satisfies { readonly [messageType: string]: Severity }

type MessageType = keyof typeof severityOf

const options = z.strictObject({
  perMinute: z
    .int()
    .min(1)
    .optional()
    .describe(
      'So many messages are taken from one address in a minute; more are refused with 429. Default: any number.',
    ),
})

type Options = z.output<typeof options>

const mostDepth = 64
const keyLength = 255

export default {
  about: 'Takes messages from scripts at POST /message, as a form or as JSON.',
  options,
  example: { open: ['127.0.0.0/8'], perMinute: 60 },
  async start({ perMinute }, tools) {
    const pace = perMinute === undefined ? undefined : createPace({ burst: perMinute, perSecond: perMinute / 60 })
    tools.route('POST', '/message', async (request) => {
      const waitMs = pace?.waitMs(request.remote, tools.now()) ?? 0
      return waitMs > 0 ? tooMany(waitMs) : take(request, tools)
    })
  },
} satisfies SourceKind<Options>

function tooMany(waitMs: number): SourceResponse {
  const seconds = String(Math.ceil(waitMs / 1000))
  const error = `Too many messages from this address; wait ${seconds} s.`
  return { status: 429, body: { error }, headers: { 'retry-after': seconds } }
}

async function take(request: SourceRequest, tools: SourceTools): Promise<SourceResponse> {
  const fields = await readFields(request)
  if (typeof fields === 'string') return refuse(fields)
  const { message, hostname, message_type: word } = fields
  // The original's own words, in its order; its clients know them. Empty texts pass.
  if (typeof message !== 'string') return refuse('Expected string under a "message" variable was not present.')
  if (typeof hostname !== 'string') return refuse('Expected string under a "hostname" variable was not present.')
  const messageType = readMessageType(word)
  if (messageType === undefined) {
    const given = (JSON.stringify(word) ?? '').slice(0, 100)
    return refuse(`message_type ${given} is not known; allowed are ${Object.keys(severityOf).join(', ')}.`)
  }
  const { summary } = fields
  if (summary != null && typeof summary !== 'string') return refuse('summary must be a string.')
  const id = request.headers['idempotency-key']?.trim() ?? ''
  if (id.length > keyLength) return refuse(`Idempotency-Key is longer than ${keyLength} characters.`)
  const event = toEvent({ message, hostname, summary: summary ?? '', messageType })
  const identity = { producer: hostname || request.remote, id }
  await tools.emit({ events: [id === '' ? event : { ...event, identity }] })
  // As JSON, which is how the original says it.
  return { status: 200, body: 200 }
}

interface Told {
  readonly message: string
  readonly hostname: string
  readonly summary: string
  readonly messageType: MessageType
}

function toEvent({ message, hostname, summary, messageType }: Told): NewEvent {
  return {
    type: 'message',
    ...(hostname === '' ? {} : { host: hostname }),
    severity: severityOf[messageType],
    data: { message, messageType, ...(summary === '' ? {} : { summary }) },
    ...(summary === '' ? {} : { title: summary }),
    text: message,
  }
}

/** Absent or empty is none: a script whose variable is unset still has something to say. */
function readMessageType(word: unknown): MessageType | undefined {
  if (word == null || word === '') return 'none'
  if (typeof word !== 'string') return undefined
  const lower = word.toLowerCase()
  return Object.hasOwn(severityOf, lower) ? (lower as MessageType) : undefined
}

type Fields = { readonly [name in 'message' | 'hostname' | 'summary' | 'message_type']?: unknown }

/** The fields, or what is wrong with the body as a sentence. */
async function readFields({ headers, body }: SourceRequest): Promise<Fields | string> {
  const header = headers['content-type'] ?? ''
  const type = header.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/json') return readJson(body)
  if (type === 'multipart/form-data') return readMultipart(header, body)
  return pick(new URLSearchParams(new TextDecoder().decode(body)))
}

function readJson(body: Uint8Array): Fields | string {
  if (jsonDepth(body) > mostDepth) return `The body is nested deeper than ${mostDepth} levels.`
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    return 'The body is no JSON object; send {"hostname": "…", "message": "…"}.'
  } catch (error) {
    return `The body is no JSON, though its content type says so: ${error instanceof Error ? error.message.slice(0, 200) : ''}.`
  }
}

/** As `curl -F` sends it. */
async function readMultipart(type: string, body: Uint8Array): Promise<Fields | string> {
  try {
    return pick(await new Response(Buffer.from(body), { headers: { 'content-type': type } }).formData())
  } catch {
    return 'The body is no multipart form, though its content type says so.'
  }
}

/** Of a field given twice, the first counts. */
function pick(form: { get(name: string): unknown }): Fields {
  const [message, hostname, summary, type] = ['message', 'hostname', 'summary', 'message_type'].map((name) =>
    form.get(name),
  )
  return { message, hostname, summary, message_type: type }
}

function refuse(error: string): SourceResponse {
  return { status: 400, body: { error } }
}
