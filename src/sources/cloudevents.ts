// POST /api/v1/events: CloudEvents 1.0, one or many, in the body or in headers. https://github.com/cloudevents/spec
import { z } from 'zod'
import { jsonDepth } from '../lib/json-depth.ts'
import type { Rejected, SourceKind, SourceRequest, SourceResponse, SourceTools } from '../source.ts'
import { type Condition, type Json, type JsonObject, type NewEvent, severities, type Severity } from '../words.ts'

/** Deeper than any sender means; JSON.parse would go on until the stack ends. */
const mostDepth = 64
const mostEvents = 1000
const rawKept = 4096

export default {
  about: 'Takes CloudEvents 1.0 at POST /api/v1/events: structured, batched or binary.',
  options: z.strictObject({}),
  example: { open: ['10.0.0.0/8'] },
  async start(_options, tools) {
    tools.route('POST', '/api/v1/events', (request) => take(request, tools))
  },
} satisfies SourceKind<Record<string, never>>

async function take(request: SourceRequest, tools: SourceTools): Promise<SourceResponse> {
  const read = readBody(request)
  if ('error' in read) return { status: read.status, body: { error: read.error } }
  const events: NewEvent[] = []
  const invalid: { index: number; message: string }[] = []
  const rejected: Rejected[] = []
  for (const [index, element] of read.elements.entries()) {
    const event = readCloudEvent(element)
    if (typeof event !== 'string') {
      events.push(event)
      continue
    }
    invalid.push({ index, message: event })
    rejected.push({ raw: JSON.stringify(element).slice(0, rawKept), message: event })
  }
  const { ids, accepted, duplicates } = await tools.emit(events, {}, rejected)
  const status = events.length === 0 && invalid.length > 0 ? 400 : 202
  return { status, body: { accepted, duplicates, invalid, ids } }
}

type Body = { readonly elements: readonly unknown[] } | { readonly status: number; readonly error: string }

function readBody(request: SourceRequest): Body {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (request.headers['ce-specversion'] !== undefined) return readBinary(request, type)
  const bytes = request.body
  if (jsonDepth(bytes) > mostDepth) return { status: 400, error: `The body is nested deeper than ${mostDepth} levels.` }
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
  } catch (error) {
    const where = error instanceof Error ? error.message : String(error)
    return { status: 400, error: `The body is no JSON: ${where.slice(0, 200)}.` }
  }
  const elements: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (elements.length <= mostEvents) return { elements }
  return { status: 413, error: `A batch may have ${mostEvents} events, this one has ${elements.length}; send several.` }
}

/** Binary mode: attributes in `ce-` headers, the data in the body. */
function readBinary({ headers, body }: SourceRequest, type: string): Body {
  const element: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-') && value !== undefined) element[name.slice(3)] = decodeHeader(value)
  }
  const text = new TextDecoder().decode(body)
  if (text === '') return { elements: [element] }
  if (!/[/+]json$/.test(type)) return { elements: [{ ...element, data: text }] }
  if (jsonDepth(body) > mostDepth) return { status: 400, error: `The data is nested deeper than ${mostDepth} levels.` }
  try {
    return { elements: [{ ...element, data: JSON.parse(text) as unknown }] }
  } catch {
    return { status: 400, error: 'The data is no JSON, though its content type says so.' }
  }
}

function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    // Not percent-encoded after all: what was sent is what was meant.
    return value
  }
}

const known = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'time',
  'subject',
  'datacontenttype',
  'dataschema',
  'data',
  'data_base64',
  'severity',
  'host',
  'condition',
  'state',
])

/** The event, or what is wrong with the element as a sentence. */
export function readCloudEvent(element: unknown): NewEvent | string {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) return 'an event is a JSON object'
  const given = element as { readonly [name: string]: unknown }
  const { specversion, id, source, type, time, subject, severity, host } = given
  if (specversion !== '1.0') return `specversion must be "1.0", not ${shown(specversion)}`
  if (!isText(id)) return `id must be a text that is not empty, not ${shown(id)}`
  if (!isText(source)) return `source must be a text that is not empty, not ${shown(source)}`
  if (!isText(type)) return `type must be a text that is not empty, not ${shown(type)}`
  if (type.startsWith('sereno.')) return `type ${shown(type)} is for Sereno's own events; choose another`
  const at = readTime(time)
  if (typeof at === 'string') return at
  if (subject !== undefined && !isText(subject))
    return `subject must be a text that is not empty, not ${shown(subject)}`
  if (host !== undefined && !isText(host)) return `host must be a text that is not empty, not ${shown(host)}`
  const level = readSeverity(severity)
  if (level !== undefined && !isSeverity(level)) {
    return `severity must be one of ${severities.join(', ')}, not ${shown(severity)}`
  }
  const condition = readCondition(given)
  if (typeof condition === 'string') return condition
  const data = readData(given)
  return {
    type,
    ...(at === undefined ? {} : { time: at }),
    ...(host === undefined ? {} : { host }),
    ...(subject === undefined ? {} : { subject }),
    ...(level === undefined ? {} : { severity: level }),
    labels: readLabels(given, source),
    ...data,
    ...(condition === undefined ? {} : { condition }),
    identity: { producer: source, id },
  }
}

function readTime(time: unknown): number | undefined | string {
  if (time === undefined) return undefined
  const at =
    typeof time === 'string' && /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/.test(time) ? Date.parse(time) : Number.NaN
  return Number.isNaN(at) ? `time must be an RFC 3339 time such as 2026-11-20T03:00:00Z, not ${shown(time)}` : at
}

const otherWords: { readonly [word: string]: Severity } = {
  none: 'info',
  alarm: 'critical',
  alert: 'critical',
  page: 'critical',
}

function readSeverity(severity: unknown): unknown {
  return typeof severity === 'string' ? (otherWords[severity] ?? severity) : severity
}

function isSeverity(value: unknown): value is Severity {
  return severities.some((severity) => severity === value)
}

function readCondition(given: { readonly [name: string]: unknown }): Condition | undefined | string {
  const { condition, state } = given
  if (condition === undefined)
    return state === undefined ? undefined : 'state without condition: name the condition it is of'
  if (!isText(condition)) return `condition must be a text that is not empty, not ${shown(condition)}`
  if (state !== 'firing' && state !== 'changed' && state !== 'resolved') {
    return `state must be firing, changed or resolved, not ${shown(state)}`
  }
  return { key: condition, state }
}

/** An object's `title` and `text` are what a person reads; anything but an object is kept as `value`. */
function readData({
  data,
  data_base64: base64,
}: {
  readonly [name: string]: unknown
}): Pick<NewEvent, 'data' | 'title' | 'text'> {
  if (data === undefined) return isText(base64) ? { data: { base64 } } : {}
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return { data: { value: data as Json } }
  const { title, text } = data as JsonObject
  return { data: data as JsonObject, ...(isText(title) ? { title } : {}), ...(isText(text) ? { text } : {}) }
}

/** Extension attributes are labels; the spec allows them to be texts, numbers and truth values. */
function readLabels(given: { readonly [name: string]: unknown }, source: string): { readonly [name: string]: string } {
  const labels: Record<string, string> = { producer: source.slice(0, 256) }
  for (const name in given) {
    if (known.has(name)) continue
    const value = given[name]
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      labels[name.slice(0, 64)] = String(value).slice(0, 256)
    }
  }
  return labels
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing').slice(0, 100)
}
