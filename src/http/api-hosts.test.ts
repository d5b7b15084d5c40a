// Hosts over the own API: lists, the course of a metric, pictures and forgetting.
import { noAgents } from './door-for-tests.ts'
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Hono } from 'hono'
import { toSampleFact } from '../source-sample.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import type { ApiDoor } from './api-door.ts'
import { apiRoutes, openApiDocument } from './api.ts'
import * as shapes from './api-shapes-hosts.ts'
import { refusal } from './api-shapes.ts'

const minute = 60_000
const end = Math.floor(Date.now() / 3_600_000) * 3_600_000
const hostile = '<i>"&/..'

let store: Store
let app: Hono

before(async () => {
  store = await openSqlite({ path: ':memory:' })
  const facts = ['pi4', hostile].flatMap((host, place) =>
    Array.from({ length: 120 }, (_, index) => {
      const at = end - (120 - index) * minute
      const metrics = {
        cpu_percent: index % 10,
        disk_usage_percent: 40,
        'filesystem_percent{mount="/"}': 40,
        'filesystem_percent{mount="/data"}': 90.5,
        load_1: 0.25,
      }
      const fact = toSampleFact(host, { metrics, uptimeSeconds: 60, everySeconds: 60, failedUnits: ['a.service'] }, at)
      return { ...fact, seq: 1 + index * 2 + place, source: 'agents', time: at, receivedAt: at }
    }),
  )
  const condition = (host: string, state: string, severity: string): object => {
    const threads: readonly object[] = []
    const key = {
      source: 's',
      key: `${host} ${state}`,
      type: 'x',
      title: 't',
      threads,
      changes: 0,
      repeats: 0,
      began: 1,
    }
    return { ...key, host, state, severity, thread: '1', since: 1, seenAt: 1, opening: 1, latest: 1 }
  }
  await store.commit({
    facts,
    state: [
      condition('pi4', 'open', 'warning'),
      condition('pi4', 'ended', 'error'),
      condition('other', 'open', 'error'),
    ].map((value, index) => ({ key: `condition|s|${index}`, value: value as never })),
  })
  app = apiRoutes(door())
})
after(() => store.close())

