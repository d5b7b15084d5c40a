// Old news that somebody posts is told in a digest: a source that only answers posts has nothing to catch up with.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHubHouse } from './support/hub-house.ts'

test('old CloudEvents are told together soon after they came', async () => {
  await using house = await createHubHouse()
  await house.configure(`
channels: { out: { kind: console } }
rules: [{ on: com.example.thing, to: [out] }]
`)
  const hub = await house.start()
  const time = new Date(Date.now() - 7_200_000).toISOString()
  const event = {
    specversion: '1.0',
    id: '1',
    source: '/x',
    type: 'com.example.thing',
    time,
    data: { title: 'of old' },
  }
  const headers = { 'content-type': 'application/cloudevents+json' }
  const { status } = await house.ask('/api/v1/events', { method: 'POST', headers, body: JSON.stringify(event) })
  assert.equal(status, 202)
  await house.until('it is told', () => hub.output().includes('of old'))
})
