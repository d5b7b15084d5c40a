// Events as large as a request may be: lists of them may be refused, but what is asked next is answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHubHouse } from '../support/hub-house.ts'

test('a list too large for the memory of the thread that reads it is no end of reading', async () => {
  await using house = await createHubHouse()
  await house.configure(`
sources: { message: { kind: message } }
channels: { out: { kind: console } }
rules: [{ on: sereno.*, where: 'severity!="info"', to: [out] }]
`)
  await house.start()
  for (let round = 0; round < 30; round += 1) {
    assert.equal((await house.post(`${round} ${'x'.repeat(4_000_000)}`)).status, 200)
  }
  const page = await house.ask('/')
  assert.equal(page.status, 200, page.text)
  assert.equal(page.text.match(/<a href="\/events\/\w+">Message from host/g)?.length ?? 0, 30)
  const list = await house.ask('/api/v1/events?limit=1000')
  assert.ok(list.status === 200 || list.status >= 500, `${list.status}`)
  for (const path of ['/', '/api/v1/events?limit=1', '/healthz'])
    assert.equal((await house.ask(path)).status, 200, path)
  assert.equal((await house.post('and on')).status, 200)
})

test('a hub starts again though the messages that wait are larger together than the memory of a thread', async () => {
  await using house = await createHubHouse()
  await house.configure(`
sources: { message: { kind: message } }
channels: { down: { kind: webhook, url: 'http://127.0.0.1:9/' } }
rules: [{ on: message, to: [down] }]
`)
  await house.start()
  for (let round = 0; round < 40; round += 1) {
    assert.equal((await house.post(`${round} ${'x'.repeat(4_000_000)}`)).status, 200)
  }
  await house.stop()
  await house.start()
  assert.equal((await house.ask('/healthz')).status, 200)
  assert.equal((await house.post('and on')).status, 200)
})
