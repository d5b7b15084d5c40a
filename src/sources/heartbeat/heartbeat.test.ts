// Calls of jobs over HTTP: what is taken as what, who may call, and what is refused with which words.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mount, startTestHub, type TestHub } from '../../http/door-for-tests.ts'
import { NotStored } from '../../source.ts'
import type { JsonObject, NewFact } from '../../words.ts'
import heartbeat from './index.ts'
import { keptBytes } from './said.ts'

interface Place extends AsyncDisposable {
  readonly hub: TestHub
  readonly facts: NewFact[]
  now: number
  full: boolean
  /** With the token, as it was answered. */
  call(path: string, init?: Call): Promise<{ readonly status: number; readonly error: string; readonly body: unknown }>
  /** What the last call was taken as, without where it came from. */
  said(): JsonObject
}

interface Call {
  readonly method?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | FormData | URLSearchParams
}

async function open(
  names: readonly string[] = ['nightly', 'weekly.db'],
  ranges: readonly string[] = [],
): Promise<Place> {
  const hub = await startTestHub()
  const facts: NewFact[] = []
  const place: Place = {
    hub,
    facts,
    now: 0,
    full: false,
    async call(path, init = {}) {
      const { method = init.body === undefined ? 'GET' : 'POST', ...rest } = init
      const answer = await hub.askAs(`/api/v1/heartbeat/${path}`, { method, ...rest })
      const text = await answer.text()
      const body = text === '' ? undefined : (JSON.parse(text) as { readonly error?: string })
      return { status: answer.status, error: body?.error ?? '', body }
    },
    said() {
      const { remote, ...data } = facts.at(-1)?.data ?? assert.fail('nothing was taken')
      assert.equal(remote, '127.0.0.1')
      return data
    },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  }
  await heartbeat.start(heartbeat.options.parse({ names: [...names] }), {
    name: 'heartbeat',
    place: { zone: 'UTC', host: 'hub' },
    signal: new AbortController().signal,
    now: () => place.now,
    log: hub.door.log,
    cursor: async () => undefined,
    measure: () => {},
    ask: async () => {},
    onRecheck: () => {},
    route: (method, path, handler) =>
      void hub.door.routes.push(mount(handler, { source: 'heartbeat', method, path, open: ranges })),
    async emit({ facts: given = [] }) {
      if (place.full) throw new NotStored('the disk is full')
      facts.push(...given)
      return { ids: [], accepted: 0, duplicates: 0 }
    },
  })
  return place
}

