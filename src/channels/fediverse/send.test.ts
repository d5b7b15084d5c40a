// Posts on doubles of Mastodon, Pleroma and Akkoma: what arrives, what is refused, and what comes of each.
import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { FediverseDouble } from '../../../test/support/fediverse-double.ts'
import { startMastodonDouble } from '../../../test/support/fediverse-mastodon-double.ts'
import { disk, handleOf, optionsOf, send } from '../../../test/support/fediverse-sending.ts'
import type { Message, Outcome } from '../../words.ts'

const graphs = [{ host: 'nas', metric: 'cpu_percent', from: 0, to: 1 }]
const picture = { png: new Uint8Array([137, 80, 78, 71]), svg: '<svg/>', alt: 'CPU of nas rose to 98 %' }
const long: Message = { ...disk, lines: [Array.from({ length: 900 }, (_, n) => `line ${n} of it`).join('\n')] }
const end: Message = {
  ...disk,
  title: 'Resolved: nas: /data is full at 91 %',
  severity: 'info',
  icon: 'white_check_mark',
}

function failed(outcome: Outcome): Extract<Outcome, { ok: false }> {
  return outcome.ok ? assert.fail('it was delivered') : outcome
}

function postsOf(double: FediverseDouble): string[] {
  return double.posts.map(({ spoiler, text }) => `${spoiler}|${text}`)
}

