// Scripts' messages: the form as its first clients send it, byte for byte answered as they know it; JSON beside it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { remote, startSource, type SourceDouble } from '../../test/support/source-double.ts'
import { NotStored, type SourceResponse } from '../source.ts'
import message from './message.ts'

const path = '/message'

function form(source: SourceDouble, body: string, headers = {}): Promise<SourceResponse> {
  return source.ask({ path, body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
}

function json(source: SourceDouble, value: unknown): Promise<SourceResponse> {
  const body = typeof value === 'string' ? value : JSON.stringify(value)
  return source.ask({ path, body, headers: { 'content-type': 'application/json; charset=utf-8' } })
}

function errorOf({ status, body }: SourceResponse): string {
  assert.equal(status, 400)
  return (body as { readonly error: string }).error
}

const missingMessage = '{"error":"Expected string under a \\"message\\" variable was not present."}'
const missingHost = '{"error":"Expected string under a \\"hostname\\" variable was not present."}'

describe('the form', () => {
  test('is taken and answered 200 as JSON, as curl and the client library send it', async () => {
    const source = await startSource(message)
    const answer = await form(source, 'hostname=MyHostname&message=This+is+a+test%0Amessage')
    assert.deepEqual([answer.status, JSON.stringify(answer.body)], [200, '200'])
    assert.deepEqual(source.events, [
      {
        type: 'message',
        host: 'MyHostname',
        severity: 'info',
        data: { message: 'This is a test\nmessage', messageType: 'none' },
        text: 'This is a test\nmessage',
      },
    ])
  })

  test('a summary is the title', async () => {
    const source = await startSource(message)
    await form(source, 'hostname=h&message=m&summary=Backup+of+nas&message_type=error')
    const { title, text, severity, data } = source.events[0] ?? assert.fail()
    assert.deepEqual([title, text, severity], ['Backup of nas', 'm', 'error'])
    assert.deepEqual(data, { message: 'm', summary: 'Backup of nas', messageType: 'error' })
  })

  test('says in its own words what is missing, the message first', async () => {
    const source = await startSource(message)
    for (const [body, error] of [
      ['', missingMessage],
      ['hostname=h', missingMessage],
      ['message=m', missingHost],
      ['message=m&message_type=bogus', missingHost],
      ['garbage', missingMessage],
    ] as const) {
      const answer = await form(source, body)
      assert.deepEqual([answer.status, JSON.stringify(answer.body)], [400, error], body)
    }
    assert.equal(source.batches, 0)
  })

  test('empty texts pass, and an empty host name names no host', async () => {
    const source = await startSource(message)
    assert.equal((await form(source, 'hostname=&message=&summary=&message_type=')).status, 200)
    assert.deepEqual(source.events, [
      { type: 'message', severity: 'info', data: { message: '', messageType: 'none' }, text: '' },
    ])
  })

  test('of a field given twice the first counts', async () => {
    const source = await startSource(message)
    await form(source, 'hostname=a&hostname=b&message=m')
    assert.equal(source.events[0]?.host, 'a')
  })

  test('without a content type it is a form all the same', async () => {
    const source = await startSource(message)
    assert.equal((await source.ask({ path, body: 'hostname=h&message=m' })).status, 200)
  })

  test('may come in parts, as curl -F sends it', async () => {
    const source = await startSource(message)
    const sent = new FormData()
    sent.set('hostname', 'h')
    sent.set('message', 'größer als')
    const request = new Request('http://localhost/', { method: 'POST', body: sent })
    const headers = { 'content-type': request.headers.get('content-type') ?? '' }
    const answer = await source.ask({ path, headers, body: new Uint8Array(await request.arrayBuffer()) })
    assert.deepEqual([answer.status, source.events[0]?.text], [200, 'größer als'])
    assert.match(errorOf(await source.ask({ path, headers, body: 'no parts' })), /no multipart form/)
  })
})

describe('severity', () => {
  const words = {
    none: 'info',
    info: 'info',
    warning: 'warning',
    error: 'error',
    alarm: 'critical',
    alert: 'critical',
    critical: 'critical',
    page: 'critical',
  }
  for (const [word, severity] of Object.entries(words)) {
    test(`message_type ${word} is ${severity}`, async () => {
      const source = await startSource(message)
      await form(source, `hostname=h&message=m&message_type=${word}`)
      assert.equal(source.events[0]?.severity, severity)
    })
  }

  for (const word of ['bogus', 'toString', '__proto__', 'warn']) {
    test(`message_type ${word} is refused with those allowed`, async () => {
      const source = await startSource(message)
      assert.equal(
        errorOf(await form(source, `hostname=h&message=m&message_type=${word}`)),
        `message_type "${word}" is not known; allowed are ${Object.keys(words).join(', ')}.`,
      )
      assert.equal(source.events.length, 0)
    })
  }
})

describe('JSON', () => {
  test('is taken like the form', async () => {
    const source = await startSource(message)
    assert.equal(
      (await json(source, { hostname: 'h', message: 'm', message_type: 'alert', summary: null })).status,
      200,
    )
    assert.deepEqual([source.events[0]?.severity, source.events[0]?.title], ['critical', undefined])
  })

  test('of wrong types is refused like what is missing', async () => {
    const source = await startSource(message)
    for (const [value, error] of [
      [{ hostname: 'h', message: 5 }, missingMessage],
      [{ hostname: 'h', message: { a: 1 } }, missingMessage],
      [{ hostname: ['h'], message: 'm' }, missingHost],
    ] as const) {
      assert.equal(JSON.stringify((await json(source, value)).body), error)
    }
    assert.match(errorOf(await json(source, { hostname: 'h', message: 'm', summary: 1 })), /summary must be a string/)
    assert.match(errorOf(await json(source, { hostname: 'h', message: 'm', message_type: 1 })), /message_type 1 is not/)
    assert.match(errorOf(await json(source, ['m'])), /no JSON object/)
    assert.match(errorOf(await json(source, 'null')), /no JSON object/)
    assert.equal(source.batches, 0)
  })

  test('that is broken or too deep is refused', async () => {
    const source = await startSource(message)
    assert.match(errorOf(await json(source, '{"hostname":')), /no JSON, though/)
    assert.match(errorOf(await json(source, '['.repeat(100_000))), /nested deeper than 64/)
  })
})

describe('repeats', () => {
  test('without a key every post is new', async () => {
    const source = await startSource(message)
    await form(source, 'hostname=h&message=m')
    await form(source, 'hostname=h&message=m')
    assert.equal(source.events.length, 2)
  })

  test('a key makes a repeat harmless, and it is answered alike', async () => {
    const source = await startSource(message)
    for (const headers of [{ 'idempotency-key': 'k1' }, { 'idempotency-key': ' k1 ' }, { 'idempotency-key': 'k2' }]) {
      assert.equal((await form(source, 'hostname=h&message=m', headers)).status, 200)
    }
    await form(source, 'hostname=other&message=m', { 'idempotency-key': 'k1' })
    await form(source, 'hostname=&message=m', { 'idempotency-key': 'k1' })
    assert.deepEqual(
      source.events.map((event) => event.identity),
      [
        { producer: 'h', id: 'k1' },
        { producer: 'h', id: 'k2' },
        { producer: 'other', id: 'k1' },
        { producer: remote, id: 'k1' },
      ],
    )
    assert.match(errorOf(await form(source, 'hostname=h&message=m', { 'idempotency-key': 'k'.repeat(256) })), /longer/)
  })
})

test('what cannot be stored is not answered as if it were', async () => {
  const source = await startSource(message)
  source.full = true
  await assert.rejects(form(source, 'hostname=h&message=m'), NotStored)
})

test('more than so many a minute from one address are refused, where that is wanted', async () => {
  const source = await startSource(message, { perMinute: 3 })
  const answers = []
  for (let n = 0; n < 4; n += 1) answers.push(await form(source, 'hostname=h&message=m'))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 429],
  )
  assert.deepEqual(answers[3]?.headers, { 'retry-after': '20' })
  assert.equal(source.events.length, 3)
})
