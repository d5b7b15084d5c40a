// What the API's description says of the ways in, held against a real hub: every answer is one that it describes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { waysIn } from '../src/http/api-in.ts'
import { createHubHouse, type HubHouse } from './support/hub-house.ts'

const config = `
sources:
  events: { kind: cloudevents }
  scripts: { kind: message, perMinute: 3 }
  samples: { kind: sysinfo }
  prom: { kind: alertmanager }
  pve: { kind: proxmox, tasks: false }
  # Its alerts are taken while its cluster cannot be asked.
  cluster: { kind: ns8-backup, redis: 'redis://127.0.0.1:9', alertmanager: false, probe: false }
watches: { backup: { kind: heartbeat, every: 1d } }
channels: { out: { kind: console } }
rules: []
`

const event = {
  specversion: '1.0',
  id: '1',
  source: '/a',
  type: 'a',
  severity: 'error',
  condition: 'k',
  state: 'firing',
}
const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
const words = 'hostname=nas&message=hello'
const alert = { status: 'firing', labels: { alertname: 'A' }, annotations: {}, startsAt: '2026-01-01T00:00:00Z' }
const post = { version: '4', groupKey: 'g', status: 'firing', receiver: 'r', alerts: [alert] }

/** To where, as what, what, and with which answer. */
const sent: readonly (readonly [path: string, type: string | undefined, body: unknown, status: number])[] = [
  ['/api/v1/events', 'application/cloudevents+json', event, 202],
  ['/api/v1/events', 'application/cloudevents-batch+json', [event, { ...event, id: '' }], 202],
  ['/api/v1/events', json, [], 202],
  ['/api/v1/events', json, [{ type: 'a' }], 400],
  ['/api/v1/events', json, '{', 400],
  ['/message', form, words, 200],
  ['/message', json, { hostname: 'nas', message: 'hello', message_type: 'error', summary: 's' }, 200],
  ['/message', form, 'message=hello', 400],
  ['/message', form, words, 429],
  ['/sysinfo', json, { sys_data: { hostname: 'nas', cpu_percent: 12.5 } }, 200],
  ['/sysinfo', json, {}, 400],
  ['/sysinfo', json, 'no JSON', 400],
  ['/api/v1/webhook/prom', json, post, 202],
  ['/api/v1/webhook/prom', json, { ...post, alerts: [{}] }, 400],
  [
    '/api/v1/webhook/pve',
    json,
    { title: 't', message: 'm', severity: 'info', timestamp: 1_767_225_600, fields: {} },
    202,
  ],
  ['/api/v1/webhook/pve', json, [], 400],
  ['/alert', json, post, 202],
  ['/alert', json, 'no JSON', 400],
  ['/api/v1/webhook/cluster', json, post, 202],
  ['/api/v1/heartbeat/backup?state=start&runId=1', undefined, undefined, 202],
  ['/api/v1/heartbeat/backup?exitCode=1', 'text/plain', 'its log', 202],
  ['/api/v1/heartbeat/backup', json, { state: 'ok', durationSeconds: 12 }, 202],
  ['/api/v1/heartbeat/backup?state=what', undefined, undefined, 400],
  ['/api/v1/heartbeat/other', undefined, undefined, 404],
  ['/api/v1/agent', json, { buffer: 'b', first: 1, sentAt: '2026-01-01T00:00:00Z', items: [] }, 202],
  ['/api/v1/agent', json, { first: 1 }, 400],
]

test('every way in answers as it is described, what is right and what is wrong', async () => {
  await using house = await createHubHouse()
  await house.configure(config)
  await house.start()
  for (const [path, type, body, status] of sent) {
    const route = routeOf(path, type === undefined ? 'get' : 'post')
    const query = Object.fromEntries(new URL(path, house.url).searchParams)
    const isRight = status < 400
    if (isRight && route.query !== undefined) z.object(loose(route.query)).parse(query)
    if (isRight && type !== undefined && !(typeof body === 'string' && type !== 'text/plain')) {
      const shape = route.bodies?.[type] ?? assert.fail(`${path} takes no ${type}`)
      // A batch is taken as long as one of it is right.
      shape.parse(Array.isArray(body) ? body.slice(0, 1) : body)
    }
    const answer = await send(house, path, type, body)
    assert.equal(answer.status, status, `${path} ${JSON.stringify(body)}: ${answer.text}`)
    const described = route.answers[status] ?? assert.fail(`${path} says nothing of ${status}`)
    assert.ok('shape' in described)
    described.shape.parse(JSON.parse(answer.text))
  }
  await house.stop()
})

test('none is described that was not asked', () => {
  const asked = new Set(sent.map(([path, type]) => routeOf(path, type === undefined ? 'get' : 'post').name))
  assert.deepEqual(
    waysIn.map(({ name }) => name).filter((name) => !asked.has(name)),
    [],
  )
})

function routeOf(path: string, method: string) {
  const place = path.replace(/\?.*/, '').replace(/(webhook|heartbeat)\/.*/, '$1/{name}')
  const found = waysIn.find((route) => route.path === place && route.method === method)
  return found ?? assert.fail(`${method} ${place} is not described`)
}

/** In a query all are texts. */
function loose(shape: z.ZodObject): Record<string, z.ZodType> {
  return Object.fromEntries(Object.keys(shape.shape).map((name) => [name, z.string().optional()]))
}

function send(house: HubHouse, path: string, type: string | undefined, body: unknown) {
  if (type === undefined) return house.ask(path)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return house.ask(path, { method: 'POST', headers: { 'content-type': type }, body: text })
}
