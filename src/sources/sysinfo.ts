// POST /sysinfo: what the Janitor's remotes send of their hosts, answered as they know it; each post is a sample, as a fact.
import { z } from 'zod'
import { createKnownNames, type KnownNames } from '../lib/known-names.ts'
import { createPace, type Pace } from '../lib/pace.ts'
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
  hosts: z
    .int()
    .min(1)
    .max(100_000)
    .default(1000)
    .describe(
      'So many different hosts are taken; what further ones post is refused with 429, lest somebody fills the store with made-up names. One that was not heard for a week makes room.',
    ),
  perMinute: z
    .int()
    .min(1)
    .optional()
    .describe('So many samples of one host are taken in a minute; more are refused with 429. Default: any number.'),
})

type Options = z.output<typeof options>

/** Far more than a sample of any size that is kept. */
const mostBytes = 1024 * 1024
const hostLength = 253
const nameLength = 200
const forgottenAfterMs = 7 * 86_400_000
const rowPrefix = 'host '

export default {
  about:
    'Takes samples of other hosts at POST /sysinfo, as JSON {"sys_data": {"hostname": "…", "cpu_percent": 12.5, …}}; any metric that is a number is kept.',
  options,
  example: { open: ['10.0.0.0/8'] },
  async start(given, tools) {
    const names = createKnownNames({ most: given.hosts, forgottenAfterMs, saved: savedNames(tools) })
    const { perMinute } = given
    const pace = perMinute === undefined ? undefined : createPace({ burst: perMinute, perSecond: perMinute / 60 })
    const desk: Desk = { ...given, names, tools, isTold: false, pace }
    tools.route('POST', '/sysinfo', (request) => take(request, desk))
  },
} satisfies SourceKind<Options>

interface Desk extends Options {
  readonly names: KnownNames
  readonly tools: SourceTools
  /** The log says once that there is no room. */
  isTold: boolean
  readonly pace: Pace | undefined
}

async function take({ body }: SourceRequest, desk: Desk): Promise<SourceResponse> {
  const { every: everyMs } = desk
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
  return keep(readHost(hostname), sample, desk)
}

async function keep(host: string, sample: HostSample, desk: Desk): Promise<SourceResponse> {
  const { names, tools, pace } = desk
  const now = tools.now()
  const waitMs = pace?.waitMs(host, now) ?? 0
  if (waitMs > 0) return tooOften(waitMs)
  const taken = names.take(host, now)
  if (taken.as === 'full') return tooMany(host, desk)
  const batch = { facts: [toSampleFact(host, sample)] }
  if (taken.as === 'known') await tools.emit(batch)
  else {
    const rows = { put: [[rowOf(host), { v: 1, at: now }]] as const, delete: taken.dropped.map(rowOf) }
    try {
      await tools.emit(batch, rows)
    } catch (error) {
      names.drop(host)
      throw error
    }
  }
  // As JSON, which is how the original says it.
  return { status: 200, body: 200 }
}

function tooOften(waitMs: number): SourceResponse {
  const seconds = Math.ceil(waitMs / 1000)
  const error = `More samples of this host than are taken; try again in ${seconds} s.`
  return { status: 429, body: { error }, headers: { 'retry-after': String(seconds) } }
}

function tooMany(host: string, desk: Desk): SourceResponse {
  const error = `Samples of ${desk.hosts} hosts are taken already, which is the most; raise hosts of this source if ${host} is to be one of them.`
  if (!desk.isTold) desk.tools.log.warn(error, { source: desk.tools.name })
  desk.isTold = true
  return { status: 429, body: { error } }
}

function rowOf(host: string): string {
  return rowPrefix + host
}

function* savedNames({ place }: SourceTools): Generator<readonly [name: string, at: number]> {
  for (const [key, value] of place.saved ?? []) {
    const at = isObject(value) ? value['at'] : undefined
    if (key.startsWith(rowPrefix) && typeof at === 'number') yield [key.slice(rowPrefix.length), at]
  }
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
  const cleaned = typeof name === 'string' ? clean(name, hostLength) : ''
  // Addresses lose a step of one or two dots, so that no page could show such a host, nor could it be forgotten.
  return /^\.{0,2}$/.test(cleaned) ? 'unknown host' : cleaned
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
