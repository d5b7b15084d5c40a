// What the server bears: large, slow, malformed and too many requests, and handlers that fail.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { NotStored } from '../source.ts'
import { StoreFailed } from '../store/store.ts'
import { mount, openWire, startTestHub, token, type TestHub, type Wire } from './door-for-tests.ts'
import { createServer } from './server.ts'

const megabyte = 1024 * 1024
const bearer = `Authorization: Bearer ${token}`

/** Counts what gets through to a source. */
function count(hub: TestHub): { readonly bodies: string[] } {
  const bodies: string[] = []
  hub.door.routes.push(
    mount(async ({ body }) => {
      bodies.push(Buffer.from(body).toString('latin1'))
      return { status: 200, body: '200' }
    }),
  )
  return { bodies }
}

function post(body: string, ...headers: readonly string[]): string {
  const lines = ['POST /message HTTP/1.1', 'Host: localhost', bearer, `Content-Length: ${body.length}`, ...headers]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

async function stillAnswers(hub: TestHub): Promise<void> {
  const answer = await hub.askAs('/api/v1/status')
  assert.equal(answer.status, 200)
  await answer.arrayBuffer()
}

describe('bodies', () => {
  test('reach the source as they were sent, with path, query, headers and address', async () => {
    await using hub = await startTestHub()
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)
    hub.door.routes.push(
      mount(async ({ body, ...request }) => {
        assert.deepEqual(Buffer.from(body), Buffer.from(bytes))
        const { method, path, query, headers, remote } = request
        return { status: 201, body: { method, path, a: query.get('a'), x: headers['x-one'] ?? null, remote } }
      }),
    )
    const answer = await hub.askAs('/message?a=b%20c', { method: 'POST', body: bytes, headers: { 'X-One': 'two' } })
    assert.equal(answer.status, 201)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.deepEqual(await answer.json(), {
      method: 'POST',
      path: '/message',
      a: 'b c',
      x: 'two',
      remote: '127.0.0.1',
    })
  })

  test('of 10 MB are refused with a sentence, announced or not', async () => {
    await using hub = await startTestHub()
    const { bodies } = count(hub)
    const large = new Uint8Array(10 * megabyte)
    const inPieces = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < large.length; sent += megabyte) controller.enqueue(large.subarray(0, megabyte))
        controller.close()
      },
    })
    for (const body of [large, inPieces]) {
      const answer = await hub.askAs('/message', { method: 'POST', body, duplex: 'half' })
      assert.equal(answer.status, 413)
      assert.match(await answer.text(), /larger than 4194304 bytes.*hub\.maxBody/)
    }
    const reload = await hub.askAs('/api/v1/reload', { method: 'POST', body: large })
    assert.equal(reload.status, 413)
    assert.deepEqual(bodies, [])
    await stillAnswers(hub)
  })

  test('of an absurd length are refused before the first byte', async () => {
    await using hub = await startTestHub()
    const { bodies } = count(hub)
    for (const [length, status] of [
      ['999999999999', 413],
      ['9007199254740993', 413],
      ['99999999999999999999999', 400],
      ['-1', 400],
      ['1e3', 400],
      ['', 400],
    ] as const) {
      const wire = openWire(hub.port)
      wire.send(`POST /message HTTP/1.1\r\nHost: localhost\r\n${bearer}\r\nContent-Length: ${length}\r\n\r\n`)
      assert.match(await wire.until(/\r\n\r\n/), new RegExp(`^HTTP/1\\.1 ${status} `), length)
      wire.socket.destroy()
    }
    assert.deepEqual(bodies, [])
    await stillAnswers(hub)
  })

  test('that come too slowly are answered 408, and the line is cut', async () => {
    await using hub = await startTestHub({ bodyDeadlineMs: 50 })
    const { bodies } = count(hub)
    const wire = openWire(hub.port)
    wire.send(post('').replace('Content-Length: 0', 'Content-Length: 10'))
    wire.send('a')
    assert.match(await wire.closed, /^HTTP\/1\.1 408 .*did not arrive within 0\.05 s/s)
    assert.deepEqual(bodies, [])
    await stillAnswers(hub)
  })

  test('that are asked about first are let in, or refused unsent', async () => {
    await using hub = await startTestHub()
    const { bodies } = count(hub)
    const small = openWire(hub.port)
    small.send(post('', 'Expect: 100-continue').replace('Content-Length: 0', 'Content-Length: 2'))
    await small.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
    small.send('hi')
    await small.until(/HTTP\/1\.1 200 OK/)
    assert.deepEqual(bodies, ['hi'])
    const large = openWire(hub.port)
    large.send(post('', 'Expect: 100-continue').replace('Content-Length: 0', 'Content-Length: 99999999'))
    assert.match(await large.until(/\r\n\r\n/), /^HTTP\/1\.1 413 /)
    const stranger = openWire(hub.port)
    stranger.send(post('', 'Expect: 100-continue').replace(bearer, 'X: y').replace('Length: 0', 'Length: 2'))
    assert.match(await stranger.until(/\r\n\r\n/), /^HTTP\/1\.1 401 /)
    for (const wire of [small, large, stranger]) wire.socket.destroy()
  })

  test('in an encoding are refused, not guessed', async () => {
    await using hub = await startTestHub()
    const { bodies } = count(hub)
    const answer = await hub.askAs('/message', {
      method: 'POST',
      body: 'x',
      headers: { 'content-encoding': 'gzip' },
    })
    assert.equal(answer.status, 415)
    assert.deepEqual(bodies, [])
  })

  test('of clients that hang up half-way go nowhere', async () => {
    await using hub = await startTestHub()
    const { bodies } = count(hub)
    const wire = openWire(hub.port)
    wire.send(post('').replace('Content-Length: 0', 'Content-Length: 10'))
    wire.send('half')
    await once(wire.socket, 'connect')
    wire.socket.end()
    await wire.closed
    await stillAnswers(hub)
    assert.deepEqual(bodies, [])
  })
})

