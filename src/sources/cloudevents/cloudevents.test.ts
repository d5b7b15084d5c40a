// CloudEvents come in by all their ways; what is no event is named by its place, and its neighbours are kept.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { startSource, type SourceDouble } from '../../../test/support/source-double.ts'
import { NotStored, type SourceResponse } from '../../source.ts'
import type { NewEvent } from '../../words.ts'
import { readCloudEvent } from './event.ts'
import cloudevents from './index.ts'

const path = '/api/v1/events'
const required = { specversion: '1.0', id: '1', source: 'urn:x', type: 'backup.report' }

interface Answer {
  readonly accepted: number
  readonly duplicates: number
  readonly invalid: readonly { readonly index: number; readonly message: string }[]
  readonly ids: readonly string[]
}

function post(source: SourceDouble, value: unknown, type = 'application/cloudevents+json'): Promise<SourceResponse> {
  const body = typeof value === 'string' ? value : JSON.stringify(value)
  return source.ask({ path, body, headers: type === '' ? {} : { 'content-type': type } })
}

function answerOf({ body }: SourceResponse): Answer {
  return body as unknown as Answer
}

function errorOf({ body }: SourceResponse): string {
  return (body as { readonly error: string }).error
}

function read(more: object): NewEvent {
  const event = readCloudEvent({ ...required, ...more })
  return typeof event === 'string' ? assert.fail(event) : event
}

function refusal(more: object): string {
  return refusalOf({ ...required, ...more })
}

function refusalOf(element: unknown): string {
  const event = readCloudEvent(element)
  return typeof event === 'string' ? event : assert.fail('it was taken')
}

describe('an event', () => {
  test('becomes one of ours with all it says', () => {
    assert.deepEqual(
      read({
        time: '2026-11-20T04:00:00+01:00',
        subject: 'db',
        severity: 'alarm',
        host: 'nas',
        condition: 'backup:db',
        state: 'firing',
        region: 'north',
        attempt: 3,
        dry: true,
        datacontenttype: 'application/json',
        data: { title: 'Backup failed', text: 'no space', bytes: 12 },
      }),
      {
        type: 'backup.report',
        time: Date.UTC(2026, 10, 20, 3),
        host: 'nas',
        subject: 'db',
        severity: 'critical',
        labels: { region: 'north', attempt: '3', dry: 'true', producer: 'urn:x' },
        data: { title: 'Backup failed', text: 'no space', bytes: 12 },
        title: 'Backup failed',
        text: 'no space',
        condition: { key: 'backup:db', state: 'firing' },
        identity: { producer: 'urn:x', id: '1' },
      },
    )
  })

  test('has a type that fits on one line of anything that shows it', () => {
    for (const type of ['a\nb', 'a\u0000', '\u001b[2J', 'a\u0085']) {
      assert.match(refusal({ type }), /^type must be without control characters, not "/)
    }
    assert.equal(read({ type: 'com.example/Größe <b>' }).type, 'com.example/Größe <b>')
  })

  test('needs no more than the four attributes, and null is as if it were absent', () => {
    const bare = { type: 'backup.report', labels: { producer: 'urn:x' }, identity: { producer: 'urn:x', id: '1' } }
    assert.deepEqual(read({}), bare)
    const nothing = {
      time: null,
      subject: null,
      host: null,
      severity: null,
      condition: null,
      state: null,
      data: null,
      x: null,
    }
    assert.deepEqual(read(nothing), bare)
  })

  test('keeps data that is no object under value, and bytes as text', () => {
    assert.deepEqual(read({ data: 'plain' }).data, { value: 'plain' })
    assert.deepEqual(read({ data: [1, 2] }).data, { value: [1, 2] })
    assert.deepEqual(read({ data: false }).data, { value: false })
    const bytes = { data_base64: 'AAEC', datacontenttype: 'image/png' }
    assert.deepEqual(read(bytes).data, { base64: 'AAEC', contentType: 'image/png' })
  })

  test('no extension can pose as another producer, and labels are cut', () => {
    assert.equal(read({ producer: 'urn:other' }).labels?.['producer'], 'urn:x')
    assert.equal(read({ note: 'x'.repeat(1000) }).labels?.['note']?.length, 256)
  })

  const wrong: readonly [more: object, sentence: RegExp][] = [
    [{ specversion: undefined }, /^specversion is missing: it must be "1\.0"$/],
    [{ specversion: '0.3' }, /^specversion must be "1\.0", not "0\.3"$/],
    [{ id: undefined }, /^id is missing/],
    [{ id: '' }, /^id must be a text of 1 to 1024 characters, not ""$/],
    [{ id: 7 }, /^id must be a text of .*, not 7$/],
    [{ id: 'x'.repeat(1025) }, /^id must be a text of 1 to 1024 .*…$/],
    [{ source: null }, /^source must be a text/],
    [{ type: ['a'] }, /^type must be a text/],
    [{ type: 'sereno.started' }, /for Sereno's own events/],
    [{ time: '2026-11-20T03:00:00' }, /^time must be an RFC 3339 time such as/],
    [{ time: 1_700_000_000 }, /^time must be an RFC 3339 time/],
    [{ time: '2026-02-30T03:00:00Z' }, /^time must be an RFC 3339 time/],
    [{ subject: '' }, /^subject must be a text/],
    [{ host: {} }, /^host must be a text/],
    [{ severity: 'loud' }, /^severity must be one of info, warning, error, critical, none, alarm, .*, not "loud"$/],
    [{ severity: 'toString' }, /^severity must be one of/],
    [{ condition: 'a' }, /^state is missing: it must be firing, changed or resolved$/],
    [{ condition: 'a', state: 'open' }, /^state must be firing/],
    [{ condition: 5, state: 'firing' }, /^condition must be a text/],
    [{ state: 'firing' }, /^state stands without condition/],
    [{ data: 1, data_base64: 'AAEC' }, /exclude each other/],
    [{ data_base64: 5 }, /^data_base64 must be a text/],
    [{ extra: { a: 1 } }, /^extra must be a text, a number or a truth value/],
    [{ 'my-ext': 'x' }, /^"my-ext" is no name of an attribute/],
    [{ ['__proto__']: 'x' }, /no name of an attribute/],
    [Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`x${at}`, 'y'])), /more than 64 extension attributes/],
  ]
  for (const [more, sentence] of wrong) {
    test(`${JSON.stringify(more).slice(0, 60)} is refused`, () => assert.match(refusal(more), sentence))
  }

  test('what is no object is none', () => {
    for (const value of [null, 5, 'x', [], true]) assert.match(refusalOf(value), /^an event is a JSON object/)
  })

  test('whatever JSON comes, it is an event or a sentence', () => {
    const attribute = fc.oneof(fc.constantFrom('1.0', 'urn:x', 'firing', 'info'), fc.jsonValue({ maxDepth: 2 }))
    const names = [...Object.keys(required), 'time', 'subject', 'host', 'severity', 'condition', 'state', 'data', 'x']
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), attribute), (more) => {
        const event = readCloudEvent({ ...required, ...more })
        if (typeof event === 'string') return assert.ok(event.length > 0 && event.length < 400, event)
        for (const value of Object.values(event.labels ?? {})) assert.ok(value.length <= 256)
        assert.ok(event.time === undefined || Number.isFinite(event.time))
      }),
      { numRuns: 300 },
    )
  })
})

