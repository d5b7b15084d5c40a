// Answers that an Alertmanager does not give, but what stands before it or in its place does: said, and nothing ends by them.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { startSource, type SourceDouble } from '../../../test/support/source-double.ts'
import type { Json } from '../../words.ts'
import alertmanager from './index.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

interface Peer extends AsyncDisposable {
  readonly url: string
  /** Of the list; the status is asked for elsewhere. */
  answer: Handler
  status: Handler
  readonly asked: IncomingMessage[]
}

const list = (alerts: readonly Json[]): Handler => reply(200, JSON.stringify(alerts))
const reply =
  (status: number, text: string): Handler =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)

async function startPeer(): Promise<Peer> {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    const handler = request.url?.startsWith('/api/v2/alerts?') === true ? peer.answer : peer.status
    handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const peer = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    answer: list([]),
    status: reply(404, ''),
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return peer
}

const listed = (name: string, more: object = {}) => ({
  labels: { alertname: name },
  annotations: {},
  startsAt: '2026-06-01T02:01:05.780Z',
  endsAt: '2026-06-01T02:06:05.780Z',
  fingerprint: name,
  receivers: [],
  status: { state: 'active', silencedBy: [], inhibitedBy: [] },
  ...more,
})

const start = (url: string, options: object = {}): Promise<SourceDouble> =>
  startSource(alertmanager, { url, poll: '1s', ...options }, { name: 'prom', now: Date.now })

const states = ({ events }: SourceDouble): string[] =>
  events.map(({ type, subject, condition }) => `${type === 'alert' ? subject : type} ${condition?.state}`)

async function until(what: string, check: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !check(); await wait(20))
    if (Date.now() > end) assert.fail(`still waiting until ${what}`)
}

/** So many more whole looks. */
async function looks(peer: Peer, count: number): Promise<void> {
  const from = peer.asked.length
  await until('it has looked', () => peer.asked.length > from + count)
}

describe('a list that cannot be had', { concurrency: true }, () => {
  const failures: readonly [what: string, answer: Handler, reason: string, detail: RegExp][] = [
    ['an error', reply(502, 'Bad Gateway'), 'server-error', /answered 502/],
    [
      'a page for people',
      reply(200, '<html>Sign in</html>'),
      'rejected',
      /no list of alerts; is it an Alertmanager\?$/,
    ],
    ['an object', reply(200, '{"status":"ok"}'), 'rejected', /no list of alerts/],
    ['what is nested too deep', reply(200, '['.repeat(100)), 'rejected', /no list of alerts/],
    [
      'a refusal that repeats our secret',
      reply(403, 'bad token s3cr3t-token'),
      'unauthorised',
      /answered 403 Forbidden: bad token …$/,
    ],
    [
      'half of it',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('[')
        setTimeout(() => response.destroy(), 10)
      },
      'too-large',
      /broke off/,
    ],
  ]
  for (const [what, answer, reason, detail] of failures) {
    test(`because the answer is ${what} ends nothing, and is told after three times`, async () => {
      await using peer = await startPeer()
      peer.answer = list([listed('disk')])
      const source = await start(peer.url, { token: 's3cr3t-token' })
      await until('the alert is told', () => source.events.length > 0)
      peer.answer = answer
      await until('it is told', () => source.events.length > 1)
      assert.deepEqual(states(source), ['disk firing', 'sereno.source-failing firing'])
      const { data } = source.events[1] ?? {}
      assert.deepEqual([data?.['reason'], data?.['failures'], data?.['url']], [reason, 3, peer.url])
      assert.match(data?.['detail'] as string, detail)
      assert.equal(source.measures.get('alerts_list_failing'), 1)
      assert.ok(peer.asked.every(({ headers }) => headers.authorization === 'Bearer s3cr3t-token'))
      source.stop()
    })
  }

  test('is told once, and its end as well, though it was begun before a restart', async () => {
    await using peer = await startPeer()
    peer.answer = reply(500, '')
    const source = await start(peer.url)
    await until('it is told', () => source.events.length > 0)
    await looks(peer, 2)
    source.stop()
    assert.deepEqual(states(source), ['sereno.source-failing firing'])

    const rows = source.rows
    const again = await startSource(alertmanager, { url: peer.url, poll: '1s' }, { name: 'prom', now: Date.now, rows })
    await looks(peer, 3)
    assert.deepEqual(states(again), [])
    peer.answer = list([])
    await until('its end is told', () => again.events.length > 0)
    await looks(peer, 1)
    again.stop()
    assert.deepEqual(states(again), ['sereno.source-failing resolved'])
    assert.equal(rows.size, 0)
  })
})

