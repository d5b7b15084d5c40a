// The agent of one shell file against a real hub: under dash and BusyBox, with curl and wget, while the hub is there and while it is not.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AgentPost } from '../../src/source-agent.ts'
import { readSample } from '../../src/source-sample.ts'
import { type AgentHouse, createAgentHouse } from './agent-house.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const script = join(root, 'agent/sereno-agent.sh')
const hasBusybox = isThere('busybox')

interface ShellAgent {
  readonly ended: Promise<number | string>
  output(): string
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

interface ShellOptions {
  readonly hub?: string
  readonly shell?: readonly string[]
  readonly path?: string
  readonly code?: string
  readonly more?: readonly string[]
}

function isThere(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)))
}

function start(
  house: AgentHouse,
  { shell = ['dash'], path, code, more = [], hub = house.hub.url }: ShellOptions = {},
): ShellAgent {
  const [program = '', ...words] = shell
  const enrol = code === undefined ? [] : ['--enrol', code]
  const args = [...words, script, '--hub', hub, '--data', house.folderOf('pi'), '--every', '1', ...enrol, ...more]
  const child: ChildProcess = spawn(program, args, {
    env: { ...process.env, ...(path === undefined ? {} : { PATH: path }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk) => (text += chunk))
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (exit, signal) => resolve(exit ?? signal ?? '')),
  )
  return { ended, output: () => text, kill: (signal) => void child.kill(signal) }
}

/** A hub, shell agents that do not outlive it, and a folder of programs that come first. */
async function createPlace() {
  const house = await createAgentHouse()
  const agents: ShellAgent[] = []
  const programs = join(house.hub.folder, 'programs')
  await mkdir(programs)
  return {
    house,
    programs,
    start(options?: ShellOptions) {
      const agent = start(house, options)
      agents.push(agent)
      return agent
    },
    async stub(name: string, text: string) {
      await writeFile(join(programs, name), text)
      await chmod(join(programs, name), 0o755)
    },
    async [Symbol.asyncDispose]() {
      for (const agent of agents) agent.kill('SIGTERM')
      await Promise.all(agents.map((agent) => agent.ended))
      await house[Symbol.asyncDispose]()
    },
  }
}

function spooled(house: AgentHouse): string[] {
  const spool = join(house.folderOf('pi'), 'spool')
  return readdirSync(spool).flatMap((folder) => readdirSync(join(spool, folder)))
}

async function factsOf(house: AgentHouse) {
  const { facts } = await house.record()
  return facts.filter(({ source }) => source === 'pi/host')
}

const series = [
  'cpu_percent',
  'cpu_count',
  'memory_total',
  'memory_avail',
  'memory_used',
  'memory_free',
  'memory_percent',
  'disk_usage_total',
  'disk_usage_used',
  'disk_usage_free',
  'disk_usage_percent',
  'load_1',
  'load_5',
  'load_15',
  'uptime_seconds',
]