describe('ways to send', () => {
  for (const type of [
    'application/cloudevents+json',
    'application/cloudevents+json; charset=utf-8',
    'application/json',
    '',
  ]) {
    test(`one as ${type || 'nothing in particular'}`, async () => {
      const source = await startSource(cloudevents)
      const answer = await post(source, required, type)
      assert.deepEqual(answer, { status: 202, body: { accepted: 1, duplicates: 0, invalid: [], ids: ['id1'] } })
      assert.equal(source.events[0]?.type, 'backup.report')
    })
  }

  for (const type of ['application/cloudevents-batch+json', 'application/json']) {
    test(`many as ${type}, in one transaction`, async () => {
      const source = await startSource(cloudevents)
      const answer = await post(source, [required, { ...required, id: '2' }], type)
      assert.deepEqual(answerOf(answer).ids, ['id1', 'id2'])
      assert.equal(source.batches, 1)
    })
  }

  test('an empty batch is no mistake, and nothing to store', async () => {
    const source = await startSource(cloudevents)
    const answer = await post(source, [])
    assert.deepEqual(answer, { status: 202, body: { accepted: 0, duplicates: 0, invalid: [], ids: [] } })
    assert.equal(source.batches, 0)
  })

  const headers = {
    'ce-specversion': '1.0',
    'ce-id': '7',
    'ce-source': 'urn:caf%C3%A9',
    'ce-type': 'disk.full',
    'ce-severity': 'error',
    'ce-share': '100%',
  }

  test('with the attributes in headers', async () => {
    const source = await startSource(cloudevents)
    const body = '{"path":"/var"}'
    const answer = await source.ask({ path, headers: { ...headers, 'content-type': 'application/json' }, body })
    assert.equal(answer.status, 202)
    assert.deepEqual(source.events[0], {
      type: 'disk.full',
      severity: 'error',
      labels: { share: '100%', producer: 'urn:café' },
      data: { path: '/var' },
      identity: { producer: 'urn:café', id: '7' },
    })
  })

  test('with headers and a text, with bytes, or with nothing', async () => {
    const source = await startSource(cloudevents)
    const send = (id: string, type: string, body: string | Uint8Array) =>
      source.ask({ path, headers: { ...headers, 'ce-id': id, ...(type && { 'content-type': type }) }, body })
    await send('1', 'text/plain; charset=utf-8', 'voll')
    await send('2', 'image/png', new Uint8Array([0, 255, 1]))
    await send('3', '', '')
    assert.deepEqual(
      source.events.map((event) => event.data),
      [{ value: 'voll' }, { base64: 'AP8B', contentType: 'image/png' }, undefined],
    )
    assert.equal((await send('4', 'application/json', '{')).status, 400)
  })

  test('a header that is missing is named', async () => {
    const source = await startSource(cloudevents)
    const answer = await source.ask({ path, headers: { 'ce-id': '7', 'ce-type': 'x' } })
    assert.equal(answer.status, 400)
    assert.match(answerOf(answer).invalid[0]?.message ?? '', /^specversion is missing/)
  })

  test('another format than JSON is refused', async () => {
    const source = await startSource(cloudevents)
    const answer = await post(source, '<event/>', 'application/cloudevents+xml')
    assert.equal(answer.status, 415)
    assert.match(errorOf(answer), /send application\/cloudevents\+json/)
  })
})

