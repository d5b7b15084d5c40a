// The sources' own ways in, found by method and path; the table is made anew when the list of routes has changed.
import type { MountedRoute } from './door.ts'

export interface RouteTable {
  find(method: string, path: string): MountedRoute | undefined
  /** Empty: no source answers there. */
  methodsOf(path: string): readonly string[]
  /** From where no token is needed there, whatever the method. */
  openOf(path: string): readonly string[]
}

export function createRouteTable(routes: readonly MountedRoute[]): RouteTable {
  let known: readonly MountedRoute[] = []
  let byPath = new Map<string, MountedRoute[]>()

  function current(): Map<string, MountedRoute[]> {
    // The list is changed in place; there are so few that comparing all of them costs nothing.
    if (known.length === routes.length && known.every((route, index) => route === routes[index])) return byPath
    known = [...routes]
    byPath = Map.groupBy(known, (route) => route.path)
    return byPath
  }

  /** A path that ends in `/*` answers for one more step of any name. */
  function routesAt(path: string): readonly MountedRoute[] {
    const table = current()
    return table.get(path) ?? table.get(path.replace(/[^/]+$/, '*')) ?? []
  }

  return {
    find(method, path) {
      const asked = method === 'HEAD' ? 'GET' : method
      return routesAt(path).find((route) => route.method === asked)
    },
    methodsOf: (path) => routesAt(path).map((route) => route.method),
    openOf: (path) => routesAt(path).flatMap((route) => route.open),
  }
}
