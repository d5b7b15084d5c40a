// From a curl to a post, and from a beginning to its end in one thread: a real hub before doubles of the fediverse.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { assembleText } from '../src/cli/configuration.ts'
import { toDraft } from '../src/channels/fediverse/draft.ts'
import { fit, type Post, type Space } from '../src/channels/fediverse/fit.ts'
import { countings } from '../src/lib/fediverse/server.ts'
import type { Message } from '../src/words.ts'
import { startFirefishDouble } from './support/fediverse-firefish-double.ts'
import { startMastodonDouble } from './support/fediverse-mastodon-double.ts'
import { createHubHouse } from './support/hub-house.ts'

const run = promisify(execFile)
const page = (name: string): string => readFileSync(join(import.meta.dirname, '../docs', name), 'utf8')
const codeOf = (name: string, language: string): string[] =>
  [...page(name).matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , text = '']) => text)

test('what a script says with the line and the function of the page becomes posts on each server', async () => {
  await using mastodon = await startMastodonDouble()
  await using akkoma = await startMastodonDouble({ software: 'akkoma' })
  await using fish = await startFirefishDouble()
  await using house = await createHubHouse()
  const channel = (url: string): string =>
    `{ kind: fediverse, url: '${url}', token: the-token-of-the-account, minInterval: 0s }`
  await house.configure(
    `sources: { message: { kind: message, open: [127.0.0.0/8] } }
channels: { masto: ${channel(mastodon.url)}, akko: ${channel(akkoma.url)}, fish: ${channel(fish.url)} }
rules: [{ on: message, to: [masto, akko, fish] }]`,
  )
  await house.start()
  const [line = '', script = ''] = codeOf('messages.md', 'sh')
  await run('sh', ['-c', line.replaceAll('http://127.0.0.1:8723', house.url)])
  const [say = ''] = script.split('\n\n')
  const words = `${say}\nsay error '- **all** of it & #more @ann ' 'Auto Git "Pull"'`
  await run('sh', ['-c', words], { env: { ...process.env, SERENO_URL: house.url } })
  const servers = [mastodon, akkoma, fish]
  await house.until('all were told', () => servers.every(({ posts }) => posts.length === 2))
  assert.deepEqual(
    servers.map(({ posts }) => posts[0]?.text.split('\n\n').slice(0, 2)),
    [
      ['Message from MyHostname', 'This is a test message'],
      ['**Message from MyHostname**', 'This is a test message'],
      ['**Message from MyHostname**', 'This is a test message'],
    ],
  )
  const host = (await run('uname', ['-n'])).stdout.trim()
  for (const { posts } of servers) assert.equal(posts[1]?.spoiler, `🔥 ${host}: Auto Git "Pull"`)
  assert.deepEqual(
    servers.map(({ posts }) => posts[1]?.text),
    [
      '- all of it & #\u2060more @\u2060ann',
      '\\- all of it &#38; #\u2060more @\u2060ann',
      '- all of it & #\u2060more @\u2060ann',
    ],
  )
  await house.stop()
})

test('a beginning, its end as a reply, and the mark on the first post, across a restart and an outage', async () => {
  await using mastodon = await startMastodonDouble()
  await using house = await createHubHouse()
  await house.configure(
    `channels: { fedi: { kind: fediverse, url: '${mastodon.url}', token: the-token-of-the-account, minInterval: 0s } }
rules: [{ on: disk.full, to: fedi }]`,
  )
  await house.start()
  const tell = async (state: string, title: string): Promise<void> => {
    const event = {
      specversion: '1.0',
      id: `${state}-${title}`,
      source: 'test',
      type: 'disk.full',
      host: 'nas',
      severity: 'error',
      condition: 'disk',
      state,
      data: { title },
    }
    const headers = { 'content-type': 'application/cloudevents+json' }
    const { status, text } = await house.ask('/api/v1/events', { method: 'POST', headers, body: JSON.stringify(event) })
    assert.equal(status, 202, text)
  }
  await tell('firing', 'nas: /data at 91 %')
  await house.until('it was told', () => mastodon.posts.length === 1)
  await house.stop()
  await house.start()
  mastodon.fail('/api/v1/statuses', {
    status: 429,
    body: { error: 'Too many requests' },
    headers: { 'retry-after': '1' },
  })
  await tell('resolved', 'nas: /data at 40 %')
  await house.until('its end was told', () => mastodon.posts.length === 2)
  await house.until(
    'the first is marked',
    () => mastodon.posts[0]?.text.startsWith('✅ Over: 🔥 nas: /data at 91 %') === true,
  )
  const [first, end] = mastodon.posts
  assert.equal(end?.replyTo, first?.id)
  assert.match(end?.text ?? '', /^(?:\S+ )?Resolved: nas: \/data at 40 %/)
  await house.stop()
})

