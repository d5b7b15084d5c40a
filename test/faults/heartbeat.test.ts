// A job calls a real hub with curl: what was answered 202 is there, also when the hub is killed at that very moment.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqlite } from '../../src/store/sqlite.ts'
import { createHubHouse, type HubHouse } from '../support/hub-house.ts'

const config = `
watches:
  nightly: { kind: heartbeat, every: 1d, failAfter: 2 }
channels: { team: { kind: console } }
rules: [{ on: [heartbeat.missed, heartbeat.failed], to: [team] }]
`

test('a call that was answered is kept by a hub that is killed at once', async () => {
  await using house = await createHubHouse()
  await house.configure(config)
  const rounds = 5
  for (let round = 0; round < rounds; round += 1) {
    await house.start()
    const { code, out, error } = await curl(house, `nightly?rid=${round}`)
    await house.kill()
    assert.deepEqual([code, out], [0, '{"accepted":1}'], error)
  }
  await house.start()
  await house.stop()
  const { events } = await house.audit()
  const runs = events.filter(({ type }) => type === 'heartbeat.ok').map(({ data }) => data['runId'])
  assert.deepEqual(runs, ['0', '1', '2', '3', '4'])
  const store = await openSqlite({ path: house.store })
  try {
    const facts = await store.facts({ last: { source: 'heartbeat', name: 'heartbeat.ping', key: 'nightly' }, limit: 1 })
    assert.deepEqual(facts[0]?.data, { state: 'ok', runId: '4', remote: '127.0.0.1' })
  } finally {
    await store.close()
  }
})

test('what curl is told to do in the docs does what they say', async () => {
  await using house = await createHubHouse()
  await house.configure(config)
  await house.start()
  const log = join(house.folder, 'backup.log')
  await writeFile(log, 'Archive name: nas-2026\nFatal: lock=held\n')

  assert.equal((await curl(house, 'nightly')).code, 0)
  assert.equal((await curl(house, 'nightly/start')).code, 0)
  assert.equal((await curl(house, 'nightly?exit=2', '--data-binary', `@${log}`)).code, 0)
  assert.equal((await curl(house, 'nightly', '-F', 'state=fail', '-F', `log=<${log}`)).code, 0)
  assert.equal((await curl(house, 'nightly', '--head')).code, 0)

  const unknown = await curl(house, 'nightli', '--retry', '0')
  assert.deepEqual([unknown.code, unknown.out], [22, ''], 'a job notices that its name is wrong')
  const words = await curl(house, 'nightly', '--no-fail', '-d', 'stat=fail')
  assert.match(words.out, /"stat\\" is not known here; did you mean state\?/)

  await house.stop()
  const { events } = await house.audit()
  const [failed] = events.filter(({ type }) => type === 'heartbeat.failed')
  assert.deepEqual([failed?.data['failures'], failed?.data['log']], [2, await readFile(log, 'utf8')])
  assert.equal(events.filter(({ type }) => type === 'heartbeat.ok').length, 2)
})

test('the wrapper of the docs says start and end, the exit code and the log, and exits as its command did', async () => {
  await using house = await createHubHouse()
  await house.configure(config)
  await house.start()
  const docs = await readFile(new URL('../../docs/heartbeats.md', import.meta.url), 'utf8')
  const wrapper = /```sh\n(#!\/bin\/sh\n[^]*?)```/.exec(docs)?.[1] ?? ''
  const [script, header] = [join(house.folder, 'heartbeat'), join(house.folder, 'header')]
  const token = (await readFile(join(house.data, 'token'), 'utf8')).trim()
  await writeFile(header, `Authorization: Bearer ${token}\n`)
  const text = wrapper.replace('https://sereno.example.org', house.url)
  await writeFile(script, text.replace('/etc/sereno/heartbeat.header', header))

  const well = await run('sh', [script, 'nightly', 'echo', 'all is well'])
  assert.deepEqual([well.code, well.out], [0, 'all is well\n'], well.error)
  for (const code of [3, 11]) {
    const failed = await run('sh', [script, 'nightly', 'sh', '-c', `echo locked >&2; exit ${code}`])
    assert.deepEqual([failed.code, failed.out], [code, 'locked\n'], failed.error)
  }

  await house.stop()
  const { events } = await house.audit()
  const [ok, failed] = ['heartbeat.ok', 'heartbeat.failed'].map((type) => events.find((event) => event.type === type))
  assert.equal(ok?.data['exitCode'], 0)
  assert.equal(typeof ok?.data['durationSeconds'], 'number', 'its start was said, and is the start of this run')
  assert.deepEqual([failed?.data['exitCode'], failed?.data['log'], failed?.data['failures']], [11, 'locked\n', 2])
})

/** As docs/heartbeats.md has it. */
async function curl(house: HubHouse, path: string, ...more: readonly string[]) {
  const token = (await readFile(join(house.data, 'token'), 'utf8')).trim()
  const always = ['-fsS', '-m', '10', '--retry', '5', '-H', `Authorization: Bearer ${token}`, ...more]
  const args = [...always, `${house.url}/api/v1/heartbeat/${path}`]
  return run('curl', args)
}

function run(
  program: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly error: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 20_000 }, (_failed, out, error) =>
      resolve({ code: child.exitCode ?? -1, out, error }),
    )
  })
}
