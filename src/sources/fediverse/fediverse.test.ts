// Who is heard, in which order and how often, on doubles of each software; streams that break, servers that are away.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { FediverseDouble } from '../../../test/support/fediverse-double.ts'
import { startFirefishDouble } from '../../../test/support/fediverse-firefish-double.ts'
import { startMastodonDouble } from '../../../test/support/fediverse-mastodon-double.ts'
import { startSource, type SourceDouble, type SourceDoubleTools } from '../../../test/support/source-double.ts'
import { z } from 'zod'
import fediverse from './index.ts'

/** Takes options that were read already. */
const quick = { ...fediverse, options: z.custom<z.output<typeof fediverse.options>>() }

interface Listening extends AsyncDisposable {
  readonly source: SourceDouble
}

async function listen(
  server: Pick<FediverseDouble, 'url' | 'token' | 'host'>,
  more: object = {},
  tools: SourceDoubleTools = {},
): Promise<Listening> {
  const options = fediverse.options.parse({
    url: server.url,
    token: server.token,
    accounts: ['@Ann@Example.org', `@local@${server.host}`],
    channel: 'fedi',
    ...more,
  })
  // Sooner than people may have it.
  const poll = 'poll' in more ? options.poll : 40
  const source = await startSource(quick, { ...options, poll }, tools)
  const end = async (): Promise<void> => {
    source.stop()
    await source.ended
  }
  return { source, [Symbol.asyncDispose]: end }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!holds()) {
    if (performance.now() > deadline) assert.fail(`it never came to this: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const ready = ({ source }: Listening): Promise<void> => until('it listens', () => source.cursor !== undefined)
const words = ({ questions }: SourceDouble): string[] => questions.map(({ text }) => text)

const servers = {
  mastodon: () => startMastodonDouble(),
  pleroma: () => startMastodonDouble({ software: 'pleroma' }),
  akkoma: () => startMastodonDouble({ software: 'akkoma' }),
  firefish: () => startFirefishDouble(),
}

for (const [software, start] of Object.entries(servers)) {
  const hasStream = software !== 'firefish'
  describe(`on ${software}`, () => {
    test('what a listed account asks is handed on once, without markup, with where it was asked', async () => {
      await using server = await start()
      await using one = await listen(server)
      await ready(one)
      const { status, id } = server.mention({ acct: 'ANN@example.ORG', text: 'status &lt;nas&gt;' })
      await until('it was asked', () => one.source.questions.length === 1)
      const [question] = one.source.questions
      assert.deepEqual(question, {
        text: hasStream ? 'status <nas>' : 'status &lt;nas&gt;',
        channel: 'fedi',
        handle: status,
        account: '@ann@example.org',
        visibility: hasStream ? 'unlisted' : 'home',
      })
      await until('it has moved on', () => JSON.stringify(one.source.cursor) === JSON.stringify({ id }))
    })

    test('who is not listed is not heard, whatever he calls himself', async () => {
      await using server = await start()
      await using one = await listen(server)
      await ready(one)
      server.mention({ acct: 'mallory@example.org', text: 'silence all', displayName: '@ann@example.org' })
      server.mention({ acct: 'ann@evil.example', text: 'silence all' })
      server.mention({ acct: 'ann', text: 'silence all' })
      server.mention({ acct: 'ann@example.org', text: 'liked this', type: 'favourite' })
      server.mention({ acct: 'local', text: 'help' })
      await until('the last was asked', () => one.source.questions.length === 1)
      assert.deepEqual(
        one.source.questions.map(({ text, account }) => [text, account]),
        [['help', `@local@${server.host}`]],
      )
      assert.equal(one.source.measures.get('mentions_ignored_total'), 3)
    })

    test('what was said before it listened is not answered, and what was said while it was away is, in order', async () => {
      await using server = await start()
      server.mention({ acct: 'ann@example.org', text: 'long ago' })
      let cursor
      {
        await using first = await listen(server)
        await ready(first)
        server.mention({ acct: 'ann@example.org', text: 'one' })
        await until('one was asked', () => first.source.questions.length === 1)
        cursor = first.source.cursor
      }
      const many = Array.from({ length: 65 }, (_, n) => `question ${n}`)
      for (const text of many) server.mention({ acct: 'ann@example.org', text })
      await using second = await listen(server, { perMinute: 60 }, { cursor, now: passing(1100) })
      await until('all were asked', () => second.source.questions.length === many.length)
      assert.deepEqual(words(second.source), many)
    })

    test('of an account that nobody ever spoke to all of many first questions are heard', async () => {
      await using server = await start()
      await using one = await listen(server, { perMinute: 60, streaming: 'never' })
      await ready(one)
      for (let n = 0; n < 50; n += 1) server.mention({ acct: 'ann@example.org', text: `question ${n}` })
      await until('all were asked', () => one.source.questions.length >= 50)
      assert.equal(words(one.source)[0], 'question 0')
    })

    test('of too many questions only so many are answered in a minute', async () => {
      await using server = await start()
      await using one = await listen(server, { perMinute: 3 })
      await ready(one)
      for (let n = 0; n < 8; n += 1) server.mention({ acct: 'ann@example.org', text: `question ${n}` })
      await until('the rest is passed over', () => one.source.measures.get('mentions_passed_over_total') === 5)
      assert.deepEqual(words(one.source), ['question 0', 'question 1', 'question 2'])
    })

    test('a question that could not be stored is asked again', async () => {
      await using server = await start()
      await using one = await listen(server)
      await ready(one)
      one.source.full = true
      server.mention({ acct: 'ann@example.org', text: 'status' })
      await until('it was heard', () => server.asked.length > 4)
      one.source.full = false
      await until('it was asked', () => one.source.questions.length === 1)
      server.mention({ acct: 'ann@example.org', text: 'again' })
      await until('it was asked', () => one.source.questions.length === 2)
      assert.deepEqual(words(one.source), ['status', 'again'])
    })

    test('garbage is no question', async () => {
      await using server = await start()
      await using one = await listen(server)
      await ready(one)
      const path = hasStream ? '/api/v1/notifications' : '/api/i/notifications'
      const odd = [
        null,
        7,
        {},
        { id: 'x y' },
        { id: 5, type: 'mention' },
        { id: '2', type: 'mention', status: [], account: null },
      ]
      server.fail(path, { status: 200, body: odd }, { status: 200, body: { error: 'x' } })
      server.mention({ acct: 'ann@example.org', text: '<b>'.repeat(50) + 'x '.repeat(3000) })
      await until('it was asked', () => one.source.questions.length === 1)
      assert.ok((one.source.questions[0]?.text.length ?? 0) <= 500)
    })
  })
}

describe('a server that means harm', () => {
  test('and always has one more page is asked with pauses', async () => {
    const askedAt: number[] = []
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/api/v1/notifications') !== true) return response.writeHead(404).end()
      askedAt.push(performance.now())
      response.end(JSON.stringify([{ id: String(1000 + askedAt.length), type: 'mention' }]))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const one = await listen({ url, token: 't', host: 'x.example' }, { streaming: 'never' })
    await until('it was asked often', () => askedAt.length > 45)
    await one[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
    const pauses = askedAt.filter((at, index) => at - (askedAt[index - 1] ?? at) > 900)
    assert.ok(pauses.length >= 2, `${pauses.length} pauses`)
  })

  test('and knocks while it refuses is not asked at each knock', async () => {
    await using server = await startMastodonDouble()
    await using one = await listen(server, { poll: '1h' })
    await until('it is open', () => server.streams.open === 1)
    const refused = { status: 429, body: { error: 'Too many requests' } }
    server.fail('/api/v1/notifications', ...Array.from({ length: 100 }, () => refused))
    const before = server.asked.length
    for (let count = 0; count < 40; count += 1) {
      server.mention({ acct: 'stranger@example.org', text: 'hello' })
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.ok(server.asked.length > before)
    assert.ok(server.asked.length - before <= 4, `${server.asked.length - before} requests`)
    assert.equal(one.source.measures.get('mentions_failing'), 1)
  })

  test('and has a storm of questions fills no log', async () => {
    await using server = await startMastodonDouble()
    await using one = await listen(server, { perMinute: 1, streaming: 'never' })
    await ready(one)
    for (let n = 0; n < 50; n += 1) server.mention({ acct: 'ann@example.org', text: `question ${n}` })
    await until('the rest is passed over', () => one.source.measures.get('mentions_passed_over_total') === 49)
    assert.equal(one.source.logged.length, 1)
  })
})

describe('the stream', () => {
  test('tells at once, and after it broke what was said meanwhile is heard', async () => {
    await using server = await startMastodonDouble()
    await using one = await listen(server, { poll: '1h' })
    await until('it is open', () => server.streams.open === 1)
    server.mention({ acct: 'ann@example.org', text: 'first' })
    await until('it was asked', () => one.source.questions.length === 1)
    server.streams.cut()
    await until('it is closed', () => server.streams.open === 0)
    server.mention({ acct: 'ann@example.org', text: 'second' })
    await until('it was asked', () => one.source.questions.length === 2)
    await until('it is open again', () => server.streams.open === 1)
    server.mention({ acct: 'ann@example.org', text: 'third' })
    await until('it was asked', () => one.source.questions.length === 3)
    assert.deepEqual(words(one.source), ['first', 'second', 'third'])
  })

  test('is not opened where that is not wanted', async () => {
    await using server = await startMastodonDouble()
    await using one = await listen(server, { streaming: 'never' })
    await ready(one)
    server.mention({ acct: 'ann@example.org', text: 'status' })
    await until('it was asked', () => one.source.questions.length === 1)
    assert.equal(server.streams.open, 0)
  })

  test('is closed with the source, which ends soon', async () => {
    await using server = await startMastodonDouble()
    const one = await listen(server)
    await until('it is open', () => server.streams.open === 1)
    await one[Symbol.asyncDispose]()
    await until('it is closed', () => server.streams.open === 0)
  })
})

test('a server that does not let it hear is told as a condition, which ends when it does', async () => {
  await using server = await startMastodonDouble()
  await using one = await listen(server, { streaming: 'never' })
  await ready(one)
  const revoked = { status: 401, body: { error: 'The access token was revoked' } }
  server.fail('/api/v1/notifications', revoked, 'reset', revoked, revoked, { status: 200, body: {} })
  await until('it is over', () => one.source.events.length === 2)
  assert.deepEqual(
    one.source.events.map(({ type, condition, data }) => [
      type,
      condition?.state,
      data?.['reason'],
      data?.['failures'],
    ]),
    [
      ['sereno.source-failing', 'firing', 'rejected', 5],
      ['sereno.source-failing', 'resolved', undefined, undefined],
    ],
  )
  assert.deepEqual(one.source.logged, [
    'warn: what is said to the account cannot be heard: The service answered 401 Unauthorized: The access token was revoked',
    'info: what is said to the account can be heard again',
  ])
  assert.deepEqual([one.source.rows.size, one.source.measures.get('mentions_failing')], [0, 0])
})

test('the options want whole accounts, a token, and a server', () => {
  const told = (given: object): string =>
    fediverse.options
      .safeParse({ url: 'https://s.example', token: 't', accounts: ['@ann@example.org'], channel: 'fedi', ...given })
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? 'taken'
  assert.equal(told({}), 'taken')
  assert.equal(told({ accounts: 'ann@example.org' }), 'taken')
  assert.match(told({ accounts: ['@ann'] }), /no whole account/)
  assert.match(told({ accounts: [] }), /nobody may ask/)
  assert.match(told({ url: 's.example' }), /no address of a server/)
  assert.match(told({ token: undefined }), /there is no token/)
})

/** A clock on which so much passes with each look at it. */
function passing(stepMs: number): () => number {
  let at = Date.UTC(2026, 10, 20, 3)
  return () => (at += stepMs)
}
