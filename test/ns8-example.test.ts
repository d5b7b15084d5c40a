// The set-up for trying the NethServer 8 watch: a hub beside it hears of the failed run by its Alertmanager and reads its Redis.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createHubHouse } from './support/hub-house.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const run = promisify(execFile)

interface Place {
  readonly folder: string
  readonly config: string
  readonly redis: { readonly pid: number; readonly url: string }
  readonly alertmanager: { readonly pid: number; readonly url: string }
}

async function setUp<Said = object>(...words: readonly string[]): Promise<Said> {
  const { stdout } = await run(process.execPath, [join(root, 'examples/ns8/set-up.ts'), ...words], { timeout: 60_000 })
  assert.equal(stdout.trim().split('\n').length, 1, 'one line')
  return JSON.parse(stdout) as Said
}

async function isRunning({ folder, ...place }: Place, program: 'redis' | 'alertmanager'): Promise<boolean> {
  const words = await readFile(`/proc/${place[program].pid}/cmdline`, 'utf8').catch(() => '')
  return words.includes(folder)
}

test('a leader can be set up, fails a run, is repaired, and leaves nothing behind', async () => {
  await using house = await createHubHouse()
  const place = await setUp<Place>('start', '--hub', house.url)
  try {
    await house.configure(await readFile(place.config, 'utf8'))
    await house.start()
    await house.until('Redis is read', async () => (await house.metric('sereno_redis_up')) === 1)
    await setUp('fire', place.folder)
    await house.until('Alertmanager has told it', async () => (await house.metric('sereno_alerts_taken_total')) === 1)
    await setUp('repair', place.folder)
    await house.until('the alert has ended', async () => (await house.metric('sereno_alerts_taken_total')) === 2)
    await house.stop()
    assert.deepEqual([await isRunning(place, 'redis'), await isRunning(place, 'alertmanager')], [true, true])
  } finally {
    await setUp('stop', place.folder)
  }
  assert.deepEqual([await isRunning(place, 'redis'), await isRunning(place, 'alertmanager')], [false, false])
  assert.equal(existsSync(place.folder), false)
})

test('words that it does not know, and a folder that is none, are told in a sentence', async () => {
  await assert.rejects(setUp('burn'), { code: 2, stderr: /^Say what to do: start/ })
  await assert.rejects(setUp('fire', '/nowhere'), { code: 1, stderr: /give the folder that start has printed/ })
})
