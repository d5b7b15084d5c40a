// Agents as programs, and a hub: what they see arrives once, whoever is killed, turned away, set back or copied.
import assert from 'node:assert/strict'
import { appendFileSync, existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { HubEvent } from '../../src/words.ts'
import { createRandom } from '../support/random.ts'
import { startHubProcess } from '../support/hub-process.ts'
import { createAgentHouse } from './agent-house.ts'

/** faketime's library, which sets the clock of a single program. */
const preload = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path))
const hasFaketime = preload !== undefined
const kills = Number(process.env['SERENO_AGENT_KILLS'] ?? 25)
const seed = Number(process.env['SERENO_SEED'] ?? Date.now() % 1_000_000)

function words(events: readonly HubEvent[]): string[] {
  return events.flatMap(({ type, data }) => (type === 'log.line' ? [data['line'] as string] : [])).toSorted()
}

test(`${kills} kills of the agent and of the hub under load: each line arrives once (seed ${seed})`, async () => {
  await using house = await createAgentHouse()
  const random = createRandom(seed)
  const code = await house.invite('nas')
  const written: string[] = []
  const load = setInterval(() => {
    for (let count = 0; count < 5; count += 1) {
      const word = `line-${String(written.length).padStart(6, '0')}`
      appendFileSync(house.log, `${word}\n`)
      written.push(word)
    }
  }, 5)
  try {
    await house.hub.start()
    for (let round = 0; round < kills; round += 1) {
      const agent = house.agent({ folder: 'nas', code })
      if (random.next() < 0.8) {
        await agent.ready
        await wait(random.next() * 700)
      } else await wait(random.next() * 400)
      if (random.next() < 0.3) {
        await house.hub.kill()
        agent.kill('SIGKILL')
        await house.hub.start()
      } else agent.kill('SIGKILL')
      await agent.ended
    }
  } finally {
    clearInterval(load)
  }
  const last = house.agent({ folder: 'nas', code })
  const count = () => house.hub.metric('sereno_events_total', 'type="log.line"')
  const before = await count()
  await last.ready
  await house.hub.until('the last line is there', async () => {
    const events = await house.events('log.line')
    return events.some(({ data }) => data['line'] === written.at(-1))
  })
  assert.ok((await count()) >= before)
  last.kill('SIGTERM')
  assert.equal(await last.ended, 0, last.output())
  await house.hub.stop()
  const { events } = await house.record()
  const arrived = words(events)
  assert.equal(new Set(arrived).size, arrived.length, 'no line counts twice')
  assert.deepEqual(arrived, written, 'every line is there')
  assert.ok(events.every(({ source, type }) => type !== 'log.line' || source === 'nas/app'))
  assert.equal(events.filter(({ type }) => type === 'sereno.agent-gap').length, 0)
})

test('an agent that is turned away keeps what it sees, says so once, and tells it when it is let in again', async () => {
  await using house = await createAgentHouse()
  await house.hub.start()
  const agent = house.agent({ folder: 'nas', code: await house.invite('nas') })
  appendFileSync(house.log, 'before\n')
  await house.hub.until('the first line is there', async () => (await house.events('log.line')).length === 1)
  assert.equal((await house.hub.sereno('hosts', 'revoke', 'nas')).code, 0)
  appendFileSync(house.log, 'meanwhile\n')
  await house.hub.until('the agent notices', () => agent.output().includes('does not let this agent in'))
  const [line] = agent.output().match(/.*does not let this agent in.*/) ?? []
  assert.match(line ?? '', /401.*what is seen is kept until it can/)
  assert.equal((await house.hub.sereno('hosts', 'restore', 'nas')).code, 0)
  await house.hub.until('the kept line is there', async () => (await house.events('log.line')).length === 2)
  assert.deepEqual(words(await house.events('log.line')), ['before', 'meanwhile'])
  assert.equal(agent.output().match(/does not let this agent in/g)?.length, 1)
  await house.hub.until('the agent says that it is well again', () => /is told again, after \d+ s/.test(agent.output()))
  assert.doesNotMatch(agent.output(), new RegExp((await readFile(join(house.folderOf('nas'), 'token'), 'utf8')).trim()))
})

test('an agent that starts without its hub keeps what it sees until there is one', async () => {
  await using house = await createAgentHouse()
  const code = await house.invite('nas')
  const agent = house.agent({ folder: 'nas', code })
  await agent.ready
  appendFileSync(house.log, 'early\n')
  await house.hub.until('it says that nobody is there', () => agent.output().includes('cannot be asked to enrol'))
  await house.hub.start()
  await house.hub.until('the line is there', async () => (await house.events('log.line')).length === 1)
  const { mode } = await stat(join(house.folderOf('nas'), 'token'))
  assert.equal(mode & 0o777, 0o600)
})

test('a code works once, and a wrong one ends the agent with a sentence', async () => {
  await using house = await createAgentHouse()
  await house.hub.start()
  const code = await house.invite('nas')
  const agent = house.agent({ folder: 'nas', code })
  await agent.ready
  await house.hub.until('it has enrolled', () => agent.output().includes('enrolled at'))
  const thief = house.agent({ folder: 'thief', code })
  assert.equal(await thief.ended, 1)
  assert.match(thief.output(), /does not take the code \(409\): This code was used already/)
  const wrong = house.agent({ folder: 'other', code: 'f'.repeat(40) })
  assert.equal(await wrong.ended, 1)
  assert.match(wrong.output(), /does not take the code \(401\)/)
})

