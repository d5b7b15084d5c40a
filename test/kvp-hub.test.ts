// Through a hub: stages posted by scripts reach the pool, the terminal and a webhook, and one that fails stops no other.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { readEvents } from '../src/lib/kvp/read-events.ts'
import { decodeRecords } from '../src/lib/kvp/record.ts'
import { createHubHouse } from './support/hub-house.ts'

test('a stage is told to each handler, and those that cannot be told yet keep nobody else waiting', async () => {
  await using house = await createHubHouse()
  const pool = join(house.folder, 'hyperv/pool')
  const hooked: { data: { stage?: { name: string; result?: string; files?: unknown } } }[] = []
  const server = createServer((request, response) => {
    request.setEncoding('utf8')
    let body = ''
    request.on('data', (text: string) => (body += text))
    request.on('end', () => {
      hooked.push(JSON.parse(body) as (typeof hooked)[0])
      response.end()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  try {
    const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    await house.configure(`
channels:
  host: { kind: hyperv-kvp, path: ${pool} }
  hook: { kind: webhook, url: ${hook} }
  dead: { kind: webhook, url: 'http://127.0.0.1:1/' }
  print: { kind: console }
rules:
  - { name: stages, on: report.*, to: [host, hook, dead, print] }
  - { name: finishes, on: report.finish, where: 'result!="SUCCESS"', to: [print] }
`)
    const hub = await house.start()
    const report = (...words: readonly string[]) => house.sereno('report', ...words, '--no-pool', '--origin', 'test')
    await report('start', 'boot', '--message', 'begins')
    await report('finish', 'boot', '--result', 'warn', '--message', 'slow', '--file', house.config)
    await house.until('the webhook has both', () => hooked.length === 2)
    await house.until('both are printed', () => /boot has finished with a warning/.test(hub.output()))
    assert.equal(hooked[0]?.data.stage?.name, 'boot')
    const [finish] = hooked.slice(1)
    assert.equal(finish?.data.stage?.result, 'WARN')
    assert.equal((finish.data.stage.files as unknown[]).length, 1)
    // The daemon makes its folder later.
    assert.ok(!existsSync(pool))
    mkdirSync(join(house.folder, 'hyperv'))
    await house.until('the pool has both', () => existsSync(pool) && eventsIn(pool).length === 2)
    const [first, second] = eventsIn(pool)
    assert.deepEqual([first?.type, first?.name, first?.description], ['start', 'boot', 'begins'])
    assert.deepEqual([second?.type, second?.result, second?.description], ['finish', 'WARN', 'slow'])
    assert.ok((second?.durationSeconds ?? 0) > 0)
    assert.match((await house.sereno('deliveries', '--channel', 'dead')).out, /unreachable/)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('stages of a boot that began before the hub and the pool are told to the host all the same, when they were', async () => {
  await using house = await createHubHouse()
  const pool = join(house.folder, 'hyperv/pool')
  await house.configure(`
channels:
  host: { kind: hyperv-kvp, path: ${pool} }
rules: [{ on: report.*, to: [host] }]
`)
  const report = (...words: readonly string[]) => house.sereno('report', ...words, '--no-pool', '--message', 'm')
  await report('start', 'init')
  await report('start', 'init/network')
  await report('finish', 'init/network', '--result', 'warn')
  await report('finish', 'init')
  const reportedAt = Date.now()
  mkdirSync(join(house.folder, 'hyperv'))
  await house.start()
  await house.until('the pool has all', () => existsSync(pool) && eventsIn(pool).length === 4)
  const told = eventsIn(pool)
  assert.deepEqual(
    told.map(({ type, name, result }) => [type, name, result].join(' ').trim()),
    ['start init', 'start init/network', 'finish init/network WARN', 'finish init WARN'],
  )
  for (const { at } of told) assert.ok(at <= reportedAt)
})

function eventsIn(file: string) {
  const { events } = readEvents(decodeRecords(readFileSync(file)))
  return [...events].sort(([a], [b]) => a - b).map(([, event]) => event)
}
