// Who may come in, and by which ways.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { request } from 'node:http'
import { describe, test } from 'node:test'
import { createGate } from './auth.ts'
import { limited, mount, startTestHub, token, type TestHub } from './door-for-tests.ts'

interface Answered {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly text: string
}

/** Not fetch: it would not send some of these headers. */
function send(hub: TestHub, method: string, path: string, headers: { [name: string]: string } = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: hub.port, method, path, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

const bearer = { authorization: `Bearer ${token}` }
const basic = (secret: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`anyone:${secret}`).toString('base64')}`,
})

async function signIn(hub: TestHub): Promise<string> {
  const { headers } = await send(hub, 'GET', `/?token=${token}`)
  const [cookie = ''] = headers['set-cookie'] ?? []
  return cookie.split(';')[0] ?? ''
}

describe('without a token', () => {
  test('everything but /healthz is refused with a sentence that says what to do', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(mount(async () => ({ status: 200, body: '200' })))
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/events/0000000z8'],
      ['GET', '/metrics'],
      ['GET', '/readyz'],
      ['GET', '/api/v1/events'],
      ['GET', '/api/v1/openapi.json'],
      ['POST', '/api/v1/reload'],
      ['POST', '/message'],
      ['POST', '/healthz'],
      ['GET', '/nowhere'],
    ] as const) {
      const { status, headers, text } = await send(hub, method, path)
      assert.equal(status, 401, `${method} ${path}`)
      assert.match(String(headers['www-authenticate']), /^Bearer .*Basic /)
      assert.match(text, /Authorization: Bearer TOKEN.*file \\"token\\" of the data folder/)
    }
    assert.equal((await send(hub, 'GET', '/healthz')).text, 'ok\n')
  })

  test('a browser gets a page to type it in', async () => {
    await using hub = await startTestHub()
    const { status, headers, text } = await send(hub, 'GET', '/', { accept: 'text/html' })
    assert.equal(status, 401)
    assert.match(text, /<input id="token" name="token" type="password"/)
    assert.doesNotMatch(String(headers['www-authenticate']), /Basic/)
  })

  test('a link of another site is followed once more, with the cookie that was held back', async () => {
    await using hub = await startTestHub()
    const headers = { accept: 'text/html', 'sec-fetch-site': 'cross-site' }
    assert.match((await send(hub, 'GET', '/', headers)).text, /http-equiv="refresh"/)
  })
})

describe('tokens', () => {
  test('each way of passing one works', async () => {
    await using hub = await startTestHub()
    for (const headers of [bearer, basic(token), { authorization: `bearer   ${token}` }]) {
      assert.equal((await send(hub, 'GET', '/api/v1/status', headers)).status, 200)
    }
  })

  test('a wrong one is refused, whatever it looks like', async () => {
    await using hub = await startTestHub()
    const wrong = ['', 'x', `${token}x`, token.slice(1), token.toUpperCase(), '%', 'é', `${token} ${token}`]
    const headers = [
      ...wrong.map((secret) => `Bearer ${encodeURI(secret)}`),
      ...wrong.map((secret) => basic(secret).authorization),
      'Basic !!!',
      'Digest username="x"',
      token,
    ]
    for (const authorization of headers) {
      assert.equal((await send(hub, 'GET', '/api/v1/status', { authorization })).status, 401, authorization)
    }
  })

  test('one that is for some sources opens these and nothing else', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(
      mount(async () => ({ status: 200, body: 'backups' }), { source: 'backups', path: '/backups' }),
      mount(async () => ({ status: 200, body: 'message' })),
    )
    const headers = { authorization: `Bearer ${limited}` }
    assert.equal((await send(hub, 'POST', '/backups', headers)).text, 'backups')
    for (const [method, path] of [
      ['POST', '/message'],
      ['GET', '/'],
      ['GET', '/api/v1/events'],
      ['GET', '/metrics'],
      ['POST', '/api/v1/reload'],
    ] as const) {
      const { status, text } = await send(hub, method, path, headers)
      assert.equal(status, 403, path)
      assert.match(text, /"backups\\" may only be used for backups/)
    }
    assert.equal((await send(hub, 'GET', `/?token=${limited}`)).status, 401)
  })
})

describe("the page's cookie", () => {
  test('is made from ?token=, which leaves the address', async () => {
    await using hub = await startTestHub()
    const { status, headers } = await send(hub, 'GET', `/?token=${token}&x=1`)
    assert.equal(status, 303)
    assert.equal(headers['location'], '/?x=1')
    const [cookie = ''] = headers['set-cookie'] ?? []
    assert.match(cookie, /; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/)
    assert.ok(!cookie.includes(token))
    const page = await send(hub, 'GET', '/', { cookie: `a=b; ${cookie.split(';')[0]}; c=d` })
    assert.equal(page.status, 200)
  })

  test('is marked secure when people come by https', async () => {
    await using hub = await startTestHub({ url: 'https://hub.example.org' })
    const { headers } = await send(hub, 'GET', `/?token=${token}`, { host: 'hub.example.org' })
    assert.match(String(headers['set-cookie']), /; Secure/)
  })

  test('is not made by a wrong token, for the API, for a route, or on the way to another site', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(mount(async () => ({ status: 200, body: '200' })))
    for (const [method, path] of [
      ['GET', '/?token=wrong'],
      ['GET', `/api/v1/status?token=${token}`],
      ['POST', `/message?token=${token}`],
      ['POST', `/?token=${token}`],
      ['GET', `//example.org/?token=${token}`],
      ['GET', `/\\example.org/?token=${token}`],
    ] as const) {
      const { status, headers } = await send(hub, method, path)
      assert.equal(status, 401, path)
      assert.equal(headers['set-cookie'], undefined)
      assert.equal(headers['location'], undefined)
    }
  })

  test('reads from anywhere, but writes only for pages of the hub itself', async () => {
    await using hub = await startTestHub()
    const cookie = await signIn(hub)
    const reload = async (headers: { [name: string]: string }): Promise<number> =>
      (await send(hub, 'POST', '/api/v1/reload', { cookie, ...headers })).status
    assert.equal(await reload({ origin: hub.url }), 200)
    assert.equal(await reload({ 'sec-fetch-site': 'same-origin' }), 200)
    assert.equal(await reload({}), 403)
    assert.equal(await reload({ origin: 'https://example.org' }), 403)
    assert.equal(await reload({ origin: 'null' }), 403)
    assert.equal(await reload({ origin: `http://127.0.0.1:1` }), 403)
    assert.equal(await reload({ 'sec-fetch-site': 'cross-site' }), 403)
    assert.equal(await reload({ 'sec-fetch-site': 'same-site', origin: hub.url }), 403)
    assert.equal((await send(hub, 'GET', '/api/v1/status', { cookie })).status, 200)
  })

  test('a forged, altered or old one is none', async () => {
    await using hub = await startTestHub()
    const cookie = await signIn(hub)
    const [name = '', value = ''] = cookie.split('=')
    const [until = '', mac = ''] = value.split('.')
    const later = (Number.parseInt(until, 36) + 1).toString(36)
    for (const forged of ['', token, mac, `.${mac}`, `${later}.${mac}`, `${until}.`, `${until}.${mac}x`]) {
      assert.equal((await send(hub, 'GET', '/api/v1/status', { cookie: `${name}=${forged}` })).status, 401, forged)
    }
    const gate = createGate([{ name: 'first', token }], { loopback: true, cookieName: 'c' })
    const asked = (session: string) => ({ method: 'GET', headers: { cookie: `c=${session}` }, remote: '127.0.0.1' })
    const session = gate.session(token, 0) ?? ''
    assert.ok(gate.admit(asked(session), [], 1000).ok)
    assert.ok(!gate.admit(asked(session), [], 31 * 24 * 3_600_000).ok)
  })

  test('a password that a browser remembers does not write for other sites either', async () => {
    await using hub = await startTestHub()
    const reload = (headers: { [name: string]: string }): Promise<Answered> =>
      send(hub, 'POST', '/api/v1/reload', { ...basic(token), ...headers })
    assert.equal((await reload({})).status, 200)
    assert.equal((await reload({ origin: 'https://example.org' })).status, 403)
  })
})