test('a code that has expired is refused, and so is a token of the configuration past its time', async () => {
  await using house = await createAgentHouse(`
hub:
  tokens:
    - { name: old, token: old-token-0123456789, expires: '2020-01-01T00:00:00Z' }
    - { name: web, token: web-token-0123456789, sources: ['web/app'] }
channels: { out: { kind: console } }
rules: []
`)
  await house.hub.start()
  const post = (token: string, body: object) =>
    house.hub.ask('/api/v1/agent', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ buffer: 'b', first: 1, sentAt: Date.now(), ...body }),
    })
  const refused = await post('old-token-0123456789', { items: [] })
  assert.deepEqual([refused.status, refused.text.includes('has expired')], [401, true])
  const items = ['app', 'other'].map((source) => ({ source, event: { type: 'log.line', data: { line: source } } }))
  assert.equal((await post('web-token-0123456789', { items })).status, 202)
  assert.deepEqual(words(await house.events('log.line')), ['app'])
  const limited = { headers: { authorization: 'Bearer web-token-0123456789' } }
  assert.equal((await house.hub.ask('/api/v1/events', limited)).status, 403)
})

test('a clone of an agent loses nothing, and is noticed', async () => {
  await using house = await createAgentHouse()
  await house.hub.start()
  const first = house.agent({ folder: 'nas', code: await house.invite('nas') })
  appendFileSync(house.log, 'common\n')
  await house.hub.until('the first line is there', async () => (await house.events('log.line')).length === 1)
  first.kill('SIGTERM')
  await first.ended
  await house.clone('nas', 'copy')
  const otherLog = `${house.log}.copy`
  appendFileSync(otherLog, '')
  const agents = [house.agent({ folder: 'nas' }), house.agent({ folder: 'copy', log: otherLog })]
  await Promise.all(agents.map((agent) => agent.ready))
  const written = ['common']
  for (let round = 0; round < 20; round += 1) {
    appendFileSync(house.log, `one-${round}\n`)
    appendFileSync(otherLog, `two-${round}\n`)
    written.push(`one-${round}`, `two-${round}`)
    await wait(100)
  }
  await house.hub.until('all lines are there', async () => words(await house.events('log.line')).length >= 41)
  assert.deepEqual(words(await house.events('log.line')), written.toSorted())
  await house.hub.until('two are noticed', async () => (await house.events('sereno.agent-twice')).length === 1)
})

test('a second agent on the same folder is refused, and a damaged buffer is set aside', async () => {
  await using house = await createAgentHouse()
  await house.hub.start()
  const first = house.agent({ folder: 'nas', code: await house.invite('nas') })
  await first.ready
  const second = house.agent({ folder: 'nas' })
  assert.equal(await second.ended, 1)
  assert.match(second.output(), /another agent uses .*name another folder with --data/)
  first.kill('SIGKILL')
  await first.ended
  const { writeFile, rm } = await import('node:fs/promises')
  await rm(join(house.folderOf('nas'), 'buffer.db-wal'), { force: true })
  await writeFile(join(house.folderOf('nas'), 'buffer.db'), 'this is no database, whatever it is called'.repeat(200))
  const third = house.agent({ folder: 'nas' })
  await third.ready
  assert.match(third.output(), /could not be read; it was set aside/)
  appendFileSync(house.log, 'after\n')
  await house.hub.until('it works on', async () => (await house.events('log.line')).length === 1)
})

test('wrong use is told in one sentence', async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [[], /where is the hub\?/],
    [['--hub', 'nas'], /--hub nas is no web address/],
    [['--hub', 'http://127.0.0.1:1', '--buffer-size', 'much'], /--buffer-size much is no size/],
    [['--hub', 'http://127.0.0.1:1', '--bufer', '1'], /Unknown option '--bufer'/],
  ]
  for (const [args, sentence] of cases) {
    const agent = startHubProcess({ args: ['agent', ...args] })
    assert.equal(await agent.ended, 2)
    assert.match(agent.output(), sentence)
    assert.equal(agent.output().trim().split('\n').length, 1)
  }
})

for (const [words, shift] of [
  ['a day behind', '-1d'],
  ['a day ahead', '+1d'],
] as const) {
  test(
    `an agent whose clock is ${words} tells true times, and the hub says what is wrong`,
    { skip: !hasFaketime },
    async () => {
      await using house = await createAgentHouse()
      await house.hub.start()
      const env = { LD_PRELOAD: preload ?? '', FAKETIME: shift, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
      const agent = house.agent({ folder: 'nas', code: await house.invite('nas'), env })
      await agent.ready
      const before = Date.now()
      appendFileSync(house.log, 'now\n')
      await house.hub.until('the line is there', async () => (await house.events('log.line')).length === 1)
      const [line] = await house.events('log.line')
      const time = Date.parse(String(line?.time))
      assert.ok(time > before - 5000 && time < Date.now() + 5000, `it says ${line?.time}`)
      const { text } = await house.hub.ask('/api/v1/agents')
      const [one] = (JSON.parse(text) as { agents: { clockOffsetSeconds: number; bootedAt: string }[] }).agents
      assert.ok(Math.abs(Math.abs(one?.clockOffsetSeconds ?? 0) - 86_400) < 10)
    },
  )
}
