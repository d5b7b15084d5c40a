// Three days without the hub, in time that is turned by hand: all of it arrives, in its order and with its times, and alarms nobody.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { AgentBuffer } from '../../src/agent/buffer.ts'
import { startSender } from '../../src/agent/sender.ts'
import type { AgentItem } from '../../src/source-agent.ts'
import { request } from '../../src/lib/http.ts'
import { toSampleFact } from '../../src/source-sample.ts'
import { createAgentHouse } from './agent-house.ts'

const minuteMs = 60_000
const days = 3

test('after three days of outage everything arrives once, in order and with its times, and old news is told together', async () => {
  await using house = await createAgentHouse(`
hub:
  tokens: [{ name: nas, token: nas-token-0123456789, sources: ['nas/*'] }]
channels: { out: { kind: console } }
watches: { limits: { kind: thresholds } }
rules: [{ on: [message, 'host.*'], to: [out] }]
`)
  const until = Date.now()
  // Its clock is a day slow as well.
  const wrongMs = -86_400_000
  const clock = { at: until - days * 86_400_000 }
  const logged: string[] = []
  const note = (message: string): void => void logged.push(message)
  const log = { info: note, warn: note, error: note }
  const bufferClock = { now: () => clock.at + wrongMs, sinceBoot: () => clock.at - (until - 10 * 86_400_000) }
  const folder = join(house.hub.folder, 'nas')
  const buffer = new AgentBuffer({
    path: join(folder, 'buffer.db'),
    maxBytes: 256_000_000,
    maxAgeMs: 14 * 86_400_000,
    boot: 'one',
    clock: bufferClock,
    log,
  })
  const start = () =>
    startSender({
      hub: house.hub.url,
      buffer,
      token: () => 'nas-token-0123456789',
      about: { host: 'nas', bootId: 'one' },
      clock: bufferClock,
      recheck: async () => {},
      request,
      log,
    })
  const away = start()
  const times: number[] = []
  const isAt = (wanted: number): boolean => times.length % 1440 === wanted
  for (let items: AgentItem[] = []; clock.at < until; clock.at += minuteMs) {
    const time = clock.at + wrongMs
    // Over its limit nearly all of the time; by now it is well again.
    const sample = { metrics: { cpu_percent: until - clock.at < 3_600_000 ? 5 : 99 }, everySeconds: 60 }
    items.push({ source: 'host', fact: toSampleFact('nas', sample, time) })
    const day = Math.floor((clock.at - until) / 86_400_000)
    if (isAt(720)) items.push({ source: 'app', event: { type: 'message', time, text: `noon ${day}` } })
    times.push(clock.at)
    if (times.length % 10 !== 0) continue
    buffer.append('host', items)
    items = []
  }
  clock.at = until
  await away.stop()
  assert.equal(logged.filter((line) => line.includes('cannot be told')).length, 1)

  await house.hub.start()
  const sender = start()
  await house.hub.until('all has arrived', () => buffer.count === 0)
  await house.hub.until(
    'the old news is told',
    async () => JSON.parse((await house.hub.ask('/api/v1/deliveries?state=delivered')).text).deliveries.length > 0,
  )
  await sender.stop()
  await house.hub.stop()
  const { events, facts } = await house.record()
  const arrived = facts.filter(({ source }) => source === 'nas/host').map(({ time }) => time)
  assert.equal(arrived.length, days * 1440)
  const offBy = arrived.map((time, index) => Math.abs(time - (times[index] ?? 0)))
  // The hub's clock went on while this test ran; the agent's stood still.
  assert.ok(Math.max(...offBy) < 30_000, `times are off by up to ${Math.max(...offBy)} ms`)
  const messages = events.filter(({ type }) => type === 'message')
  assert.deepEqual(
    messages.map(({ text }) => text),
    ['noon -3', 'noon -2', 'noon -1'],
  )
  assert.deepEqual(
    events.filter(({ type }) => type.startsWith('host.')),
    [],
    'what is over is no alarm of now',
  )
  const { deliveries } = await house.hub.audit()
  assert.equal(deliveries.length, 1, 'three messages, told as one')
  assert.equal(deliveries[0]?.kind, 'digest')
})