describe('malformed requests', () => {
  const start = `POST /message HTTP/1.1\r\nHost: localhost\r\n${bearer}\r\n`
  const smuggled: { readonly [name: string]: string } = {
    'a length and chunks': `${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'two lengths': `${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    'a list of lengths': `${start}Content-Length: 1, 1\r\n\r\na`,
    'an unknown coding': `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'chunks not last': `${start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'a blank before the colon': `${start}Content-Length : 1\r\n\r\na`,
    'a folded header': `${start}X: a\r\n Content-Length: 1\r\n\r\na`,
    'a zero byte': `${start}X: a\0b\r\n\r\n`,
    'a bare carriage return': `${start}X: a\rContent-Length: 1\r\n\r\na`,
    'a chunk of no size': `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    'no HTTP': 'hello\r\n\r\n',
    TLS: '\x16\x03\x01\x02\x00\x01\x00',
    'another version': 'GET / HTTP/9.9\r\n\r\n',
  }
  for (const [name, bytes] of Object.entries(smuggled)) {
    test(`${name}: refused, and nothing behind it is taken for a request`, async () => {
      await using hub = await startTestHub()
      const { bodies } = count(hub)
      const wire = openWire(hub.port)
      wire.send(Buffer.from(bytes + post('smuggled'), 'latin1'))
      assert.match(await wire.closed, /^HTTP\/1\.1 400 /)
      assert.deepEqual(bodies, [])
      await stillAnswers(hub)
    })
  }

  test('headers of more than 16 KiB are refused', async () => {
    await using hub = await startTestHub()
    const wire = openWire(hub.port)
    wire.send(post('a', `X: ${'x'.repeat(17 * 1024)}`))
    assert.match(await wire.closed, /^HTTP\/1\.1 431 .*16 KiB/s)
  })

  test('a request that names no host is refused', async () => {
    await using hub = await startTestHub()
    const { bodies } = count(hub)
    const wire = openWire(hub.port)
    wire.send(`POST /message HTTP/1.1\r\n${bearer}\r\n\r\n`)
    assert.match(await wire.closed, /^HTTP\/1\.1 400 /)
    assert.deepEqual(bodies, [])
  })

  test('a whole address instead of a path is refused', async () => {
    await using hub = await startTestHub()
    const wire = openWire(hub.port)
    wire.send(`GET http://example.org/ HTTP/1.1\r\nHost: localhost\r\n${bearer}\r\nConnection: close\r\n\r\n`)
    assert.match(await wire.closed, /^HTTP\/1\.1 400 /)
  })

  test('well-formed requests in one packet are answered in order', async () => {
    await using hub = await startTestHub()
    const { bodies } = count(hub)
    const wire = openWire(hub.port)
    wire.send(post('one') + post('two') + post('three', 'Connection: close'))
    const answers = await wire.closed
    assert.equal(answers.match(/HTTP\/1\.1 200 OK/g)?.length, 3)
    assert.deepEqual(bodies, ['one', 'two', 'three'])
  })
})

describe('connections', () => {
  test('a thousand idle ones do not keep others out, and are closed in time', async () => {
    await using hub = await startTestHub({ headersDeadlineMs: 3000 })
    count(hub)
    const idle = Array.from({ length: 1000 }, () => openWire(hub.port))
    await Promise.all(idle.map(async ({ socket }) => once(socket, 'connect')))
    for (const wire of idle.slice(500)) wire.send('POST /message HTTP/1.1\r\nHost:')
    const answer = await hub.askAs('/message', { method: 'POST', body: 'x' })
    assert.equal(await answer.text(), '200')
    await Promise.all(idle.map(async ({ closed }) => closed))
    await stillAnswers(hub)
  })

  test('above the most that are borne, new ones are turned away, and taken again when some have ended', async () => {
    await using hub = await startTestHub({ maxConnections: 20 })
    const wires: Wire[] = Array.from({ length: 30 }, () => openWire(hub.port))
    await Promise.race(wires.map(async ({ closed }) => closed))
    assert.match(hub.logged.join('\n'), /20 connections are open/)
    for (const { socket } of wires) socket.destroy()
    await Promise.all(wires.map(async ({ closed }) => closed))
    await stillAnswers(hub)
  })

  test('closing ends idle ones and waits for what is being answered', async () => {
    const hub = await startTestHub()
    const { promise: asked, resolve: tell } = Promise.withResolvers<void>()
    const { promise: go, resolve: finish } = Promise.withResolvers<void>()
    hub.door.routes.push(
      mount(async () => {
        tell()
        await go
        return { status: 200, body: 'after all' }
      }),
    )
    const idle = openWire(hub.port)
    await once(idle.socket, 'connect')
    const answer = hub.askAs('/message', { method: 'POST', body: 'x' })
    await asked
    const closed = hub.server.close()
    finish()
    assert.equal(await (await answer).text(), 'after all')
    await closed
    await idle.closed
    await assert.rejects(hub.ask('/healthz'))
  })

  test('a port that is taken is said in a sentence', async () => {
    await using hub = await startTestHub()
    const listen = { host: '127.0.0.1', port: hub.port }
    const second = createServer({ listen, maxBodyBytes: 1, tokens: [], door: hub.door })
    await assert.rejects(second.listen(), /cannot listen on 127\.0\.0\.1:\d+: another program has that port/)
  })

  test('a certificate that is not there is said in a sentence', async () => {
    await using hub = await startTestHub()
    const tls = { cert: '/nonexistent/cert.pem', key: '/nonexistent/key.pem' }
    const make = (): unknown =>
      createServer({ listen: { host: '127.0.0.1', port: 0 }, tls, maxBodyBytes: 1, tokens: [], door: hub.door })
    assert.throws(make, /certificate \/nonexistent\/cert\.pem of hub\.tls cannot be read/)
  })
})

describe('answers', () => {
  test('what could not be stored is 503 with the time to come again', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(
      mount(async () => {
        throw new NotStored('the disk is full')
      }),
    )
    hub.door.reload = async () => {
      throw new StoreFailed('the disk is full')
    }
    for (const path of ['/message', '/api/v1/reload']) {
      const answer = await hub.askAs(path, { method: 'POST', body: 'x' })
      assert.equal(answer.status, 503, path)
      assert.equal(answer.headers.get('retry-after'), '5')
      assert.match(await answer.text(), /^\{"error":"It could not be stored \(the disk is full\)/)
    }
  })

  test('a mistake of ours is 500 with a sentence and a line in the log, and the next request is answered', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(
      mount(() => {
        throw new TypeError('at once: secret inside')
      }),
      mount(async () => Promise.reject(new TypeError('later: secret inside')), { path: '/later' }),
      // oxlint-disable-next-line no-throw-literal -- even that
      mount(async () => Promise.reject('no error at all: secret inside'), { path: '/odd' }),
    )
    hub.door.reload = async () => Promise.reject(new TypeError('in the API: secret inside'))
    hub.door.health = () => {
      throw new TypeError('in the page: secret inside')
    }
    for (const [method, path] of [
      ['POST', '/message'],
      ['POST', '/later?token=not-for-the-log'],
      ['POST', '/odd'],
      ['POST', '/api/v1/reload'],
      ['GET', '/'],
      ['GET', '/healthz'],
    ] as const) {
      const answer = await hub.askAs(path, { method })
      assert.equal(answer.status, 500, path)
      assert.doesNotMatch(await answer.text(), /secret|TypeError/)
    }
    assert.equal(hub.logged.filter((line) => line.includes('secret inside')).length, 6)
    assert.ok(!hub.logged.join().includes('not-for-the-log'))
    await stillAnswers(hub)
  })

  test('unknown paths are 404, wrong methods 405 with those that are right', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(
      mount(async () => ({ status: 200, body: '200' })),
      mount(async () => ({ status: 202, body: {} }), { path: '/api/v1/events' }),
    )
    const ask = async (method: string, path: string): Promise<string> => {
      const answer = await hub.askAs(path, { method })
      return `${answer.status} ${answer.headers.get('allow') ?? ''}`.trim()
    }
    assert.equal(await ask('GET', '/nowhere'), '404')
    assert.equal(await ask('POST', '/api/v1/nowhere'), '404')
    assert.equal(await ask('GET', '/events/'), '404')
    assert.equal(await ask('GET', '/message'), '405 POST')
    assert.equal(await ask('DELETE', '/api/v1/events'), '405 POST, GET, HEAD')
    assert.equal(await ask('PUT', '/api/v1/events/0000000z8'), '405 GET, HEAD')
    assert.equal(await ask('POST', '/'), '405 GET, HEAD')
    assert.equal(await ask('POST', '/metrics'), '405 GET, HEAD')
    assert.equal(await ask('OPTIONS', '/message'), '405 POST')
    assert.equal(await ask('HEAD', '/'), '200')
    assert.equal(await ask('HEAD', '/api/v1/status'), '200')
    assert.equal(await ask('POST', '/api/v1/events'), '202')
  })

  test('who needs no token for a way in is told of its method; no other door opens by that', async () => {
    await using hub = await startTestHub()
    const open = ['127.0.0.0/8']
    hub.door.routes.push(
      mount(async () => ({ status: 200, body: '200' }), { open }),
      mount(async () => ({ status: 202, body: {} }), { path: '/api/v1/events', open }),
      mount(async () => ({ status: 200, body: '200' }), { path: '/closed' }),
    )
    const ask = async (method: string, path: string): Promise<string> => {
      const answer = await fetch(`${hub.url}${path}`, { method })
      return `${answer.status} ${answer.headers.get('allow') ?? ''}`.trim()
    }
    assert.equal(await ask('POST', '/message'), '200')
    assert.equal(await ask('GET', '/message'), '405 POST')
    assert.equal(await ask('PUT', '/message'), '405 POST')
    assert.equal(await ask('GET', '/api/v1/events'), '401')
    assert.equal(await ask('DELETE', '/api/v1/events'), '401')
    assert.equal(await ask('GET', '/closed'), '401')
    assert.equal(await ask('GET', '/nowhere'), '401')
  })

  test('routes come and go while it runs', async () => {
    await using hub = await startTestHub()
    const { routes } = hub.door
    const ask = async (): Promise<string> => (await hub.askAs('/message', { method: 'POST' })).text()
    assert.match(await ask(), /There is nothing at \/message/)
    routes.push(mount(async () => ({ status: 200, body: 'one' })))
    assert.equal(await ask(), 'one')
    routes[0] = mount(async () => ({ status: 200, body: 'two' }))
    assert.equal(await ask(), 'two')
    routes.splice(0, 1)
    assert.match(await ask(), /There is nothing/)
  })

  test('health, readiness and metrics have the words that monitoring expects', async () => {
    await using hub = await startTestHub()
    hub.door.registry.metric('counter', 'sereno_things_total', 'Things.').add(2)
    const metrics = await hub.askAs('/metrics')
    assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(await metrics.text(), /^sereno_things_total 2$/m)
    assert.equal(await (await hub.askAs('/readyz')).text(), 'ok\n')
    const checks = [
      { name: 'store', ok: true, detail: 'takes what it is given' },
      { name: 'channel team', ok: false, detail: 'channel team cannot be told' },
      { name: 'tail kms', ok: false, detail: 'the tail of source kms is stuck' },
    ]
    hub.door.state = { live: true, ready: false, checks }
    assert.equal((await hub.ask('/healthz')).status, 200)
    const ready = await hub.askAs('/readyz')
    assert.equal(ready.status, 503)
    assert.equal(await ready.text(), 'channel team cannot be told\nthe tail of source kms is stuck\n')
    hub.door.state = { live: false, ready: false, checks }
    assert.equal((await hub.ask('/healthz')).status, 503)
  })
})
