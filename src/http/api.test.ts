// The own API answers what its OpenAPI document says, and refuses in sentences.
import { noAgents } from './door-for-tests.ts'
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { z } from 'zod'
import type { Hono } from 'hono'
import { toId } from '../lib/id.ts'
import type { Rule } from '../rule.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import type { Delivery, HubEvent, Verdict } from '../words.ts'
import { apiRoutes, openApiDocument } from './api.ts'
import type { ApiDoor } from './api-door.ts'
import * as shapes from './api-shapes.ts'

const at = Date.UTC(2026, 4, 10, 13, 12, 17)
const first = 1000

let store: Store
let app: Hono
/** What the door was asked to do, in order. */
const asked: string[] = []
let reloaded: Awaited<ReturnType<ApiDoor['reload']>> = { ok: true, message: 'in force' }

before(async () => {
  store = await openSqlite({ path: ':memory:', now: at })
  await store.commit({
    events: [event(0, 'kms.activation'), event(1, 'kms.probe'), event(2, 'backup.report')],
    verdicts: [verdict(0)],
    deliveries: [delivery(10, {}), delivery(11, { state: 'dead', lastReason: 'gone', lastDetail: 'no such hook' })],
    attempts: [
      {
        delivery: toId(first + 10),
        number: 1,
        startedAt: at,
        endedAt: at + 90,
        result: 'ok',
        maybeDelivered: false,
        detail: '',
      },
    ],
    parts: [{ delivery: toId(first + 10), number: 1, text: 'KMS activation' }],
  })
  app = apiRoutes(door())
})
after(() => store.close())

describe('lists', () => {
  test('events come newest first with their verdicts, page by page', async () => {
    const page = shapes.eventList.parse(await get('/api/v1/events?limit=2'))
    assert.deepEqual(
      page.events.map((entry) => entry.type),
      ['backup.report', 'kms.probe'],
    )
    const rest = shapes.eventList.parse(await get(`/api/v1/events?limit=2&before=${page.next}`))
    assert.deepEqual(
      rest.events.map((entry) => entry.type),
      ['kms.activation'],
    )
    assert.equal(rest.next, undefined)
    assert.equal(rest.events[0]?.time, '2026-05-10T13:12:17.000Z')
    assert.equal(rest.events[0]?.verdicts[0]?.state, 'delivered')
  })

  test('events are picked by type, source, host and receipt', async () => {
    const types = async (query: string): Promise<string[]> =>
      shapes.eventList.parse(await get(`/api/v1/events?${query}`)).events.map((entry) => entry.type)
    assert.deepEqual(await types('type=kms.*'), ['kms.probe', 'kms.activation'])
    assert.deepEqual(await types('source=kms&host=h1'), ['kms.probe'])
    assert.deepEqual(await types(`since=${encodeURIComponent('2026-05-10T15:12:19+02:00')}`), ['backup.report'])
  })

  test('deliveries are picked by state, channel and event', async () => {
    const ids = async (query: string): Promise<string[]> =>
      shapes.deliveryList.parse(await get(`/api/v1/deliveries?${query}`)).deliveries.map((entry) => entry.id)
    assert.deepEqual(await ids(''), [toId(first + 11), toId(first + 10)])
    assert.deepEqual(await ids('state=dead'), [toId(first + 11)])
    assert.deepEqual(await ids('channel=mail'), [])
    assert.deepEqual(await ids(`event=${toId(first + 1)}`), [])
  })
})