for (const [name, start] of Object.entries({ Mastodon: startMastodonDouble, Firefish: startFirefishDouble })) {
  test(`a mention "status" is answered once, in its thread and seen by no more people, on ${name}`, async () => {
    await using server = await start()
    await using house = await createHubHouse()
    const account = `url: '${server.url}', token: the-token-of-the-account`
    await house.configure(
      `sources: { ask: { kind: fediverse, ${account}, accounts: ['@ann@example.org'], channel: fedi, poll: 1s } }
channels: { fedi: { kind: fediverse, ${account}, visibility: public, minInterval: 0s } }
rules: []`,
    )
    await house.start()
    const lists = (): number => server.asked.filter(({ path }) => path.endsWith('/notifications')).length
    await house.until('it listens', () => lists() > 0 && (server.streams.open === 1 || lists() > 1))
    server.mention({ acct: 'mallory@example.org', text: 'status' })
    const { status } = server.mention({ acct: 'ann@example.org', text: 'status', visibility: 'direct' })
    await house.until('it was answered', () => server.posts.length === 1)
    const [answer] = server.posts
    assert.match(answer?.text ?? '', /^@ann@example\.org /)
    assert.deepEqual(
      [answer?.replyTo, answer?.visibility === 'direct' || answer?.visibility === 'specified'],
      [status, true],
    )
    await house.stop()
    const before = lists()
    await house.start()
    await house.until('it listens again', () => lists() > before)
    await house.stop()
    assert.equal(server.posts.length, 1)
  })
}

test('the samples on the page are what is posted', () => {
  const place = { zone: 'UTC', hubUrl: 'https://hub.example.org' }
  const post = (change: Partial<Message>, mention: object, space: Space): Post => {
    const base: Message = { title: '', severity: 'info', fields: [], lines: [], links: [], notes: [], ids: [], at: 0 }
    return fit(toDraft({ ...base, ...change }, place), { spoiler: 'summary', ...mention }, space)
  }
  const fields = [
    { name: 'Host', value: 'tatooine', code: true },
    { name: 'For', value: '10 min', note: 'limit 80 %' },
  ]
  const report = ['- **CPU %**: 98.2 ❗️\n- **CPU count**: 4\n- **Memory Total**: 7.63 GB']
  const title = 'tatooine: CPU at 98.2 %'
  const plain = post(
    { title, severity: 'warning', fields, lines: report, ids: ['01k9zq'] },
    { mention: '@ann@example.org' },
    { maxLength: 500, counting: countings.mastodon, markup: 'plain' },
  )
  const pull = 'error: Your local changes to the following files would be overwritten by merge:\n  config/main.yaml'
  const folded = post(
    { title: 'endor: Auto Git Pull at /srv/site', icon: 'fire', folded: true, lines: [pull], ids: ['01k9zr'] },
    {},
    { maxLength: 5000, counting: countings.akkoma, markup: 'markdown' },
  )
  const [first, second] = codeOf('fediverse.md', '')
  assert.equal(first?.trim(), plain.status)
  const shown = `${folded.spoiler}\n${'─'.repeat(30)} show more\n${folded.status}`
  assert.equal(second?.trim(), shown.replaceAll('\u00a0', ' '))
})

test('the configurations on the pages pass the check', async () => {
  const texts = [...codeOf('fediverse.md', 'yaml'), ...codeOf('messages.md', 'yaml')]
  assert.equal(texts.length, 4)
  for (const text of texts) await assembleText(text, 'docs')
})
