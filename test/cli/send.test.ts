// `sereno send` reaches the hub or the spool, says which, and loses nothing silently.
import { after, before, beforeEach, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fillStore, makeFolder, removeFolder, sereno, startFakeHub } from './house.ts'

let folder: string
before(async () => {
  folder = await makeFolder()
  await fillStore(folder)
})
beforeEach(async () => {
  await rm(join(folder, 'hub.json'), { force: true })
  await rm(join(folder, 'spool'), { recursive: true, force: true })
})
after(() => removeFolder(folder))

describe('sending', () => {
  test('posts one CloudEvent to the running hub', async () => {
    await using hub = await startFakeHub(folder)
    const facts = ['--type', 'backup.report', '--host', 'nas', '--severity', 'error', '--subject', 'tank']
    const words = ['--title', 'Backup', '--data', '{"size": 7}', 'the', 'disk is full']
    const said = await sereno('send', '--data', folder, ...facts, ...words)
    assert.deepEqual(said, { code: 0, out: `Sent to the hub at ${hub.url}.`, error: '' })
    const [{ id, time, ...event }] = hub.posted as [{ id: string; time: string }]
    assert.match(id, /^[0-9a-f-]{36}$/)
    assert.ok(!Number.isNaN(Date.parse(time)))
    assert.deepEqual(event, {
      specversion: '1.0',
      source: 'urn:sereno:send:nas',
      type: 'backup.report',
      host: 'nas',
      subject: 'tank',
      severity: 'error',
      datacontenttype: 'application/json',
      data: { size: 7, title: 'Backup', text: 'the disk is full' },
    })
    assert.deepEqual(await spooled(), [])
  })

  test('keeps it when no hub runs, as a message of this host', async () => {
    const said = await sereno('send', '--data', folder, 'hello')
    assert.equal(said.code, 0)
    assert.match(said.out, /^No hub runs on .*\. Kept in .*\/spool\/.*\.jsonl; the hub takes it in when it starts\.$/)
    const [event] = await spooled()
    assert.equal(event?.['type'], 'message')
    assert.equal(event?.['host'], hostname())
    assert.deepEqual(event?.['data'], { text: 'hello' })
  })

  test('takes a severity by what others call it', async () => {
    await sereno('send', '--data', folder, '--severity', 'alarm', 'fire')
    await sereno('send', '--data', folder, '--severity', 'none', 'calm')
    assert.deepEqual(new Set((await spooled()).map(({ severity }) => severity)), new Set(['critical', 'info']))
  })

  test('needs no words where the type says it all', async () => {
    const said = await sereno('send', '--data', folder, '--type', 'host.shutdown', '--host', 'nas')
    assert.equal(said.code, 0, said.error)
    const [event] = await spooled()
    assert.deepEqual([event?.['type'], event?.['host'], event?.['data']], ['host.shutdown', 'nas', {}])
  })

  test('keeps it under the same id when the hub cannot store it', async () => {
    await using hub = await startFakeHub(folder)
    hub.answer = { status: 503, body: { error: 'The disk is full.' } }
    const said = await sereno('send', '--data', folder, 'hello', '--json')
    assert.equal(said.code, 0)
    const answer = JSON.parse(said.out) as { sent: boolean; reason: string }
    assert.equal(answer.sent, false)
    assert.equal(answer.reason, 'The disk is full.')
    assert.deepEqual(await spooled(), hub.posted)
  })

  test('tells what the hub finds wrong with it, and keeps nothing', async () => {
    await using hub = await startFakeHub(folder)
    hub.answer = {
      status: 400,
      body: { accepted: 0, duplicates: 0, invalid: [{ index: 0, message: 'type is empty' }] },
    }
    const said = await sereno('send', '--data', folder, 'hello')
    assert.deepEqual(said, { code: 1, out: '', error: 'sereno: The hub refused it: type is empty' })
    assert.deepEqual(await spooled(), [])
  })

  test('does not fill the spool here for a hub elsewhere', async () => {
    const said = await sereno('send', '--hub', 'http://127.0.0.1:1', '--token-file', await aToken(), 'hello')
    assert.equal(said.code, 1)
    assert.match(said.error, /cannot be asked/)
  })

  test('says that an event is lost when it can be kept nowhere', async () => {
    await writeFile(join(folder, 'file'), '')
    const said = await sereno('send', '--data', join(folder, 'file'), 'hello')
    assert.equal(said.code, 1)
    assert.match(said.error, /Nor can the event be kept in .*: part of its path is no folder\. It is lost\.$/)
  })

  test('is refused without anything to say, or with words that mean nothing', async () => {
    for (const [words, sentence] of [
      [[], /nothing to send: give a text/],
      [['--type', 'message'], /nothing to send: give a text/],
      [['--severity', 'loud', 'x'], /--severity loud is none; there are info, warning, error, critical/],
      [['--data', '{"a":', 'x'], /--data \{"a": is no JSON object/],
    ] as const) {
      const said = await sereno('send', ...words)
      assert.equal(said.code, 2)
      assert.match(said.error, sentence)
    }
  })
})

async function spooled(): Promise<Record<string, unknown>[]> {
  const files = await readdir(join(folder, 'spool')).catch(() => [])
  const texts = await Promise.all(files.map((file) => readFile(join(folder, 'spool', file), 'utf8')))
  return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function aToken(): Promise<string> {
  const path = join(folder, 'a-token')
  await writeFile(path, 'secret')
  return path
}
