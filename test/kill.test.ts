// kill -9 at random instants, under load on a followed log and on HTTP: nothing accepted is lost, nothing is decided twice,
// and only what was being sent is said again, once and marked.
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { assembleText } from '../src/cli/configuration.ts'
import { auditStore } from './support/audit.ts'
import { freePort, type HubProcess, startHubProcess } from './support/hub-process.ts'
import { createRandom } from './support/random.ts'
import { startSlackDouble } from './support/slack-double.ts'

const kills = Number(process.env['SERENO_KILLS'] ?? 200)
const seed = Number(process.env['SERENO_SEED'] ?? Date.now() % 1_000_000)

test(`${kills} kills under load lose nothing and repeat only what was being sent (seed ${seed})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-kill-'))
  await using slack = await startSlackDouble()
  const random = createRandom(seed)
  const log = join(folder, 'vlmcsd.log')
  const data = join(folder, 'data')
  const config = join(folder, 'sereno.yaml')
  const text = configText(log, slack.url)
  writeFileSync(config, text)
  writeFileSync(log, '')
  const port = await freePort()
  const args = ['run', '--config', config, '--data', data, '--listen', `127.0.0.1:${port}`]
  const load = createLoad(log, port)
  const hubs: HubProcess[] = []
  try {
    for (let round = 0; round < kills; round += 1) {
      const hub = startHubProcess({ args })
      hubs[0] = hub
      // Some die while starting, the rest at any moment of their work.
      if (random.next() < 0.85) {
        await hub.ready
        await wait(random.next() * 60)
      } else await wait(random.next() * 200)
      hub.kill('SIGKILL')
      await hub.ended
    }
    const last = startHubProcess({ args })
    hubs[0] = last
    await last.ready
    const sent = await load.stop()
    await untilQuiet(port, data)
    last.kill('SIGTERM')
    assert.equal(await last.ended, 0, last.output())
    const { judge } = await assembleText(text, config)
    const audit = await auditStore(join(data, 'sereno.db'), judge.rules)
    assert.deepEqual(audit.faults.slice(0, 5), [])

    const messages = audit.events
      .filter((event) => event.type === 'message')
      .map((event) => textOf(event.data['message']))
    const kept = new Set(messages)
    assert.equal(kept.size, messages.length, 'no message is kept twice')
    assert.deepEqual(
      sent.accepted.filter((one) => !kept.has(one)),
      [],
      'every accepted message is kept',
    )
    assert.ok(sent.accepted.length > kills, `only ${sent.accepted.length} messages were accepted`)

    const clients = audit.events
      .filter((event) => event.type === 'kms.renewal')
      .map((event) => textOf(event.data['workstation']))
    const read = new Set(clients)
    assert.equal(read.size, clients.length, 'no line is read twice')
    assert.deepEqual(
      sent.written.filter((one) => !read.has(one)),
      [],
      'every line that was written is read',
    )

    const told = new Map<string, number>()
    const hostOf = new Map(audit.events.map(({ seq, host }) => [seq, host ?? '']))
    const decided = audit.verdicts.filter((verdict) => verdict.rule === 'groups' && verdict.state !== 'merged')
    for (const verdict of decided) {
      const host = hostOf.get(verdict.event) ?? ''
      told.set(host, (told.get(host) ?? 0) + 1)
    }
    assert.ok(told.size > 1)
    assert.deepEqual(
      [...told].filter(([, count]) => count !== 1),
      [],
      'each key is told once in its window',
    )

    const repeats = new Map<string, number>()
    for (const post of slack.posts) {
      const id = idOf(post.payload)
      repeats.set(id, (repeats.get(id) ?? 0) + 1)
    }
    const twice = [...repeats].filter(([, count]) => count > 1)
    const again = twice.reduce((sum, [, count]) => sum + count - 1, 0)
    assert.ok(again <= kills, `${again} repeats for ${kills} kills`)
    for (const [id] of twice) {
      const second = slack.posts.findLast((post) => idOf(post.payload) === id)
      assert.match(JSON.stringify(second?.payload), /Sent again: the first sending got no answer/)
    }
    const delivered = audit.deliveries.filter(
      (delivery) => delivery.state === 'delivered' || delivery.state === 'unknown',
    )
    assert.equal(audit.deliveries.length, delivered.length)
    assert.equal(repeats.size, delivered.length, 'every message that counts as told was told')
    console.log(`${kills} kills: ${audit.events.length} events, ${delivered.length} messages, ${again} said again`)
  } finally {
    await load.stop()
    for (const hub of hubs) hub.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})

function configText(log: string, url: string): string {
  return `
hub: {}
sources:
  kms: { kind: vlmcsd, path: ${JSON.stringify(log)}, from: beginning, timezone: UTC }
  message: { kind: message, open: [127.0.0.0/8], maxAge: 7d }
channels:
  team: { kind: slack, url: ${JSON.stringify(url)}, minInterval: 0s }
rules:
  - { name: kms, on: [kms.renewal], dedupe: { by: [workstation], for: 1h }, to: [team] }
  - { name: groups, on: [message], dedupe: { by: [host], for: 6h }, to: [team] }
`
}

interface Sent {
  /** Texts whose post was answered 200. */
  readonly accepted: readonly string[]
  /** Workstations whose lines are in the log. */
  readonly written: readonly string[]
}

/** Writes requests to the log and posts messages, repeating a post with the same key until it is answered. */
function createLoad(log: string, port: number): { stop(): Promise<Sent> } {
  const accepted: string[] = []
  const written: string[] = []
  let stopped = false
  const writing = (async () => {
    for (let index = 0; !stopped; index += 1) {
      appendFileSync(log, exchange(index))
      written.push(`PC-${index}`)
      await wait(7)
    }
  })()
  const posting = (async () => {
    for (let index = 0; !stopped; index += 1) {
      const message = `message ${index}`
      let taken = false
      while (!taken && !stopped) {
        taken = await post(port, message, `group-${Math.floor(index / 40)}`)
        await wait(3)
      }
      if (taken) accepted.push(message)
    }
  })()
  return {
    async stop() {
      stopped = true
      await Promise.all([writing, posting])
      return { accepted, written }
    },
  }
}

async function post(port: number, message: string, hostname: string): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/message`, {
      method: 'POST',
      headers: { 'idempotency-key': message },
      body: new URLSearchParams({ hostname, message }),
      signal: AbortSignal.timeout(2000),
    })
    await answer.text()
    return answer.status === 200
  } catch {
    // Killed before the answer: the same key is posted again.
    return false
  }
}

