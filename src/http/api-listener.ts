// The own API as a listener of Node's server.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { apiRoutes } from './api.ts'
import type { HubDoor } from './door.ts'
import { toFailure } from './failure.ts'

export interface Api {
  /** Only for methods and paths that it has. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void> | void
  /** Empty: there is nothing at that path. */
  methodsOf(path: string): readonly string[]
}

export function createApi(door: HubDoor): Api {
  const app = apiRoutes(door)
  app.onError((failed, context) => {
    const { status, error, headers } = toFailure(failed, context.req, door.log)
    return context.json({ error }, status, headers)
  })
  const known = app.routes.map(({ method, path }) => ({
    method,
    path: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`),
  }))
  return {
    answer: getRequestListener(app.fetch, { overrideGlobalObjects: false }),
    methodsOf: (path) => known.filter((route) => route.path.test(path)).map((route) => route.method),
  }
}