describe('the list', { concurrency: true }, () => {
  test('is asked for with name and password', async () => {
    await using peer = await startPeer()
    const source = await start(peer.url, { username: 'sereno', password: 'pässword' })
    await until('it is asked', () => peer.asked.length > 0)
    const { authorization = '' } = peer.asked[0]?.headers ?? {}
    assert.equal(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString(), 'sereno:pässword')
    peer.answer = reply(401, `no: ${authorization}`)
    await until('the refusal is told', () => source.events.length > 0)
    source.stop()
    assert.match(source.events[0]?.data?.['detail'] as string, /answered 401 Unauthorized: no: …$/)
  })

  test('may hold what cannot be read: the others are told, and what is there is not gone', async () => {
    await using peer = await startPeer()
    peer.answer = list([listed('disk'), listed('load')])
    const source = await start(peer.url)
    await until('both are told', () => source.events.length === 2)
    peer.answer = list([5, listed('disk', { labels: { alertname: 7 } }), listed('net')])
    await until('all is told', () => source.events.length >= 4)
    await looks(peer, 2)
    source.stop()
    assert.deepEqual(states(source), ['disk firing', 'load firing', 'net firing', 'load resolved'])
    assert.equal(source.measures.get('alerts_list_invalid'), 2)
    assert.deepEqual(source.rejected, [])
  })

  test('of an Alertmanager that has just started, or that does not say so now, ends nothing', async () => {
    await using peer = await startPeer()
    const uptime = (agoMs: number): Handler =>
      reply(200, JSON.stringify({ uptime: new Date(Date.now() - agoMs).toISOString() }))
    peer.answer = list([listed('disk')])
    const source = await start(peer.url)
    await until('the alert is told', () => source.events.length === 1)
    peer.answer = list([])
    for (const status of [
      uptime(60_000),
      reply(503, ''),
      (_: IncomingMessage, response: ServerResponse) => response.destroy(),
    ]) {
      peer.status = status
      await looks(peer, 3)
      assert.deepEqual(states(source), ['disk firing'])
    }
    peer.status = uptime(301_000)
    await until('its end is told', () => source.events.length === 2)
    source.stop()
    assert.deepEqual(states(source), ['disk firing', 'disk resolved'])
  })

  test('does not open anew what a post has just ended', async () => {
    await using peer = await startPeer()
    peer.answer = list([listed('disk')])
    const source = await start(peer.url)
    await until('the alert is told', () => source.events.length === 1)
    const body = JSON.stringify({ alerts: [{ ...listed('disk'), status: 'resolved' }] })
    assert.equal((await source.ask({ path: '/api/v1/webhook/prom', body })).status, 202)
    await looks(peer, 3)
    source.stop()
    assert.deepEqual(states(source), ['disk firing', 'disk resolved'])
  })

  test('is told when the store takes it again', async () => {
    await using peer = await startPeer()
    const source = await start(peer.url)
    source.full = true
    peer.answer = list([listed('disk')])
    await looks(peer, 2)
    source.full = false
    await until('it is told', () => source.events.length === 1)
    source.full = true
    peer.answer = list([])
    await looks(peer, 4)
    source.full = false
    await until('its end is told', () => source.events.length === 2)
    source.stop()
    assert.deepEqual(states(source), ['disk firing', 'disk resolved'])
  })
})