describe('a call', () => {
  test('says that all is well, and is answered once it is on disk', async () => {
    await using place = await open()
    assert.deepEqual(await place.call('nightly', { method: 'POST' }), { status: 202, error: '', body: { accepted: 1 } })
    assert.deepEqual(place.facts, [
      { name: 'heartbeat.ping', key: 'nightly', data: { state: 'ok', remote: '127.0.0.1' } },
    ])
    place.full = true
    assert.equal((await place.call('nightly', { method: 'POST' })).status, 503)
    assert.equal(place.facts.length, 1)
  })

  test('may be made by GET and HEAD', async () => {
    await using place = await open()
    assert.equal((await place.call('weekly.db?state=start')).status, 202)
    assert.deepEqual(await place.call('weekly.db', { method: 'HEAD' }), { status: 202, error: '', body: undefined })
    assert.deepEqual(
      place.facts.map(({ key, data }) => [key, data['state']]),
      [
        ['weekly.db', 'start'],
        ['weekly.db', 'ok'],
      ],
    )
    assert.equal((await place.call('nightly', { method: 'PUT' })).status, 405)
  })

  const said: readonly (readonly [path: string, init: Call, said: JsonObject])[] = [
    ['nightly?state=fail&message=disk+full', {}, { state: 'fail', message: 'disk full' }],
    ['nightly?exit=0', {}, { state: 'ok', exitCode: 0 }],
    ['nightly?exit=3', {}, { state: 'fail', exitCode: 3 }],
    ['nightly?exit=3&state=ok', {}, { state: 'ok', exitCode: 3 }],
    ['nightly/start?rid=7', {}, { state: 'start', runId: '7' }],
    ['nightly/fail', {}, { state: 'fail' }],
    ['nightly/0', {}, { state: 'ok', exitCode: 0 }],
    ['nightly/137', {}, { state: 'fail', exitCode: 137 }],
    ['nightly/log', { body: 'half done\n' }, { state: 'log', log: 'half done\n' }],
    ['nightly?exit=1', { body: 'Fatal: locked\n' }, { state: 'fail', exitCode: 1, log: 'Fatal: locked\n' }],
    [
      'nightly',
      { body: new URLSearchParams({ exit: '2', log: 'a\nb', durationSeconds: '1.5' }) },
      { state: 'fail', exitCode: 2, log: 'a\nb', durationSeconds: 1.5 },
    ],
    [
      'nightly',
      { body: '{"state":"fail","exitCode":1,"message":null,"runId":"x"}', headers: json() },
      { state: 'fail', exitCode: 1, runId: 'x' },
    ],
    // As `curl -d` sends whatever it is given.
    ['nightly', { body: '{"state":"fail"}', headers: form() }, { state: 'fail' }],
    [
      'nightly',
      { body: 'rsync error: code=23 (partial transfer)', headers: form() },
      { state: 'ok', log: 'rsync error: code=23 (partial transfer)' },
    ],
    ['nightly', { body: '{ not json }', headers: form() }, { state: 'ok', log: '{ not json }' }],
  ]
  for (const [path, init, expected] of said) {
    test(`to ${path}${bodyOf(init)}`, async () => {
      await using place = await open()
      const { status, error } = await place.call(path, init)
      assert.equal(status, 202, error)
      assert.deepEqual(place.said(), expected)
    })
  }

  test('may have its log in a file, as curl -F sends it', async () => {
    await using place = await open()
    const sent = new FormData()
    sent.set('state', 'fail')
    sent.set('log', new Blob(['größer als\n']), 'backup.log')
    assert.equal((await place.call('nightly', { body: sent })).status, 202)
    assert.deepEqual(place.said(), { state: 'fail', log: 'größer als\n' })
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }
    assert.match((await place.call('nightly', { body: 'none', headers })).error, /no multipart form/)
  })

  test('of a long log keeps the end', async () => {
    await using place = await open()
    assert.equal((await place.call('nightly', { body: `${'ü'.repeat(40_000)}last line` })).status, 202)
    const { log, logCut } = place.said()
    assert.equal(logCut, true)
    assert.ok(typeof log === 'string')
    assert.match(log, /^ü+last line$/)
    assert.ok(Buffer.byteLength(log) > keptBytes - 4)
    const { status, error } = await place.call('nightly', { body: 'x'.repeat(102_401) })
    assert.equal(status, 413)
    assert.match(error, /larger than 102400 bytes.*tail -c 10000/)
  })

  test('keeps the key by which a repeat is known', async () => {
    await using place = await open()
    await place.call('nightly', { method: 'POST', headers: { 'idempotency-key': ' a1 ' } })
    assert.deepEqual(place.said(), { state: 'ok', key: 'a1' })
    const headers = { 'idempotency-key': 'k'.repeat(256) }
    assert.match((await place.call('nightly', { method: 'POST', headers })).error, /Idempotency-Key is longer/)
  })

  test('again and again is slowed down, by name', async () => {
    await using place = await open()
    for (let count = 0; count < 60; count += 1) assert.equal((await place.call('nightly')).status, 202)
    const answer = await place.hub.askAs('/api/v1/heartbeat/nightly')
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '1'])
    assert.match(await answer.text(), /nightly has called more than 60 times within a minute/)
    assert.equal((await place.call('weekly.db')).status, 202)
    place.now += 1000
    assert.equal((await place.call('nightly')).status, 202)
    assert.equal((await place.call('nightly')).status, 429)
  })
})