describe('what is open to an address', () => {
  const open = ['127.0.0.0/8']

  test('needs no token from there, and only there', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(
      mount(async () => ({ status: 200, body: '200' }), { open }),
      mount(async () => ({ status: 200, body: '200' }), { path: '/far', open: ['10.0.0.0/8'] }),
    )
    hub.door.metricsOpen = () => open
    assert.equal((await send(hub, 'POST', '/message')).status, 200)
    assert.equal((await send(hub, 'POST', '/far')).status, 401)
    assert.equal((await send(hub, 'GET', '/metrics')).status, 200)
    hub.door.metricsOpen = () => ['10.0.0.0/8']
    assert.equal((await send(hub, 'GET', '/metrics')).status, 401)
  })

  test('is not believed when a proxy stands between', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(mount(async () => ({ status: 200, body: '200' }), { open }))
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) {
      assert.equal((await send(hub, 'POST', '/message', { [name]: '127.0.0.1' })).status, 401, name)
    }
  })

  test('is refused to pages of other sites in a browser that stands there', async () => {
    await using hub = await startTestHub()
    hub.door.routes.push(mount(async () => ({ status: 200, body: '200' }), { open }))
    hub.door.metricsOpen = () => open
    const foreign: { [name: string]: string }[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://example.org' },
      { origin: 'null' },
    ]
    for (const headers of foreign) {
      assert.equal((await send(hub, 'POST', '/message', headers)).status, 403, JSON.stringify(headers))
      assert.equal((await send(hub, 'GET', '/metrics', headers)).status, 403, JSON.stringify(headers))
    }
    assert.equal((await send(hub, 'POST', '/message', { origin: hub.url })).status, 200)
  })

  test('a name that only its own pages vouch for is not ours', async () => {
    const gate = createGate([], { loopback: false, hubUrl: 'https://hub.example.org', cookieName: 'c' })
    const ask = (host: string) =>
      gate.admit({ method: 'POST', headers: { host, origin: `http://${host}` }, remote: '127.0.0.1' }, open, 0).ok
    assert.equal(ask('rebound.example.com:8723'), false)
    assert.equal(ask('hub.example.org'), true)
    assert.equal(ask('10.1.2.3:8723'), true)
    assert.equal(ask('[::1]:8723'), true)
    const script = { method: 'POST', headers: { host: 'sereno.internal' }, remote: '127.0.0.1' }
    assert.equal(gate.admit(script, open, 0).ok, true)
  })
})

