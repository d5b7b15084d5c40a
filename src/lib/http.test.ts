// Requests against servers on 127.0.0.1 that answer, hang, break off and lie.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { text as toText } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { testCertificate, testKey } from '../../test/support/certificate.ts'
import { request, type HttpAnswer } from './http.ts'

describe('an answer', () => {
  test('comes with its status, its lower-case headers and its body', async () => {
    await using server = await serveHttp((incoming, response) => {
      response.writeHead(418, { 'X-Tea': 'green', 'Set-Cookie': ['a=1', 'b=2'] }).end(`${incoming.method} größer`)
    })
    const answer = await request({ url: server.url })
    assert.ok(answer.answered)
    assert.equal(answer.status, 418)
    assert.equal(answer.headers['x-tea'], 'green')
    assert.equal(answer.headers['set-cookie'], 'a=1, b=2')
    assert.equal(answer.body, 'GET größer')
    assert.equal(answer.cut, undefined)
  })

  test('is asked for with the body, the headers and the method given', async () => {
    await using server = await serveHttp((incoming, response) => {
      const { method, headers } = incoming
      void toText(incoming).then((body) => {
        response.end(JSON.stringify([method, headers['content-length'], headers['x-a'], body]))
      })
    })
    const post = await request({ url: server.url, body: 'größe', headers: { 'X-A': 'b' } })
    assert.deepEqual(bodyOf(post), ['POST', '7', 'b', 'größe'])
    const put = await request({ url: server.url, method: 'PUT', body: Buffer.from('xy') })
    assert.deepEqual(bodyOf(put), ['PUT', '2', null, 'xy'])
  })

  test('leaves its connection for the next request', async () => {
    await using server = await serveHttp((_, response) => response.end('ok'))
    await request({ url: server.url })
    await request({ url: server.url })
    assert.equal(server.connections(), 1)
  })

  test('is not asked for on a connection that the server has closed meanwhile', async () => {
    await using server = await serveHttp((_, response) => response.end('ok'))
    for (let round = 1; round <= 50; round++) {
      const answer = await request({ url: server.url, body: 'x' })
      assert.equal(answer.answered && answer.status, 200)
      assert.equal(server.connections(), round)
      await server.hangUp()
    }
  })

  test('with a redirect is handed on, not followed', async () => {
    let count = 0
    await using server = await serveHttp((_, response) => {
      count++
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    const answer = await request({ url: server.url, body: 'x' })
    assert.equal(answer.answered && answer.status, 307)
    assert.equal(count, 1)
  })

  test('longer than the cap is cut and says so', async () => {
    await using server = await serveHttp((_, response) => response.end('x'.repeat(5000)))
    const answer = await request({ url: server.url, maxBytes: 1000 })
    assert.ok(answer.answered)
    assert.equal(answer.body.length, 1000)
    assert.equal(answer.cut, true)
  })

  test('without end is read up to the cap only', async () => {
    await using server = await serveHttp((_, response) => {
      pipeline(endless(), response, () => {})
    })
    const answer = await request({ url: server.url, maxBytes: 10_000 })
    assert.ok(answer.answered && answer.cut)
    assert.equal(answer.body.length, 10_000)
  })

  test('that breaks off behind its status counts as given', async () => {
    await using server = await serve((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 202 Accepted\r\ncontent-length: 10\r\n\r\nabc'))
    })
    const answer = await request({ url: server.url, body: 'x' })
    assert.ok(answer.answered)
    assert.deepEqual([answer.status, answer.body, answer.cut], [202, 'abc', true])
  })

  test('that stalls behind its status counts as given at the deadline', async () => {
    await using server = await serveHttp((_, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('abc')
    })
    const answer = await request({ url: server.url, body: 'x', timeoutMs: 600 })
    assert.ok(answer.answered)
    assert.deepEqual([answer.status, answer.body, answer.cut], [200, 'abc', true])
  })
})

describe('no answer', () => {
  test('within the deadline: it may have been delivered', async () => {
    await using server = await serve((socket) => socket.resume())
    const answer = await request({ url: server.url, body: 'x', timeoutMs: 600 })
    assert.deepEqual(failureOf(answer), ['timeout', true])
    assert.match(detailOf(answer), /did not answer within 0\.6 s/)
  })

  test('because the caller called it off: it may have been delivered, too', async () => {
    const controller = new AbortController()
    await using server = await serve((socket) => socket.once('data', () => controller.abort()))
    const answer = await request({ url: server.url, body: 'x', signal: controller.signal })
    assert.deepEqual(failureOf(answer), ['timeout', true])
  })

  test('because it was called off before: nothing is sent', async () => {
    await using server = await serve(() => {})
    const answer = await request({ url: server.url, body: 'x', signal: AbortSignal.abort() })
    assert.deepEqual(failureOf(answer), ['timeout', false])
    assert.equal(server.connections(), 0)
  })

  test('because the connection was reset behind the request: it may have been delivered', async () => {
    await using server = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()))
    assert.deepEqual(failureOf(await request({ url: server.url, body: 'x' })), ['unreachable', true])
  })

  test('because the connection was closed behind the request: it may have been delivered', async () => {
    await using server = await serve((socket) => socket.once('data', () => socket.end()))
    assert.deepEqual(failureOf(await request({ url: server.url, body: 'x' })), ['unreachable', true])
  })

  test('but something that is no HTTP: it may have been delivered', async () => {
    await using server = await serve((socket) => socket.once('data', () => socket.end('220 mail.example ESMTP\r\n')))
    const answer = await request({ url: server.url, body: 'x' })
    assert.deepEqual(failureOf(answer), ['unreachable', true])
    assert.match(detailOf(answer), /no HTTP/)
  })

  test('because the port is closed: nothing was sent', async () => {
    const url = await closedUrl()
    const answer = await request({ url, body: 'x' })
    assert.deepEqual(failureOf(answer), ['unreachable', false])
    assert.match(detailOf(answer), /the port is closed/)
  })

  test('because TLS was never agreed: nothing was sent', async () => {
    await using server = await serve((socket) => socket.resume())
    const answer = await request({ url: toHttps(server.url), body: 'x', timeoutMs: 600 })
    assert.deepEqual(failureOf(answer), ['unreachable', false])
  })

  test('because the other side speaks no TLS: nothing was sent', async () => {
    await using server = await serveHttp((_, response) => response.end('ok'))
    assert.deepEqual(failureOf(await request({ url: toHttps(server.url), body: 'x' })), ['tls', false])
  })

  test('because the certificate does not convince: nothing was sent', async () => {
    let count = 0
    await using server = await use(
      createHttpsServer({ key: testKey, cert: testCertificate }, (_, response) => {
        count++
        response.end('ok')
      }),
    )
    const answer = await request({ url: toHttps(server.url), body: 'x' })
    assert.deepEqual(failureOf(answer), ['tls', false])
    assert.match(detailOf(answer), /SELF_SIGNED/)
    assert.equal(count, 0)
  })

  test('because the request cannot be made', async () => {
    for (const url of ['', 'example', 'ftp://example.org/', 'file:///etc/passwd', 'http://[::1/']) {
      assert.deepEqual(failureOf(await request({ url })), ['misconfigured', false], url)
    }
    const split = await request({ url: 'http://127.0.0.1:9/', headers: { a: 'b\r\nc: d' } })
    assert.deepEqual(failureOf(split), ['misconfigured', false])
  })

  test('because the address is private and that is not wanted', async () => {
    await using server = await serve(() => {})
    const { port } = new URL(server.url)
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0']) {
      const answer = await request({ url: `http://${host}:${port}/`, allowPrivate: false })
      assert.deepEqual(failureOf(answer), ['misconfigured', false], host)
    }
    assert.equal(server.connections(), 0)
  })

  test('is told without the path, the query and the password of the address', async () => {
    await using hanging = await serve((socket) => socket.resume())
    await using closing = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()))
    for (const url of [hanging.url, closing.url, await closedUrl()]) {
      const secretUrl = `${url.replace('http://', 'http://user:pa55word@')}path-secret?key=query-secret`
      for (const asked of [secretUrl, toHttps(secretUrl)]) {
        const answer = await request({ url: asked, body: 'x', timeoutMs: 600 })
        assert.doesNotMatch(detailOf(answer), /secret|pa55word|user/)
        assert.match(detailOf(answer), /127\.0\.0\.1/)
      }
    }
  })
})