describe('single things', () => {
  test('an event says why, an id may be typed in capitals', async () => {
    const id = toId(first).toUpperCase()
    const page = shapes.eventPage.parse(await get(`/api/v1/events/${id}`))
    assert.match(
      page.why.lines[1] ?? '',
      /^rule "kms" matched → team: message .* was delivered 13:12:18 after 1 attempt/,
    )
    assert.deepEqual(page.why.others, [
      { rule: 'backups', words: 'did not match: its type kms.activation is none of backup.missed' },
    ])
    assert.deepEqual(page.deliveries[0]?.texts, ['KMS activation'])
  })

  test('a delivery has its attempts', async () => {
    const page = shapes.deliveryPage.parse(await get(`/api/v1/deliveries/${toId(first + 10)}`))
    assert.equal(page.tried[0]?.result, 'ok')
  })

  test('what is not there is 404 with a sentence', async () => {
    assert.match(await refused('GET', '/api/v1/events/000000000', 404), /no longer kept/)
    assert.match(await refused('GET', '/api/v1/deliveries/000000000', 404), /no longer kept/)
    assert.match(await refused('POST', '/api/v1/deliveries/000000000/retry', 404), /no longer kept/)
    assert.match(
      await refused('POST', '/api/v1/channels/slack/test', 404),
      /There is no channel "slack"; there are team\./,
    )
  })
})

describe('wrong parameters', () => {
  const cases: [path: string, sentence: RegExp][] = [
    ['/api/v1/events?limit=0', /^"limit" is too small; give 1 to 1000\.$/],
    ['/api/v1/events?limit=many', /^"limit" is no number; give one from 1 to 1000\.$/],
    ['/api/v1/events?since=yesterday', /^"since" is no time; give one such as/],
    ['/api/v1/events?before=!', /^"before" is no id/],
    ['/api/v1/events?kind=x', /^There is no parameter "kind"\.$/],
    ['/api/v1/events/what%20is%20this', /^"id" is no id/],
    ['/api/v1/deliveries?state=lost', /^"state" is no state; there are queued, /],
  ]
  for (const [path, sentence] of cases) {
    test(`${path} is refused`, async () => assert.match(await refused('GET', path, 400), sentence))
  }
})

describe('commands', () => {
  test('retry names the delivery, and says when there is nothing to retry', async () => {
    asked.length = 0
    assert.deepEqual(shapes.done.parse(await call('POST', `/api/v1/deliveries/${toId(first + 11)}/retry`)), {
      message: 'queued again',
    })
    assert.deepEqual(asked, [`retry ${toId(first + 11)}`])
    assert.equal(
      await refused('POST', `/api/v1/deliveries/${toId(first + 10)}/retry`, 409),
      'It was delivered; there is nothing to send again.',
    )
  })

  test('a channel test answers with the outcome', async () => {
    const page = shapes.deliveryPage.parse(await call('POST', '/api/v1/channels/team/test'))
    assert.equal(page.state, 'delivered')
  })

  test('reload says what is in force, or every mistake', async () => {
    reloaded = { ok: true, message: '2 sources, 1 channel and 3 rules are in force.' }
    assert.deepEqual(await call('POST', '/api/v1/reload'), { message: reloaded.message })
    const issues = [{ path: 'rules.0.to', file: 'sereno.yaml', line: 3, column: 5, message: 'no such channel' }]
    reloaded = { ok: false, issues }
    const answer = await app.request('/api/v1/reload', { method: 'POST' })
    assert.equal(answer.status, 422)
    assert.deepEqual(shapes.issueList.parse(await answer.json()).issues, issues)
  })

  test('status says what is stored', async () => {
    const status = shapes.status.parse(await get('/api/v1/status'))
    assert.equal(status.stored.events, 3)
    assert.deepEqual(status.rules, ['kms', 'backups'])
  })
})

describe('the OpenAPI document', () => {
  interface Operation {
    readonly operationId: string
    readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
    readonly responses: { readonly [status: string]: { readonly content: { readonly [type: string]: object } } }
  }
  const document = openApiDocument('1.2.3') as { paths: Record<string, Record<string, Operation>> }

  test('is served as it is made', async () => {
    assert.deepEqual(await get('/api/v1/openapi.json'), JSON.parse(JSON.stringify(openApiDocument('1.2.3'))))
  })

  test('names every parameter of a path as required, and each operation once', () => {
    const names: string[] = []
    for (const [path, operations] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      for (const operation of Object.values(operations)) {
        names.push(operation.operationId)
        const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
        assert.deepEqual(
          described.map((parameter) => parameter.name),
          inPath,
        )
        assert.ok(described.every((parameter) => parameter.required))
      }
    }
    assert.equal(new Set(names).size, names.length)
    assert.ok(names.length >= 8)
  })

  test('describes optional parameters with their bounds', () => {
    const limit = document.paths['/api/v1/events']?.['get']?.parameters?.find((parameter) => parameter.name === 'limit')
    assert.deepEqual(limit, {
      name: 'limit',
      in: 'query',
      required: false,
      description: 'How many at most, from 1 to 1000.',
      schema: { default: 100, type: 'integer', minimum: 1, maximum: 1000 },
    })
  })
})

