// POST /sysinfo: what the Janitor's remotes send of their hosts, answered as they know it; each post is a sample, as a fact.
import { z } from 'zod'
import { createPace } from '../lib/pace.ts'
import { cut, printable } from '../lib/printable.ts'
import { withoutNonNumbers } from '../lib/python-json.ts'
import { readJson } from '../lib/read-json.ts'
import { duration } from '../lib/schema.ts'
import type { SourceKind, SourceRequest, SourceResponse, SourceTools } from '../source.ts'
import { type HostSample, mostSeries, toSampleFact } from '../source-sample.ts'

const options = z.strictObject({
  every: duration({ minMs: 1000 })
    .optional()
    .describe('How often each host posts, so that one that falls silent is known. Default: nobody said.'),
  perMinute: z
    .int()
    .min(1)
    .optional()
    .describe(
      'So many samples are taken from one address in a minute, of whatever hosts; more are refused with 429. Default: any number.',
    ),
})

type Options = z.output<typeof options>

/** Far more than a sample of any size that is kept. */
const mostBytes = 1024 * 1024
const hostLength = 253
const nameLength = 200

export default {
  about:
    'Takes samples of other hosts at POST /sysinfo, as JSON {"sys_data": {"hostname": "…", "cpu_percent": 12.5, …}}; any metric that is a number is kept.',
  options,
  example: { open: ['10.0.0.0/8'] },
  async start({ every, perMinute }, tools) {
    const pace = perMinute === undefined ? undefined : createPace({ burst: perMinute, perSecond: perMinute / 60 })
    tools.route('POST', '/sysinfo', async (request) => {
      const waitMs = pace?.waitMs(request.remote, tools.now()) ?? 0
      return waitMs > 0 ? tooMany(waitMs) : take(request, every, tools)
    })
  },
} satisfies SourceKind<Options>

function tooMany(waitMs: number): SourceResponse {
  const seconds = String(Math.ceil(waitMs / 1000))
  const error = `Too many samples from this address; wait ${seconds} s.`
  return { status: 429, body: { error }, headers: { 'retry-after': seconds } }
}

async function take({ body }: SourceRequest, everyMs: number | undefined, tools: SourceTools): Promise<SourceResponse> {
  if (body.byteLength > mostBytes) {
    const error = `The body is larger than ${mostBytes} bytes, the most that is taken here; at most ${mostSeries} metrics are kept.`
    return { status: 413, body: { error } }
  }
  const read = readSysData(body)
  if ('error' in read) return { status: 400, body: { error: read.error } }
  // The original's own words; its clients know them.
  if (!isObject(read.value)) return { status: 400, body: { message: { sys_data: 'No sys_data provided' } } }
  const { hostname, ...rest } = read.value
  const sample: HostSample = {
    metrics: readMetrics(rest),
    ...(everyMs === undefined ? {} : { everySeconds: everyMs / 1000 }),
  }
  await tools.emit({ facts: [toSampleFact(readHost(hostname), sample)] })
  // As JSON, which is how the original says it.
  return { status: 200, body: 200 }
}

/** The value of sys_data, or what is wrong with the body as a sentence. */
function readSysData(bytes: Uint8Array): { readonly value: unknown } | { readonly error: string } {
  const read = readJson(bytes, 'The body')
  // Python writes NaN where there is no number, and its clients may not notice.
  const value = 'value' in read ? read.value : readAgain(bytes)
  if (value === undefined && 'error' in read) return read
  return { value: isObject(value) ? value['sys_data'] : undefined }
}

function readAgain(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes)
  const mended = withoutNonNumbers(text)
  if (mended === text) return undefined
  const read = readJson(Buffer.from(mended), 'The body')
  return 'value' in read ? read.value : undefined
}

/** Names are the sender's own: made fit for one line, and cut. Of two that are then alike, the first counts. */
function readMetrics(given: { readonly [name: string]: unknown }): HostSample['metrics'] {
  const kept = new Map<string, number>()
  for (const [name, value] of Object.entries(given)) {
    if (kept.size >= mostSeries) break
    if (typeof value !== 'number' || !Number.isFinite(value)) continue
    const series = clean(name, nameLength)
    if (series !== '' && !kept.has(series)) kept.set(series, value)
  }
  return Object.fromEntries(kept)
}

/** As the original calls a host that does not say its name. */
function readHost(hostname: unknown): string {
  const name = typeof hostname === 'number' ? String(hostname) : hostname
  return (typeof name === 'string' ? clean(name, hostLength) : '') || 'unknown host'
}

function clean(text: string, most: number): string {
  // Cut first: what is shown for a control character is longer than it.
  return cut(
    printable(
      text
        .slice(0, 4 * most)
        .toWellFormed()
        .trim(),
    ),
    most,
  )
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
