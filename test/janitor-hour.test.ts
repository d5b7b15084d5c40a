// The example for many hosts as people live with it: a hub, three agents and a shell agent as processes of their own, for an
// hour that runs ten times as fast, before a double of a Mastodon server, which lives in ours.
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
import { hasFakeTime, startFakeTime } from './support/fake-time.ts'
import type { FediverseDouble, Shown } from './support/fediverse-double.ts'
import { startMastodonDouble } from './support/fediverse-mastodon-double.ts'
import { freePort, startHubProcess, type HubProcess } from './support/hub-process.ts'
import { createMadeMachine } from './support/made-machine.ts'

const run = promisify(execFile)
const root = dirname(import.meta.dirname)
/** Faster, and a busy machine has no time left for a picture: of its twelve seconds this leaves more than one. */
const rate = 10
const minuteMs = 60_000

test(
  'a CPU, a silent host, a script and a question are each told once, and nothing else',
  {
    skip: !hasFakeTime,
    timeout: 600_000,
  },
  async () => {
    await using house = await startHouse()
    const { mastodon, machines, clock, until, ask } = house
    const url = await house.startHub()
    const [pi4, web, nas, routerCode] = await Promise.all([
      house.agentArgs('pi4', machines.pi4.options),
      house.agentArgs('web', machines.web.options),
      house.agentArgs('nas', ''),
      house.enrol('router'),
    ])
    const [nasAgent] = await Promise.all([house.start('nas', nas), house.start('pi4', pi4), house.start('web', web)])
    const shell = house.startShellAgent(routerCode)
    await until(
      'all hosts report',
      10,
      async () => JSON.parse((await ask('/api/v1/hosts')).toString()).hosts.length === 4,
    )
    await until('the hub listens', 5, () => mastodon.streams.open === 1)

    const zero = Math.ceil(house.now() / minuteMs) * minuteMs
    const at = (minutes: number): number => zero + minutes * minuteMs
    machines.pi4.busy(at(5), at(17))
    // Not for long enough, and that twice.
    machines.web.busy(at(5), at(13))
    machines.web.busy(at(42), at(50))

    await clock(at(2.5))
    const line = ['-X', 'POST', '-d', 'hostname=MyHostname&message=This+is+a+test+message', `${url}/message`]
    await run('curl', ['-sS', '-f', ...line])
    await until('the message is told', 3, () => mastodon.posts.length === 1)

    await clock(at(14.5))
    const painter = house.keepPainterAwake()
    await until('the CPU is told', 6, () => mastodon.posts.length === 2)
    await until('its end is told', 5, () => mastodon.posts.length === 3)
    painter.stop()

    await clock(at(24.5))
    nasAgent.kill('SIGTERM')
    assert.equal(await nasAgent.ended, 0, nasAgent.output())
    await until('the stopped agent is told', 6, () => mastodon.posts.length === 4)
    mastodon.mention({ acct: 'mallory@example.org', text: 'status' })
    const { status: question } = mastodon.mention({ acct: 'ann@example.org', text: 'status', visibility: 'direct' })
    await until('the question is answered', 3, () => mastodon.posts.length === 5)

    await clock(at(34))
    await house.start('nas', nas)
    await until('it is back', 4, () => mastodon.posts.length === 6)

    // Whatever else would be told has the time for it.
    await clock(at(60))

    assert.equal(shell.exitCode, null, 'the shell agent runs')
    await house.stop()
    const { posts } = mastodon
    const placeOf = (id: string | undefined): string | undefined =>
      id === undefined ? undefined : id === question ? 'the question' : firstLine(posts.find((post) => post.id === id))
    assert.deepEqual(
      posts.map((post) => [firstLine(post), placeOf(post.replyTo), post.visibility, post.pictures.length]),
      [
        ['Message from MyHostname', undefined, 'unlisted', 0],
        ['✅ Over: ⚠️ pi#: CPU # % (limit # %)', undefined, 'unlisted', 1],
        [
          '✅ pi#: CPU back to # %, was over # % for # min, peak # %',
          '✅ Over: ⚠️ pi#: CPU # % (limit # %)',
          'unlisted',
          1,
        ],
        ['✅ Over: 🔇 nas is silent', undefined, 'unlisted', 0],
        ['@ann@example.org # condition is open.', 'the question', 'direct', 0],
        ['✅ nas is back after # min', '✅ Over: 🔇 nas is silent', 'unlisted', 0],
      ],
      posts.map(whole).join('\n'),
    )
    const texts = posts.map(({ text }) => text)
    assert.match(texts[0] ?? '', /\n\nThis is a test message\n\nwhy: http/)
    assert.match(
      texts[1] ?? '',
      /\n\n- CPU %: 9[3-7](?:\.\d)? ❗️\n- CPU count: 4\n[^]*\n\nFor 1\d min now\. Limit of all hosts\.\n/,
    )
    assert.match(texts[2] ?? '', /CPU back to \d\d?(?:\.\d)? %, was over 80 % for 1\d min, peak 97 %\n/)
    assert.match(texts[3] ?? '', /\n- Expected: every minute\n/)
    assert.match(
      texts[4] ?? '',
      /\b1 condition is open\.\n\nerror: nas is silent, for \d min \([0-9a-z]{9}\)\n\nI have heard of 4 hosts\./,
    )
    assert.deepEqual(
      posts.flatMap(({ pictures }) => pictures.map(({ alt }) => alt.replaceAll(/\d+(?:\.\d+)?/g, '#'))),
      Array(2).fill('CPU of pi#, # h to #:#: between # % and # %, now # %, limit # %'),
    )
    const uploaded = uploads(mastodon)
    for (const { alt, bytes } of posts.flatMap(({ pictures }) => pictures)) {
      const png = uploaded.get(alt) ?? assert.fail(alt)
      assert.deepEqual([png.length, png.readUInt32BE(16), png.readUInt32BE(20)], [bytes, 1600, 600])
    }
    await house.audit()
  },
)

