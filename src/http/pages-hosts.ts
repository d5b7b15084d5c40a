// The pages of hosts: all of them with two small curves each, and one with the course of what was measured.
import { type HostEntry, listHosts, lookUpHost } from '../engine/look-hosts.ts'
import { readDuration } from '../lib/duration.ts'
import { missingPage } from '../page/event-page.ts'
import { hostPage, type ShownGraph } from '../page/host-page.ts'
import { hostsPage, type ShownHost } from '../page/hosts-page.ts'
import { Html } from '../page/html.ts'
import { readSeries } from '../source-sample.ts'
import { spokenName } from '../source-sample-words.ts'
import type { HubDoor } from './door.ts'
import type { Page } from './pages.ts'

const shownHosts = 200
const sparkMs = 86_400_000
const sparkPoints = 150
const shownGraphs = 12
const spans = ['1h', '24h', '7d', '30d'] as const
/** What is drawn without being asked for, the first first; the others are listed. */
const drawn = [
  'cpu_percent',
  'memory_percent',
  'load_1',
  'filesystem_percent',
  'disk_usage_percent',
  'swap_percent',
  'temperature_celsius',
  'pressure_',
]

/** `name`: as it stands in the address; absent: all hosts. */
export async function readHostsPage(door: HubDoor, name: string | undefined, query: URLSearchParams): Promise<Page> {
  return name === undefined ? listPage(door) : onePage(door, decode(name), query)
}

async function listPage(door: HubDoor): Promise<Page> {
  const { hosts } = await listHosts(door.store)
  const now = Date.now()
  const shown: ShownHost[] = []
  for (const host of hosts.slice(0, shownHosts)) {
    shown.push({
      host,
      cpu: await readSpark(door, host, 'cpu_percent', now),
      memory: await readSpark(door, host, 'memory_percent', now),
    })
  }
  return { status: 200, html: hostsPage({ hosts: shown, total: hosts.length, zone: door.zone, now }) }
}

async function readSpark(door: HubDoor, host: HostEntry, metric: string, now: number): Promise<ShownHost['cpu']> {
  const query = { host: host.name, metric, from: now - sparkMs, to: now, points: sparkPoints }
  const { points } = await door.store.history(query)
  return points.map(([at, count, sum]) => [(at - query.from) / sparkMs, sum / count])
}

async function onePage(door: HubDoor, name: string | undefined, query: URLSearchParams): Promise<Page> {
  const host = name === undefined ? undefined : await lookUpHost(door.store, name)
  if (host === undefined) {
    return {
      status: 404,
      html: missingPage('There is no host by that name; no sample came of it, or it was forgotten.'),
    }
  }
  const span = spans.find((known) => known === query.get('span')) ?? '24h'
  const metric = query.get('metric') ?? undefined
  const now = Date.now()
  const graphs: ShownGraph[] = []
  for (const series of metric === undefined ? pick(host.series.map((one) => one.series)) : [metric]) {
    const asked = { host: host.name, metric: series, from: now - (readDuration(span) ?? 0), to: now }
    const { svg } = await door.draw(asked, { size: 'small', title: spokenName(series) })
    graphs.push({ series, svg: new Html(svg) })
  }
  const chosen = metric === undefined ? {} : { metric }
  return { status: 200, html: hostPage({ host, graphs, span, spans, ...chosen, zone: door.zone, now }) }
}

/** `/` stands among the file systems where those are told. */
function pick(series: readonly string[]): string[] {
  const hasMounts = series.some((one) => readSeries(one).metric === 'filesystem_percent')
  return drawn
    .flatMap((name) =>
      series.filter((one) => (name.endsWith('_') ? one.startsWith(name) : readSeries(one).metric === name)),
    )
    .filter((one) => one !== 'disk_usage_percent' || !hasMounts)
    .slice(0, shownGraphs)
}

function decode(name: string): string | undefined {
  try {
    return decodeURIComponent(name)
  } catch {
    return undefined
  }
}
