// Events as large as a request may be: lists of them come in more pages, and every page is answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHubHouse } from '../support/hub-house.ts'

test('a list too large for the memory of a thread comes in pages that are not', async () => {
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
  const texts: string[] = []
  let pages = 0
  for (let next: string | undefined = ''; next !== undefined; pages += 1) {
    const list = await house.ask(`/api/v1/events?limit=1000&type=message${next === '' ? '' : `&before=${next}`}`)
    assert.equal(list.status, 200, list.text.slice(0, 1000))
    assert.ok(list.text.length < 3 * 4_000_000, `${list.text.length} characters at once`)
    const page = JSON.parse(list.text) as { events: { data: { message: string } }[]; next?: string }
    texts.push(...page.events.map(({ data }) => data.message.split(' ')[0] ?? ''))
    next = page.next
  }
  assert.deepEqual(
    texts,
    Array.from({ length: 30 }, (_, index) => String(29 - index)),
  )
  assert.ok(pages <= 31, `${pages} pages`)
  const listed = await house.sereno('events', '--limit', '1000')
  assert.match(listed.error, /^More: --before \w+\./)
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