describe('hosts', () => {
  test('are listed with their last vital signs and what is wrong with them', async () => {
    const { hosts } = shapes.hostList.parse(await get('/api/v1/hosts'))
    assert.deepEqual(
      hosts.map(({ name }) => name),
      [hostile, 'pi4'],
    )
    assert.deepEqual(hosts[1], {
      name: 'pi4',
      firstSeenAt: new Date(end - 120 * minute).toISOString(),
      lastSeenAt: new Date(end - minute).toISOString(),
      source: 'agents',
      cpuPercent: 9,
      fullestDisk: { mount: '/data', percent: 90.5 },
      load: 0.25,
      uptimeSeconds: 60,
      conditions: 1,
      severity: 'warning',
    })
  })

  test('are told whole, whatever they are called; an unknown one is refused', async () => {
    const page = shapes.hostPage.parse(await get(`/api/v1/hosts/${encodeURIComponent(hostile)}`))
    assert.equal(page.name, hostile)
    assert.deepEqual(page.failedUnits, ['a.service'])
    assert.equal(page.series[0]?.series, 'cpu_percent')
    for (const path of ['', '/metrics', '/graph.svg?metric=x', '/graph.png?metric=x']) {
      assert.match(await refused('GET', `/api/v1/hosts/none${path}`, 404), /There is no host none/)
    }
  })

  test('have a course of each metric, in as many points as are asked for', async () => {
    const from = new Date(end - 60 * minute).toISOString()
    const to = new Date(end).toISOString()
    const path = '/api/v1/hosts/pi4/metrics'
    const page = shapes.metricPage.parse(await get(`${path}?metric=cpu_percent&from=${from}&to=${to}`))
    assert.equal(page.stepSeconds, 60)
    assert.equal(page.points.length, 60)
    assert.deepEqual(page.points[0], { at: from, count: 1, mean: 0, min: 0, max: 0 })
    const few = shapes.metricPage.parse(await get(`${path}?metric=cpu_percent&span=1h&to=${to}&points=6`))
    assert.deepEqual(few.points[0], { at: from, count: 10, mean: 4.5, min: 0, max: 9 })
    const mount = encodeURIComponent('filesystem_percent{mount="/data"}')
    assert.equal(shapes.metricPage.parse(await get(`${path}?metric=${mount}`)).points.at(-1)?.max, 90.5)
    const { series } = shapes.seriesList.parse(await get(path))
    assert.equal(series.length, 5)
    assert.deepEqual(shapes.metricPage.parse(await get(`${path}?metric=none`)).points, [])
  })

  test('refuse what is no span, no time and no number of points, in sentences', async () => {
    const ask = (query: string): Promise<string> => refused('GET', `/api/v1/hosts/pi4/metrics?metric=x&${query}`, 400)
    assert.match(await ask('span=1x'), /"span" is no span of a minute or more/)
    assert.match(await ask('span=5s'), /"span" is no span/)
    assert.match(await ask('from=yesterday'), /"from" is no time/)
    assert.match(await ask('points=0'), /"points" is too small/)
    assert.match(await refused('GET', '/api/v1/hosts/pi4/graph.svg', 400), /"metric"/)
  })

  test('are drawn as SVG and PNG, in which nothing may run', async () => {
    for (const [ending, type] of [
      ['svg', 'image/svg+xml'],
      ['png', 'image/png'],
    ]) {
      const answer = await app.request(`/api/v1/hosts/pi4/graph.${ending}?metric=cpu_percent&span=7d`)
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('content-type'), type)
      assert.equal(answer.headers.get('content-security-policy'), "default-src 'none'")
      assert.equal(await answer.text(), '<svg>pi4 cpu_percent 168</svg>')
    }
  })

  test('are forgotten by name', async () => {
    const path = `/api/v1/hosts/${encodeURIComponent(hostile)}`
    assert.deepEqual(await get(path, 'DELETE'), { message: `Host ${hostile} is forgotten.` })
    await refused('DELETE', path, 404)
    await refused('GET', path, 404)
  })

  test('stand in the description of the API', () => {
    const { paths } = openApiDocument('1') as { paths: { [path: string]: { [method: string]: object } } }
    assert.deepEqual(Object.keys(paths['/api/v1/hosts/{host}'] ?? {}), ['get', 'delete'])
    assert.match(JSON.stringify(paths['/api/v1/hosts/{host}/graph.png']), /"image\/png"/)
  })
})

function door(): ApiDoor {
  const no = async (): Promise<never> => assert.fail('it was not asked for')
  return {
    store,
    zone: 'UTC',
    rules: () => [],
    status: () => {
      const texts = { version: '1', config: 'built-in', problems: [], sources: [], channels: [] }
      return { ...texts, startedAt: end, ready: true }
    },
    draw: async ({ host, metric, from, to }) => {
      return { svg: `<svg>${host} ${metric} ${(to - from) / 3_600_000}</svg>`, alt: '' }
    },
    toPng: async (svg) => Buffer.from(svg),
    forgetHost: (name) => store.forgetHost(name),
    retryDelivery: no,
    closeCondition: no,
    testChannel: no,
    silence: no,
    endSilence: no,
    ack: no,
    ask: no,
    runSchedule: no,
    agents: noAgents,
    reload: no,
  }
}

async function get(path: string, method = 'GET'): Promise<unknown> {
  const answer = await app.request(path, { method })
  const body: unknown = await answer.json()
  assert.equal(answer.status, 200, JSON.stringify(body))
  return body
}

async function refused(method: string, path: string, status: number): Promise<string> {
  const answer = await app.request(path, { method })
  assert.equal(answer.status, status)
  return refusal.parse(await answer.json()).error
}
