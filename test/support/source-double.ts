// Stands in for the hub around one source that answers routes: keeps in memory what is emitted, tells repeats by identity.
import assert from 'node:assert/strict'
import { NotStored, type Rejected, type RouteHandler, type SourceKind, type SourceResponse } from '../../src/source.ts'
import type { NewEvent } from '../../src/words.ts'

export interface SourceDouble {
  /** Asks a route as the HTTP server would. */
  ask(request: {
    readonly method?: string
    readonly path: string
    readonly headers?: { readonly [name: string]: string }
    readonly body?: string | Uint8Array
  }): Promise<SourceResponse>
  readonly events: NewEvent[]
  readonly rejected: Rejected[]
  /** Calls of `emit`, so that one answer can be seen to be one transaction. */
  readonly batches: number
  /** True: the store refuses. */
  full: boolean
}

export const remote = '192.0.2.9'

export async function startSource<Options>(kind: SourceKind<Options>, options: unknown = {}): Promise<SourceDouble> {
  const routes = new Map<string, RouteHandler>()
  const known = new Map<string, string>()
  const double = {
    events: [] as NewEvent[],
    rejected: [] as Rejected[],
    batches: 0,
    full: false,
    async ask({ method = 'POST', path, headers = {}, body = '' }: Parameters<SourceDouble['ask']>[0]) {
      const handler = routes.get(`${method} ${path}`) ?? assert.fail(`no route ${method} ${path}`)
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      return handler({ method, path, headers, query: new URLSearchParams(), body: bytes, remote })
    },
  }
  await kind.start(kind.options.parse(options), {
    name: 'double',
    place: { zone: 'UTC', host: 'hub' },
    signal: new AbortController().signal,
    now: () => Date.UTC(2026, 10, 20, 3),
    cursor: async () => undefined,
    measure: () => {},
    log: { info: () => {}, warn: () => {}, error: () => {} },
    route: (method, path, handler) => void routes.set(`${method} ${path}`, handler),
    async emit(events, _progress, rejected = []) {
      if (double.full) throw new NotStored('the disk is full')
      double.batches += 1
      double.rejected.push(...rejected)
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
  return double
}
