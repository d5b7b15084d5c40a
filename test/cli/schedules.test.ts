// Schedules run by hand, shown without being sent, and a hub that prints in place of sending.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startHub, type Hub } from '../../src/hub.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { makeFolder, removeFolder, sereno } from './house.ts'

/** A webhook that counts what reaches it. */
let receiver: Server
let received = 0
let folder: string

before(async () => {
  folder = await makeFolder()
  receiver = createServer((request, response) => {
    received += 1
    request.resume()
    response.end('ok')
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
})
after(async () => {
  receiver.close()
  await removeFolder(folder)
})

function config(more = ''): string {
  const { port } = receiver.address() as AddressInfo
  return `hub: { timezone: Europe/Madrid${more} }
watches:
  morning: { kind: schedule, at: '0 8 * * *', action: report }
  evening: { kind: schedule, at: '0 20 * * *', action: digest }
  hourly: { kind: schedule, at: '0 * * * *', action: sample, source: this, hosts: [nas] }
channels:
  team: { kind: webhook, url: 'http://127.0.0.1:${port}/' }
  screen: { kind: console }
rules:
  - { on: [host.report, message], to: [team, screen] }
`
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}

describe('run-schedule --dry-run', () => {
  test('prints what each channel would send of the last samples, and sends nothing, without a hub', async () => {
    const data = await makeFolder()
    const now = Date.now()
    const store = await openSqlite({ path: join(data, 'sereno.db'), now })
    const fact = { source: 'agents', name: 'host.sample', key: 'nas', host: 'nas', receivedAt: now - 60_000 }
    await store.commit({
      facts: [
        { ...fact, seq: 1, time: now - 120_000, data: { metrics: { cpu_percent: 1 } } },
        { ...fact, seq: 2, time: now - 60_000, data: { metrics: { cpu_percent: 98.2, memory_used: 653_115_392 } } },
        { ...fact, seq: 3, time: now - 30_000, name: 'other', data: {} },
      ],
    })
    await store.close()
    const file = await write('dry.yaml', config())
    const { code, out, error } = await sereno('run-schedule', 'morning', '--dry-run', '--config', file, '--data', data)
    assert.equal(code, 0, error)
    assert.match(out, /^→ team\n/m)
    assert.match(
      out,
      /^→ screen\n {4}.*INFO {2}Report of nas.*\n(?:.*\n)* {6}- CPU %: 98.2\n {6}- Memory Used: 622.86 MB/m,
    )
    assert.equal(received, 0)
    await removeFolder(data)
  })

  test('says what is missing where nobody would be told, and what a sample would ask', async () => {
    const file = await write('dry.yaml', config())
    const run = (name: string) =>
      sereno('run-schedule', name, '--dry-run', '--config', file, '--data', join(folder, 'nothing'))
    const digest = await run('evening')
    assert.equal(digest.code, 1)
    assert.match(
      digest.error,
      /no rule sends sereno.digest to a channel. Add one such as - \{ on: sereno.digest, to: team \}/,
    )
    const sample = await run('hourly')
    assert.equal(sample.out, 'Source this would be asked for a sample of nas; that sends no message.')
    const report = await run('morning')
    assert.match(report.out, /Report morning: no host has sent a sample yet/)
    const unknown = await run('noon')
    assert.equal(unknown.code, 1)
    assert.match(unknown.error, /There is no schedule noon; there are morning, evening, hourly\./)
    assert.equal(received, 0)
  })

  test('needs a hub for anything else, and says so', async () => {
    const { code, error } = await sereno('run-schedule', 'morning', '--data', join(folder, 'nothing'))
    assert.equal(code, 1)
    assert.match(error, /No hub runs on .*, and one is needed to run a schedule/)
  })
})

describe('with hub.dryRun', () => {
  let hub: Hub
  const printed: string[] = []
  before(async () => {
    hub = await startHub({
      config: await write('sereno.yaml', config(', dryRun: true')),
      data: folder,
      listen: '127.0.0.1:0',
      print: (line) => void printed.push(line),
    })
  })
  after(() => hub.stop())

  async function until(found: () => boolean | Promise<boolean>): Promise<void> {
    for (let turns = 0; turns < 200 && !(await found()); turns += 1)
      await new Promise((resolve) => setTimeout(resolve, 25))
    assert.ok(await found(), printed.join('\n'))
  }

  test('a schedule run by hand is printed for every channel, and reaches none', async () => {
    const { code, out, error } = await sereno('run-schedule', 'morning', '--data', folder)
    assert.deepEqual([code, out, error], [0, 'Schedule morning has run.', ''])
    const words = 'Report morning: no host has sent a sample yet'
    await until(() =>
      ['team', 'screen'].every((name) =>
        printed.some((line) => line.startsWith(`dry run: ${name}: `) && line.includes(words)),
      ),
    )
    await until(async () => {
      const list = JSON.parse((await sereno('deliveries', '--json', '--data', folder)).out) as { state: string }[]
      return list.length === 2 && list.every(({ state }) => state === 'delivered')
    })
    assert.equal(received, 0)
  })

  test('why says that it was printed only, and an unknown schedule is refused by name', async () => {
    const events = JSON.parse((await sereno('events', '--type', 'host.report', '--json', '--data', folder)).out) as {
      id: string
    }[]
    const { out } = await sereno('why', events[0]?.id ?? '', '--data', folder)
    assert.match(out, /was delivered .* after 1 attempt \(dry run: printed, and not sent\)/)
    const { code, error } = await sereno('run-schedule', 'noon', '--data', folder)
    assert.equal(code, 1)
    assert.match(error, /There is no schedule noon; there are morning, evening, hourly\./)
  })

  test('check warns of it', async () => {
    const { code, error } = await sereno('check', join(folder, 'sereno.yaml'))
    assert.equal(code, 0)
    assert.match(error, /^warning: hub.dryRun is on: messages are printed/m)
  })
})
