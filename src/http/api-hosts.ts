// Routes of the own API about hosts: who they are, how their metrics went, and forgetting them.
import type { z } from 'zod'
import { listHosts, lookUpHost, readMetric } from '../engine/look-hosts.ts'
import { type Answer, notFound, ok } from './api-answers.ts'
import type { ApiDoor } from './api-door.ts'
import { missing, type Route, wrong } from './api-route.ts'
import * as shapes from './api-shapes.ts'
import * as hosts from './api-shapes-hosts.ts'

type Host = z.output<typeof hosts.hostPath>

export const hostRoutes: readonly Route[] = [
  {
    method: 'get',
    path: '/api/v1/hosts',
    name: 'listHosts',
    summary: 'Hosts that samples came of, by name, with their last vital signs.',
    answers: { 200: { about: 'Hosts.', shape: hosts.hostList }, 400: wrong },
    run: async (door) => ok(await listHosts(door.store)),
  },
  {
    method: 'get',
    path: '/api/v1/hosts/{host}',
    name: 'getHost',
    summary: 'One host with its last sample and its open conditions.',
    params: hosts.hostPath,
    answers: { 200: { about: 'The host.', shape: hosts.hostPage }, 400: wrong, 404: missing },
    run: async (door, { host }: Host) => {
      const page = await lookUpHost(door.store, host)
      return page === undefined ? noHost(host) : ok(page)
    },
  },
  {
    method: 'delete',
    path: '/api/v1/hosts/{host}',
    name: 'forgetHost',
    summary: 'Forget a host with its history; what watches keep of it goes as well, and its conditions end.',
    params: hosts.hostPath,
    answers: { 200: { about: 'It is forgotten.', shape: shapes.done }, 400: wrong, 404: missing },
    run: async (door, { host }: Host) =>
      (await door.forgetHost(host)) ? ok({ message: `Host ${host} is forgotten.` }) : noHost(host),
  },
  {
    method: 'get',
    path: '/api/v1/hosts/{host}/metrics',
    name: 'getMetrics',
    summary: 'How a metric of a host went; without `metric`, the series that there are.',
    params: hosts.hostPath,
    query: hosts.metricsQuery,
    answers: {
      200: { about: 'The course of the metric, or the series.', shape: hosts.metricPage.or(hosts.seriesList) },
      400: wrong,
      404: missing,
    },
    run: async (door, { host, metric, points, ...span }: Host & z.output<typeof hosts.metricsQuery>) => {
      const known = await lookUpHost(door.store, host)
      if (known === undefined) return noHost(host)
      if (metric === undefined) return ok({ host, at: known.lastSeenAt, series: known.series })
      return ok(await readMetric(door.store, { host, metric, points, ...hosts.readSpan(span, Date.now()) }))
    },
  },
  {
    method: 'get',
    path: '/api/v1/hosts/{host}/graph.svg',
    name: 'getGraphSvg',
    summary: 'How a metric of a host went, drawn.',
    params: hosts.hostPath,
    query: hosts.graphQuery,
    answers: { 200: { about: 'The picture, 800 × 300.', type: 'image/svg+xml' }, 400: wrong, 404: missing },
    run: async (door, given: GraphGiven) => {
      const svg = await draw(door, given)
      return svg === undefined ? noHost(given.host) : { status: 200, type: 'image/svg+xml', content: svg }
    },
  },
  {
    method: 'get',
    path: '/api/v1/hosts/{host}/graph.png',
    name: 'getGraphPng',
    summary: 'The same as PNG, with twice as many dots.',
    params: hosts.hostPath,
    query: hosts.graphQuery,
    answers: { 200: { about: 'The picture, 1600 × 600.', type: 'image/png' }, 400: wrong, 404: missing },
    run: async (door, given: GraphGiven) => {
      const svg = await draw(door, given)
      if (svg === undefined) return noHost(given.host)
      return { status: 200, type: 'image/png', content: Uint8Array.from(await door.toPng(svg)) }
    },
  },
]

type GraphGiven = Host & z.output<typeof hosts.graphQuery>

/** Undefined: there is no such host. */
async function draw(door: ApiDoor, { host, metric, ...span }: GraphGiven): Promise<string | undefined> {
  if ((await door.store.host(host)) === undefined) return undefined
  return (await door.draw({ host, metric, ...hosts.readSpan(span, Date.now()) })).svg
}

function noHost(host: string): Answer {
  return notFound(`There is no host ${host}; no sample came of it, or it was forgotten.`)
}
