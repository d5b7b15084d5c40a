// The heartbeat: an outside address is called only after an event has gone all the way through the hub.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { assembleText } from '../src/cli/configuration.ts'
import { realClock } from '../src/engine/clock.ts'
import { createEngine } from '../src/engine/engine.ts'
import { loopback, loopbackSender, startHeartbeat } from '../src/hub/heartbeat.ts'
import { request } from '../src/lib/http.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import type { Store } from '../src/store/store.ts'
import { createHubHouse } from './support/hub-house.ts'

const everyMs = 20

test('the address is called after a test event was stored and delivered, once for each', async () => {
  await using place = await createPlace()
  for (const ping of [1, 2, 3]) {
    await place.until(() => place.pings.length >= ping)
    assert.ok((place.pings[ping - 1] ?? 0) >= ping, 'as many self-tests are in the store as pings were sent')
  }
  assert.deepEqual(place.warnings, [])
})

test('it is not called while the test event is on its way, and then it is', async () => {
  await using place = await createPlace({ held: true })
  await place.until(() => place.held === 1)
  assert.equal((await place.store.events({ type: 'sereno.self-test', limit: 5 })).length, 1)
  assert.deepEqual(place.pings, [])
  place.letGo()
  await place.until(() => place.pings.length >= 1)
  assert.deepEqual(place.warnings, [])
})

test('it is not called while the store refuses, which is said once, and it is again when the store works', async () => {
  await using place = await createPlace()
  await place.until(() => place.pings.length >= 1)
  place.refusing = true
  await place.until(() => place.warnings.length === 1)
  assert.match(place.warnings[0] ?? '', /^the heartbeat was not sent: a test event could not be stored/)
  const { length } = place.pings
  const after = place.refused + 5
  await place.until(() => place.refused >= after)
  assert.equal(place.pings.length, length)
  assert.equal(place.warnings.length, 1)
  place.refusing = false
  await place.until(() => place.pings.length > length)
})

test('an address that answers with a refusal is said once', async () => {
  await using place = await createPlace({ status: 500 })
  await place.until(() => place.pings.length >= 3)
  assert.deepEqual(place.warnings, ['the heartbeat was not sent: the address answered 500'])
})

test('a hub with hub.heartbeat calls it, and its test events are no news to anybody', async () => {
  await using beats = await startBeats()
  await using house = await createHubHouse()
  await house.configure(`
hub: { heartbeat: { url: '${beats.url}', every: 10s } }
channels: { out: { kind: console } }
rules: [{ on: '*', where: 'severity!="info"', to: [out] }]
`)
  const hub = await house.start()
  await beats.next()
  assert.equal(await house.metric('sereno_events_total', 'type="sereno.self-test"'), 1)
  const { text } = await house.ask('/metrics')
  assert.doesNotMatch(text, /loop-back/)
  assert.ok(!hub.output().includes('self-test'))
  await house.stop()
})

interface Place extends AsyncDisposable {
  readonly store: Store
  /** For each ping, the number of self-tests that were in the store when it came. */
  readonly pings: number[]
  readonly warnings: string[]
  refusing: boolean
  refused: number
  /** Messages that wait for `letGo`. */
  held: number
  letGo(): void
  until(reached: () => boolean): Promise<void>
}

async function createPlace({ held = false, status = 200 } = {}): Promise<Place> {
  const news = new EventEmitter()
  const tell = (): void => void news.emit('news')
  const gate = Promise.withResolvers<void>()
  if (!held) gate.resolve()
  const inner = await openSqlite({ path: ':memory:' })
  const store = new Proxy(inner, {
    get: (target, name: keyof Store) => {
      const value: unknown = target[name]
      if (typeof value !== 'function') return value
      if (name !== 'commit' || !place.refusing) return value.bind(target)
      return async () => {
        place.refused += 1
        tell()
        throw new Error('database or disk is full')
      }
    },
  })
  const { judge, senders, document } = await assembleText('channels: { out: { kind: console } }\nrules: []\n', 'x.yaml')
  const engine = createEngine({ store, clock: realClock, judge, failed: () => {} })
  const sender: typeof loopbackSender = {
    ...loopbackSender,
    async send(...given) {
      place.held += 1
      tell()
      await gate.promise
      return loopbackSender.send(...given)
    },
  }
  const server = createServer((_, response) => {
    void inner.events({ type: 'sereno.self-test', limit: 1000 }).then((events) => {
      place.pings.push(events.length)
      response.writeHead(status).end()
      tell()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/beat`
  const warn = (message: string): void => {
    place.warnings.push(message)
    tell()
  }
  const place: Place = {
    store: inner,
    pings: [],
    warnings: [],
    refusing: false,
    refused: 0,
    held: 0,
    letGo: () => gate.resolve(),
    async until(reached) {
      while (!reached()) await once(news, 'news')
    },
    async [Symbol.asyncDispose]() {
      stop()
      place.refusing = false
      gate.resolve()
      await engine.stop(1000)
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      await inner.close()
    },
  }
  await engine.start(new Map([...senders, [loopback, sender]]), document)
  const log = { info: () => {}, warn, error: warn }
  const stop = startHeartbeat({ engine, log, request, options: () => ({ url, everyMs }) })
  return place
}

async function startBeats(): Promise<AsyncDisposable & { readonly url: string; next(): Promise<unknown> }> {
  const server = createServer((_, response) => void response.end('ok'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/beat`,
    next: () => once(server, 'request'),
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    },
  }
}
