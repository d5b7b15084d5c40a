// Other hosts, by the node_exporter that already runs there: its page of metrics is asked for again and again, each a sample.
import { untilBoundary } from '../../lib/boundary.ts'
import { request } from '../../lib/http.ts'
import { toOutcome } from '../../lib/http-outcome.ts'
import { createTurns, type Turns } from '../../lib/turns.ts'
import { NotStored, type SourceKind, type SourceTools } from '../../source.ts'
import { sampleFact, toSampleFact } from '../../source-sample.ts'
import { type Options, options, type Target } from './options.ts'
import { type Counters, readPage } from './page.ts'

/** Beyond any page that was seen: one with all collectors and a thousand units has about one. */
const pageBytes = 8 * 1024 * 1024
const longestAnswerMs = 10_000
/** At once, so that hundreds of pages never lie in memory together. */
const atOnce = 32

export default {
  about:
    'Asks node_exporters (Prometheus) for their metrics, and takes each page as a sample of its host: for hosts where one runs already.',
  options,
  example: { url: ['http://nas.example.org:9100', { url: 'http://10.0.0.5:9100', host: 'db1' }] },

  async start(given, tools) {
    const turns = createTurns(atOnce)
    const down = new Set<string>()
    const desk = { given, tools, turns, down }
    tools.measure('node_exporters_down', 0)
    const asked = given.url.map((target) => createAsking(target, desk))
    tools.onRecheck(async ({ name, key }) => {
      const one = asked.find(({ host }) => host === key)
      if (name !== sampleFact || one === undefined) throw new Error(`source ${tools.name} looks at no host ${key}`)
      const problem = await one.ask()
      if (problem !== undefined) throw new Error(problem)
    })
    await Promise.all(asked.map(({ run }) => run()))
  },
} satisfies SourceKind<Options>

interface Desk {
  readonly given: Options
  readonly tools: SourceTools
  readonly turns: Turns
  /** Hosts that gave no sample the last time. */
  readonly down: Set<string>
}

interface Asking {
  readonly host: string
  /** Resolves to why there is no sample, as a sentence without a full stop. */
  ask(): Promise<string | undefined>
  /** Until the source is stopped. */
  run(): Promise<void>
}

function createAsking({ url, host }: Target, { given, tools, turns, down }: Desk): Asking {
  const { signal, log } = tools
  let before: Counters | undefined

  async function ask(): Promise<string | undefined> {
    const time = tools.now()
    const atMs = performance.now()
    const page = await fetchPage(url, given, tools)
    if ('problem' in page) return page.problem
    const read = readPage(page.text, atMs, before)
    if (read === undefined) return `${originOf(url)} answered something that is no page of a node_exporter`
    before = read.counters
    const sample = { ...read.sample, everySeconds: given.every / 1000 }
    if (!signal.aborted) await tools.emit({ facts: [toSampleFact(host, sample, time)] })
    return undefined
  }

  async function askInTurn(): Promise<void> {
    const problem = await turns.take(ask, signal).catch((error: unknown) => {
      if (signal.aborted) return undefined
      if (error instanceof NotStored) return 'what it said cannot be stored'
      throw error
    })
    if (signal.aborted) return
    if (problem !== undefined && !down.has(host))
      log.warn(`source ${tools.name}: no samples of ${host} until further notice: ${problem}`)
    if (problem === undefined && down.has(host)) log.info(`source ${tools.name}: samples of ${host} again`)
    if (problem === undefined) down.delete(host)
    else down.add(host)
    tools.measure('node_exporters_down', down.size)
  }

  return {
    host,
    ask: () => turns.take(ask, signal),
    async run() {
      while (!signal.aborted) {
        await askInTurn()
        await untilBoundary(given.every, tools.now, signal)
      }
    },
  }
}

async function fetchPage(
  url: string,
  given: Options,
  { signal, now }: SourceTools,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  const access = accessOf(given)
  const answer = await request({
    url,
    headers: {
      accept: 'text/plain; version=0.0.4',
      'user-agent': 'Sereno',
      ...(access === undefined ? {} : { authorization: access }),
    },
    maxBytes: pageBytes,
    timeoutMs: Math.min(longestAnswerMs, given.every),
    signal,
  })
  // What stands behind the scheme as well: as base64 it is the password.
  const secrets = [given.token, given.password, access, access?.split(' ')[1]].filter((secret) => secret !== undefined)
  const outcome = toOutcome(answer, { now: now(), secrets })
  if (!outcome.ok) return { problem: outcome.detail }
  if (!answer.answered || answer.cut === true)
    return { problem: `the answer of ${originOf(url)} broke off, or is longer than ${pageBytes / 1024 / 1024} MiB` }
  return { text: answer.body }
}

/** Without what stands behind it, which may be a secret. */
function originOf(url: string): string {
  return new URL(url).origin
}

function accessOf({ token, username, password }: Options): string | undefined {
  if (token !== undefined) return `Bearer ${token}`
  return username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