test('whatever a server says, the request ends with a value', async () => {
  const known = [
    'HTTP/1.1 200 OK\r\n',
    'content-length: 3\r\n',
    'transfer-encoding: chunked\r\n',
    '\r\n',
    'abc',
    '5\r\n',
    '\0',
  ]
  let reply = ''
  await using server = await serve((socket) => socket.once('data', () => socket.end(reply)))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom(...known), fc.string()), { maxLength: 8 }), async (words) => {
      reply = words.join('')
      const answer = await request({ url: server.url, body: 'x' })
      if (answer.answered) assert.match(reply, /HTTP\/1\.1 200/)
      else assert.deepEqual(failureOf(answer), ['unreachable', true])
    }),
    { numRuns: 150 },
  )
})

test('a proxy of the environment is used, except for what NO_PROXY names', async () => {
  const asked: (string | undefined)[] = []
  await using proxy = await serveHttp((incoming, response) => {
    asked.push(incoming.url)
    response.end('by proxy')
  })
  await using server = await serveHttp((_, response) => response.end('direct'))
  const code = `import { request } from ${JSON.stringify(new URL('./http.ts', import.meta.url).href)}
    for (const url of ['http://far.example/a', ${JSON.stringify(server.url)}]) console.log((await request({ url })).body)`
  const env = { ...process.env, HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { env })
  assert.equal(stdout, 'by proxy\ndirect\n')
  assert.deepEqual(asked, ['http://far.example/a'])
})

interface TestServer extends AsyncDisposable {
  readonly url: string
  connections(): number
  /** Closes the connections that are open, and resolves when that is done on this side. */
  hangUp(): Promise<void>
}

function serve(take: (socket: Socket) => void): Promise<TestServer> {
  return use(createServer(take))
}

function serveHttp(take: RequestListener): Promise<TestServer> {
  return use(createHttpServer(take))
}

async function use(server: Server): Promise<TestServer> {
  const sockets = new Set<Socket>()
  let count = 0
  server.on('connection', (socket: Socket) => {
    count++
    sockets.add(socket)
    // Clients that break off are what these tests are about.
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    connections: () => count,
    async hangUp() {
      const closed = [...sockets].filter((socket) => !socket.closed).map((socket) => once(socket, 'close'))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function* endless(): Generator<string> {
  for (;;) yield 'y'.repeat(1000)
}

async function closedUrl(): Promise<string> {
  await using server = await serve(() => {})
  return server.url
}

function toHttps(url: string): string {
  return url.replace('http:', 'https:')
}

function failureOf(answer: HttpAnswer): readonly [string, boolean] | string {
  return answer.answered ? `answered ${answer.status}` : [answer.reason, answer.maybeDelivered]
}

function detailOf(answer: HttpAnswer): string {
  return answer.answered ? '' : answer.detail
}

function bodyOf(answer: HttpAnswer): unknown {
  return answer.answered ? JSON.parse(answer.body) : answer
}
