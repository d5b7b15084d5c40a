// The doubles of fediverse servers refuse what the documentation says is refused, and in its words.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { request } from '../src/lib/http.ts'
import type { FediverseDouble } from './support/fediverse-double.ts'
import { startFirefishDouble } from './support/fediverse-firefish-double.ts'
import { startMastodonDouble } from './support/fediverse-mastodon-double.ts'

async function post(double: FediverseDouble, path: string, body: object, headers = {}): Promise<[number, unknown]> {
  const answer = await request({
    url: double.url + path,
    headers: { authorization: `Bearer ${double.token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  assert.ok(answer.answered)
  return [answer.status, (JSON.parse(answer.body) as { error?: unknown; id?: unknown }).error]
}

const status = (double: FediverseDouble, body: object, headers = {}): Promise<[number, unknown]> =>
  post(double, '/api/v1/statuses', body, headers)

describe('the double of Mastodon', () => {
  test('counts spoiler and text together, addresses as 23, and no hosts of mentions', async () => {
    await using double = await startMastodonDouble()
    const url = `https://example.org/${'a'.repeat(300)}`
    const full = { status: `${'x'.repeat(472)} ${url} @a@example.org`, spoiler_text: 'é' }
    assert.deepEqual(await status(double, full), [200, undefined])
    const over = [422, 'Validation failed: Text character limit of 500 exceeded']
    assert.deepEqual(await status(double, { ...full, spoiler_text: 'éé' }), over)
    assert.deepEqual(await status(double, { status: 'x'.repeat(501) }), over)
  })

  test('refuses what is empty, seen by nobody it knows, or answers what is not there', async () => {
    await using double = await startMastodonDouble()
    assert.deepEqual(await status(double, { status: ' ' }), [422, "Validation failed: Text can't be blank"])
    assert.equal((await status(double, { status: 'a', visibility: 'secret' }))[0], 422)
    assert.equal((await status(double, { status: 'a', in_reply_to_id: '7' }))[0], 404)
    assert.equal((await status(double, { status: 'a', media_ids: ['7'] }))[0], 422)
    assert.equal((await status(double, { status: 'a' }, { authorization: 'Bearer other' }))[0], 401)
  })

  test('posts once for one key', async () => {
    await using double = await startMastodonDouble()
    for (const _ of [1, 2]) assert.equal((await status(double, { status: 'a' }, { 'idempotency-key': 'k' }))[0], 200)
    assert.equal(double.posts.length, 1)
  })
})

describe('the double of Pleroma', () => {
  test('counts everything, and takes the types that it lists', async () => {
    await using double = await startMastodonDouble({ software: 'pleroma', maxCharacters: 40 })
    assert.equal((await status(double, { status: 'https://example.org/aaaaaaaaaaaaaaaaaaaa' }))[0], 200)
    const over = [422, 'The status is over the character limit']
    assert.deepEqual(await status(double, { status: 'https://example.org/aaaaaaaaaaaaaaaaaaaaa' }), over)
    assert.equal((await status(double, { status: 'a', content_type: 'text/markdown' }))[0], 200)
    assert.equal((await status(double, { status: 'a', content_type: 'text/x-odd' }))[0], 422)
  })

  test('repeats a refusal under its key', async () => {
    await using double = await startMastodonDouble({ software: 'pleroma' })
    const key = { 'idempotency-key': 'k' }
    assert.equal((await status(double, { status: '' }, key))[0], 422)
    assert.equal((await status(double, { status: 'a' }, key))[0], 422)
    assert.equal(double.posts.length, 0)
  })
})

describe('the double of Firefish', () => {
  test('refuses what is too long, what answers nothing, and who is not logged in', async () => {
    await using double = await startFirefishDouble({ maxCharacters: 10 })
    const create = (body: object, headers = {}) => post(double, '/api/notes/create', body, headers)
    const codeOf = ([code, error]: [number, unknown]) => [code, (error as { code?: string } | undefined)?.code]
    assert.deepEqual(codeOf(await create({ text: 'x'.repeat(10) })), [200, undefined])
    assert.deepEqual(codeOf(await create({ text: 'x'.repeat(11) })), [400, 'INVALID_PARAM'])
    assert.deepEqual(codeOf(await create({ text: 'x', cw: 'x'.repeat(101) })), [400, 'INVALID_PARAM'])
    assert.deepEqual(codeOf(await create({ text: 'x', replyId: 'gone' })), [400, 'NO_SUCH_REPLY_TARGET'])
    assert.deepEqual(codeOf(await create({ text: 'x' }, { authorization: 'Bearer x' })), [401, 'AUTHENTICATION_FAILED'])
  })
})
