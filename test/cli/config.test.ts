// Checking, beginning, rehearsing and replaying a configuration from the command line.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openSqlite } from '../../src/store/sqlite.ts'
import { makeFolder, removeFolder, sereno } from './house.ts'

const entry = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'src/cli/main.ts')

const config = `hub: { timezone: UTC }
sources:
  kms: { kind: vlmcsd, path: /var/log/vlmcsd.log, host: kms-1 }
channels:
  team: { kind: console }
rules:
  - { name: kms, on: kms.activation, dedupe: { by: [machine], for: 1h }, to: [team] }
`

const log = `2026-05-10 13:12:10: IPv4 connection accepted: 10.0.20.102:46498.
2026-05-10 13:12:10: IPv4 connection closed: 10.0.20.102:46498.
2026-05-10 13:12:17: IPv4 connection accepted: 192.168.1.230:53140.
2026-05-10 13:12:17: <<< Incoming KMS request
2026-05-10 13:12:17: Licensing status                : 2 (OOB grace)
2026-05-10 13:12:17: Application ID                  : 55c92734-d682-4d71-983e-d6ec3f16059f (Windows)
2026-05-10 13:12:17: Activation ID (Product)         : 2de67392-b7a7-462a-b1ca-108dd189f588 (Windows 10 Professional)
2026-05-10 13:12:17: Workstation name                : DESKTOP-7
2026-05-10 13:12:48: IPv4 connection closed: 192.168.1.230:53140.
`

const scenario = `config: kms.yaml
start: 2026-05-10T13:00:00Z
steps:
  - at: +5m
    event: { type: kms.activation, source: kms, data: { machine: m } }
expect:
  - { channel: team, count: 1 }
`

let folder: string
let file: string
before(async () => {
  folder = await makeFolder()
  file = join(folder, 'kms.yaml')
  await writeFile(file, config)
  await writeFile(join(folder, 'bad.yaml'), config.replace('vlmcsd,', 'vlmcs,').replace('to: [team]', 'to: [teem]'))
  await writeFile(join(folder, 'kms.log'), log)
})
after(() => removeFolder(folder))

describe('check', () => {
  test('counts what a good file has', async () => {
    const said = await sereno('check', file)
    assert.deepEqual(said, { code: 0, out: `${file}: ok (1 source, 1 channel, 1 rule)`, error: '' })
  })

  test('knows the types that a source gives its own events, and fields within fields', async () => {
    const own = join(folder, 'own.yaml')
    const rules = (type: string): string => `
sources: { pools: { kind: journal, match: [{ pattern: 'x (?<pool>.+)', type: storage.degraded }] } }
channels: { team: { kind: console } }
rules:
  - { on: ${type}, to: team }
  - { on: log.line, dedupe: { by: [fields.pool, data.fields.pool], for: 1h }, to: team }
`
    await writeFile(own, rules('storage.degraded'))
    assert.deepEqual(await sereno('check', own), {
      code: 0,
      out: `${own}: ok (1 source, 1 channel, 2 rules)`,
      error: '',
    })
    await writeFile(own, rules('storage.degradet'))
    assert.match((await sereno('check', own)).out, /"storage.degradet" is not known; did you mean "storage.degraded"\?/)
  })

  test('takes the file as run does', async () => {
    assert.deepEqual(await sereno('check', '--config', file), await sereno('check', file))
    const { code, out } = await sereno('check', '--config', join(folder, 'bad.yaml'))
    assert.equal(code, 1)
    assert.match(out, /bad\.yaml:3:\d+: /)
  })

  test('tells every mistake with its place', async () => {
    const { code, out } = await sereno('check', join(folder, 'bad.yaml'))
    assert.equal(code, 1)
    const lines = out.split('\n')
    assert.equal(lines.length, 2)
    assert.match(lines[0] ?? '', /bad\.yaml:3:\d+: .*"vlmcs".*did you mean "vlmcsd"\?/)
    assert.match(lines[1] ?? '', /bad\.yaml:7:\d+: .*"teem".*did you mean "team"\?/)
  })

  test('a file that is not there is a mistake too', async () => {
    const { code, out } = await sereno('check', join(folder, 'nowhere.yaml'))
    assert.equal(code, 1)
    assert.match(out, /nowhere\.yaml cannot be read \(there is no such file\)/)
  })
})

