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

async function sendBy(given: typeof options, attempt = 1, answer?: HttpAnswer, told = message) {
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
  const [part] = webhook.render(told, given, place)
  assert.ok(part)
  const outcome = await webhook.send(part, given, tools)
  const [request] = asked
  assert.ok(request)
  return { outcome, headers: request.headers ?? {}, body: String(request.body), timeoutMs: request.timeoutMs }
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

test('an attempt takes ten seconds at most, or as long as is written', async () => {
  assert.equal((await sendBy(options)).timeoutMs, 10_000)
  const timed = (timeout: string) => webhook.options.safeParse({ url: options.url, timeout })
  assert.equal((await sendBy(timed('20s').data ?? assert.fail())).timeoutMs, 20_000)
  assert.match(timed('1m').error?.issues[0]?.message ?? '', /too long; write at most 30s/)
  assert.equal(timed('10ms').success, false)
})

test('the body may be that of the webhook of cloud-init', async () => {
  const given = { ...options, body: 'cloud-init' as const }
  const file = { path: '/var/log/x', content: 'eA==', encoding: 'base64' }
  const stage = {
    type: 'finish',
    name: 'boot/network',
    description: 'eth1 has no address',
    result: 'WARN',
    origin: 'provision',
    durationSeconds: 12.25,
    files: [file],
  } as const
  assert.deepEqual(JSON.parse((await sendBy(given, 1, undefined, { ...message, stage })).body), {
    name: 'boot/network',
    description: 'eth1 has no address',
    event_type: 'finish',
    origin: 'provision',
    timestamp: message.at / 1000,
    result: 'WARN',
    duration: 12.25,
    files: [file],
  })
  const plain = JSON.parse((await sendBy(given)).body) as { [name: string]: unknown }
  assert.deepEqual([plain['name'], plain['event_type'], plain['origin']], ['Backup of nas failed', 'error', 'sereno'])
  assert.match(String(plain['description']), /exit status 1/)
})

test("with keys of OAuth every attempt is signed, by the receiver's clock when ours is wrong", async () => {
  const keys = { consumerKey: 'c0nsumer', tokenKey: 't0ken', tokenSecret: 'h1dden' }
  const given = webhook.options.parse({ url: 'http://maas.example/clock', oauth: keys })
  const timeIn = (headers: { readonly [name: string]: string }) =>
    Number(/oauth_timestamp="(\d+)"/.exec(headers['authorization'] ?? '')?.[1])
  const refuse = (date: string): HttpAnswer => ({
    answered: true,
    status: 401,
    headers: { date },
    body: 'no h1dden for t0ken',
  })
  const first = await sendBy(given, 1, refuse('Tue, 14 Nov 2034 22:13:20 GMT'))
  assert.match(first.headers['authorization'] ?? '', /^OAuth .*oauth_signature="%26h1dden"/)
  assert.equal(timeIn(first.headers), 1_700_000_060)
  assert.ok(!first.outcome.ok && first.outcome.retry)
  assert.doesNotMatch(first.outcome.detail, /h1dden|t0ken/)
  const second = await sendBy(given, 2, refuse('Tue, 14 Nov 2034 22:14:20 GMT'))
  assert.equal(timeIn(second.headers), Date.parse('2034-11-14T22:14:20Z') / 1000)
  // Then it is not for the clock.
  assert.ok(!second.outcome.ok && !second.outcome.retry)
  assert.equal(webhook.options.safeParse({ url: given.url, oauth: { ...keys, tokenKey: undefined } }).success, false)
  const plain = await sendBy(options, 1, refuse('Tue, 14 Nov 2034 22:13:20 GMT'))
  assert.ok(!plain.outcome.ok && !plain.outcome.retry)
})
