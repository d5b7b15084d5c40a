// A real hub that takes alerts about backups over HTTP: whatever a sender does, it is answered, and what is answered 2xx is kept.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openWire } from '../src/http/door-for-tests.ts'
import { type Answer, createHubHouse, type HubHouse } from './support/hub-house.ts'
import { readFixture, startCluster } from './support/ns8-cluster.ts'

const sample = readFixture('webhook.json')
const post = { method: 'POST', headers: { 'content-type': 'application/json' } }

const text = (redis: string): string => `
sources:
  ns8: { kind: ns8-backup, redis: '${redis}', alertmanager: false, probe: false, open: [127.0.0.1] }
channels:
  console: { kind: console }
rules:
  - { name: all, on: [message], to: [console] }
`

async function startHub(redis = 'redis://127.0.0.1:1'): Promise<HubHouse> {
  const house = await createHubHouse()
  await house.configure(text(redis))
  await house.start()
  return house
}

function alert(house: HubHouse, body: string, path = '/alert'): Promise<Answer> {
  return house.ask(path, { ...post, body })
}

function said({ text: answer }: Answer): { readonly [name: string]: unknown } {
  return JSON.parse(answer) as { readonly [name: string]: unknown }
}

/** Sends bytes as no HTTP client would; resolves to the first line of what comes back. */
async function raw(house: HubHouse, lines: readonly string[], body: string | Buffer = ''): Promise<string> {
  const wire = openWire(Number(new URL(house.url).port))
  wire.send(`${['POST /alert HTTP/1.1', 'Host: localhost', 'Connection: close', ...lines].join('\r\n')}\r\n\r\n`)
  if (body.length > 0) wire.send(body)
  const answer = await wire.until(/\r\n\r\n/)
  wire.socket.destroy()
  return answer.split('\r\n')[0] ?? ''
}

function chunked(bytes: string): string {
  const length = Buffer.byteLength(bytes)
  return `${length.toString(16)}\r\n${bytes}\r\n0\r\n\r\n`
}

describe('a sender', () => {
  test('is answered at all ways in, with or without a query, and told where there is none', async () => {
    await using house = await startHub()
    for (const path of ['/alert', '/alert/', '/alert?x=1', '/api/v1/webhook/ns8'])
      assert.equal((await alert(house, sample, path)).status, 202, path)
    assert.equal(await house.metric('sereno_alerts_taken_total', 'source="ns8"'), 2)
    assert.equal((await alert(house, sample, '/alerts')).status, 404)
    const get = await house.ask('/alert')
    assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST'])
    assert.equal((await house.ask('/healthz')).status, 200)
  })

  test('that sends no post of alerts is told what is wrong with it', async () => {
    await using house = await startHub()
    for (const body of ['', '{', '[]', 'null', '{"alerts":null}', '{"alerts":"abc"}']) {
      const answer = await alert(house, body)
      assert.equal(answer.status, 400, body)
      assert.match(String(said(answer)['error']), /Send what Alertmanager sends/)
    }
    const bytes = await house.ask('/alert', { ...post, body: new Uint8Array([0xff, 0xfe, 0x00, 0xd8]) })
    assert.equal(bytes.status, 400)
    assert.equal((await alert(house, '['.repeat(100_000))).status, 400)
    assert.equal((await alert(house, `{"alerts":[],"x":"${'x'.repeat(5_000_000)}"}`)).status, 413)
  })

  test('loses no alert by one that is wrong beside it', async () => {
    await using house = await startHub()
    const { alerts } = JSON.parse(sample) as { alerts: object[] }
    const answer = await alert(house, JSON.stringify({ alerts: [{ ...alerts[0], labels: null }, alerts[1]] }))
    assert.equal(answer.status, 202)
    assert.deepEqual(said(answer), {
      accepted: 1,
      duplicates: 0,
      ignored: 0,
      invalid: [{ index: 0, message: 'labels must be an object of texts, not null' }],
    })
    await house.stop()
    const { events } = await house.audit()
    const rejected = events.filter(({ type }) => type === 'sereno.rejected')
    assert.equal(rejected.length, 1)
    assert.match(JSON.stringify(rejected[0]?.data), /^\{"raw":"\{\\"status\\":\\"firing\\",\\"labels\\":null,/)
  })

  test('may leave the length open, and is answered when the length is none', async () => {
    await using house = await startHub()
    assert.match(await raw(house, ['Transfer-Encoding: chunked'], chunked(sample)), / 202 /)
    assert.match(await raw(house, ['Content-Length: many'], sample), / 400 /)
    assert.match(await raw(house, ['Content-Length: -1'], sample), / 400 /)
    assert.match(await raw(house, ['Content-Length: 0']), / 400 /)
    assert.match(await raw(house, [`Content-Length: ${Buffer.byteLength(sample)}`], sample), / 202 /)
  })

  test('that announces a body and sends none keeps nobody else waiting', async () => {
    await using house = await startHub()
    const port = Number(new URL(house.url).port)
    const idle = Array.from({ length: 20 }, () => openWire(port))
    for (const wire of idle) wire.send('POST /alert HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n')
    assert.equal((await alert(house, sample)).status, 202)
    // They are still there: it was not their end that made room.
    assert.ok(idle.every(({ socket }) => !socket.destroyed))
    for (const { socket } of idle) socket.destroy()
  })

  test('that sends the same two hundred times at once is answered two hundred times, and it counts once', async () => {
    await using house = await startHub()
    const answers = await Promise.all(Array.from({ length: 200 }, () => alert(house, sample)))
    assert.ok(answers.every(({ status }) => status === 202))
    assert.equal(await house.metric('sereno_alerts_taken_total', 'source="ns8"'), 2)
    assert.equal(await house.metric('sereno_alerts_repeated_total', 'source="ns8"'), 398)
  })

  test('that was answered need not send again, even if the hub is killed at once', async () => {
    await using house = await startHub()
    assert.equal(said(await alert(house, sample))['accepted'], 2)
    await house.kill()
    await house.start()
    assert.equal(said(await alert(house, sample))['duplicates'], 2)
  })

  test('beyond the open addresses needs the token', async () => {
    await using house = await createHubHouse()
    await house.configure(text('redis://127.0.0.1:1').replace(', open: [127.0.0.1]', ''))
    await house.start()
    assert.match(await raw(house, [`Content-Length: ${Buffer.byteLength(sample)}`], sample), / 401 /)
    assert.equal((await alert(house, sample)).status, 202)
  })
})

test('a hub beside a cluster reads it, says so in its metrics, and stops at once', async () => {
  await using cluster = await startCluster('B')
  await using house = await startHub(cluster.url)
  await house.until('the cluster is read', async () => (await house.metric('sereno_redis_up', 'source="ns8"')) === 1)
  await cluster.stop()
  await house.until('it is missed', async () =>
    (await house.ask('/metrics')).text.includes('sereno_redis_up{source="ns8"} 0'),
  )
  assert.equal((await house.ask('/readyz')).status, 200)
  await house.stop()
})