function exchange(index: number): string {
  const now = new Date().toISOString().slice(0, 19).replace('T', ' ')
  const client = `192.168.${(index >> 8) & 255}.${index & 255}:${20_000 + (index % 40_000)}`
  const lines = [
    `IPv4 connection accepted: ${client}.`,
    '<<< Incoming KMS request',
    'Licensing status                : 1 (Licensed)',
    'Application ID                  : 55c92734-d682-4d71-983e-d6ec3f16059f (Windows)',
    'Activation ID (Product)         : 2de67392-b7a7-462a-b1ca-108dd189f588 (Windows 10 Professional)',
    `Workstation name                : PC-${index}`,
    `IPv4 connection closed: ${client}.`,
  ]
  return lines.map((line) => `${now}: ${line}\n`).join('')
}

/** The id that stands beside every message. */
function idOf(payload: unknown): string {
  return /"([0-9a-hjkmnp-tv-z]{9})\b/.exec(JSON.stringify(payload))?.[1] ?? JSON.stringify(payload)
}

/** Until nothing waits to be sent and the log is read to its end. */
async function untilQuiet(port: number, data: string): Promise<void> {
  const { readFileSync } = await import('node:fs')
  const token = readFileSync(join(data, 'token'), 'utf8').trim()
  const ask = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } })).text()
  for (let quiet = 0; quiet < 3;) {
    await wait(250)
    const metrics = await ask('/metrics')
    const lag = sum(metrics, 'sereno_tail_lag_bytes')
    const waiting = sum(metrics, 'sereno_outbox_waiting')
    quiet = lag === 0 && waiting === 0 ? quiet + 1 : 0
  }
}

function sum(metrics: string, name: string): number {
  const lines = metrics.split('\n').filter((line) => line.startsWith(name))
  return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