describe('init', () => {
  test('writes a file for its owner, and never over one', async () => {
    const place = await makeFolder()
    const first = await spawnIn(place, 'init')
    assert.equal(first.code, 0, first.error)
    assert.match(first.out, /^sereno\.yaml: written\./)
    assert.equal((await stat(join(place, 'sereno.yaml'))).mode & 0o777, 0o600)
    await writeFile(join(place, 'sereno.yaml'), 'mine')
    const second = await spawnIn(place, 'init')
    assert.equal(second.code, 1)
    assert.match(second.error, /^sereno: sereno\.yaml is here already and was left as it is\./)
    assert.equal(await readFile(join(place, 'sereno.yaml'), 'utf8'), 'mine')
    await removeFolder(place)
  })
})

describe('the data folder', () => {
  test('is that of the configuration, unless it is named', async () => {
    const place = await makeFolder()
    await writeFile(join(place, 'sereno.yaml'), config.replace('timezone: UTC', 'timezone: UTC, data: here'))
    const said = await spawnIn(place, 'events')
    assert.equal(said.code, 1)
    assert.match(said.error, /There is no store in (\S*\/)?here, and no hub runs on it/)
    assert.match((await spawnIn(place, 'events', '--data', 'there')).error, /There is no store in there,/)
    assert.match((await spawnIn(folder, 'events')).error, /There is no store in sereno-data,/)
    await removeFolder(place)
  })
})

describe('test', () => {
  test('ends with 0 when all came out as expected, else with 1 and the difference', async () => {
    const good = join(folder, 'good.scenario.yaml')
    const wrong = join(folder, 'wrong.scenario.yaml')
    const broken = join(folder, 'broken.scenario.yaml')
    await writeFile(good, scenario)
    await writeFile(wrong, scenario.replace('count: 1', 'count: 2'))
    await writeFile(broken, scenario.replace('kms.yaml', 'bad.yaml'))
    const passed = await sereno('test', good)
    assert.deepEqual([passed.code, passed.error], [0, ''])
    const failed = await sereno('test', good, wrong, broken)
    assert.equal(failed.code, 1)
    assert.match(failed.out, /wrong\.scenario\.yaml: failed\n.*wanted 2 on team/)
    assert.match(failed.out, /bad\.yaml:3:\d+: /)
    assert.equal(failed.error, '2 of 3 scenarios failed.')
  })
})

describe('replay of what senders post', () => {
  const post = (id: string, minute: number): object => ({
    specversion: '1.0',
    id,
    source: '/prod',
    type: 'com.example.thing',
    time: `2026-11-20T03:0${minute}:00Z`,
    severity: 'alarm',
    host: 'nas',
    data: { title: `thing ${id}` },
  })
  const told = async (lines: readonly string[], source: string) => {
    const [rules, input] = [join(folder, 'posts.yaml'), join(folder, 'posts.jsonl')]
    const text = `channels: { team: { kind: console } }\nrules: [{ on: ['com.example.*', message], to: team, dedupe: { by: [host], for: 2m } }]\n`
    await writeFile(rules, text)
    await writeFile(input, lines.join('\n'))
    const said = await sereno('replay', '--config', rules, '--input', `${source}=${input}`, '--json')
    return { ...said, lines: said.out.split('\n').map((line) => JSON.parse(line || '{}') as Record<string, unknown>) }
  }

  test('takes CloudEvents, one or a batch a line, as their endpoint does', async () => {
    const [first, second, third] = [post('1', 0), post('2', 1), post('3', 5)]
    const input = [JSON.stringify([first, second]), '{"broken', JSON.stringify(third), JSON.stringify(third), '']
    const { code, error, lines } = await told(input, 'events')
    assert.deepEqual([code, error], [0, ''])
    const kinds = lines.map(({ kind, type, severity, title }) =>
      kind === 'event' ? `${String(type)} ${String(severity)}` : title,
    )
    assert.deepEqual(kinds, [
      'com.example.thing critical',
      'thing 1',
      'com.example.thing critical',
      'sereno.rejected warning',
      'com.example.thing critical',
      'thing 3',
    ])
  })

  test('takes recorded messages with their words', async () => {
    const event = {
      type: 'message',
      time: '2026-11-20T03:00:00Z',
      host: 'nas',
      text: 'the tank is full',
      severity: 'error',
    }
    const { code, error, lines } = await told([JSON.stringify({ source: 'message', event })], 'message')
    assert.deepEqual([code, error, lines.length], [0, '', 2])
    assert.match(JSON.stringify(lines[1]), /the tank is full/)
  })
})

