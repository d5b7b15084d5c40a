// /api/v1/heartbeat/NAME: what a job calls to say that it runs; each call is a fact, and a watch of the same name judges it.
import { z } from 'zod'
import { suggest } from '../../lib/suggest.ts'
import { cut, printable } from '../../lib/printable.ts'
import type { SourceKind, SourceRequest, SourceResponse, SourceTools } from '../../source.ts'
import type { NewFact } from '../../words.ts'
import { createPace, type Pace } from '../../lib/pace.ts'
import { readSaid, type Said } from './said.ts'

const options = z.strictObject({
  names: z
    .array(z.string())
    .optional()
    .describe('The names that are taken. Default: those of all watches of kind heartbeat.'),
})

const base = '/api/v1/heartbeat'
const mostBytes = 102_400
const keyLength = 255
/** For one name: what no job does that means well. */
const pace = { burst: 60, perSecond: 1 }

export default {
  about:
    'Takes the calls of jobs at /api/v1/heartbeat/NAME (POST, GET or HEAD) for the watches of kind heartbeat. It is there without being named; name it to open it to a range of addresses.',
  options,
  example: { open: ['10.0.0.0/8'] },
  async start({ names = [] }, tools) {
    const limits = createPace(pace)
    const handler = (request: SourceRequest): Promise<SourceResponse> => take(request, names, limits, tools)
    for (const path of [`${base}/*`, ...names.map((name) => `${base}/${name}/*`)]) {
      tools.route('POST', path, handler)
      tools.route('GET', path, handler)
    }
  },
} satisfies SourceKind<z.output<typeof options>>

async function take(
  request: SourceRequest,
  names: readonly string[],
  limits: Pace,
  tools: SourceTools,
): Promise<SourceResponse> {
  if (isForeign(request)) return refuse(403, 'A page of another site asked for this on behalf of its visitor.')
  const [name = '', word] = request.path.slice(base.length + 1).split('/')
  if (!names.includes(name)) return refuse(404, unknownName(name, names))
  if (request.body.byteLength > mostBytes) {
    const error = `The body is larger than ${mostBytes} bytes, the most that is taken here; send the end of the log: tail -c 10000.`
    return refuse(413, error)
  }
  const key = request.headers['idempotency-key']?.trim() ?? ''
  if (key.length > keyLength) return refuse(400, `Idempotency-Key is longer than ${keyLength} characters.`)
  const said = await readSaid(request, word)
  if (typeof said === 'string') return refuse(400, said)
  const waitMs = limits.waitMs(name, tools.now())
  if (waitMs > 0) {
    const seconds = String(Math.ceil(waitMs / 1000))
    const error = `${name} has called more than ${pace.burst} times within a minute; call once a run, or wait ${seconds} s.`
    return { ...refuse(429, error), headers: { 'retry-after': seconds } }
  }
  await tools.emit({ facts: [toFact(name, said, request.remote, key)] })
  return { status: 202, body: { accepted: 1 } }
}

/** A browser sends what it knows of us along when a page of another site has it read from here, as for a picture. */
function isForeign({ headers }: SourceRequest): boolean {
  const site = headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}

function toFact(name: string, said: Said, remote: string, key: string): NewFact {
  return { name: 'heartbeat.ping', key: name, data: { ...said, remote, ...(key === '' ? {} : { key }) } }
}

function unknownName(name: string, names: readonly string[]): string {
  const shown = cut(printable(name), 60)
  if (names.length === 0) return `There is no heartbeat "${shown}": no watch of kind heartbeat is configured.`
  const meant = suggest(name, names)
  const most = 20
  const known = names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '')
  return meant === undefined
    ? `There is no heartbeat "${shown}"; there are ${known}. It is the name of a watch of kind heartbeat.`
    : `There is no heartbeat "${shown}"; did you mean ${meant}? It is the name of a watch of kind heartbeat.`
}

function refuse(status: number, error: string): SourceResponse {
  return { status, body: { error } }
}
