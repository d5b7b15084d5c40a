// A receiver that is never ready: it is asked again within bounds, keeps nobody else waiting, and the hub ends all the same.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createHubHouse } from './support/hub-house.ts'

for (const retryAfter of ['0', 'Tue, 14 Nov 2023 22:13:20 GMT'])
  test(`503 for ever, with Retry-After: ${retryAfter}`, async () => {
    await using house = await createHubHouse()
    let asked = 0
    const server = createServer((request, response) => {
      asked++
      request.resume()
      response.writeHead(503, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end()
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    try {
      await house.configure(`
channels:
  hook: { kind: webhook, url: 'http://127.0.0.1:${(server.address() as AddressInfo).port}/', expireAfter: 4s }
  print: { kind: console }
rules: [{ on: [message], to: [hook, print] }]
`)
      const hub = await house.start()
      await house.sereno('send', 'one')
      await house.until('it is told elsewhere', () => /one/.test(hub.output()))
      await house.until('it was asked', () => asked > 0)
      await wait(1500)
      assert.ok(asked <= 5, `asked ${asked} times`)
      await house.until('it is given up', async () =>
        /expired/.test((await house.sereno('deliveries', '--channel', 'hook')).out),
      )
      // One that still waits keeps no hub from ending.
      await house.sereno('send', 'two')
      await house.until('two is told', () => /two/.test(hub.output()))
      await house.stop()
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