function door(): ApiDoor {
  return {
    store,
    zone: 'UTC',
    rules: () => [rule('kms', 'kms.activation'), rule('backups', 'backup.missed')],
    status: () => ({
      version: '1.2.3',
      startedAt: at,
      ready: true,
      problems: [],
      config: 'built-in',
      sources: ['kms'],
      channels: ['team'],
    }),
    retryDelivery: async (id) => {
      asked.push(`retry ${id}`)
      return id === toId(first + 11)
        ? { ok: true, message: 'queued again' }
        : { ok: false, message: 'It was delivered; there is nothing to send again.' }
    },
    draw: async ({ host, metric }) => ({ svg: `<svg>${host} ${metric}</svg>`, alt: 'a curve' }),
    toPng: async (svg) => Buffer.from(svg),
    forgetHost: (name) => store.forgetHost(name),
    closeCondition: async (key) => void asked.push(`close ${key}`),
    silence: async ({ matchers, until, from = 0, by, comment }) => {
      asked.push(`silence ${String(matchers)} for ${(until - from) / 1000} by ${by}: ${comment}`)
      return { ok: true, id: 'abc123', message: 'It holds.' }
    },
    endSilence: async (id) => {
      asked.push(`end ${id}`)
      return id === 'abc123' ? { ok: true, message: 'It is over.' } : { ok: false, message: 'There is none.' }
    },
    ack: async (id, by) => (id === toId(1) ? undefined : { ok: true, message: `${by} looks after ${id}.` }),
    ask: async (text, by) => ({ ok: true, lines: [`${by} asked ${text}`] }),
    runSchedule: async (name) => ({ ok: name === 'daily', message: `It was ${name}.` }),
    testChannel: async () => ({ ok: true, delivery: toId(first + 10) }),
    agents: noAgents,
    reload: async () => reloaded,
  }
}

async function get(path: string): Promise<unknown> {
  return call('GET', path)
}

async function call(method: string, path: string): Promise<unknown> {
  const answer = await app.request(path, { method })
  const body: unknown = await answer.json()
  assert.equal(answer.status, 200, JSON.stringify(body))
  return body
}

async function refused(method: string, path: string, status: number): Promise<string> {
  const answer = await app.request(path, { method })
  assert.equal(answer.status, status)
  return z.strictObject({ error: z.string() }).parse(await answer.json()).error
}

function event(offset: number, type: string): HubEvent {
  const seq = first + offset
  return {
    seq,
    id: toId(seq),
    type,
    time: at,
    receivedAt: at + offset * 1000,
    source: 'kms',
    host: `h${offset}`,
    severity: 'info',
    labels: {},
    data: { n: offset },
  }
}

function verdict(offset: number): Verdict {
  const into = toId(first + 10)
  return { event: first + offset, rule: 'kms', channel: 'team', state: 'delivered', by: 'outbox', reason: '', into, at }
}

function delivery(offset: number, change: Partial<Delivery>): Delivery {
  const seq = first + offset
  return {
    id: toId(seq),
    seq,
    channel: 'team',
    recipient: '',
    thread: 'team',
    kind: 'open',
    rule: 'kms',
    events: [first],
    severity: 'info',
    extra: {},
    state: 'delivered',
    attempts: 1,
    unanswered: 0,
    createdAt: at,
    dueAt: at,
    expireAt: at + 1000,
    endedAt: at + 1000,
    ...change,
  }
}

function rule(name: string, on: string): Rule {
  return { name, on: [on], where: [], to: ['team'], stop: false }
}
