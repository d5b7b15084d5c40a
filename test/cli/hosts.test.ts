// `sereno hosts` beside a running hub and without one: the list, one of them, its picture, and forgetting it.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startHub, type Hub } from '../../src/hub.ts'
import type { HostEntry, HostPage } from '../../src/engine/look-hosts.ts'
import { toSampleFact } from '../../src/source-sample.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { makeFolder, removeFolder, sereno } from './house.ts'

let folder: string

before(async () => {
  folder = await makeFolder()
  const config = 'hub: { open: { metrics: [127.0.0.0/8] } }\nrules: []\n'
  await writeFile(join(folder, 'sereno.yaml'), config)
  const store = await openSqlite({ path: join(folder, 'sereno.db') })
  const now = Date.now()
  await store.commit({
    facts: ['pi4', 'nas\u001b[31m'].flatMap((host, place) =>
      Array.from({ length: 30 }, (_, index) => {
        const time = now - (30 - index) * 60_000
        const metrics = {
          cpu_percent: index,
          memory_percent: 41.5,
          load_1: 0.5,
          'filesystem_percent{mount="/srv"}': 88,
        }
        const fact = toSampleFact(host, { metrics, uptimeSeconds: 90_000 }, time)
        return { ...fact, seq: 1 + index * 2 + place, source: 'agents', time, receivedAt: time }
      }),
    ),
  })
  await store.close()
})
after(() => removeFolder(folder))

async function checkLists(): Promise<void> {
  const table = await sereno('hosts', '--data', folder)
  assert.equal(table.code, 0, table.error)
  assert.match(table.out, /^name +last seen +CPU +memory +fullest disk +load +uptime/)
  assert.match(table.out, /^pi4 +[\d: -]+ +29 % +42 % +88 % \/srv +0\.50 +25 h 0 min/m)
  assert.ok(!table.out.includes('\u001b'))
  const list = JSON.parse((await sereno('hosts', '--data', folder, '--json')).out) as HostEntry[]
  assert.deepEqual(
    list.map(({ name }) => name),
    ['nas\u001b[31m', 'pi4'],
  )
  const shown = await sereno('hosts', 'show', 'pi4', '--data', folder)
  assert.match(shown.out, /^pi4: last seen .*by source agents\n/)
  assert.match(shown.out, /^CPU % +29 % +cpu_percent$/m)
  const page = JSON.parse((await sereno('hosts', 'show', 'pi4', '--data', folder, '--json')).out) as HostPage
  assert.equal(page.series.length, 4)
  const unknown = await sereno('hosts', 'show', 'none', '--data', folder)
  assert.equal(unknown.code, 1)
  assert.match(unknown.error, /There is no host none/)
}

describe('hosts', () => {
  test('are read from the store when no hub runs, and forgotten by a hub only', async () => {
    await checkLists()
    const { code, error } = await sereno('hosts', 'forget', 'pi4', '--data', folder)
    assert.equal(code, 1)
    assert.match(error, /one is needed to forget pi4/)
  })

  test('are told, drawn and forgotten by a running hub', async () => {
    const hub = await startHub({
      config: join(folder, 'sereno.yaml'),
      data: folder,
      listen: '127.0.0.1:0',
      print: () => {},
    })
    try {
      await checkLists()
      assert.equal(await hostsByMetrics(hub), '2')
      const token = (await readFile(join(folder, 'token'), 'utf8')).trim()
      const ask = (path: string): Promise<Response> =>
        fetch(`${hub.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
      const picture = await ask('/api/v1/hosts/pi4/graph.png?metric=cpu_percent&span=1h')
      assert.equal(picture.headers.get('content-type'), 'image/png')
      assert.equal(Buffer.from(await picture.arrayBuffer()).toString('latin1', 1, 4), 'PNG')
      assert.match(await (await ask('/hosts/pi4')).text(), /<svg [^>]*class="graph"/)
      const say = async (...words: string[]): Promise<string> =>
        (await sereno('ask', '--data', folder, 'metrics', ...words)).out
      assert.match(await say('pi4', 'cpu', '1h'), /^CPU of pi4, 1 h to \d\d:\d\d: between 0 % and 29 %, now 29 %\.$/)
      assert.match(await say('PI', '/srv'), /^Filesystem \/srv of pi4, 24 h to .*: always 88 %, now 88 %\.$/)
      assert.match(await say('pi4'), /^Last sample of pi4:\nCPU %: 29 %\n/)
      const wrong = (...words: string[]): ReturnType<typeof sereno> =>
        sereno('ask', '--data', folder, 'metrics', ...words)
      for (const words of [['none'], ['pi4', 'none'], ['pi4', 'cpu', 'none'], []]) {
        const { code, out, error } = await wrong(...words)
        assert.equal(code, 1)
        assert.match(out + error, /I know no (?:host )?none|"none" is no span|Say of which host/)
      }
      const { code, out, error } = await sereno('hosts', 'forget', 'pi4', '--data', folder)
      assert.equal(code, 0, error)
      assert.match(out, /Host pi4 is forgotten/)
      assert.equal((await ask('/api/v1/hosts/pi4')).status, 404)
      assert.equal(await hostsByMetrics(hub), '1')
    } finally {
      await hub.stop()
    }
    const left = JSON.parse((await sereno('hosts', '--data', folder, '--json')).out) as HostEntry[]
    assert.equal(left.length, 1)
  })
})

async function hostsByMetrics(hub: Hub): Promise<string | undefined> {
  return /^sereno_hosts (\d+)$/m.exec(await (await fetch(`${hub.url}/metrics`)).text())?.[1]
}
