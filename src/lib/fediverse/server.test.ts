// What is made of the words of servers: those that are as documented, and those that are not.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { HttpAnswer, HttpRequest } from '../http.ts'
import { errorOf, outcomeOf, type Api } from './api.ts'
import { discover, isObject, type Server, type Software } from './server.ts'

const origin = 'https://s.example'
const nodeinfo = (href: string) => ({ links: [{ rel: 'http://nodeinfo.diaspora.software/ns/schema/2.0', href }] })
const software = (name: string, version = '1', metadata = {}) => ({ software: { name, version }, metadata })

/** Answers what is known by path, 404 for the rest. */
function discovered(pages: { readonly [path: string]: unknown }, known?: Software) {
  const asked: string[] = []
  const ask = async ({ url }: HttpRequest): Promise<HttpAnswer> => {
    const path = url.slice(origin.length)
    asked.push(path)
    const found = Object.hasOwn(pages, path)
    return { answered: true, status: found ? 200 : 404, headers: {}, body: found ? JSON.stringify(pages[path]) : '' }
  }
  return discover(origin, ask, known).then((server) => ({ server, asked }))
}

async function of(pages: { readonly [path: string]: unknown }): Promise<Server> {
  return (await discovered(pages)).server ?? assert.fail('nothing was understood')
}

describe('a server', () => {
  test('says its software, limits, types and streams', async () => {
    const server = await of({
      '/.well-known/nodeinfo': nodeinfo(`${origin}/nodeinfo/2.0`),
      '/nodeinfo/2.0': software('mastodon', '4.4.1'),
      '/api/v2/instance': {
        domain: 'Example.org',
        configuration: {
          urls: { streaming: 'wss://streaming.example.org' },
          statuses: {
            max_characters: 700,
            characters_reserved_per_url: 30,
            supported_mime_types: ['text/plain', 'text/markdown'],
          },
        },
      },
    })
    assert.deepEqual(server, {
      software: 'mastodon',
      name: 'mastodon 4.4.1',
      maxLength: 700,
      counting: { urlLength: 30, freeDomains: true, unit: 'grapheme' },
      contentTypes: ['text/plain', 'text/markdown'],
      streaming: 'wss://streaming.example.org',
      domain: 'example.org',
    })
  })

  test('of the Pleroma family says 0 for addresses and means as long as they are', async () => {
    const { counting, contentTypes, maxLength } = await of({
      '/.well-known/nodeinfo': nodeinfo(`${origin}/nodeinfo/2.0.json`),
      '/nodeinfo/2.0.json': software('akkoma', '3.15.2', { postFormats: ['text/plain', 'text/markdown'] }),
      '/api/v2/instance': { configuration: { statuses: { max_characters: 5000, characters_reserved_per_url: 0 } } },
    })
    assert.deepEqual([counting.urlLength, contentTypes, maxLength], [undefined, ['text/plain', 'text/markdown'], 5000])
  })

  test('without nodeinfo is known by its version', async () => {
    for (const [version, name] of [
      ['2.7.2 (compatible; Akkoma 3.13.2)', 'akkoma'],
      ['2.7.2 (compatible; Pleroma 2.5.0)', 'pleroma'],
      ['3.5.3', 'mastodon'],
      ['4.2 (compatible; Odd 1)', 'other'],
    ]) {
      const server = await of({ '/api/v1/instance': { uri: 's.example', version, max_toot_chars: 1234 } })
      assert.deepEqual([server.software, server.maxLength, server.domain], [name, 1234, 's.example'])
    }
  })

  test('that is unknown is counted strictly, and relatives of Misskey are asked in their way', async () => {
    const odd = await of({
      '/.well-known/nodeinfo': nodeinfo(`${origin}/n`),
      '/n': software('gotosocial', '0.19'),
      '/api/v2/instance': { configuration: { statuses: { characters_reserved_per_url: 25, max_characters: 5000 } } },
    })
    assert.deepEqual(odd.counting, { freeDomains: false, unit: 'utf-16' })
    for (const name of ['Misskey', 'firefish', 'sharkey', 'iceshrimp']) {
      const server = await of({
        '/.well-known/nodeinfo': nodeinfo(`${origin}/n`),
        '/n': software(name),
        '/api/meta': { maxNoteTextLength: 3000, uri: origin },
      })
      assert.deepEqual([server.software, server.maxLength], ['firefish', 3000])
    }
  })

  test('has no say in where it is asked', async () => {
    const { asked, server } = await discovered({ '/.well-known/nodeinfo': nodeinfo('http://169.254.169.254/latest') })
    assert.ok(asked.every((path) => path.startsWith('/')) && !asked.some((path) => path.includes('latest')))
    assert.equal(server, undefined)
  })

  test('whose software is known is not asked for it', async () => {
    const { asked } = await discovered({ '/api/v2/instance': {} }, 'mastodon')
    assert.deepEqual(asked, ['/api/v2/instance'])
  })

  test('may say anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), async (info, instance, statuses) => {
        const { server } = await discovered({
          '/.well-known/nodeinfo': nodeinfo(`${origin}/n`),
          '/n': info,
          '/api/v2/instance': isObject(instance) ? { ...instance, configuration: { statuses } } : instance,
          '/api/meta': statuses,
        })
        if (server?.maxLength !== undefined) assert.ok(server.maxLength > 0)
      }),
    )
  })
})

describe('a refusal', () => {
  const api: Api = { origin, token: 'sEcReT', ask: () => assert.fail(), signal: AbortSignal.abort() }
  const now = Date.UTC(2026, 10, 20, 12)
  const answer = (status: number, body: unknown, headers = {}): HttpAnswer => ({
    answered: true,
    status,
    headers,
    body: JSON.stringify(body),
  })

  test('is told in its own words, without the token', () => {
    const outcome = outcomeOf(answer(422, { error: 'Validation failed: sEcReT' }), api, now)
    assert.equal(!outcome.ok && outcome.detail, 'The service answered 422 Unprocessable Entity: Validation failed: …')
  })

  test('that says when to come again is heeded, unless that is over', () => {
    const wait = (reset: string, headers = {}) => {
      const outcome = outcomeOf(answer(429, {}, { 'x-ratelimit-reset': reset, ...headers }), api, now)
      return outcome.ok ? 'ok' : outcome.retryAfterMs
    }
    assert.equal(wait('2026-11-20T12:00:30.000Z'), 30_000)
    assert.equal(wait('2026-11-20T11:00:30.000Z', { date: 'Fri, 20 Nov 2026 11:00:00 GMT' }), 30_000)
    assert.equal(wait('2026-11-20T11:59:00.000Z'), undefined)
    assert.equal(wait('soon'), undefined)
  })

  test('has words in every form that is known, and none in others', () => {
    assert.deepEqual(errorOf(answer(400, { error: 'invalid_grant', error_description: 'No.' })), {
      message: 'No.',
      code: 'invalid_grant',
    })
    assert.deepEqual(errorOf(answer(400, { error: { message: 'No.', code: 'X' } })), { message: 'No.', code: 'X' })
    for (const body of [null, [], 7, { error: 5 }, { error: { message: 5 } }])
      assert.deepEqual(errorOf(answer(400, body)), { message: '', code: '' })
  })
})
