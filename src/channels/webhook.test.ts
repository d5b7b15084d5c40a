// What a receiver gets: JSON, an id that stays the same, and a signature it can check.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import type { ChannelTools } from '../channel.ts'
import type { HttpAnswer, HttpRequest } from '../lib/http.ts'
import type { Message } from '../words.ts'
import webhook from './webhook.ts'

const message: Message = {
  title: 'Backup of\nnas failed',
  severity: 'error',
  fields: [{ name: 'Repository', value: 'nas\u0000', code: true, note: 'restic' }],
  lines: ['exit status 1\r\nsee the log'],
  links: [{ text: 'log', url: 'https://logs.example/1' }],
  notes: ['4 repeats were held.'],
  ids: ['01k9zq', '01k9zr'],
  at: Date.UTC(2026, 10, 20, 12),
}
const place = { zone: 'Europe/Rome', hubUrl: 'https://hub.example' }
const key = Buffer.alloc(32, 7)
const options = webhook.options.parse({ url: 'https://receiver.example/hook?token=t0k3n' })
const signed = { ...options, secret: `whsec_${key.toString('base64')}` }

async function sendBy(given: typeof options, attempt = 1, answer?: HttpAnswer) {
  const asked: HttpRequest[] = []
  const tools: ChannelTools = {
    delivery: { id: '01d', recipient: '', attempt, idempotencyKey: '01d-1', kind: 'open', thread: { id: 't' } },
    signal: new AbortController().signal,
    now: () => 1_700_000_000_999 + attempt * 60_000,
    graph: async () => undefined,
    async request(request) {
      asked.push(request)
      return answer ?? { answered: true, status: 204, headers: {}, body: '' }
    },
    print: () => assert.fail('nothing to print'),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  }
  const [part] = webhook.render(message, given, place)
  assert.ok(part)
  const outcome = await webhook.send(part, given, tools)
  const [request] = asked
  assert.ok(request)
  return { outcome, headers: request.headers ?? {}, body: String(request.body) }
}

test('the body is an event as Standard Webhooks have them, with the message as data', async () => {
  const { body, headers } = await sendBy(options)
  assert.equal(headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(body), {
    type: 'sereno.message',
    timestamp: '2026-11-20T12:00:00.000Z',
    data: {
      ids: ['01k9zq', '01k9zr'],
      title: 'Backup of nas failed',
      severity: 'error',
      text: [
        'Backup of nas failed',
        'Repository: nas\ufffd (restic)',
        'exit status 1',
        'see the log',
        '4 repeats were held.',
        'log: https://logs.example/1',
      ].join('\n'),
      fields: [{ name: 'Repository', value: 'nas\ufffd', note: 'restic' }],
      links: [{ text: 'log', url: 'https://logs.example/1' }],
      notes: ['4 repeats were held.'],
      url: 'https://hub.example/events/01k9zq',
    },
  })
})

test('every attempt has the same id, its own time and its own signature', async () => {
  const signatures = new Set<string | undefined>()
  for (const attempt of [1, 2]) {
    const { headers, body } = await sendBy(signed, attempt)
    const seconds = String(1_700_000_000 + attempt * 60)
    assert.equal(headers['webhook-id'], '01d-1')
    assert.equal(headers['webhook-timestamp'], seconds)
    const expected = createHmac('sha256', key).update(`01d-1.${seconds}.${body}`).digest('base64')
    assert.equal(headers['webhook-signature'], `v1,${expected}`)
    signatures.add(headers['webhook-signature'])
  }
  assert.equal(signatures.size, 2)
})

test('without a secret nothing is signed', async () => {
  const { headers } = await sendBy(options)
  assert.equal(headers['webhook-signature'], undefined)
  assert.equal(headers['webhook-id'], '01d-1')
})

test("headers of the config go along, but cannot replace Sereno's own", async () => {
  const given = {
    ...signed,
    headers: { Authorization: 'Bearer b34r3r', 'Webhook-Id': 'forged', 'Content-Type': 'text/xml' },
  }
  const { headers } = await sendBy(given)
  assert.equal(headers['authorization'], 'Bearer b34r3r')
  assert.equal(headers['webhook-id'], '01d-1')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(Object.keys(headers).filter((name) => /^(?:webhook-id|content-type)$/i.test(name)).length, 2)
})

test('what the receiver says is repeated without the secrets it repeats', async () => {
  const given = { ...signed, headers: { authorization: 'Bearer b34r3r' } }
  const body = `no hook at /hook?token=t0k3n, t0k3n for Bearer b34r3r (${signed.secret})`
  const { outcome } = await sendBy(given, 1, { answered: true, status: 400, headers: {}, body })
  assert.ok(!outcome.ok)
  assert.equal(outcome.reason, 'rejected')
  assert.doesNotMatch(outcome.detail, /t0k3n|Bearer|whsec_/)
  assert.match(outcome.detail, /^The service answered 400 Bad Request: no hook at …/)
})

test('a secret of the wrong form is refused with the way to make one', () => {
  const parsed = webhook.options.safeParse({ url: options.url, secret: 'hunter2' })
  assert.match(parsed.error?.issues[0]?.message ?? '', /whsec_.*openssl rand -base64 32/)
  assert.equal(webhook.options.safeParse({ url: options.url, headers: { 'a b': 'c' } }).success, false)
})
