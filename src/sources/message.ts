// POST /message: a script's message, as a form (the Janitor's wire, its answers kept) or as JSON.
import { z } from 'zod'
import type { SourceKind, SourceRequest, SourceResponse, SourceTools } from '../source.ts'
import type { NewEvent, Severity } from '../words.ts'

const severityOf: { readonly [messageType: string]: Severity } = {
  none: 'info',
  info: 'info',
  warning: 'warning',
  error: 'error',
  alarm: 'critical',
  alert: 'critical',
  critical: 'critical',
  page: 'critical',
}

export default {
  about: 'Takes messages from scripts at POST /message, as a form or as JSON.',
  options: z.strictObject({}),
  example: { open: ['127.0.0.0/8'] },
  async start(_options, tools) {
    tools.route('POST', '/message', (request) => take(request, tools))
  },
} satisfies SourceKind<Record<string, never>>

async function take(request: SourceRequest, tools: SourceTools): Promise<SourceResponse> {
  const read = readFields(request)
  if ('error' in read) return refuse(read.error)
  const { fields } = read
  for (const name of ['message', 'hostname'] as const) {
    // The original's own words, which its clients know.
    if (fields[name] === undefined) return refuse(`Expected string under a "${name}" variable was not present.`)
  }
  const messageType = (fields['message_type'] ?? 'none').toLowerCase()
  if (!Object.hasOwn(severityOf, messageType)) {
    return refuse(
      `message_type "${messageType.slice(0, 100)}" is unknown; there are ${Object.keys(severityOf).join(', ')}.`,
    )
  }
  await tools.emit([toEvent(fields, messageType, request)])
  return { status: 200, body: '200' }
}

type Fields = { readonly [name: string]: string | undefined }

function toEvent(fields: Fields, messageType: string, request: SourceRequest): NewEvent {
  const { hostname = '', message = '', summary } = fields
  const id = request.headers['idempotency-key']
  return {
    type: 'message',
    ...(hostname === '' ? {} : { host: hostname }),
    severity: severityOf[messageType] ?? 'info',
    data: { message, messageType, ...(summary === undefined ? {} : { summary }) },
    ...(summary === undefined || summary === '' ? {} : { title: summary }),
    text: message,
    ...(id === undefined || id === '' ? {} : { identity: { producer: hostname, id: id.slice(0, 256) } }),
  }
}

function readFields({ headers, body }: SourceRequest): { readonly fields: Fields } | { readonly error: string } {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  const text = new TextDecoder().decode(body)
  if (type !== 'application/json') return { fields: Object.fromEntries(new URLSearchParams(text)) }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { error: 'Expected a JSON object.' }
    return { fields: onlyStrings(value) }
  } catch {
    return { error: 'The body is no JSON, though its content type says so.' }
  }
}

/** Numbers count as they are written; anything else is as if it were not there. */
function onlyStrings(value: object): Fields {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]: [string, unknown]) =>
      typeof one === 'string' || typeof one === 'number' ? [[name, String(one)]] : [],
    ),
  )
}

function refuse(error: string): SourceResponse {
  return { status: 400, body: { error } }
}