for (const software of ['mastodon', 'pleroma', 'akkoma'] as const) {
  const isMastodon = software === 'mastodon'
  describe(`on ${software}`, () => {
    test('a message is a post, unlisted, in the best markup the server takes', async () => {
      await using double = await startMastodonDouble({ software })
      const handle = handleOf(await send(disk, optionsOf(double.url)))
      const [post] = double.posts
      assert.deepEqual(
        [post?.id, post?.visibility, post?.contentType],
        [handle, 'unlisted', isMastodon ? undefined : 'text/markdown'],
      )
      assert.equal(
        post?.text.split('\n')[0],
        isMastodon ? '🔥 nas: /data is full at 91 %' : '**🔥 nas: /data is full at 91 %**',
      )
    })

    test('a long one fills what the server takes and no more', async () => {
      await using double = await startMastodonDouble({ software })
      handleOf(await send(long, optionsOf(double.url, { mention: '@ann@example.org' })))
      const text = double.posts[0]?.text ?? ''
      assert.match(text, /… \d+ more lines\n\nwhy: https:\/\/hub\.example\.org\/events\/01k9zq\n\n@ann@example\.org$/)
      assert.ok(isMastodon ? text.length > 450 : text.length > 4900, `${text.length}`)
    })

    test('a short limit of its own is heeded, with the spoiler', async () => {
      await using double = await startMastodonDouble({ software, maxCharacters: 210 })
      handleOf(await send({ ...long, folded: true }, optionsOf(double.url)))
      assert.equal(double.posts[0]?.spoiler, '🔥 nas: /data is full at 91 %')
      assert.equal(double.posts[0]?.sensitive, true)
    })

    test('an older server is understood by its first instance API', async () => {
      await using double = await startMastodonDouble({
        software,
        modern: false,
        maxCharacters: isMastodon ? 500 : 1200,
      })
      handleOf(await send(long, optionsOf(double.url)))
      assert.ok((double.posts[0]?.text.length ?? 0) > (isMastodon ? 400 : 1100))
    })

    test('a repeat of the same delivery is not posted again', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url)
      const first = handleOf(await send(disk, options, { key: 'a-1' }))
      assert.equal(handleOf(await send(disk, options, { key: 'a-1' })), first)
      assert.equal(double.posts.length, 1)
      assert.notEqual(handleOf(await send(disk, options, { key: 'a-2' })), first)
    })

    test('a refusal does not stand in the way of the next try', async () => {
      await using double = await startMastodonDouble({ software, maxCharacters: 300 })
      // Refused once, under its key: what Pleroma then answers again is no news.
      const options = optionsOf(double.url, { maxLength: 900 })
      assert.equal(failed(await send(long, options, { key: 'a-1' })).reason, 'rejected')
      handleOf(await send(disk, options, { key: 'a-1' }))
      assert.equal(double.posts.length, 1)
    })

    test('changes and the end answer the beginning, which is marked as over with its pictures kept', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url, { language: 'en' })
      const first = handleOf(await send({ ...disk, graphs }, options, { key: 'a-1', graph: async () => picture }))
      handleOf(await send({ ...disk, severity: 'critical' }, options, { kind: 'change', first, key: 'b-1' }))
      assert.deepEqual([double.posts[1]?.replyTo, double.posts[0]?.text.startsWith('✅')], [first, false])
      handleOf(await send(end, options, { kind: 'end', first, key: 'c-1' }))
      const [beginning, , last] = double.posts
      assert.equal(last?.replyTo, first)
      assert.match(beginning?.text ?? '', /^✅ Over: /)
      assert.deepEqual([beginning?.pictures.length, beginning?.language], [1, 'en'])
      // Told again after a crash: the mark stands there once.
      handleOf(await send(end, options, { kind: 'end', first, key: 'c-1' }))
      assert.deepEqual([double.posts.length, beginning?.text.lastIndexOf('✅ Over: ')], [3, 0])
    })

    test('the mark has room in the fullest post, and stands in its spoiler if there is one', async () => {
      await using double = await startMastodonDouble({ software, maxCharacters: 500 })
      const options = optionsOf(double.url)
      const first = handleOf(await send({ ...long, folded: true }, options, { key: 'a-1' }))
      handleOf(await send(end, options, { kind: 'end', first, key: 'b-1' }))
      assert.equal(double.posts[0]?.spoiler, '✅ Over: 🔥 nas: /data is full at 91 %')
    })

    test('the end is told although the first post is gone, or cannot be edited', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url)
      const first = handleOf(await send(disk, options, { key: 'a-1' }))
      double.fail(`/api/v1/statuses/${first}`, { status: 500 }, 'reset')
      handleOf(await send(end, options, { kind: 'end', first, key: 'b-1' }))
      double.remove(first)
      handleOf(await send(end, options, { kind: 'end', first, key: 'c-1' }))
      assert.deepEqual(
        double.posts.map(({ replyTo }) => replyTo),
        [first, undefined],
      )
      // The same again finds the one that stands alone.
      handleOf(await send(end, options, { kind: 'end', first, key: 'c-1' }))
      assert.equal(double.posts.length, 2)
    })

    test('a picture goes with its words once it has been processed', async () => {
      await using double = await startMastodonDouble({ software, processing: 2 })
      handleOf(await send({ ...disk, graphs }, optionsOf(double.url), { graph: async () => picture }))
      assert.deepEqual(double.posts[0]?.pictures, [{ alt: picture.alt, bytes: 4 }])
    })

    test('a message goes without a picture that fails', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url)
      const warned: string[] = []
      const message = { ...disk, graphs }
      double.fail('/api/v2/media', { status: 422, body: { error: 'Validation failed: File is invalid' } })
      handleOf(await send(message, options, { key: 'a-1', graph: async () => picture, warned }))
      handleOf(await send(message, options, { key: 'b-1', graph: async () => undefined, warned }))
      handleOf(await send(message, options, { key: 'c-1', graph: () => Promise.reject(new Error('no font')), warned }))
      // It was taken, and then it is refused with the post.
      double.fail('/api/v1/statuses', {
        status: 422,
        body: { error: 'Cannot attach files that have not finished processing.' },
      })
      handleOf(await send(message, options, { key: 'd-1', graph: async () => picture, warned }))
      assert.deepEqual(
        double.posts.map(({ pictures }) => pictures.length),
        [0, 0, 0, 0],
      )
      assert.deepEqual(warned, [
        'a picture is left out: the server answered 422: Validation failed: File is invalid',
        'a picture is left out: no font',
      ])
    })

    test('a server that repeats the token with its refusal brings it into no log', async () => {
      await using double = await startMastodonDouble({ software })
      const warned: string[] = []
      double.fail('/api/v2/media', { status: 422, body: { error: `no \u001b[31m Bearer ${double.token} here` } })
      handleOf(await send({ ...disk, graphs }, optionsOf(double.url), { graph: async () => picture, warned }))
      assert.deepEqual(warned, ['a picture is left out: the server answered 422: no [31m Bearer … here'])
    })

    test('an answer is seen by no more people than its question', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url, { visibility: 'public', mention: '@boss@example.org' })
      for (const [asked, seen] of [
        ['public', 'unlisted'],
        ['unlisted', 'unlisted'],
        ['private', 'private'],
        ['direct', 'direct'],
        ['list:7', 'direct'],
        ['constructor', 'direct'],
      ] as const) {
        const { status } = double.mention({ acct: 'ann@example.org', text: 'status', visibility: asked })
        const answers = { handle: status, account: '@ann@example.org', visibility: asked }
        handleOf(await send({ ...disk, answers }, options, { key: asked }))
        const post = double.posts.at(-1)
        assert.deepEqual([post?.visibility, post?.replyTo], [seen, status])
        assert.match(post?.text ?? '', /^@ann@example\.org (?!.*@boss)/s)
      }
    })

    test('a token that was revoked, or may not post, is told as such', async () => {
      await using double = await startMastodonDouble({ software, scopes: ['read:statuses'] })
      const options = optionsOf(double.url)
      const { reason, retry, detail } = failed(await send(disk, options))
      assert.deepEqual([reason, retry], ['unauthorised', false])
      assert.match(detail, /^The service answered 403 Forbidden: This action is outside the authorized scopes/)
      double.revoke()
      assert.match(failed(await send(disk, options)).detail, /401 Unauthorized: The access token was revoked/)
    })

    test('a limit of its pace is waited for as long as it says', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url)
      const date = 'Fri, 20 Nov 2026 12:00:00 GMT'
      const body = { error: 'Too many requests' }
      const headers = {
        date,
        'x-ratelimit-limit': '300',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '2026-11-20T12:04:10.500Z',
      }
      double.fail(
        '/api/v1/statuses',
        { status: 429, body, headers },
        { status: 429, body, headers: { 'retry-after': '30' } },
        { status: 429, body },
      )
      const waits = []
      for (let n = 0; n < 3; n += 1) waits.push(failed(await send(disk, options, { key: `k${n}` })))
      assert.deepEqual(
        waits.map(({ reason, retryAfterMs }) => [reason, retryAfterMs]),
        [
          ['rate-limited', 251_000],
          ['rate-limited', 30_000],
          ['rate-limited', undefined],
        ],
      )
    })

    test('silence of the server loses nothing and is not asked about again for a while', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url)
      for (const path of ['/.well-known/nodeinfo', '/api/v2/instance', '/api/v1/instance', '/api/meta'])
        double.fail(path, { status: 500 })
      handleOf(await send(long, options, { key: 'a-1' }))
      const text = double.posts[0]?.text ?? ''
      assert.ok(text.length <= 500 && !text.includes('**'), text)
      const before = double.asked.length
      handleOf(await send(disk, options, { key: 'b-1' }))
      assert.equal(double.asked.length, before + 1)
      // A minute later it is asked, and knows more.
      handleOf(await send(long, options, { key: 'c-1', now: 61_000 }))
      assert.ok(isMastodon || (double.posts[2]?.text.length ?? 0) > 4000)
    })

    test('what was learnt is kept for an hour', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url)
      for (const now of [0, 1000, 3_599_000, 3_601_000]) handleOf(await send(disk, options, { key: `k${now}`, now }))
      assert.equal(double.asked.filter(({ path }) => path === '/.well-known/nodeinfo').length, 2)
    })

    test('no answer may mean that it arrived', async () => {
      await using double = await startMastodonDouble({ software })
      const options = optionsOf(double.url)
      double.fail('/api/v1/statuses', 'reset', 'hang')
      const broken = failed(await send(disk, options))
      assert.deepEqual([broken.reason, broken.retry, broken.maybeDelivered], ['unreachable', true, true])
      const late = failed(await send(disk, options, { signal: AbortSignal.timeout(300) }))
      assert.deepEqual([late.reason, late.retry, late.maybeDelivered], ['timeout', true, true])
    })
  })
}

