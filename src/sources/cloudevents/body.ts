// The ways CloudEvents travel over HTTP: as a body (one or a batch), or as data with the attributes in headers.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
import { readJson } from '../../lib/read-json.ts'
import type { SourceRequest } from '../../source.ts'

export type Body =
  | { readonly elements: readonly unknown[] }
  | { readonly status: 400 | 413 | 415; readonly error: string }

const mostEvents = 1000

export function readBody(request: SourceRequest): Body {
  const type = mediaTypeOf(request)
  if (type.startsWith('application/cloudevents')) {
    if (/^application\/cloudevents(-batch)?(\+json)?$/.test(type)) return readStructured(request.body)
    const error = `${type.slice(0, 100)} is not read here; send application/cloudevents+json.`
    return { status: 415, error }
  }
  // One of the four says what is meant; if another is missing, the event's own check names it.
  const isBinary = ['specversion', 'id', 'source', 'type'].some((name) => request.headers[`ce-${name}`] !== undefined)
  return isBinary ? readBinary(request, type) : readStructured(request.body)
}

function readStructured(body: Uint8Array): Body {
  const read = readJson(body, 'The body')
  if ('error' in read) return { status: 400, error: read.error }
  const elements: readonly unknown[] = Array.isArray(read.value) ? read.value : [read.value]
  if (elements.length <= mostEvents) return { elements }
  return { status: 413, error: `A batch may have ${mostEvents} events, this one has ${elements.length}; send several.` }
}

function readBinary({ headers, body }: SourceRequest, type: string): Body {
  const element: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-') && value !== undefined) element[name.slice(3)] = decodeHeader(value)
  }
  if (type !== '') element['datacontenttype'] = type
  if (body.byteLength === 0) return { elements: [element] }
  if (/[/+]json$/.test(type)) {
    const read = readJson(body, 'The data')
    return 'error' in read ? { status: 400, error: read.error } : { elements: [{ ...element, data: read.value }] }
  }
  const bytes = toBuffer(body)
  const isText = type === '' || type.startsWith('text/') || /[/+]xml$/.test(type)
  return {
    elements: [{ ...element, ...(isText ? { data: bytes.toString() } : { data_base64: bytes.toString('base64') }) }],
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function mediaTypeOf({ headers }: SourceRequest): string {
  const header = headers['content-type'] ?? ''
  const end = header.indexOf(';')
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase()
}

function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    // Not percent-encoded after all: what was sent is what was meant.
    return value
  }
}
