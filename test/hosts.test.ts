// Hosts as a hub takes them in: this machine by itself, others over the wire, and one that is asked; all of it in the store.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { readSample } from '../src/source-sample.ts'
import type { JsonObject } from '../src/words.ts'
import { freePort, startHubProcess } from './support/hub-process.ts'
import { startNodeExporter } from './support/node-exporter.ts'

test('a hub keeps samples of itself, of those that post and of those that are asked', async () => {
  await using exporter = await startNodeExporter()
  const folder = await mkdtemp(join(tmpdir(), 'sereno-hosts-'))
  const port = await freePort()
  await writeFile(
    join(folder, 'sereno.yaml'),
    `hub: { listen: '127.0.0.1:${port}', data: ${folder}/data }
sources:
  this: { kind: host, every: 1s, host: hub1 }
  sysinfo: { kind: sysinfo, open: [127.0.0.0/8] }
  servers: { kind: node-exporter, every: 1s, url: [{ url: '${exporter.url}', host: db1 }] }
channels: { console: { kind: console } }
rules: [{ on: message, to: console }]
`,
  )
  const hub = startHubProcess({ args: ['run', '--config', join(folder, 'sereno.yaml')] })
  try {
    await hub.ready
    const post = async (body: string): Promise<readonly [number, string, string | null]> => {
      const answer = await fetch(`http://127.0.0.1:${port}/sysinfo`, { method: 'POST', body })
      return [answer.status, await answer.text(), answer.headers.get('content-type')]
    }
    const json = 'application/json'
    assert.deepEqual(await post('{"sys_data":{"hostname":"pi4","cpu_percent":93.1}}'), [200, '200', json])
    assert.deepEqual(await post('{"sys_data":{"hostname":"<@U1> **x**\\u0000","cpu_percent":"much"}}'), [
      200,
      '200',
      json,
    ])
    assert.deepEqual(await post('{}'), [400, '{"message":{"sys_data":"No sys_data provided"}}', json])
    await wait(2500)
    hub.kill('SIGTERM')
    assert.equal(await hub.ended, 0, hub.output())
    const facts = read(join(folder, 'data/sereno.db'))
    const hosts = [...new Set(facts.map(({ source, key }) => `${source} ${key}`))].sort()
    assert.deepEqual(hosts, ['servers db1', String.raw`sysinfo <@U1> **x**\u0000`, 'sysinfo pi4', 'this hub1'])
    for (const source of ['this', 'servers']) {
      const own = facts.filter((fact) => fact.source === source)
      assert.ok(own.length >= 2, source)
      const { metrics } = readSample(own.at(-1) ?? assert.fail()) ?? assert.fail()
      for (const name of ['cpu_percent', 'memory_percent', 'disk_usage_percent', 'load_1', 'uptime_seconds'])
        assert.ok((metrics[name] ?? -1) >= 0, `${source}: ${name}`)
    }
    // Nothing is wrong with any of it.
    assert.doesNotMatch(hub.output(), /"level":(40|50|60)|unexpected/)
  } finally {
    hub.kill('SIGKILL')
    await hub.ended
    await rm(folder, { recursive: true, force: true })
  }
})

interface Row {
  readonly source: string
  readonly name: string
  readonly key: string
  readonly data: JsonObject
}

function read(path: string): Row[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare('select source, name, key, data from fact order by seq').all()
  database.close()
  return rows.map((row) => ({ ...row, data: JSON.parse(String(row['data'])) as JsonObject }) as unknown as Row)
}
