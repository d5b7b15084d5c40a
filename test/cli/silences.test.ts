// Silences, acknowledged conditions and the watchman's answers beside a running hub, as a person types them.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ConditionEntry } from '../../src/engine/look-conditions.ts'
import type { SilenceEntry } from '../../src/engine/look-silences.ts'
import { startHub, type Hub } from '../../src/hub.ts'
import { makeFolder, removeFolder, sereno } from './house.ts'

let folder: string
let hub: Hub
let token: string
const told: string[] = []

before(async () => {
  folder = await makeFolder()
  await writeFile(
    join(folder, 'sereno.yaml'),
    `channels: { team: { kind: console } }
rules: [{ on: disk.full, to: team, remind: 1m }]
sources: { events: { kind: cloudevents, open: [127.0.0.0/8] } }
`,
  )
  hub = await startHub({
    config: join(folder, 'sereno.yaml'),
    data: folder,
    listen: '127.0.0.1:0',
    print: (line) => void told.push(line),
  })
  token = (await readFile(join(folder, 'token'), 'utf8')).trim()
})
after(async () => {
  await hub.stop()
  await removeFolder(folder)
})

let posted = 0
async function post(condition: string, host = 'nas', state = 'firing'): Promise<void> {
  posted += 1
  const data = { title: `Disk ${condition} is full` }
  const more = { host, severity: 'error', condition, state, data }
  const body = JSON.stringify({ specversion: '1.0', source: 'monitor', id: `${posted}`, type: 'disk.full', ...more })
  const headers = { 'content-type': 'application/cloudevents+json' }
  const answer = await fetch(`${hub.url}/api/v1/events`, { method: 'POST', headers, body })
  assert.equal(answer.status, 202, await answer.text())
}

async function run(...words: string[]): Promise<string> {
  const { code, out, error } = await sereno(...words, '--data', folder)
  assert.equal(code, 0, error)
  return out
}

async function silences(...words: string[]): Promise<SilenceEntry[]> {
  return JSON.parse(await run('silences', '--json', ...words)) as SilenceEntry[]
}

async function conditionOf(key: string): Promise<ConditionEntry> {
  const list = JSON.parse(await run('conditions', '--json')) as ConditionEntry[]
  return list.find((entry) => entry.key === key) ?? assert.fail(`${key} is not open`)
}

test('what a stranger called a condition does nothing to the terminal of who acknowledges or closes it', async () => {
  await post('\u001b]0;owned\u0007\u001b[2J\u202e')
  const list = JSON.parse(await run('conditions', '--json')) as ConditionEntry[]
  const { id } = list.find(({ title }) => title.includes('owned')) ?? assert.fail()
  for (const act of ['ack', 'close']) {
    const said = await run('conditions', act, id)
    assert.match(said, /looks after|is closed/)
    assert.doesNotMatch(said.trimEnd(), /[\u0000-\u001f\u202e]/)
  }
})

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    assert.ok(turn < 200, 'it never came to that')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function ask(body: string): Promise<{ readonly status: number; readonly said: string }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(`${hub.url}/api/v1/ask`, { method: 'POST', headers, body })
  return { status: answer.status, said: await answer.text() }
}

describe('a silence', () => {
  test('holds what it covers until it is ended, and then tells what is still so', async () => {
    const added = await run('silence', 'add', 'host=nas', 'type=~"disk.*"', '--for', '2h', '--comment', 'new disks')
    assert.match(
      added,
      /^Silence [0-9a-z]{6} holds until \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?: host="nas", type=~"disk\.\*"\.$/,
    )
    const [one] = await silences()
    assert.ok(one)
    assert.deepEqual([one.state, one.comment, one.matchers], ['active', 'new disks', 'host="nas", type=~"disk.*"'])
    await post('/data')
    await post('/srv', 'other')
    await until(() => told.some((line) => line.includes('Disk /srv')))
    const held = await conditionOf('/data')
    assert.deepEqual(
      held.threads.map(({ state, until: to }) => [state, to]),
      [['held', one.until]],
    )
    assert.match(await run('why', held.id), /held by silence until .*: [0-9a-z]{6} of .*: new disks/)
    assert.ok(!told.some((line) => line.includes('Disk /data')))
    assert.match(await run('silence', 'end', one.id), /is over; what it held and still is so is told now/)
    await until(() => told.some((line) => line.includes('Disk /data')))
    assert.deepEqual(await silences(), [])
    assert.equal((await silences('--all'))[0]?.state, 'ended')
    assert.match(await run('silences', '--all'), /^id +state +until +by +covers +why\n[0-9a-z]{6} +ended /)
  })

  test('that covers everything, nothing readable or no time is refused in a sentence', async () => {
    const refusals: readonly [words: string[], sentence: RegExp][] = [
      [['host=~".*"', '--for', '2h'], /cover everything/],
      [['severity=error', '--for', '2h'], /A severity alone/],
      [['host=~"["', '--for', '2h'], /cannot be read/],
      [['nas', '--for', '2h'], /cannot be read/],
      [['host=nas', '--for', 'soon'], /"for" is no span/],
      [['host=nas', '--for', '400d'], /lasts 365d at most/],
    ]
    for (const [words, sentence] of refusals) {
      const { code, error } = await sereno('silence', 'add', ...words, '--data', folder)
      assert.equal(code, 1, words.join(' '))
      assert.match(error, sentence)
    }
    assert.match((await sereno('silence', 'end', 'zzzzzz', '--data', folder)).error, /There is no silence zzzzzz/)
  })
})

