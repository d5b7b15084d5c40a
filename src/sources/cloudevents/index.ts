// POST /api/v1/events: CloudEvents 1.0, one or many, in the body or in headers.
import { z } from 'zod'
import { cutBytes } from '../../lib/text.ts'
import type { Rejected, SourceKind, SourceRequest, SourceResponse, SourceTools } from '../../source.ts'
import type { NewEvent } from '../../words.ts'
import { readBody } from './body.ts'
import { readCloudEvent } from './event.ts'
import { createCloudEventReader, rawBytes } from './reader.ts'

export default {
  about: 'Takes CloudEvents 1.0 at POST /api/v1/events: structured, batched or binary.',
  options: z.strictObject({}),
  example: { open: ['10.0.0.0/8'] },
  reader: createCloudEventReader,
  async start(_options, tools) {
    tools.route('POST', '/api/v1/events', (request) => take(request, tools))
  },
} satisfies SourceKind<Record<string, never>>

/** What is wrong in a batch is named by its place and kept as it came; what is right beside it is taken. */
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
    rejected.push({ raw: cutBytes(JSON.stringify(element), rawBytes), message: event })
  }
  if (read.elements.length === 0) return { status: 202, body: { accepted: 0, duplicates: 0, invalid, ids: [] } }
  const { ids, accepted, duplicates } = await tools.emit({ events, rejected })
  return { status: events.length === 0 ? 400 : 202, body: { accepted, duplicates, invalid, ids } }
}