for (const [words, client] of [
  ['dash with curl', 'curl'],
  ['dash with GNU wget', 'wget'],
  ['BusyBox alone with curl', 'busybox'],
] as const) {
  const skip = client === 'busybox' ? !hasBusybox : !isThere('dash') || !isThere(client)
  test(`${words}: the host enrols, its samples arrive, and no program is given a secret`, { skip }, async () => {
    await using place = await createPlace()
    const { house, programs } = place
    await house.hub.start()
    const code = await house.invite('pi')
    const called = join(house.hub.folder, 'called')
    const real = client === 'wget' ? '/usr/bin/wget' : '/usr/bin/curl'
    await place.stub(client === 'wget' ? 'wget' : 'curl', `#!/bin/sh\necho "$@" >>${called}\nexec ${real} "$@"\n`)
    const wanted = [
      'awk',
      'cat',
      'cut',
      'date',
      'df',
      'grep',
      'mkdir',
      'mv',
      'paste',
      'rm',
      'rmdir',
      'sed',
      'sleep',
      'tail',
      'tr',
    ]
    for (const name of wanted) {
      await symlink(client === 'busybox' ? '/usr/bin/busybox' : `/usr/bin/${name}`, join(programs, name)).catch(
        () => {},
      )
    }
    if (client === 'busybox')
      for (const name of ['sh', 'printf']) await symlink('/usr/bin/busybox', join(programs, name))
    const shell = client === 'busybox' ? ['/usr/bin/busybox', 'sh'] : ['/usr/bin/dash']
    const agent = place.start({ shell, code, path: programs })
    await house.hub.until('three samples are there', () => hasSent(house, 3))
    agent.kill('SIGTERM')
    assert.equal(await agent.ended, 0, agent.output())
    await house.hub.stop()

    const facts = await factsOf(house)
    const { metrics = {}, bootId, everySeconds, uptimeSeconds = 0 } = readSample(facts.at(-1) ?? assert.fail()) ?? {}
    assert.deepEqual(
      series.filter((name) => !Number.isFinite(metrics[name])),
      [],
    )
    const memory = /MemTotal: +(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
    assert.equal(metrics['memory_total'], Number(memory) * 1024)
    assert.ok((metrics['filesystem_percent{mount="/"}'] ?? 0) > 0 || (metrics['disk_usage_percent'] ?? 0) > 0)
    assert.equal(bootId, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
    assert.equal(everySeconds, 1)
    assert.ok(uptimeSeconds > 0)
    const token = (await readFile(join(house.folderOf('pi'), 'token'), 'utf8')).trim()
    const told = await readFile(called, 'utf8')
    assert.ok(token.length >= 32 && !told.includes(token) && !told.includes(code) && !agent.output().includes(token))
    assert.equal((await stat(join(house.folderOf('pi'), 'token'))).mode & 0o077, 0)
  })
}

test(
  'while the hub is away samples wait, the oldest go when they are too many, and each counts once',
  { skip: !isThere('dash') },
  async () => {
    await using place = await createPlace()
    const { house } = place
    await house.hub.start()
    const first = place.start({ code: await house.invite('pi'), more: ['--keep', '5'] })
    await house.hub.until('a sample is there', () => hasSent(house, 1))
    await house.hub.kill()
    await house.hub.until('it says so', () => first.output().includes('cannot be told'))
    await house.hub.until('the room is full', () =>
      first.output().includes('5 samples wait for the hub: the oldest are dropped'),
    )
    first.kill('SIGKILL')
    await first.ended
    assert.ok(spooled(house).length <= 5)
    assert.equal(first.output().match(/cannot be told/g)?.length, 1)
    await house.hub.start()
    const second = place.start({ more: ['--keep', '5'] })
    await house.hub.until('all that waited is told', () => spooled(house).length === 0)
    second.kill('SIGTERM')
    assert.equal(await second.ended, 0)
    await house.hub.stop()
    const facts = await factsOf(house)
    const uptimes = facts.map((fact) => readSample(fact)?.metrics['uptime_seconds'] ?? 0)
    assert.ok(facts.length > 5)
    assert.deepEqual(
      uptimes,
      [...new Set(uptimes)].toSorted((one, other) => one - other),
      'in their order, and none twice',
    )
  },
)

test(
  'a host that is turned away says so once and keeps its samples; let in again, it tells them',
  { skip: !isThere('dash') },
  async () => {
    await using place = await createPlace()
    const { house } = place
    await house.hub.start()
    const agent = place.start({ code: await house.invite('pi') })
    await house.hub.until('a sample is there', () => hasSent(house, 1))
    await house.hub.sereno('hosts', 'revoke', 'pi')
    await house.hub.until('it waits', () => spooled(house).length >= 3)
    assert.equal(agent.output().match(/does not let this agent in \(401\)/g)?.length, 1)
    await house.hub.sereno('hosts', 'restore', 'pi')
    await house.hub.until('it is told', () => spooled(house).length === 0 && agent.output().includes('is told again'))
  },
)

test('a sample that could not be kept leaves its number free', { skip: !isThere('dash') }, async () => {
  await using place = await createPlace()
  const { house } = place
  await house.hub.start()
  const spool = join(house.folderOf('pi'), 'spool/000007-of-an-earlier-start')
  await mkdir(spool, { recursive: true })
  for (const number of [8, 9, 11]) {
    const item = { source: 'host', fact: { name: 'host.sample', key: `n${number}`, data: { metrics: {} } } }
    await writeFile(join(spool, String(number).padStart(10, '0')), JSON.stringify(item))
  }
  const agent = place.start({ code: await house.invite('pi') })
  await house.hub.until('the earlier ones are gone', () => !existsSync(spool))
  agent.kill('SIGTERM')
  await agent.ended
  await house.hub.stop()
  const keys = (await factsOf(house)).map(({ key }) => key)
  assert.deepEqual(keys.slice(0, 3), ['n8', 'n9', 'n11'])
  assert.equal(keys.filter((key) => key === 'n11').length, 1)
  const { events } = await house.record()
  const gap = events.find(({ type }) => type === 'sereno.agent-gap')
  assert.deepEqual(gap?.data, { agent: 'pi', missing: 1 })
})

test(
  'what the hub wants looked up is a sample at once, and anything else is unanswered',
  { skip: !isThere('dash') },
  async () => {
    await using place = await createPlace()
    const { house } = place
    const posts: AgentPost[] = []
    // A hub's part of the wire, since no watch asks for such things by itself.
    const double = createServer((request, response) => {
      void request.toArray().then((chunks) => {
        const post = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as AgentPost
        posts.push(post)
        const one = { source: 'host', name: 'host.sample', key: 'pi', body: { why: '{"id":"no"}' } }
        const rechecks =
          posts.length === 1
            ? [
                { id: 'one', ...one },
                { id: 'two', ...one, name: 'other' },
              ]
            : []
        response.writeHead(202, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ acked: post.first + post.items.length - 1, rechecks }))
      })
    }).listen(0, '127.0.0.1')
    try {
      await once(double, 'listening')
      await mkdir(house.folderOf('pi'))
      await writeFile(join(house.folderOf('pi'), 'token'), 'a "token" with \\ in it\n', { mode: 0o600 })
      const hub = `http://127.0.0.1:${(double.address() as AddressInfo).port}`
      place.start({ hub, more: ['--every', '3600'] })
      await house.hub.until('a second sample is there', () => posts.length >= 2)
      const [first, second] = posts
      assert.deepEqual([first?.first, second?.first, second?.items.length], [1, 2, 1])
      assert.deepEqual([second?.got, second?.unanswered], [['one', 'two'], ['two']])
    } finally {
      double.closeAllConnections()
      double.close()
    }
  },
)

