// A damaged store is set aside by name, what can be had is recovered, people are told, and the watch goes on.
import assert from 'node:assert/strict'
import {
  appendFileSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { copyPath } from '../../src/store/recover.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { createHubHouse, type HubHouse } from '../support/hub-house.ts'
import { type SlackDouble, startSlackDouble } from '../support/slack-double.ts'
import { saidIn } from '../support/slack-texts.ts'

const text = (url: string, log: string): string => `
sources:
  app: { kind: log, path: ${JSON.stringify(log)}, match: 'order' }
channels:
  team: { kind: slack, url: ${JSON.stringify(url)}, minInterval: 0s }
rules:
  - { name: own, on: 'sereno.store-lost', to: [team] }
  - { name: calm, on: message, dedupe: { by: [host], for: 6h }, to: [team] }
  - { name: lines, on: log.line, to: [team] }
`

interface Scene extends AsyncDisposable {
  readonly house: HubHouse
  readonly slack: SlackDouble
  write(line: string): void
  /** Overwrites a part of the stopped hub's store, given as shares of its size. */
  damage(from: number, to: number): void
}

describe('a store whose beginning is overwritten', () => {
  test('is replaced by its hourly copy: no old line and no repeat is told', async () => {
    await using scene = await startScene()
    const { house, slack, write, damage } = scene
    const copy = await openSqlite({ path: house.store })
    await copy.copyState(copyPath(house.store))
    await copy.close()
    damage(0, 0.1)
    write('order 3 written meanwhile')
    const before = Date.now()
    await house.start()
    await house.post('a repeat', 'known')
    await house.until('all is told', () => saidAt(slack).some((said) => said.includes('order 3')))
    await house.until('the loss is told', () => saidAt(slack).some((said) => said.includes('The store was damaged')))
    await lossIsRecorded(house, 'copy', before)
    assert.deepEqual(told(slack), ['order 1', 'order 2', 'first', 'order 3'])
    // The repeat was merged into a message that only the damaged file has.
    await endsWell(house, /points at message \w+, which is not there/)
  })

  test('without a copy is begun anew: the hub watches on and floods nobody', async () => {
    await using scene = await startScene()
    const { house, slack, write, damage } = scene
    rmSync(copyPath(house.store), { force: true })
    damage(0, 1)
    const before = Date.now()
    const hub = await house.start()
    await house.until('the loss is told', () => saidAt(slack).some((said) => said.includes('The store was damaged')))
    await house.until('the tail has a place again', () => isAtTheEnd(house))
    await lossIsRecorded(house, 'nothing', before)
    write('order 3 written afterwards')
    await house.until('it is told', () => saidAt(slack).some((said) => said.includes('order 3')))
    assert.deepEqual(told(slack), ['order 1', 'order 2', 'first', 'order 3'])
    assert.equal((await house.ask('/readyz')).status, 200, hub.output())
    await endsWell(house)
  })
})

test('a store damaged in its middle keeps what can be read, and is not told of twice', async () => {
  await using scene = await startScene()
  const { house, slack, write, damage } = scene
  // From the tables of attempts to that of jobs; where the tail is, is told by a later page.
  const pages = statSync(house.store).size / 4096
  damage(8.8 / pages, 13.2 / pages)
  write('order 3 written meanwhile')
  const before = Date.now()
  await house.start()
  await house.until('all is told', () => saidAt(slack).some((said) => said.includes('order 3')))
  await house.until('the loss is told', () => saidAt(slack).some((said) => said.includes('The store was damaged')))
  await lossIsRecorded(house, 'repaired', before)
  await house.stop()
  await house.start()
  await house.post('afterwards', 'new')
  await house.until('it is told', () => told(slack).includes('afterwards'))
  assert.equal(saidAt(slack).filter((said) => said.includes('The store was damaged')).length, 1)
  assert.equal(told(slack).filter((said) => said.startsWith('order')).length, 3)
  await endsWell(house)
})

test('damage that no start would see is met by a refusal, and mended by a restart', async () => {
  await using scene = await startScene()
  const { house, slack } = scene
  const filler = await openSqlite({ path: house.store })
  const fill = (letter: string) =>
    Array.from({ length: 2000 }, (_, index) => ({ key: `${letter}${index}`, value: 'x'.repeat(100) }))
  // Its page then holds no row that is read at the start.
  await filler.commit({ state: [...fill('d!'), ...fill('df')] })
  await filler.close()
  damagePageOf(house.store, 'dedupe|calm|')
  const hub = await house.start()
  const answer = await house.post('a repeat', 'known')
  assert.equal(answer.status, 503)
  assert.match(answer.text, /the store is damaged .*restart Sereno/)
  assert.equal((await house.ask('/readyz')).status, 503, hub.output())
  await house.stop()
  await house.start()
  await house.until('the loss is told', () => saidAt(slack).some((said) => said.includes('The store was damaged')))
  assert.equal((await house.post('another', 'unknown')).status, 200)
  await house.until('it is told', () => told(slack).includes('another'))
  await endsWell(house)
})

/** Overwrites the page of the stopped hub's store on which this row stands, not the one on which an index names it. */
function damagePageOf(path: string, text: string): void {
  const bytes = readFileSync(path)
  let at = bytes.indexOf(text)
  while (at > 0 && !bytes.subarray(at, at + 200).includes('"hubAt"')) at = bytes.indexOf(text, at + 1)
  assert.ok(at > 0, 'the row is in the file')
  bytes.fill('garbage ', at - (at % 4096), at - (at % 4096) + 4096)
  writeFileSync(path, bytes)
}

async function startScene(): Promise<Scene> {
  const slack = await startSlackDouble()
  const house = await createHubHouse()
  const log = join(house.folder, 'app.log')
  const write = (line: string): void => appendFileSync(log, `${line}\n`)
  writeFileSync(log, '')
  await house.configure(text(slack.url, log))
  await house.start()
  await house.until('the tail has its place', () => isAtTheEnd(house))
  write('order 1 from before')
  write('order 2 from before')
  await slack.waitFor(2)
  for (const message of ['first', 'second', 'third']) await house.post(message, 'known')
  await slack.waitFor(3)
  await house.until('all is stored', async () => (await house.metric('sereno_outbox_waiting')) === 0)
  await house.stop()
  return {
    house,
    slack,
    write,
    damage(from, to) {
      const { size } = statSync(house.store)
      const start = Math.floor(size * from)
      const file = openSync(house.store, 'r+')
      writeSync(file, Buffer.alloc(Math.ceil(size * to) - start, 'garbage '), 0, undefined, start)
      closeSync(file)
    },
    async [Symbol.asyncDispose]() {
      await house[Symbol.asyncDispose]()
      await slack.close()
    },
  }
}

/** The event, its span, and the file it names. */
async function lossIsRecorded(house: HubHouse, recovered: string, before: number): Promise<void> {
  const [loss] = JSON.parse((await house.sereno('events', '--type', 'sereno.store-lost', '--json')).out) as [
    { severity: string; data: { recovered: string; setAside: string; from: string; until: string } },
  ]
  assert.equal(loss.severity, 'critical')
  assert.equal(loss.data.recovered, recovered)
  assert.ok(Date.parse(loss.data.until) >= before)
  assert.ok(Date.parse(loss.data.from) <= Date.parse(loss.data.until), JSON.stringify(loss))
  const aside = readdirSync(house.data).filter((name) => /^sereno\.db\.damaged-[\dTZ-]+$/.test(name))
  assert.deepEqual(
    aside.map((name) => join(house.data, name)),
    [loss.data.setAside],
  )
}

async function endsWell(house: HubHouse, expected?: RegExp): Promise<void> {
  await house.until('all is told', async () => (await house.metric('sereno_outbox_waiting')) === 0)
  await house.stop()
  const { faults } = await house.audit()
  assert.deepEqual(
    faults.filter((fault) => expected?.test(fault) !== true),
    [],
  )
}

function saidAt(slack: SlackDouble): string[] {
  return slack.posts.map(({ payload }) => saidIn(payload))
}

/** What is written before that would be from before the first start, and is left out. */
async function isAtTheEnd(house: HubHouse): Promise<boolean> {
  return (await house.ask('/metrics')).text.includes('sereno_tail_lag_bytes{source="app"} 0')
}

/** In short, without the hub's own news. */
function told(slack: SlackDouble): string[] {
  return saidAt(slack)
    .filter((said) => !said.includes('The store was damaged'))
    .map((said) => /order \d/.exec(said)?.[0] ?? said.split('\n')[1] ?? said)
}