test('a picture goes the older way where the newer one is not known', async () => {
  await using double = await startMastodonDouble()
  double.fail('/api/v2/media', { status: 404, body: { error: 'Not found' } })
  handleOf(await send({ ...disk, graphs }, optionsOf(double.url), { graph: async () => picture }))
  assert.equal(double.posts[0]?.pictures.length, 1)
})

test('who draws without end holds nothing up beyond the deadline', async () => {
  await using double = await startMastodonDouble()
  const sent = { graph: () => new Promise<undefined>(() => {}), signal: AbortSignal.timeout(200) }
  const { reason, maybeDelivered } = failed(await send({ ...disk, graphs }, optionsOf(double.url), sent))
  assert.deepEqual([reason, maybeDelivered, double.posts.length], ['timeout', false, 0])
})

test('a content type that the server does not list is not sent, and its markup neither', async () => {
  await using double = await startMastodonDouble({ software: 'mastodon' })
  handleOf(await send(disk, optionsOf(double.url, { contentType: 'text/html' })))
  assert.ok(!JSON.stringify(double.asked.at(-1)?.fields).includes('content_type'))
  assert.ok(!double.posts[0]?.text.includes('<'))
})

test('HTML is sent where it is wanted and taken', async () => {
  await using double = await startMastodonDouble({ software: 'pleroma' })
  handleOf(await send(disk, optionsOf(double.url, { contentType: 'text/html' })))
  assert.deepEqual([double.posts[0]?.contentType, double.posts[0]?.text.includes('<br>')], ['text/html', true])
})