async function startHouse() {
  const stack = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'sereno-hour-'))
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
    const start = new Date('2026-01-01T00:00:00Z')
    const time = stack.use(await startFakeTime(start, rate))
    const mastodon = stack.use(await startMastodonDouble())
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const data = join(folder, 'data')
    const env = { ...time.env, FEDIVERSE_URL: mastodon.url, FEDIVERSE_TOKEN: mastodon.token }
    const processes: { readonly name: string; readonly process: HubProcess }[] = []
    stack.defer(async () => {
      for (const one of processes) one.process.kill('SIGKILL')
      await Promise.all(processes.map((one) => one.process.ended))
    })
    const machineOf = (name: string, id: string) => {
      mkdirSync(join(folder, name))
      return createMadeMachine(join(folder, name), id, start.getTime() - 60 * minuteMs)
    }
    const machines = { pi4: machineOf('pi4', 'a'), web: machineOf('web', 'b') }
    const showing = setInterval(() => {
      for (const machine of Object.values(machines)) machine.show(time.now())
    }, 50)
    stack.defer(() => clearInterval(showing))

    async function begin(name: string, args: readonly string[]): Promise<HubProcess> {
      const process = startHubProcess({ args, env })
      processes.push({ name, process })
      await process.ready
      return process
    }

    async function ask(path: string): Promise<Buffer> {
      const token = readFileSync(join(data, 'token'), 'utf8').trim()
      const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
      return Buffer.from(await answer.arrayBuffer())
    }

    /** As a person does it on the hub, who copies the line that is printed. */
    async function enrol(name: string): Promise<string> {
      const args = ['hosts', 'enrol', name, '--data', data]
      const { stdout } = await run(join(root, 'bin/sereno'), args, { env: { ...process.env, ...env } })
      const [, hub, code = ''] = /^ {2}sereno agent --hub (\S+) --enrol (\S+)$/m.exec(stdout) ?? []
      assert.equal(hub, url, stdout)
      return code
    }

    const told = (): string =>
      [...mastodon.posts.map(whole), ...processes.map((one) => `── ${one.name}:\n${one.process.output()}`)].join('\n')

    return {
      mastodon,
      machines,
      enrol,
      ask,
      start: begin,
      now: time.now,
      clock: (at: number): Promise<void> => wait(Math.max(0, (at - time.now()) / rate)),

      async until(what: string, minutes: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
        const latest = time.now() + minutes * minuteMs
        while (!(await isSo())) {
          assert.ok(time.now() < latest, `not within ${minutes} min: ${what}\n${told()}`)
          await wait(100)
        }
      },

      /** The example, with this machine, whose real load nothing shall depend on, among those that may compute. */
      async startHub(): Promise<string> {
        const example = readFileSync(join(root, 'examples/janitor.yaml'), 'utf8')
        const config = join(folder, 'sereno.yaml')
        const busy = `['build-*', nas, '${hostname()}']`
        writeFileSync(config, example.replace('https://sereno.example.org', url).replace("['build-*']", busy))
        await begin('hub', ['run', '--config', config, '--data', data, '--listen', `127.0.0.1:${port}`])
        return url
      },

      async agentArgs(name: string, options: string): Promise<string[]> {
        const file = join(folder, `${name}.yaml`)
        writeFileSync(file, `sources: { host: { kind: host, host: ${name}, ${options} } }\n`)
        const code = await enrol(name)
        return ['agent', '--hub', url, '--enrol', code, '--data', join(folder, `${name}-agent`), '--config', file]
      },

      startShellAgent(code: string) {
        const args = ['--hub', url, '--enrol', code, '--data', join(folder, 'router-agent')]
        const shell = spawn('dash', [join(root, 'agent/sereno-agent.sh'), ...args], {
          env: { ...process.env, ...env },
          stdio: 'ignore',
        })
        const ended = once(shell, 'exit')
        stack.defer(async () => {
          shell.kill('SIGTERM')
          await ended
        })
        return shell
      },

      /** It goes ten seconds after its last picture: one of ours, in which on a busy machine it could not start again. */
      keepPainterAwake() {
        let looks = false
        const look = async (): Promise<void> => {
          if (looks) return
          looks = true
          // Should the hub be gone, the hour tells so.
          await ask('/api/v1/hosts/pi4/graph.png?metric=cpu_percent&span=1h').catch(() => {})
          looks = false
        }
        const timer = setInterval(() => void look(), 400)
        const stop = (): void => clearInterval(timer)
        stack.defer(stop)
        return { stop }
      },

      async stop(): Promise<void> {
        for (const one of processes.toReversed()) {
          one.process.kill('SIGTERM')
          assert.equal(await one.process.ended, 0, told())
        }
      },

      /** Of what the hub kept, and of what all have logged. */
      async audit(): Promise<void> {
        for (const one of processes)
          assert.doesNotMatch(one.process.output(), /"level":(?:[56]0)|unexpected/, `${one.name}: no error`)
        const store = await openSqlite({ path: join(data, 'sereno.db'), readOnly: true })
        try {
          const deliveries = await store.deliveries({ limit: 1000 })
          assert.deepEqual(
            deliveries.map(({ state }) => state),
            Array(6).fill('delivered'),
          )
          const facts = await store.facts({ limit: 10_000 })
          for (const source of ['pi4/host', 'web/host', 'router/host']) {
            const minutes = facts.filter((fact) => fact.source === source).length
            assert.ok(minutes >= 55, `${minutes} samples of ${source}`)
          }
          const events = await store.events({ limit: 10_000, ascending: true })
          const seen = events.map(({ type, host = '' }) => `${type} ${host}`)
          assert.deepEqual(seen.toSorted(), [
            'host.silent nas',
            'host.silent nas',
            'host.threshold pi4',
            'host.threshold pi4',
            'message MyHostname',
            'sereno.answer ',
            'sereno.started ',
          ])
        } finally {
          await store.close()
        }
      },

      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** Without its figures. */
function firstLine(post: Shown | undefined): string {
  return (post?.text.split('\n')[0] ?? '').replaceAll(/\d+(?:\.\d+)?/g, '#')
}

function whole({ id, text, visibility, replyTo, pictures }: Shown): string {
  const head = `── ${id}, ${visibility}${replyTo === undefined ? '' : `, answers ${replyTo}`}:`
  return [head, text, ...pictures.map(({ alt }) => `[${alt}]`)].join('\n')
}

/** The pictures themselves, by the words for who cannot see them. */
function uploads({ asked }: FediverseDouble): Map<string, Buffer> {
  const posts = asked.filter(({ path }) => /^\/api\/v\d\/media$/.test(path))
  return new Map(
    posts.map(({ fields, body }) => {
      const begin = body.indexOf('\x89PNG\r\n\x1a\n', 0, 'latin1')
      const end = body.indexOf('IEND', begin, 'latin1')
      assert.ok(begin > 0 && end > begin, 'a whole PNG')
      return [String(fields['description']), body.subarray(begin, end + 8)] as const
    }),
  )
}
