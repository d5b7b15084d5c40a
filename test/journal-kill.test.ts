// kill -9 of a hub that follows a real journal: what is written before, between and after is read once.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createHubHouse } from './support/hub-house.ts'
import { writeJournal } from './support/journal.ts'
import { createRandom } from './support/random.ts'

const kills = 8
const seed = Number(process.env['SERENO_SEED'] ?? Date.now() % 1_000_000)

test(`${kills} kills of a hub lose and repeat no entry of the journal (seed ${seed})`, async () => {
  await using house = await createHubHouse()
  const random = createRandom(seed)
  const folder = join(house.folder, 'journal')
  mkdirSync(folder)
  let written = 0
  /** Some match, some do not, and some come in crowds. */
  function write(count: number): void {
    const at = Date.now()
    const texts = Array.from({ length: count }, () => `disk ${written++} failed`)
    writeJournal(
      join(folder, 'system.journal'),
      texts.flatMap((MESSAGE) => [
        { at, MESSAGE, PRIORITY: '3', _HOSTNAME: 'far' },
        { at, MESSAGE: 'all is well', PRIORITY: '6', _HOSTNAME: 'far' },
      ]),
    )
  }
  await house.configure(`
sources: { disks: { kind: journal, directory: ${folder}, from: beginning, match: 'disk (?<subject>\\d+) failed' } }
`)
  write(3)
  for (let round = 0; round < kills; round += 1) {
    await house.start()
    const parts = 1 + Math.floor(random.next() * 3)
    for (let part = 0; part < parts; part += 1) {
      write(1 + Math.floor(random.next() * 400))
      await wait(random.next() * 150)
    }
    await house.kill()
    write(Math.floor(random.next() * 20))
  }
  await house.start()
  write(1)
  const last = `"subject": "${written - 1}"`
  await house.until('the last one', async () => (await house.sereno('events', '--json')).out.includes(last))
  await house.stop()
  const { events, faults } = await house.audit()
  const read = events.filter(({ type }) => type === 'log.line').map(({ subject }) => Number(subject))
  assert.deepEqual(
    read.toSorted((one, other) => one - other),
    Array.from({ length: written }, (_, index) => index),
  )
  assert.deepEqual(faults.slice(0, 5), [])
  assert.equal(events.filter(({ type }) => type === 'log.gap').length, 0)
})