test('changes stand alone and beginnings as they were where that is wanted', async () => {
  await using double = await startMastodonDouble()
  const options = optionsOf(double.url, { replies: false, edits: false })
  const first = handleOf(await send(disk, options, { key: 'a-1' }))
  handleOf(await send(end, options, { kind: 'end', first, key: 'b-1' }))
  assert.equal(double.posts[1]?.replyTo, undefined)
  assert.deepEqual(postsOf(double)[0]?.startsWith('|🔥'), true)
})

test('a server that is none is told as such', async () => {
  await using double = await startMastodonDouble()
  double.fail('/', ...Array.from({ length: 4 }, () => ({ status: 200, body: 'welcome' })), {
    status: 200,
    body: 'welcome',
  })
  const { reason, detail } = failed(await send(disk, optionsOf(double.url)))
  assert.equal(reason, 'rejected')
  assert.match(detail, /not with a post; is the url that of a server of the fediverse\?/)
})

test('the token may stand in a file, which is read anew each time', async () => {
  await using double = await startMastodonDouble()
  const folder = await mkdtemp(join(tmpdir(), 'sereno-fediverse-'))
  const tokenFile = join(folder, 'token')
  try {
    const options = optionsOf(double.url, { token: undefined, tokenFile })
    const missing = failed(await send(disk, options))
    assert.deepEqual([missing.reason, missing.maybeDelivered], ['misconfigured', false])
    assert.match(missing.detail, /it is not there; have it written by: sereno channel login NAME/)
    await writeFile(tokenFile, `${double.token}\n`)
    await chmod(tokenFile, 0o600)
    handleOf(await send(disk, options))
    await writeFile(tokenFile, 'a token\nand more')
    assert.match(failed(await send(disk, options)).detail, /more in it than a token/)
    await writeFile(tokenFile, '')
    assert.match(failed(await send(disk, options)).detail, /it is empty/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
