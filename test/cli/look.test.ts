// Lists, `why`, retry and channel tests say the same whether a hub is asked or the store is read.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deadId, eventId, fillStore, makeFolder, removeFolder, sereno, startFakeHub, writeHubFile } from './house.ts'

let folder: string
before(async () => {
  folder = await makeFolder()
  await fillStore(folder)
})
after(() => removeFolder(folder))

describe('without a hub', () => {
  test('events are a table that a sender cannot draw on', async () => {
    const { code, out } = await sereno('events', '--data', folder)
    assert.equal(code, 0)
    assert.match(out, /^id +time +type +severity +host +what +what became of it\n/)
    assert.match(out, new RegExp(`${eventId}  2026-05-1. ..:12:17  kms.activation  info +h1 +WIN10 +team: dead`))
    assert.match(out, /esc\\u001b\[2J +recorded/)
    assert.equal(out.includes('\u001b'), false)
  })

  test('filters and pages hold', async () => {
    const list = async (...words: string[]): Promise<string[]> => {
      const { out } = await sereno('events', '--data', folder, '--json', ...words)
      return (JSON.parse(out) as { type: string }[]).map((entry) => entry.type)
    }
    assert.deepEqual(await list(), ['kms.probe', 'kms.activation'])
    assert.deepEqual(await list('--type', 'kms.a*'), ['kms.activation'])
    assert.deepEqual(await list('--limit', '1'), ['kms.probe'])
    assert.deepEqual(await list('--host', 'h2'), [])
    assert.deepEqual(await list('--since', '2026-05-10T13:12:18Z'), [])
    const { error } = await sereno('events', '--data', folder, '--limit', '1')
    assert.match(error, /More: --before/)
    const next = /--before (\S+)\./.exec(error)?.[1] ?? ''
    assert.deepEqual(await list('--before', next), ['kms.activation'])
  })

  test('an empty list is said, and is an empty JSON list', async () => {
    assert.deepEqual(await sereno('events', '--data', folder, '--source', 'x'), {
      code: 0,
      out: '',
      error: 'No events.',
    })
    assert.equal((await sereno('deliveries', '--data', folder, '--channel', 'x', '--json')).out, '[]')
    assert.equal((await sereno('deliveries', '--data', folder, '--channel', 'x')).error, 'No deliveries.')
  })

  test('deliveries tell the last refusal', async () => {
    const { out } = await sereno('deliveries', '--data', folder, '--state', 'dead', '--event', eventId)
    assert.match(out, new RegExp(`${deadId} .* team +open +dead +3 +1 +gone: the webhook was removed`))
  })

  test('why tells the chain, and what a message tells of', async () => {
    const { code, out } = await sereno('why', eventId, '--data', folder)
    assert.equal(code, 0)
    assert.match(out, new RegExp(`team: message ${deadId} was given up .* after 3 attempts \\(gone: the webhook`))
    assert.match((await sereno('why', deadId, '--data', folder)).out, new RegExp(`sereno why ${eventId}`))
  })

  test('what only a hub can do is refused with the way out', async () => {
    for (const words of [
      ['deliveries', 'retry', deadId],
      ['channel', 'test', 'team'],
    ]) {
      const { code, error } = await sereno(...words, '--data', folder)
      assert.equal(code, 1)
      assert.match(error, /^sereno: No hub runs on .*, and one is needed to .*\. Start it with 'sereno run --data /)
    }
  })

  test('no store, no such event and no sound store are told in a sentence', async () => {
    const missing = await sereno('events', '--data', join(folder, 'nowhere'))
    assert.equal(missing.code, 1)
    assert.match(missing.error, /There is no store in .*nowhere, and no hub runs on it\. Name the data folder/)
    const none = await sereno('why', '000000000', '--data', folder)
    assert.equal(none.code, 1)
    assert.match(none.error, /There is no event 000000000 in /)
    const broken = await makeFolder()
    await writeFile(join(broken, 'sereno.db'), 'this is no database, but it is long enough to be looked at as one')
    const said = await sereno('events', '--data', broken)
    await removeFolder(broken)
    assert.equal(said.code, 1)
    assert.match(said.error, /^sereno: The store .*sereno\.db cannot be read: /)
    assert.doesNotMatch(said.error, /\n\s+at /)
  })
})

describe('with a hub', () => {
  test('lists and why are those of the store', async () => {
    const asked = [
      ['events', '--json'],
      ['events', '--json', '--type', 'kms.*', '--limit', '1'],
      ['deliveries', '--json', '--state', 'dead'],
      ['why', deadId, '--json'],
    ]
    const alone = await Promise.all(asked.map((words) => sereno(...words, '--data', folder)))
    await using hub = await startFakeHub(folder)
    for (const [index, words] of asked.entries()) {
      assert.deepEqual(await sereno(...words, '--data', folder), alone[index])
      const named = ['--hub', hub.url, '--token-file', join(folder, 'token'), '--data', '/nowhere']
      assert.deepEqual(await sereno(...words, ...named), alone[index])
    }
    assert.match((await sereno('why', eventId, '--data', folder)).out, /was given up 13:12:18 after 3 attempts/)
  })

  test('commands say what was done', async () => {
    await using _ = await startFakeHub(folder)
    const retried = await sereno('deliveries', 'retry', deadId, '--data', folder)
    assert.deepEqual(retried, { code: 0, out: `${deadId} is queued again.`, error: '' })
    const tested = await sereno('channel', 'test', 'team', '--data', folder)
    assert.equal(tested.code, 1)
    assert.match(tested.out, /^team: not delivered \(message .*\)\. Nothing more is tried\.$/)
    const unknown = await sereno('channel', 'test', 'mail', '--data', folder)
    assert.deepEqual(unknown, { code: 1, out: '', error: 'sereno: There is no channel "mail"; there are team.' })
  })

  test('a wrong or missing token is told with the way out', async () => {
    await using hub = await startFakeHub(folder)
    await writeFile(join(folder, 'other'), 'wrong')
    const wrong = await sereno('events', '--hub', hub.url, '--token-file', join(folder, 'other'))
    assert.equal(wrong.code, 1)
    assert.match(wrong.error, /does not accept the token\. Name the right one with --token-file/)
    const missing = await sereno('events', '--hub', hub.url, '--data', '/nowhere')
    assert.equal(missing.code, 1)
    assert.match(missing.error, /The token file \/nowhere\/token cannot be read: it is not there\./)
  })

  test('one that was killed is not asked: its process is gone, or nothing listens', async () => {
    await using hub = await startFakeHub(folder)
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    await writeHubFile(folder, hub.url, child.pid ?? 0)
    await writeFile(join(folder, 'token'), 'wrong')
    assert.equal((await sereno('events', '--data', folder)).code, 0)
    await writeHubFile(folder, 'http://127.0.0.1:1', process.pid)
    assert.equal((await sereno('events', '--data', folder)).code, 0)
    const named = await sereno('events', '--hub', 'http://127.0.0.1:1', '--data', folder)
    assert.equal(named.code, 1)
    assert.match(named.error, /The hub at http:\/\/127\.0\.0\.1:1 cannot be asked: /)
  })
})