describe('the name it is asked by', () => {
  test('must be one of this machine when only this machine can connect', async () => {
    await using hub = await startTestHub({ url: 'https://hub.example.org/' })
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', '127.1.2.3:80', '[::1]:80', 'hub.example.org']) {
      assert.equal((await send(hub, 'GET', '/', { host })).status, 401, host)
    }
    for (const host of ['example.org', '127.0.0.1.example.org', 'localhost.example.org:8723', '10.0.0.1']) {
      const { status, text } = await send(hub, 'GET', '/', { host })
      assert.equal(status, 421, host)
      assert.match(text, /hub\.url/)
    }
  })

  test('may be any when others can connect', () => {
    const asked = { method: 'GET', headers: { host: 'sereno.internal', ...basic(token) }, remote: '10.0.0.1' }
    const gate = (loopback: boolean) => createGate([{ name: 'first', token }], { loopback, cookieName: 'c' })
    assert.equal(gate(false).admit(asked, [], 0).ok, true)
    assert.equal(gate(true).admit(asked, [], 0).ok, false)
  })
})

describe('agents', () => {
  const agent = 'agent-token-0123456789'
  const code = 'agent-code-0123456789'
  const tokens = [
    { name: 'first', token },
    { name: 'limited', token: limited, sources: ['message'] },
    { name: 'nas', digest: hash('sha256', agent, 'base64url'), sources: ['nas/*'] },
    { name: 'new', digest: hash('sha256', code, 'base64url'), sources: [], enrols: true as const },
  ]

  test('an agent may report and nothing else, a code may enrol and nothing else, and no other limited token may do either', async () => {
    await using hub = await startTestHub({ tokens })
    const said: string[] = []
    const route = (path: string, purpose?: 'agents' | 'enrolment') => ({
      source: purpose === undefined ? 'message' : 'agents/',
      method: 'POST' as const,
      path,
      open: [],
      ...(purpose === undefined ? {} : { for: purpose }),
      handler: async ({ by }: { readonly by?: string }) => {
        said.push(`${path} by ${by}`)
        return { status: 202, body: {} }
      },
    })
    hub.door.routes.push(route('/agent', 'agents'), route('/enrol', 'enrolment'), route('/message'))
    const expected = {
      [token]: { '/agent': 202, '/enrol': 403, '/message': 202, '/api/v1/status': 200 },
      [limited]: { '/agent': 403, '/enrol': 403, '/message': 202, '/api/v1/status': 403 },
      [agent]: { '/agent': 202, '/enrol': 403, '/message': 403, '/api/v1/status': 403 },
      [code]: { '/agent': 403, '/enrol': 202, '/message': 403, '/api/v1/status': 403 },
    }
    for (const [secret, paths] of Object.entries(expected)) {
      for (const [path, status] of Object.entries(paths)) {
        const method = path.startsWith('/api') ? 'GET' : 'POST'
        const answer = await send(hub, method, path, { authorization: `Bearer ${secret}` })
        assert.equal(answer.status, status, `${path} with ${secret}`)
      }
    }
    assert.deepEqual(said.toSorted(), [
      '/agent by first',
      '/agent by nas',
      '/enrol by new',
      '/message by first',
      '/message by limited',
    ])
  })
})

test('a token past its time opens nothing, and neither does a cookie that was made with it', () => {
  const gate = createGate([{ name: 'guest', token, expiresAt: 2000 }], { loopback: true, cookieName: 'c' })
  const admit = (headers: { [name: string]: string }, now: number) =>
    gate.admit({ method: 'GET', headers, remote: '127.0.0.1' }, [], now)
  const cookie = { cookie: `c=${gate.session(token, 1000) ?? ''}`, 'sec-fetch-site': 'same-origin' }
  for (const headers of [bearer, basic(token), cookie]) {
    assert.equal(admit(headers, 1999).ok, true)
    assert.equal(admit(headers, 2000).ok, false)
  }
  const late = admit(bearer, 3000)
  assert.match(late.ok ? '' : late.error, /has expired/)
  assert.equal(gate.session(token, 3000), undefined)
})
