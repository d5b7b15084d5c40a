// Slack refuses, stalls and goes away: every message arrives in order, once, and each attempt is kept with its reason.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { DeliveryDetail } from '../../src/store/store.ts'
import { createHubHouse, type HubHouse } from '../support/hub-house.ts'
import { type SlackDouble, startSlackDouble, type Step } from '../support/slack-double.ts'
import { textsOf } from '../support/slack-texts.ts'

test('a Slack that limits, fails, breaks off, refuses or is away tells everything in order and once', async () => {
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
  // The two after the refused one, and the note that one is missing: before or after the last, as it happens.
  await house.until('the ones after the refused', () => team.get('picky').posts.length >= 3)
  const heard = textsOf(team.get('picky'))
  assert.deepEqual(
    heard.filter((text) => !text.includes('could not be delivered here')),
    ['second', 'third'],
  )
  assert.equal(heard.length, 3)
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
  const { id = '', lastDetail = '' } = list.at(0) ?? {}
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
    ['limited', 'curt', 'broken', 'half', 'picky'].map((channel) => first(channel)?.tried.map(({ result }) => result)),
    [['rate-limited', 'ok'], ['rate-limited', 'ok'], ['server-error', 'ok'], ['ok'], ['rejected', 'ok']],
  )
  const [unreachable] = first('away')?.tried ?? []
  assert.equal(unreachable?.result, 'unreachable')
  assert.equal(unreachable?.maybeDelivered, false)
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