test('what is wrong is told in one sentence', { skip: !isThere('dash') }, async () => {
  await using place = await createPlace()
  const { house } = place
  await house.hub.start()
  const wrongCode = place.start({ code: 'f'.repeat(40) })
  assert.equal(await wrongCode.ended, 1)
  assert.match(wrongCode.output(), /does not take the code \(401\): The token is wrong/)
  const noToken = place.start()
  assert.equal(await noToken.ended, 1)
  assert.match(noToken.output(), /there is no token in/)
  for (const more of [['--every', '0'], ['--keep', '1e9'], ['--bufer'], ['--hub', 'nas']]) {
    const wrong = place.start({ more })
    assert.equal(await wrong.ended, 2, more.join(' '))
    assert.match(wrong.output(), /^sereno-agent: .*see --help\n$/)
  }
})

test('shellcheck has nothing to say', { skip: !isThere('shellcheck') }, () => {
  const { status, stdout } = spawnSync('shellcheck', ['--shell=sh', script], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})

async function hasSent(house: AgentHouse, count: number): Promise<boolean> {
  const { text } = await house.hub.ask('/api/v1/agents')
  const [one] = (JSON.parse(text) as { agents: { seenAt?: string }[] }).agents
  if (one?.seenAt === undefined) return false
  const answer = await readFile(join(house.folderOf('pi'), 'answer'), 'utf8').catch(() => '')
  const acked = Number(/"acked":(\d+)/.exec(answer)?.[1] ?? 0)
  return acked >= count
}
