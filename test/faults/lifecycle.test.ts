// Stopping under load, what is sent while nothing runs, and copies of the store while it runs: nothing lost, nothing twice.
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Audit } from '../support/audit.ts'
import { createHubHouse, type HubHouse } from '../support/hub-house.ts'
import { startSlackDouble } from '../support/slack-double.ts'
import { saidIn } from '../support/slack-texts.ts'

const text = (url: string, log = '/dev/null'): string => `
sources:
  app: { kind: log, path: ${JSON.stringify(log)}, from: beginning, match: 'order' }
channels:
  team: { kind: slack, url: ${JSON.stringify(url)}, minInterval: 0s }
rules:
  - { name: all, on: [message, log.line, sereno.rejected], to: [team] }
`

/** Of each sender: a backlog would only make the test longer. */
const paceMs = 10

test('SIGTERM under load ends with 0, and nothing is lost or told twice', async () => {
  await using slack = await startSlackDouble()
  await using house = await createHubHouse()
  const log = join(house.folder, 'app.log')
  writeFileSync(log, '')
  await house.configure(text(slack.url, log))
  const accepted: string[] = []
  const lines: string[] = []
  for (let round = 0; round < 2; round += 1) {
    await house.start()
    let posting = true
    const senders = Array.from({ length: 4 }, async (_, sender) => {
      for (let index = 0; posting; index += 1) {
        const message = `message ${round} ${sender} ${index}`
        const line = `order ${round} ${sender} ${index}`
        appendFileSync(log, `${line}\n`)
        lines.push(line)
        const answer = await house.post(message).catch(() => undefined)
        if (answer?.status === 200) accepted.push(message)
        else posting = false
        await wait(paceMs)
      }
    })
    await slack.waitFor(slack.received.length + 20)
    await house.stop()
    await Promise.all(senders)
  }
  await house.start()
  await house.until('the log is read', async () =>
    (await house.ask('/api/v1/events?type=log.line&limit=1')).text.includes(lines.at(-1) ?? ''),
  )
  await house.until('all is told', async () => (await house.metric('sereno_outbox_waiting')) === 0)
  await house.stop()
  const audit = await house.audit()
  assert.deepEqual(audit.faults.slice(0, 5), [])
  const kept = messagesOf(audit)
  assert.equal(new Set(kept).size, kept.length)
  assert.deepEqual(
    accepted.filter((message) => !kept.includes(message)),
    [],
  )
  const read = audit.events.filter(({ type }) => type === 'log.line').map(({ data }) => data['line'])
  assert.deepEqual(read, lines)
  assert.equal(slack.posts.length, kept.length + read.length, 'each is told once')
})

test('what is sent while no hub runs is taken in at the next start, once', async () => {
  await using slack = await startSlackDouble()
  await using house = await createHubHouse()
  await house.configure(text(slack.url))
  const said = await house.sereno('send', 'nobody was there')
  assert.match(said.out, /the hub takes it in when it starts/)
  await house.start()
  await slack.waitFor(1)
  // What is being sent when it is killed would be sent again.
  await house.until('that is stored', async () => (await house.metric('sereno_outbox_waiting')) === 0)
  await house.kill()
  await house.sereno('send', 'nobody was there again')
  await house.start()
  await slack.waitFor(2)
  assert.deepEqual(readdirSync(join(house.data, 'spool')), [])
  await house.stop()
  await house.start()
  await house.post('the last one')
  await slack.waitFor(3)
  await house.stop()
  assert.deepEqual(
    slack.posts.map(({ payload }) => saidIn(payload).split('\n').at(-1)),
    ['nobody was there', 'nobody was there again', 'the last one'],
  )
  assert.deepEqual((await house.audit()).faults, [])
})

