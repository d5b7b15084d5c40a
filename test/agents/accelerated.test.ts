// A hub, an agent and a shell agent in one time that runs thirty times as fast: what they see has the times of that time.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openSqlite } from '../../src/store/sqlite.ts'
import { freePort, startHubProcess } from '../support/hub-process.ts'
import { hasFakeTime, startFakeTime } from '../support/fake-time.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const minutes = 6
/** Faster, and a busy machine misses minutes. */
const rate = 30

test('six minutes in twelve seconds', { skip: !hasFakeTime }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-fast-'))
  await using time = await startFakeTime(new Date('2026-01-01T00:00:00Z'), rate)
  const { env } = time
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const data = join(folder, 'data')
  const config = join(folder, 'hub.yaml')
  await writeFile(
    config,
    `hub:
  tokens:
    - { name: nas, token: nas-token-0123456789, sources: ['nas/*'] }
    - { name: pi, token: pi-token-0123456789, sources: ['pi/*'] }
`,
  )
  await writeFile(join(folder, 'nas.token'), 'nas-token-0123456789\n', { mode: 0o600 })
  await writeFile(join(folder, 'pi.token'), 'pi-token-0123456789\n', { mode: 0o600 })
  await writeFile(join(folder, 'app.log'), '')
  await writeFile(
    join(folder, 'agent.yaml'),
    `sources: { app: { kind: log, path: ${folder}/app.log, from: beginning, match: { pattern: '\\S+' } } }\n`,
  )
  const hub = startHubProcess({ args: ['run', '--config', config, '--data', data, '--listen', address], env })
  const own = (name: string) => ['--hub', `http://${address}`, '--token-file', join(folder, `${name}.token`)]
  const agentArgs = ['agent', ...own('nas'), '--data', join(folder, 'nas'), '--config', join(folder, 'agent.yaml')]
  const agent = startHubProcess({ args: agentArgs, env })
  const shell = spawn('sh', [join(root, 'agent/sereno-agent.sh'), ...own('pi'), '--data', join(folder, 'pi')], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  try {
    await Promise.all([hub.ready, agent.ready])
    const begin = time.now()
    for (let line = 0; time.now() < begin + minutes * 60_000; line += 1) {
      appendFileSync(join(folder, 'app.log'), `line ${line}\n`)
      await wait(500)
    }
    await wait(3000)
    hub.kill('SIGTERM')
    assert.equal(await hub.ended, 0, hub.output())
    const store = await openSqlite({ path: join(data, 'sereno.db'), readOnly: true })
    try {
      const facts = await store.facts({ limit: 10_000 })
      const samples = facts.filter(({ source }) => source === 'pi/host').map((fact) => fact.time)
      assert.ok(samples.length >= 3, `${samples.length} samples`)
      const steps = samples.slice(1).map((at, index) => at - (samples[index] ?? 0))
      // The first is taken at the start, the others at full minutes.
      assert.ok(
        steps.slice(1).every((step) => step >= 45_000),
        `steps of ${steps.join(', ')} ms`,
      )
      const events = await store.events({ limit: 10_000, ascending: true })
      const lines = events.filter(({ source }) => source === 'nas/app')
      assert.ok(lines.length >= minutes, `${lines.length} lines`)
      assert.ok(
        lines.every(
          (event) => new Date(event.time).getUTCFullYear() === 2026 && new Date(event.time).getUTCMonth() === 0,
        ),
      )
      assert.deepEqual(
        events.filter(({ type }) => type === 'sereno.clock-jump'),
        [],
      )
    } finally {
      await store.close()
    }
  } finally {
    for (const one of [hub, agent]) one.kill('SIGKILL')
    shell.kill('SIGTERM')
    await Promise.all([hub.ended, agent.ended])
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
