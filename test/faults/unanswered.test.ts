// Sends that get no answer, and a long outage: the engine with the real Slack channel on a virtual clock.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createVirtualClock } from '../../src/engine/clock.ts'
import { createEngine } from '../../src/engine/engine.ts'
import { createSender } from '../../src/engine/sender.ts'
import { request } from '../../src/lib/http.ts'
import { loadChannel, loadEventTypes } from '../../src/registry.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { DeliveryDetail, Store } from '../../src/store/store.ts'
import type { Severity } from '../../src/words.ts'
import { type SlackDouble, startSlackDouble } from '../support/slack-double.ts'
import { saidIn, textsOf } from '../support/slack-texts.ts'

describe('a send that may have arrived', () => {
  for (const [step, reason] of [
    ['reset', 'unreachable'],
    ['hang', 'timeout'],
  ] as const) {
    test(`(${step}) is repeated once after 30 s, marked, before the next one`, async () => {
      await using day = await startDay()
      day.slack.script(step)
      await day.tell('first', 'info')
      await day.tell('second', 'info')
      await day.advance(29)
      assert.equal(day.slack.received.filter(({ body }) => body.includes('first')).length, 1)
      await day.advance(2)
      await day.advance(300)
      const all = day.slack.received.map(({ payload }) => saidIn(payload))
      assert.equal(all.filter((text) => text.includes('first')).length, 2)
      assert.equal(all.filter((text) => text.includes('second')).length, 1)
      const [, ...repeats] = all.filter((text) => text.includes('first'))
      assert.match(repeats[0] ?? '', /Sent again: the first sending got no answer and may have arrived/)
      const [one] = await day.deliveries()
      assert.deepEqual(
        one?.tried.map(({ result, maybeDelivered }) => [result, maybeDelivered]),
        [
          [reason, true],
          ['ok', false],
        ],
      )
      assert.equal(one?.delivery.state, 'delivered')
    })
  }

  test('twice ends as unknown and counts as told, and the next one still goes', async () => {
    await using day = await startDay()
    day.slack.script('reset', 'reset')
    await day.tell('first', 'info')
    await day.advance(31)
    await day.advance(400)
    await day.tell('second', 'info')
    await day.advance(400)
    const [one, two] = await day.deliveries()
    assert.deepEqual([one?.delivery.state, one?.tried.length], ['unknown', 2])
    assert.deepEqual([two?.delivery.state, two?.tried.length], ['delivered', 1])
    const [verdict] = await day.store.verdicts([one?.events[0]?.seq ?? 0])
    assert.equal(verdict?.state, 'unknown')
  })

  test('is repeated on when it is an error, until it is answered', async () => {
    await using day = await startDay()
    day.slack.script('reset', 'hang', 'reset')
    await day.tell('first', 'error')
    await day.advance(31)
    await day.advance(3600)
    const [one] = await day.deliveries()
    assert.equal(one?.delivery.state, 'delivered')
    assert.deepEqual(
      one?.tried.map(({ result }) => result),
      ['unreachable', 'timeout', 'unreachable', 'ok'],
    )
  })
})

test('an hour without Slack is caught up in order, and said once', async () => {
  await using day = await startDay()
  await day.slack.down()
  for (let index = 0; index < 20; index += 1) {
    await day.tell(`message ${index}`, 'info')
    await day.advance(180)
  }
  await day.slack.up()
  await day.advance(600)
  const told = textsOf(day.slack).filter((text) => text.startsWith('message'))
  assert.deepEqual(
    told,
    Array.from({ length: 20 }, (_, index) => `message ${index}`),
  )
  const outages = (await day.store.events({ type: 'sereno.channel-dead', limit: 10 })).map(({ subject }) => subject)
  assert.deepEqual(outages, ['team'])
  assert.ok(!textsOf(day.slack).some((text) => text.includes('cannot be told')), 'a channel is not told of itself')
})

interface Day extends AsyncDisposable {
  readonly slack: SlackDouble
  readonly store: Store
  tell(text: string, severity: Severity): Promise<void>
  advance(seconds: number): Promise<void>
  /** Oldest first, without those of the hub's own events. */
  deliveries(): Promise<readonly DeliveryDetail[]>
}

/** The engine with the real Slack channel on a virtual clock; a request is given up after a quarter of a real second. */
async function startDay(): Promise<Day> {
  const slack = await startSlackDouble()
  const store = await openSqlite({ path: ':memory:', now: 0 })
  const clock = createVirtualClock(Date.UTC(2026, 4, 10))
  const kind = await loadChannel('slack')
  const types = await loadEventTypes()
  const log = { info: () => {}, warn: () => {}, error: (message: string) => assert.fail(message) }
  const sender = createSender(
    { name: 'team', kind, options: { url: slack.url }, minIntervalMs: 0 },
    {
      types,
      zone: 'UTC',
      log,
      now: () => clock.now(),
      print: () => {},
      request: (asked) => request({ ...asked, timeoutMs: 250 }),
    },
  )
  const engine = createEngine({
    store,
    clock,
    judge: {
      rules: [{ name: 'all', on: ['*'], where: [], to: ['team'], stop: false }],
      channels: new Map([['team', { recipients: [''], expireAfterMs: 86_400_000, idempotency: false }]]),
      sources: new Map(),
      types,
      watches: [],
      mutes: [],
    },
    failed: (what, error) => assert.fail(`${what}: ${String(error)}`),
  })
  const settle = async (): Promise<void> => {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!engine.idle)
  }
  await engine.start(new Map([['team', sender]]), {})
  return {
    slack,
    store,
    async tell(text, severity) {
      const event = { type: 'message', severity, text, data: { message: text } }
      await engine.submit([{ kind: 'event', source: 'message', event, receivedAt: clock.now() }])
      await settle()
    },
    advance: (seconds) => clock.advance(clock.now() + seconds * 1000, settle),
    async deliveries() {
      const all = await store.deliveries({ limit: 100 })
      const details = await Promise.all(all.toReversed().map(({ id }) => store.delivery(id)))
      return details
        .filter((one) => one !== undefined && one.events[0]?.type === 'message')
        .filter((one) => one !== undefined)
    },
    async [Symbol.asyncDispose]() {
      await engine.stop(1000)
      await store.close()
      await slack.close()
    },
  }
}
