// The sender against a hub that answers as it is told to: what is refused is kept, what is too large is halved, what is asked is looked up.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { HttpAnswer } from '../lib/http.ts'
import type { AgentItem, AgentPost, AgentRecheck } from '../source-agent.ts'
import { AgentBuffer } from './buffer.ts'
import { startSender } from './sender.ts'

type Reply = (
  post: AgentPost,
) => { readonly status: number; readonly body?: object; readonly retryAfter?: string } | 'silent'

function startHouse(reply: Reply, recheck: (one: AgentRecheck) => Promise<void> = async () => {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-sender-'))
  const logged: string[] = []
  const note = (message: string): void => void logged.push(message)
  const log = { info: note, warn: note, error: note }
  const clock = { now: () => Date.now(), sinceBoot: () => 1000 }
  const path = join(folder, 'buffer.db')
  const buffer = new AgentBuffer({ path, maxBytes: 10_000_000, maxAgeMs: 1e9, boot: 'one', clock, log })
  const posts: AgentPost[] = []
  const asked: string[] = []
  const place = { reply, token: 'secret-of-the-agent' }
  const sender = startSender({
    hub: 'http://hub',
    buffer,
    token: () => place.token,
    about: { host: 'nas' },
    clock,
    async recheck(one) {
      asked.push(`${one.source} ${one.name} ${one.key}`)
      await recheck(one)
    },
    async request({ body, headers }): Promise<HttpAnswer> {
      const post = JSON.parse(String(body)) as AgentPost
      posts.push(post)
      assert.equal(headers?.['authorization'], `Bearer ${place.token}`)
      const said = place.reply(post)
      if (said === 'silent') {
        return { answered: false, reason: 'unreachable', maybeDelivered: false, detail: 'No connection to http://hub' }
      }
      const more: { [name: string]: string } = said.retryAfter === undefined ? {} : { 'retry-after': said.retryAfter }
      return { answered: true, status: said.status, headers: more, body: JSON.stringify(said.body ?? {}) }
    },
    log,
  })
  return {
    ...place,
    place,
    buffer,
    posts,
    asked,
    logged,
    see(...texts: string[]) {
      const items = texts.map((text): AgentItem => ({ source: 'log', event: { type: 'log.line', time: 1, text } }))
      buffer.append('log', items)
      sender.wake()
    },
    async until(check: () => boolean) {
      while (!check()) await wait(5)
    },
    async [Symbol.asyncDispose]() {
      await sender.stop()
      buffer[Symbol.dispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

function well(post: AgentPost, rechecks: readonly object[] = []) {
  return { status: 202, body: { acked: post.first + post.items.length - 1, rechecks } }
}

test('what is seen goes together to the hub, and is gone once the hub has it', async () => {
  await using house = startHouse((post) => well(post))
  house.see('1', '2')
  house.see('3')
  await house.until(() => house.buffer.count === 0)
  const told = house.posts.filter(({ items }) => items.length > 0)
  assert.deepEqual(
    told.map(({ items }) => items.length),
    [3],
  )
  assert.equal(told[0]?.uptimeSeconds, 1)
})

test('a hub that was away is told all of it in order, and one line is said for the outage and one for its end', async () => {
  await using house = startHouse(() => 'silent')
  house.see('1', '2')
  await house.until(() => house.posts.length >= 2)
  assert.equal(house.buffer.count, 2)
  house.place.reply = (post) => well(post)
  await house.until(() => house.buffer.count === 0)
  assert.equal(house.logged.length, 2)
  assert.match(house.logged[0] ?? '', /cannot be told: No connection to http:\/\/hub; what is seen is kept/)
  assert.match(house.logged[1] ?? '', /is told again, after \d+ s; 2 items waited/)
})

for (const status of [401, 403, 400, 404, 500, 503]) {
  test(`an answer of ${status} keeps everything`, async () => {
    await using house = startHouse(() => ({ status, body: { error: 'No.' } }))
    house.see('1', '2')
    await house.until(() => house.posts.length >= 2)
    assert.equal(house.buffer.count, 2)
    assert.match(house.logged.join(), new RegExp(`it answered ${status}: No\\.`))
  })
}

test('what is too large at once is told by halves, and only a single large item is given up', async () => {
  await using house = startHouse((post) => (JSON.stringify(post).length > 100_000 ? { status: 413 } : well(post)))
  house.see('1', 'x'.repeat(90_000), '2', 'y'.repeat(200_000), '3')
  await house.until(() => house.buffer.count === 0)
  const texts = house.posts
    .filter((post) => JSON.stringify(post).length <= 100_000)
    .flatMap(({ items }) => items.map((item) => (item !== null && 'event' in item ? item.event.text?.slice(0, 1) : '')))
  assert.deepEqual(texts, ['1', 'x', '2', '3'])
  assert.match(house.logged.join(), /one item was given up/)
})

test('a proxy that refuses even small things gets nothing dropped', async () => {
  await using house = startHouse(() => ({ status: 413 }))
  house.see('1', '2', '3')
  await house.until(() => house.posts.length >= 6)
  assert.equal(house.buffer.count, 3)
})

test('what the hub wants looked up is looked up once, and what nobody can answer is said', async () => {
  const one = { id: 'a', source: 'backup', name: 'probe', key: 'plan 1', body: {} }
  const two = { id: 'b', source: 'gone', name: 'probe', key: 'plan 2', body: {} }
  let isGot = false
  await using house = startHouse(
    (post) => {
      isGot ||= (post.got ?? []).includes('a')
      return well(post, isGot ? [] : [one, two])
    },
    async ({ source }) => {
      if (source === 'gone') throw new Error('source gone does not run here')
    },
  )
  await house.until(() => house.posts.some(({ unanswered }) => unanswered?.includes('b')))
  assert.deepEqual(house.asked, ['backup probe plan 1', 'gone probe plan 2'])
  assert.ok(house.posts.some(({ got }) => got?.includes('a') && got.includes('b')))
})

test('a hub that speaks of numbers nobody sent is told all under another name', async () => {
  await using house = startHouse((post) => ({ status: 202, body: { acked: post.first + 5000, rechecks: [] } }))
  house.see('1')
  await house.until(
    () => new Set(house.posts.filter(({ items }) => items.length > 0).map(({ buffer }) => buffer)).size >= 2,
  )
  assert.equal(house.buffer.count, 1)
  house.place.reply = (post) => well(post)
  await house.until(() => house.buffer.count === 0)
})