describe('what is wrong', () => {
  test('in a batch is named by its place and kept as it came, its neighbours are taken', async () => {
    const source = await startSource(cloudevents)
    const bad = { ...required, id: '', data: 'ß'.repeat(4000) }
    const answer = await post(source, [required, bad, { ...required, id: '2' }, 'x'])
    assert.equal(answer.status, 202)
    const { accepted, invalid, ids } = answerOf(answer)
    assert.deepEqual([accepted, ids, invalid.map(({ index }) => index)], [2, ['id1', 'id2'], [1, 3]])
    assert.equal(source.batches, 1)
    const [first, second] = source.rejected
    assert.equal(first?.message, invalid[0]?.message)
    assert.ok(JSON.stringify(bad).startsWith(first?.raw ?? '?'))
    const kept = Buffer.byteLength(first?.raw ?? '')
    assert.ok(kept > 4092 && kept <= 4096, String(kept))
    assert.equal(second?.raw, '"x"')
  })

  test('in all of them is 400, and kept too', async () => {
    const source = await startSource(cloudevents)
    const answer = await post(source, { ...required, type: 5 })
    assert.equal(answer.status, 400)
    assert.deepEqual(answerOf(answer), {
      accepted: 0,
      duplicates: 0,
      invalid: [{ index: 0, message: 'type must be a text of 1 to 256 characters, not 5' }],
      ids: [],
    })
    assert.equal(source.rejected.length, 1)
  })

  test('as a whole is refused and leaves nothing', async () => {
    const source = await startSource(cloudevents)
    for (const [body, status, sentence] of [
      ['{"specversion":', 400, /^The body is no JSON: /],
      ['', 400, /^The body is no JSON: /],
      ['\ufeff\u0000', 400, /no JSON/],
      [`{"a":${'['.repeat(70)}${']'.repeat(70)}}`, 400, /nested deeper than 64 levels/],
      ['['.repeat(1_000_000), 400, /nested deeper than 64 levels/],
      [JSON.stringify(Array(1001).fill(required)), 413, /may have 1000 events, this one has 1001/],
    ] as const) {
      const answer = await post(source, body)
      assert.equal(answer.status, status, body.slice(0, 40))
      assert.match(errorOf(answer), sentence)
    }
    assert.deepEqual([source.batches, source.events.length], [0, 0])
  })
})

test('a repeat is taken once, and answered with the id of the first', async () => {
  const source = await startSource(cloudevents)
  await post(source, required)
  const answer = await post(source, [{ ...required, id: '2' }, required])
  assert.deepEqual(answerOf(answer), { accepted: 1, duplicates: 1, invalid: [], ids: ['id2', 'id1'] })
  await post(source, { ...required, source: 'urn:y' })
  assert.equal(source.events.length, 3)
})

test('what cannot be stored is not answered as if it were', async () => {
  const source = await startSource(cloudevents)
  source.full = true
  await assert.rejects(post(source, required), NotStored)
  await assert.rejects(post(source, [required, 'x']), NotStored)
})