describe('what cannot be understood never passes for well', () => {
  const refused: readonly (readonly [path: string, init: Call, error: RegExp])[] = [
    [
      'nightly?state=failed',
      {},
      /The state "failed" is not known; did you mean fail\? There are start, ok, fail, log\./,
    ],
    ['nightly?state=', {}, /The state "" is not known/],
    ['nightly/finished', {}, /The state "finished" is not known/],
    ['nightly?exit=', {}, /The exit code "" is no whole number; in a shell it is \$\?/],
    ['nightly?exit=one', {}, /The exit code "one"/],
    ['nightly?stat=fail', {}, /"stat" is not known here; did you mean state\?/],
    ['nightly?state=ok&state=fail', {}, /state is said twice, as "ok" and as "fail"; say it once/],
    ['nightly/fail?state=ok', {}, /state is said twice/],
    ['nightly?exit=0', { body: new URLSearchParams({ exitCode: '1' }) }, /exitCode is said twice, as "0" and as "1"/],
    ['nightly', { body: 'result=fail', headers: form() }, /"result" is not known here/],
    ['nightly', { body: '{"state":"fail"', headers: json() }, /The body is no JSON, though/],
    ['nightly', { body: '["fail"]', headers: json() }, /no JSON object; send \{"state": "ok"\}/],
    ['nightly', { body: '{"state":{"is":"fail"}}', headers: json() }, /The state \{"is":"fail"\} is not known/],
    ['nightly', { body: '{"log":["a"]}', headers: json() }, /log must be a text, not \["a"\]/],
    ['nightly', { body: `${'['.repeat(50)}`, headers: json() }, /nested deeper than 8/],
    ['nightly?durationSeconds=long', {}, /The duration "long" is no number of seconds/],
    [`nightly?rid=${'x'.repeat(101)}`, {}, /runId is longer than 100/],
  ]
  for (const [path, init, expected] of refused) {
    test(`${path.slice(0, 60)}${bodyOf(init)}`, async () => {
      await using place = await open()
      const { status, error } = await place.call(path, init)
      assert.equal(status, 400)
      assert.match(error, expected)
      assert.equal(place.facts.length, 0)
    })
  }
})

describe('a name that is not known', () => {
  test('is refused with the nearest one, or all', async () => {
    await using place = await open()
    const near = await place.call('nightli', { method: 'POST' })
    assert.equal(near.status, 404)
    assert.equal(
      near.error,
      'There is no heartbeat "nightli"; did you mean nightly? It is the name of a watch of kind heartbeat.',
    )
    assert.match((await place.call('other')).error, /There is no heartbeat "other"; there are nightly, weekly\.db\./)
    assert.equal((await place.call('other/fail')).status, 404)
    assert.match((await place.call('a%0Ab')).error, /"a%0Ab"/)
  })

  test('is all there is when nothing is watched', async () => {
    await using place = await open([])
    const { status, error } = await place.call('nightly')
    assert.deepEqual(
      [status, error],
      [404, 'There is no heartbeat "nightly": no watch of kind heartbeat is configured.'],
    )
  })
})

describe('who may call', () => {
  test('has a token, or an address from which none is needed', async () => {
    await using place = await open()
    for (const method of ['GET', 'HEAD', 'POST'])
      assert.equal((await place.hub.ask('/api/v1/heartbeat/nightly', { method })).status, 401)
    await using free = await open(['nightly'], ['127.0.0.0/8'])
    for (const method of ['GET', 'HEAD', 'POST'])
      assert.equal((await free.hub.ask('/api/v1/heartbeat/nightly/start', { method })).status, 202)
    assert.deepEqual([place.facts.length, free.facts.length], [0, 3])
  })

  test('is no page of another site, whatever its visitor may do', async () => {
    await using place = await open()
    const { status, error } = await place.call('nightly', { headers: { 'sec-fetch-site': 'cross-site' } })
    assert.equal(status, 403)
    assert.match(error, /A page of another site/)
    assert.equal((await place.call('nightly', { headers: { 'sec-fetch-site': 'none' } })).status, 202)
  })
})

/** As it stands in the name of a test. */
function bodyOf({ body, headers }: Call): string {
  if (body === undefined || body instanceof FormData) return ''
  return ` with ${headers?.['content-type'] ?? 'a body'}: ${body.toString().slice(0, 60)}`
}

function json(): { readonly 'content-type': string } {
  return { 'content-type': 'application/json' }
}

function form(): { readonly 'content-type': string } {
  return { 'content-type': 'application/x-www-form-urlencoded' }
}
