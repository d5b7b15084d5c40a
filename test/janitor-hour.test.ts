// The example for many hosts as people live with it: a hub, three agents and a shell agent as processes of their own, in a
// time that runs ten times as fast, before a double of a Mastodon server, which lives in ours.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { openSqlite } from '../src/store/sqlite.ts'
import { finalDeliveries } from '../src/words.ts'
import type { Shown } from './support/fediverse-double.ts'
import { startMastodonDouble } from './support/fediverse-mastodon-double.ts'
import { hasFakeTime, startFakeTime } from './support/fake-time.ts'
import { freePort, startHubProcess, type HubProcess } from './support/hub-process.ts'
import { createMadeMachine } from './support/made-proc.ts'

const run = promisify(execFile)
const root = dirname(import.meta.dirname)
/** Faster, and the seconds that a picture may take are none on a busy machine. */
const rate = 10
const minuteMs = 60_000
const start = new Date('2026-01-01T00:00:00Z')

test('a CPU, a silent host, a script and a question: each is told once, and nothing else', async (t) => {
  if (!hasFakeTime) return t.skip('there is no faketime')
  const folder = await mkdtemp(join(tmpdir(), 'sereno-hour-'))
  const stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  await using _ = stack
  const time = stack.use(await startFakeTime(start, rate))
  const mastodon = stack.use(await startMastodonDouble())
  const { env } = time
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const data = join(folder, 'data')
  const processes = new Map<string, HubProcess>()
  stack.defer(async () => {
    for (const one of processes.values()) one.kill('SIGKILL')
    await Promise.all([...processes.values()].map(({ ended }) => ended))
  })
  const begin = async (name: string, args: readonly string[], more: object = {}): Promise<HubProcess> => {
    const one = startHubProcess({ args, env: { ...env, ...more } })
    processes.set(name, one)
    await one.ready
    return one
  }
  const told = (): string => [...mastodon.posts].map(shown).join('\n')
  const until = async (what: string, minutes: number, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    const latest = time.now() + minutes * minuteMs
    while (!(await isSo())) {
      const logs = [...processes].map(([name, one]) => `${name}: ${one.output().slice(-1500)}`).join('\n')
      assert.ok(time.now() < latest, `within ${minutes} min: ${what}\n${told()}\n${logs}`)
      await wait(100)
    }
  }
  const clock = (at: number): Promise<void> => wait(Math.max(0, (at - time.now()) / rate))

  // The example, with this machine, on whose real load nothing shall depend, among those that may compute.
  const example = readFileSync(join(root, 'examples/janitor.yaml'), 'utf8')
  const config = join(folder, 'sereno.yaml')
  writeFileSync(
    config,
    example.replace('https://sereno.example.org', url).replace("['build-*']", `['build-*', nas, '${hostname()}']`),
  )
  const hub = await begin('hub', ['run', '--config', config, '--data', data, '--listen', `127.0.0.1:${port}`], {
    FEDIVERSE_URL: mastodon.url,
    FEDIVERSE_TOKEN: mastodon.token,
  })

  const machines = { pi4: '4a', web: '7b' }
  const made = Object.entries(machines).map(([name, id]) => {
    const place = join(folder, name)
    mkdirSync(place)
    return [name, createMadeMachine(place, id, start.getTime() - 3_600_000)] as const
  })
  const showing = setInterval(() => {
    for (const [, machine] of made) machine.show(time.now())
  }, 50)
  stack.defer(() => clearInterval(showing))
  const code = async (name: string): Promise<string> => {
    const args = ['hosts', 'enrol', name, '--data', data]
    const { stdout } = await run(join(root, 'bin/sereno'), args, { env: { ...process.env, ...env } })
    const [, hubUrl, found = ''] = /sereno agent --hub (\S+) --enrol (\S+)/.exec(stdout) ?? []
    assert.equal(hubUrl, url, stdout)
    return found
  }
  const agentArgs = async (name: string): Promise<string[]> => {
    const options = made.find(([known]) => known === name)?.[1].options
    const file = join(folder, `${name}.yaml`)
    writeFileSync(
      file,
      `sources: { host: { kind: host, host: ${name}${options === undefined ? '' : `, ${options}`} } }\n`,
    )
    const own = ['--data', join(folder, `${name}-agent`), '--config', file]
    return ['agent', '--hub', url, '--enrol', await code(name), ...own]
  }
  const [pi4, web, nas, shellCode] = await Promise.all([
    agentArgs('pi4'),
    agentArgs('web'),
    agentArgs('nas'),
    code('router'),
  ])
  const [, , nasAgent] = await Promise.all([begin('pi4', pi4), begin('web', web), begin('nas', nas)])
  const shellArgs = ['--hub', url, '--enrol', shellCode, '--data', join(folder, 'router-agent')]
  const shell = spawn('dash', [join(root, 'agent/sereno-agent.sh'), ...shellArgs], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  const shellEnded = once(shell, 'exit')
  stack.defer(async () => {
    shell.kill('SIGTERM')
    await shellEnded
  })

  const token = readFileSync(join(data, 'token'), 'utf8').trim()
  const ask = async (path: string): Promise<Response> =>
    fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
  const hosts = async (): Promise<readonly { readonly name: string; readonly metrics?: object }[]> =>
    ((await (await ask('/api/v1/hosts')).json()) as { readonly hosts: readonly { readonly name: string }[] }).hosts
  await until('all hosts report', 4, async () => (await hosts()).length === 4)
  await until('the hub listens to mentions', 2, () => mastodon.streams.open === 1)

  // The hour begins with a full minute.
  const at = (minutes: number): number => zero + minutes * minuteMs
  const zero = Math.ceil((time.now() + 5000) / minuteMs) * minuteMs
  made[0]?.[1].busy(at(1), at(12))
  // Busy, and not for long enough.
  made[1]?.[1].busy(at(1), at(9))

  await clock(at(1.5))
  nasAgent.kill('SIGTERM')
  assert.equal(await nasAgent.ended, 0, nasAgent.output())

  await clock(at(2.5))
  const line = ['-X', 'POST', '-d', 'hostname=MyHostname&message=This+is+a+test+message', `${url}/message`]
  await run('curl', ['-sS', '-f', ...line])
  await until('the message is told', 1, () => mastodon.posts.some(({ text }) => text.includes('test message')))

  await until('the stopped agent is told', 5, () => mastodon.posts.some(({ text }) => text.includes('nas is silent')))
  mastodon.mention({ acct: 'mallory@example.org', text: 'status' })
  const { status } = mastodon.mention({ acct: 'ann@example.org', text: 'status', visibility: 'direct' })
  await until('the question is answered', 1, () => mastodon.posts.some(({ replyTo }) => replyTo === status))
  await clock(at(7))
  await begin('nas', nas)
  await until('it is back', 2, () => mastodon.posts.some(({ text }) => text.includes('nas is back')))

  /** Ten seconds after its last picture the program that paints goes: one of ours, in which it could not start again. */
  const isKeptAwake = async (isSo: () => boolean): Promise<boolean> => {
    await (await ask('/api/v1/hosts/pi4/graph.png?metric=cpu_percent&span=1h')).arrayBuffer()
    return isSo()
  }
  await clock(at(11.7))
  const replies = (): readonly Shown[] => mastodon.posts.filter(({ text }) => text.includes('CPU back to'))
  await until('the CPU is told', 2, () =>
    isKeptAwake(() => mastodon.posts.some(({ text }) => text.includes('pi4: CPU 9'))),
  )
  await until('it is over', 3, () => isKeptAwake(() => replies().length > 0))
  await clock(time.now() + 1.5 * minuteMs)

  for (const [name, one] of processes) {
    one.kill('SIGTERM')
    assert.equal(await one.ended, 0, `${name}: ${one.output()}`)
    assert.doesNotMatch(one.output(), /"level":(?:50|60|"error"|"fatal")|unexpected/, name)
  }
  if (process.env['SERENO_SHOW'] !== undefined) {
    writeFileSync('/tmp/hour-told.txt', told() + [...processes].map(([n, o]) => '\n=== ' + n + '\n' + o.output()).join(''))
    for (const [index, { png }] of uploads().entries()) writeFileSync(`/tmp/hour-${index}.png`, png)
  }
  function uploads(): { readonly alt: string; readonly png: Buffer }[] {
    return mastodon.asked
      .filter(({ path }) => /^\/api\/v[12]\/media$/.test(path))
      .map(({ fields, body }) => ({ alt: String(fields['description']), png: body.subarray(body.indexOf('\x89PNG', 0, 'latin1')) }))
  }
  assert.equal(mastodon.posts.length, 6, told())
  const store = await openSqlite({ path: join(data, 'sereno.db'), readOnly: true })
  try {
    const deliveries = await store.deliveries({ limit: 1000 })
    const undecided = deliveries.filter(({ state }) => !finalDeliveries.includes(state))
    assert.deepEqual(undecided, [])
  } finally {
    await store.close()
  }
})

function shown(post: Shown): string {
  const { id, text, spoiler, visibility, replyTo, pictures } = post
  const head = `── ${id}, ${visibility}${replyTo === undefined ? '' : `, answers ${replyTo}`}`
  return [head, ...(spoiler === '' ? [] : [`[${spoiler}]`]), text, ...pictures.map(({ alt, bytes }) => `(${alt}; ${bytes} bytes)`)].join('\n')
}
