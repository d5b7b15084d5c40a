// Stands in for the hub around one source that answers routes: keeps in memory what is emitted, tells repeats by identity.
import assert from 'node:assert/strict'
import {
  NotStored,
  type Progress,
  type Question,
  type Recheck,
  type Rejected,
  type RouteHandler,
  type SourceKind,
  type SourceResponse,
} from '../../src/source.ts'
import type { Json, NewEvent, NewFact } from '../../src/words.ts'

export interface SourceDouble {
  /** Asks a route as the HTTP server would. */
  ask(request: {
    readonly method?: string
    readonly path: string
    readonly headers?: { readonly [name: string]: string }
    readonly body?: string | Uint8Array
  }): Promise<SourceResponse>
  /** Asks it to look something up, as a watch would. */
  recheck(request: Recheck): Promise<void>
  /** As the hub does when it stops or takes the source away. */
  stop(): void
  /** When it has stopped; rejects when it failed. */
  readonly ended: Promise<void>
  readonly events: NewEvent[]
  readonly facts: NewFact[]
  readonly rejected: Rejected[]
  /** What it had the watchman answer. */
  readonly questions: Question[]
  /** As the last batch or question left it. */
  readonly cursor: Json | undefined
  /** Calls of `emit`, so that one answer can be seen to be one transaction. */
  readonly batches: number
  /** Session rows, as `put` and `delete` leave them; those of the last run can be given. */
  readonly rows: Map<string, Json>
  /** By name, the last value. */
  readonly measures: Map<string, number>
  /** True: the store refuses. */
  full: boolean
  /** The store answers once this has come to its end. */
  stall: Promise<void>
  /** What was logged: level and message. */
  readonly logged: string[]
}

export const remote = '192.0.2.9'

export interface SourceDoubleTools {
  /** What the source is called; absent: double. */
  readonly name?: string
  /** Absent: a fixed morning. */
  now?(): number
  /** Absent: UTC. */
  readonly zone?: string
  /** Session rows of the last run. */
  readonly rows?: Map<string, Json>
  /** Where the last run stood. */
  readonly cursor?: Json | undefined
}

export async function startSource<Options>(
  kind: SourceKind<Options>,
  options: unknown = {},
  {
    name = 'double',
    now = () => Date.UTC(2026, 10, 20, 3),
    zone = 'UTC',
    rows = new Map(),
    cursor,
  }: SourceDoubleTools = {},
): Promise<SourceDouble> {
  const routes = new Map<string, RouteHandler>()
  const known = new Map<string, string>()
  const abort = new AbortController()
  let onRecheck: (request: Recheck) => Promise<void> = () => assert.fail('it answers no rechecks')
  const double = {
    events: [] as NewEvent[],
    facts: [] as NewFact[],
    questions: [] as Question[],
    cursor,
    recheck: (request: Recheck) => onRecheck(request),
    stop: () => abort.abort(),
    rejected: [] as Rejected[],
    batches: 0,
    rows,
    measures: new Map<string, number>(),
    full: false,
    logged: [] as string[],
    stall: Promise.resolve(),
    async ask({ method = 'POST', path, headers = {}, body = '' }: Parameters<SourceDouble['ask']>[0]) {
      const handler = routes.get(`${method} ${path}`) ?? assert.fail(`no route ${method} ${path}`)
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      return handler({ method, path, headers, query: new URLSearchParams(), body: bytes, remote })
    },
  }
  const note = (level: string) => (message: string) => void double.logged.push(`${level}: ${message}`)
  const running = kind.start(kind.options.parse(options), {
    name,
    place: { zone, host: 'hub', saved: [...rows] },
    signal: abort.signal,
    now,
    async ask(question, progress: Progress = {}) {
      await double.stall
      if (double.full) throw new NotStored('the disk is full')
      double.questions.push(question)
      if (progress.cursor !== undefined) double.cursor = progress.cursor
    },
    onRecheck: (handler) => {
      onRecheck = handler
    },
    cursor: async () => double.cursor,
    measure: (what, value) => void double.measures.set(what, value),
    log: { info: note('info'), warn: note('warn'), error: note('error') },
    route: (method, path, handler) => void routes.set(`${method} ${path}`, handler),
    async emit({ events = [], facts = [], rejected = [] }, { put = [], delete: gone = [], cursor: moved } = {}) {
      await double.stall
      if (double.full) throw new NotStored('the disk is full')
      double.batches += 1
      if (moved !== undefined) double.cursor = moved
      for (const [key, value] of put) rows.set(key, value)
      for (const key of gone) rows.delete(key)
      double.rejected.push(...rejected)
      double.facts.push(...facts)
      let duplicates = 0
      const ids = events.map((event) => {
        const key = event.identity && `${event.identity.producer}\n${event.identity.id}`
        const before = key === undefined ? undefined : known.get(key)
        if (before !== undefined) {
          duplicates += 1
          return before
        }
        double.events.push(event)
        const id = `id${double.events.length}`
        if (key !== undefined) known.set(key, id)
        return id
      })
      return { ids, accepted: events.length - duplicates, duplicates }
    },
  })
  // One that only answers routes has started when it has ended; another goes on until it is stopped.
  await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 50))])
  running.catch(() => {})
  return Object.assign(double, { ended: running })
}
