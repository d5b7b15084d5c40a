// Slack refuses, stalls and goes away: every message arrives in order, once, and each attempt is kept with its reason.
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
import { createHubHouse, type HubHouse, saidIn } from '../support/hub-house.ts'
import { type SlackDouble, startSlackDouble, type Step } from '../support/slack-double.ts'

describe('a hub whose Slack', () => {
  test('limits, fails, breaks off, refuses or is away tells everything in order and once', async () => {
    await using house = await createHubHouse()
    await using team = await startTeam(house, {
      limited: [{ do: 'rate-limited', retryAfter: 1 }],
      curt: ['rate-limited'],
      broken: ['server-error'],
      half: ['half'],
      picky: [{ do: 'answer', status: 400, body: 'invalid_payload' }],
      away: [],
    })
    await team.get('away').down()
    await house.start()
    for (const channel of team.names) {
      for (const message of ['first', 'second', 'third']) assert.equal((await house.post(message, channel)).status, 200)
    }
    await house.until('the closed port was tried', async () => (await attempts(house, 'away', 'unreachable')) > 0)
    await team.get('away').up()
    for (const channel of ['limited', 'curt', 'broken', 'half', 'away']) {
      await house.until(`${channel} was told`, () => team.get(channel).posts.length >= 3)
      assert.deepEqual(textsOf(team.get(channel)), ['first', 'second', 'third'], channel)
    }
    await house.until('the one after the refused', () => team.get('picky').posts.length >= 2)
    const pickyHeard = textsOf(team.get('picky'))
    assert.deepEqual(pickyHeard.slice(0, 2), ['second', 'third'])
    await house.until('all outcomes are stored', async () => (await house.metric('sereno_outbox_waiting')) === 0)
    for (const [channel, result, count] of [
      ['limited', 'rate-limited', 1],
      ['curt', 'rate-limited', 1],
      ['broken', 'server-error', 1],
      ['picky', 'rejected', 1],
      ['half', 'ok', 3],
    ] as const) {
      assert.equal(await attempts(house, channel, result), count, `${channel} ${result}`)
    }

    const dead = await house.sereno('deliveries', '--state', 'dead', '--json')
    const list = JSON.parse(dead.out) as { id: string; channel: string; lastReason: string; lastDetail: string }[]
    assert.deepEqual(
      list.map(({ channel, lastReason }) => [channel, lastReason]),
      [['picky', 'rejected']],
    )
    const [{ id = '', lastDetail = '' } = {}] = list
    assert.match(lastDetail, /400.*invalid_payload/)
    const event = /sereno why (\w+)/.exec((await house.sereno('why', id)).out)?.[1] ?? ''
    assert.match(
      (await house.sereno('why', event)).out,
      /was given up .* after 1 attempt \(rejected: .*invalid_payload\)/,
    )
    const before = team.get('picky').posts.length
    const again = await house.sereno('deliveries', 'retry', id)
    assert.equal(again.code, 0, again.error)
    await house.until('it is sent by hand', () => team.get('picky').posts.length > before)
    assert.equal(textsOf(team.get('picky')).at(-1), 'first')
    await house.until('that is stored', async () => (await house.metric('sereno_outbox_waiting')) === 0)
    assert.match((await house.sereno('why', event)).out, /delivered/)
    assert.equal((await house.sereno('deliveries', '--state', 'dead', '--json')).out, '[]')
    await house.stop()

    const audit = await house.audit()
    assert.deepEqual(audit.faults, [])
    const tried = await triedBy(
      house.store,
      audit.deliveries.map((delivery) => delivery.id),
    )
    const first = (channel: string): DeliveryDetail | undefined =>
      tried.find(({ delivery, events }) => delivery.channel === channel && events[0]?.text === 'first')
    assert.deepEqual(
      ['limited', 'curt', 'broken', 'half', 'picky'].map((channel) =>
        first(channel)?.tried.map(({ result }) => result),
      ),
      [['rate-limited', 'ok'], ['rate-limited', 'ok'], ['server-error', 'ok'], ['ok'], ['rejected', 'ok']],
    )
    const [unreachable] = first('away')?.tried ?? []
    assert.equal(unreachable?.result, 'unreachable')
    assert.equal(unreachable?.maybeDelivered, false)
  })
})

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

interface Team extends AsyncDisposable {
  readonly names: readonly string[]
  get(name: string): SlackDouble
}

/** One Slack, one channel and one rule for each name: events of that host. */
async function startTeam(house: HubHouse, scripts: { readonly [name: string]: readonly Step[] }): Promise<Team> {
  const names = Object.keys(scripts)
  const doubles = new Map<string, SlackDouble>()
  for (const [name, steps] of Object.entries(scripts)) {
    const slack = await startSlackDouble()
    slack.script(...steps)
    doubles.set(name, slack)
  }
  const url = (name: string): string => doubles.get(name)?.url ?? ''
  await house.configure(
    [
      'channels:',
      ...names.map((name) => `  ${name}: { kind: slack, url: ${JSON.stringify(url(name))}, minInterval: 0s }`),
      'rules:',
      ...names.map((name) => `  - { name: ${name}, on: message, where: 'host="${name}"', to: ${name} }`),
    ].join('\n'),
  )
  return {
    names,
    get: (name) => doubles.get(name) ?? assert.fail(`no double ${name}`),
    async [Symbol.asyncDispose]() {
      for (const slack of doubles.values()) await slack.close()
    },
  }
}

/** What each post says under its title, without fields and notes. */
function textsOf(slack: SlackDouble): string[] {
  return slack.posts.map(({ payload }) => {
    const [title = '', ...lines] = saidIn(payload).split('\n')
    return lines.find((line) => !/^[_•]/.test(line)) ?? title
  })
}

function attempts(house: HubHouse, channel: string, result: string): Promise<number> {
  return house.metric('sereno_attempts_total', `channel="${channel}",result="${result}"`)
}

async function triedBy(path: string, ids: readonly string[]): Promise<DeliveryDetail[]> {
  const store = await openSqlite({ path, readOnly: true })
  try {
    const all = await Promise.all(ids.map((id) => store.delivery(id)))
    return all.filter((detail) => detail !== undefined)
  } finally {
    await store.close()
  }
}

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
