// A CPU over its limit is told with a picture of how it came to that, by post and by mail; so is an answer about a metric.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startMastodonDouble } from './support/fediverse-mastodon-double.ts'
import { createHubHouse } from './support/hub-house.ts'
import { startMailServer } from './support/mail-server.ts'

test('a limit that is passed, and the answer to "metrics", come with a graph and its words', async () => {
  await using mastodon = await startMastodonDouble()
  await using mails = await startMailServer()
  await using house = await createHubHouse()
  const fediverse = `kind: fediverse, url: '${mastodon.url}', token: the-token-of-the-account`
  await house.configure(
    `sources:
  sysinfo: { kind: sysinfo, open: [127.0.0.0/8] }
  ask: { ${fediverse}, accounts: ['@ann@example.org'], channel: fedi, poll: 1s }
watches: { limits: { kind: thresholds, limits: { cpu_percent: { above: 80, samples: 3 } } } }
channels:
  fedi: { ${fediverse}, minInterval: 0s }
  mail: { kind: email, host: 127.0.0.1, port: ${mails.port}, security: none, from: hub@example.org, to: [ann@example.org] }
rules: [{ on: host.threshold, to: [fedi, mail] }]`,
  )
  await house.start()
  const lists = (): number => mastodon.asked.filter(({ path }) => path.endsWith('/notifications')).length
  await house.until('it listens', () => lists() > 0 && mastodon.streams.open === 1)
  const post = async (cpu: number): Promise<void> => {
    const body = JSON.stringify({ sys_data: { hostname: 'pi4', cpu_percent: cpu, memory_percent: 20 } })
    const { status, text } = await house.ask('/sysinfo', { method: 'POST', body })
    assert.deepEqual([status, text], [200, '200'])
  }
  for (const cpu of [97, 98, 99, 99, 99]) await post(cpu)
  await house.until('both were told', () => mastodon.posts.length === 1 && mails.mails.length === 1)
  const [first] = mastodon.posts
  assert.match(first?.text ?? '', /^⚠️ pi4: CPU 99 % \(limit 80 %\)/)
  assert.match(first?.pictures[0]?.alt ?? '', /^CPU of pi4, /)
  const attachments = mails.mails[0]?.mail.attachments ?? []
  assert.deepEqual(
    attachments.map(({ mimeType }) => mimeType),
    ['image/png'],
  )
  await post(10)
  await house.until('both ends were told', () => mastodon.posts.length === 2 && mails.mails.length === 2)
  assert.equal(mastodon.posts[1]?.replyTo, first?.id)
  assert.equal(mastodon.posts[1]?.pictures.length, 1)
  mastodon.mention({ acct: 'ann@example.org', text: 'metrics pi4 cpu 24h' })
  await house.until('it was answered', () => mastodon.posts.length === 3)
  assert.match(mastodon.posts[2]?.text ?? '', /CPU of pi4, 24 h to/)
  assert.equal(mastodon.posts[2]?.pictures.length, 1)
  await house.stop()
})