test('a condition that somebody looks after says so, and one that is none is refused', async () => {
  const { id } = await conditionOf('/srv')
  assert.match(await run('conditions', 'ack', id), new RegExp(`looks after ${id}: Disk /srv is full`))
  assert.ok((await conditionOf('/srv')).ackedBy)
  const wrong = await sereno('conditions', 'ack', '1n5c0k3v2', '--data', folder)
  assert.match(wrong.error, /There is no condition 1n5c0k3v2/)
})

describe('the watchman', () => {
  test('says what is open, here and on one host', async () => {
    assert.match(
      await run('ask', 'status'),
      /^2 conditions are open\.\nerror: Disk \/srv is full, for \d+ s \([0-9a-z]{9}\)\n/,
    )
    assert.match(await run('ask', 'STATUS', 'nas'), /^1 condition is open on nas\.\n/)
    assert.match(await run('ask', 'status', 'nowhere'), /^All quiet on nowhere\.\nNo sample ever came of it\.$/)
  })

  test('names what it can be asked of, however long its title is', async () => {
    const long = 'x'.repeat(300)
    await post(long, 'far')
    const { id } = await conditionOf(long)
    assert.ok((await run('ask', 'status', 'far')).includes(` s (${id})\n`))
    await post(long, 'far', 'resolved')
  })

  test('silences, lists and ends in words', async () => {
    const [line = ''] = (await run('ask', 'silence', 'nas', '2h', 'while', 'I', 'work')).split('\n')
    const [, id = ''] = /Silence ([0-9a-z]{6}) holds/.exec(line) ?? assert.fail(line)
    const [one] = await silences()
    assert.deepEqual([one?.matchers, one?.comment], ['host="nas"', 'while I work'])
    assert.match(await run('ask', 'silences'), new RegExp(`${id} host="nas": 2h more`))
    assert.match(await run('ask', 'unsilence', id), /is over/)
    assert.match(await run('ask', 'silence', 'type=~"disk[.].*",host="a b"', '30m'), /host="a b"/)
    assert.match(await run('ask', 'silence', 'web-*.lan', '30m'), /host=~"web-\.\*\\\\\.lan"/)
    const all = await sereno('ask', 'silence', '*', '2h', '--data', folder)
    assert.deepEqual([all.code, /cover everything/.test(all.out)], [1, true])
  })

  test('explains an event and looks after a condition', async () => {
    const { id } = await conditionOf('/data')
    assert.match(await run('ask', 'why', id), /Disk \/data is full/)
    assert.match(await run('ask', 'ack', id), /looks after/)
  })

  test('helps who asks for it, who says nothing it knows, and who leaves out what it needs', async () => {
    assert.match(await run('ask', 'help'), /silence HOST 2h/)
    const slip = await sereno('ask', 'stauts', '--data', folder)
    assert.equal(slip.code, 1)
    assert.match(slip.out, /I do not know "stauts"\. Did you mean status\?/)
    for (const words of ['silence', 'silence nas', 'silence nas soon', 'why', 'why me', 'ack', 'unsilence', 'ack me']) {
      assert.equal((await sereno('ask', words, '--data', folder)).code, 1, words)
    }
  })

  test('is not led astray by what is no question', async () => {
    assert.deepEqual(await ask('{'), {
      status: 400,
      said: '{"error":"The body is no JSON; send an object such as {\\"text\\": \\"status\\"}."}',
    })
    assert.equal((await ask('[]')).status, 400)
    assert.equal((await ask('{"text":""}')).status, 400)
    assert.equal((await ask(`{"text":"${'x'.repeat(70_000)}"}`)).status, 400)
    const hostile = await ask(JSON.stringify({ text: `status \u001b[2J"${'"'.repeat(200)}` }))
    assert.equal(hostile.status, 200)
    assert.ok(!hostile.said.includes('\u001b'))
  })
})
