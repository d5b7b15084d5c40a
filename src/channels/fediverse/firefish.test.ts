// Notes on a double of Firefish: its own API, its own words for who sees what, edits on some, and no keys.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startFirefishDouble } from '../../../test/support/fediverse-firefish-double.ts'
import { disk, handleOf, optionsOf, send } from '../../../test/support/fediverse-sending.ts'
import type { Message, Outcome } from '../../words.ts'

const long: Message = { ...disk, lines: [Array.from({ length: 900 }, (_, n) => `line ${n} of it`).join('\n')] }
const picture = { png: new Uint8Array([137, 80, 78, 71]), svg: '<svg/>', alt: `CPU of nas ${'rose '.repeat(200)}` }

function failed(outcome: Outcome): Extract<Outcome, { ok: false }> {
  return outcome.ok ? assert.fail('it was delivered') : outcome
}

describe('on firefish', () => {
  test('a message is a note, and what it learnt of the server is heeded', async () => {
    await using double = await startFirefishDouble()
    const handle = handleOf(await send(long, optionsOf(double.url)))
    const [note] = double.posts
    assert.deepEqual([note?.id, note?.visibility], [handle, 'home'])
    assert.match(note?.text ?? '', /^\*\*🔥 nas: \/data is full at 91 %\*\*\n\n- \*\*Free\*\*: 4\.2 GB\n/)
    assert.ok((note?.text.length ?? 0) > 2900)
  })

  test('a title goes before what is folded away', async () => {
    await using double = await startFirefishDouble()
    handleOf(await send({ ...long, folded: true, title: 'endor: git pull' }, optionsOf(double.url)))
    assert.deepEqual([double.posts[0]?.spoiler, double.posts[0]?.text.includes('endor')], ['🔥 endor: git pull', false])
  })

  test('changes answer the beginning, and stand alone when it is gone', async () => {
    await using double = await startFirefishDouble()
    const options = optionsOf(double.url)
    const first = handleOf(await send(disk, options))
    handleOf(await send(disk, options, { kind: 'end', first }))
    double.remove(first)
    handleOf(await send(disk, options, { kind: 'end', first }))
    assert.deepEqual(
      double.posts.map(({ replyTo }) => replyTo),
      [first, undefined],
    )
  })

  test('the beginning is marked as over, once, and keeps all that it had', async () => {
    await using double = await startFirefishDouble()
    const options = optionsOf(double.url, { visibility: 'direct', mention: '@ann@example.org' })
    const graphs = [{ host: 'nas', metric: 'cpu_percent', from: 0, to: 1 }]
    const folded: Message = { ...disk, graphs, folded: true }
    const first = handleOf(await send(folded, options, { graph: async () => picture }))
    const before = { ...double.posts[0] }
    for (let round = 0; round < 2; round++) handleOf(await send(disk, options, { kind: 'end', first }))
    assert.deepEqual(double.posts[0], { ...before, spoiler: `✅ Over: ${before.spoiler}` })
    assert.deepEqual([before.visibility, before.visibleTo?.length, before.pictures?.length], ['specified', 1, 1])
  })

  test('one that is not folded is marked in its words, and a reply stays one', async () => {
    await using double = await startFirefishDouble()
    const options = optionsOf(double.url)
    const report = handleOf(await send(disk, options))
    const first = handleOf(await send(disk, options, { kind: 'change', first: report }))
    handleOf(await send(disk, options, { kind: 'end', first }))
    const [, marked] = double.posts
    assert.match(marked?.text ?? '', /^✅ Over: \*\*🔥 nas: /)
    assert.deepEqual([marked?.replyTo, marked?.visibility, marked?.spoiler], [report, 'home', ''])
  })

  test('where notes cannot be edited, as on Misskey, the end is told all the same', async () => {
    await using double = await startFirefishDouble({ edits: false })
    const options = optionsOf(double.url)
    const first = handleOf(await send(disk, options))
    handleOf(await send(disk, options, { kind: 'end', first }))
    assert.deepEqual([double.posts.length, double.posts[0]?.text.includes('✅')], [2, false])
    await using other = await startFirefishDouble()
    const without = optionsOf(other.url, { edits: false })
    const begun = handleOf(await send(disk, without))
    handleOf(await send(disk, without, { kind: 'end', first: begun }))
    assert.deepEqual([other.posts.length, other.posts[0]?.text.includes('✅')], [2, false])
  })

  test('who sees a note is said in its own words', async () => {
    await using double = await startFirefishDouble()
    for (const [visibility, own] of [
      ['public', 'public'],
      ['unlisted', 'home'],
      ['private', 'followers'],
      ['direct', 'specified'],
    ] as const) {
      handleOf(await send(disk, optionsOf(double.url, { visibility, mention: '@ann@example.org' })))
      const note = double.posts.at(-1)
      assert.deepEqual(
        [note?.visibility, note?.visibleTo],
        [own, visibility === 'direct' ? ['user-ann@example.org'] : undefined],
      )
    }
  })

  test('a direct note to nobody is not sent', async () => {
    await using double = await startFirefishDouble({ users: [] })
    const { reason, detail } = failed(
      await send(disk, optionsOf(double.url, { visibility: 'direct', mention: '@ann@example.org' })),
    )
    assert.equal(reason, 'misconfigured')
    assert.match(detail, /does not know @ann@example\.org, who alone should see this/)
    assert.equal(double.posts.length, 0)
  })

  test('an answer is seen by no more people than its question', async () => {
    await using double = await startFirefishDouble()
    for (const [asked, own] of [
      ['public', 'home'],
      ['followers', 'followers'],
      ['specified', 'specified'],
    ] as const) {
      const { status } = double.mention({ acct: 'ann@example.org', text: 'status', visibility: asked })
      const answers = { handle: status, account: '@ann@example.org', visibility: asked }
      handleOf(await send({ ...disk, answers }, optionsOf(double.url, { visibility: 'public' })))
      assert.deepEqual([double.posts.at(-1)?.visibility, double.posts.at(-1)?.replyTo], [own, status])
    }
  })

  test('a picture goes with its words, as long as they may be', async () => {
    await using double = await startFirefishDouble()
    const graphs = [{ host: 'nas', metric: 'cpu_percent', from: 0, to: 1 }]
    handleOf(await send({ ...disk, graphs }, optionsOf(double.url), { graph: async () => picture }))
    assert.deepEqual(double.posts[0]?.pictures, [{ alt: picture.alt.slice(0, 500), bytes: 4 }])
  })

  test('refusals are told in its words', async () => {
    await using double = await startFirefishDouble({ maxCharacters: 300 })
    const options = optionsOf(double.url, { maxLength: 900 })
    const refused = failed(await send(long, options))
    assert.deepEqual(
      [refused.reason, refused.retry, refused.detail],
      ['rejected', false, 'The service answered 400 Bad Request: Invalid param.'],
    )
    double.fail('/api/notes/create', {
      status: 429,
      body: { error: { message: 'Rate limit exceeded.', code: 'RATE_LIMIT_EXCEEDED' } },
    })
    assert.equal(failed(await send(disk, options)).reason, 'rate-limited')
    double.revoke()
    const revoked = failed(await send(disk, options))
    assert.deepEqual([revoked.reason, revoked.retry], ['unauthorised', false])
    double.fail('/api/notes/create', {
      status: 400,
      body: { error: { message: 'Authentication failed.', code: 'AUTHENTICATION_FAILED' } },
    })
    assert.equal(failed(await send(disk, options)).reason, 'unauthorised')
    double.fail('/api/notes/create', { status: 200, body: {} })
    assert.match(failed(await send(disk, options)).detail, /not with a note/)
  })
})