test('a spooled line that is no event is kept as it came, and its neighbours are taken in', async () => {
  await using slack = await startSlackDouble()
  await using house = await createHubHouse()
  await house.configure(text(slack.url))
  const spool = join(house.data, 'spool')
  mkdirSync(spool)
  const event = (id: string): string =>
    JSON.stringify({ specversion: '1.0', id, source: 'urn:x', type: 'message', data: { text: `text ${id}` } })
  const deep = `${'['.repeat(100)}${']'.repeat(100)}`
  const bad = ['{"specversion": "1.0", "id": ', 'gar\u0000bage', '], "x": [', deep, '{"type": "message"}']
  const lines = [event('1'), ...bad, event('2')]
  writeFileSync(join(spool, '000000000000001-1-00000000.jsonl'), lines.map((line) => `${line}\n`).join(''))
  writeFileSync(join(spool, '000000000000002-1-00000000.jsonl'), `${event('3')}\n${event('1')}\n`)
  await house.start()
  await slack.waitFor(8)
  assert.deepEqual(readdirSync(spool), [])
  await house.stop()
  const audit = await house.audit()
  assert.deepEqual(audit.faults, [])
  const texts = audit.events.filter(({ type }) => type === 'message').map((one) => one.text)
  assert.deepEqual(texts, ['text 1', 'text 2', 'text 3'])
  const raw = audit.events.filter(({ type }) => type === 'sereno.rejected').map(({ data }) => data['raw'])
  assert.deepEqual(
    raw,
    bad.map((line, index) => JSON.stringify(index === 4 ? JSON.parse(line) : line)),
  )
})

test('a backup made under load is whole, and restoring it brings back its moment', async () => {
  await using slack = await startSlackDouble()
  await using house = await createHubHouse()
  await house.configure(text(slack.url))
  await house.start()
  let posting = true
  const sent = postWhile(house, () => posting)
  await slack.waitFor(20)
  const file = join(house.folder, 'backup.db')
  const written = await house.sereno('backup', file)
  assert.equal(written.code, 0, written.error)
  await slack.waitFor(slack.received.length + 20)
  posting = false
  const all = await sent
  const refused = await house.sereno('restore', file)
  assert.equal(refused.code, 1)
  assert.match(refused.error, /another Sereno is using/)
  await house.until('all is told', async () => (await house.metric('sereno_outbox_waiting')) === 0)
  await house.stop()
  const restored = await house.sereno('restore', file)
  assert.equal(restored.code, 0, restored.error)
  assert.ok(existsSync(/kept as (.*)\.$/m.exec(restored.out)?.[1] ?? ''), restored.out)
  await house.start()
  await house.post('after the restore')
  await house.until('all is told', async () => (await house.metric('sereno_outbox_waiting')) <= 1)
  await house.stop()
  const audit = await house.audit()
  // The message that was on its way at the backup's moment is sent again after half a minute, as after a crash.
  const [again, ...others] = audit.deliveries.filter(({ state }) => state === 'retrying')
  assert.ok(again === undefined || again.lastDetail === 'Sereno stopped while this was being sent')
  assert.deepEqual(others, [])
  assert.deepEqual(audit.faults.filter((fault) => !fault.includes(again?.id ?? '(none)')).slice(0, 5), [])
  const kept = messagesOf(audit)
  assert.equal(kept.at(-1), 'after the restore')
  assert.deepEqual(kept.slice(0, -1), all.slice(0, kept.length - 1), 'what came before the backup, in order')
  assert.ok(kept.length > 20 && kept.length < all.length, `${kept.length} of ${all.length}`)
})

function messagesOf({ events }: Audit): string[] {
  return events.flatMap(({ type, text }) => (type === 'message' && text !== undefined ? [text] : []))
}

async function postWhile(house: HubHouse, go: () => boolean): Promise<string[]> {
  const sent: string[] = []
  for (let index = 0; go(); index += 1) {
    const message = `message ${index}`
    assert.equal((await house.post(message)).status, 200)
    sent.push(message)
    await wait(paceMs)
  }
  return sent
}