describe('replay', () => {
  test('prints one JSON object a line: every event, then what it led to', async () => {
    const { code, out, error } = await sereno('replay', '--config', file, '--input', input(), '--json')
    assert.equal(code, 0, error)
    const lines = out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      lines.map((line) => line['type'] ?? line['channel']),
      ['kms.probe', 'kms.activation', 'team'],
    )
    const [probe, , message] = lines
    const keys = ['kind', 'type', 'time', 'source', 'host', 'subject', 'severity', 'labels', 'data']
    assert.deepEqual(Object.keys(probe ?? {}), keys)
    assert.equal(probe?.['time'], '2026-05-10T13:12:10.000Z')
    assert.deepEqual(Object.keys(message ?? {}), ['kind', 'channel', 'at', 'title', 'text'])
    assert.match(String(message?.['text']), /DESKTOP-7/)
  })

  test('prints a table for people', async () => {
    const { out } = await sereno('replay', '--config', file, '--input', input())
    assert.match(out, /kms\.activation {2}info {2}kms-1 {2}192\.168\.1\.230\n.* → team\n {4}.*KMS activation/)
  })

  test('of the record shows what another rule would have said', async () => {
    const place = await makeFolder()
    const store = await openSqlite({ path: join(place, 'sereno.db') })
    const now = Date.now()
    const event = { id: '', type: 'kms.activation', source: 'kms', severity: 'info', labels: {}, data: {} } as const
    await store.commit({
      events: [
        { ...event, seq: 1, time: now - 7_200_000, receivedAt: now - 7_200_000, data: { machine: 'a' } },
        { ...event, seq: 2, time: now - 60_000, receivedAt: now - 60_000, data: { machine: 'b' } },
      ],
    })
    await store.close()
    const { code, out, error } = await sereno('replay', '--config', file, '--since', '1h', '--data', place, '--json')
    assert.equal(code, 0, error)
    const lines = out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      lines.map((line) => line['kind']),
      ['event', 'message'],
    )
    assert.deepEqual(lines[0]?.['data'], { machine: 'b' })
    await removeFolder(place)
  })

  test('says what is wrong with the source, the file and the configuration', async () => {
    const wrong = async (...words: string[]): Promise<string> => {
      const said = await sereno('replay', ...words)
      assert.deepEqual([said.code, said.out], [1, ''])
      return said.error
    }
    assert.match(
      await wrong('--config', file, '--input', `km=${folder}/kms.log`),
      /there is no source named km; .* kms/,
    )
    assert.match(await wrong('--config', file, '--input', `kms=${folder}/no.log`), /the file .*no\.log is not there\.$/)
    const mistakes = await wrong('--config', join(folder, 'bad.yaml'), '--input', input())
    assert.match(
      mistakes,
      /^sereno: the configuration .*bad\.yaml has mistakes:\n.*bad\.yaml:3:\d+: .*\n.*bad\.yaml:7:/,
    )
  })
})

function input(): string {
  return `kms=${join(folder, 'kms.log')}`
}

async function spawnIn(cwd: string, ...words: string[]): Promise<{ code: number; out: string; error: string }> {
  const env = { ...process.env }
  delete env['SERENO_CONFIG']
  const child = spawn(process.execPath, [entry, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, error] = [child.stdout.toArray(), child.stderr.toArray()]
  const [code] = (await once(child, 'close')) as [number]
  return { code, out: Buffer.concat(await out).toString(), error: Buffer.concat(await error).toString() }
}
