// Random days around boots: each event ends as delivered, in a message that was delivered, or muted with a reason; each boot has one report.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assembleText } from '../src/cli/configuration.ts'
import type { Judge } from '../src/engine/judge.ts'
import { toBootFact } from '../src/source-boot.ts'
import {
  type Delivery,
  finalDeliveries,
  finalVerdicts,
  type HubEvent,
  type NewEvent,
  type NewFact,
} from '../src/words.ts'
import { down, EngineHouse, facts } from './support/engine-house.ts'

const config = `
hub: { timezone: UTC }
sources: { s: { kind: cloudevents } }
channels: { team: { kind: console }, mail: { kind: console }, side: { kind: console } }
watches: { boots: { kind: boot } }
mute:
  night: { kind: quiet, from: '22:00', until: '23:00', types: [guest.started, host.threshold] }
  works: { kind: maintenance, every: '*-*-* *:20:00', for: 10m, scope: 'host="b"' }
rules:
  - { name: host, on: [host.startup-report, host.shutdown], to: [team, mail] }
  - { name: guests, on: 'guest.*', where: 'severity!="info"', to: [team, mail] }
  - { name: many, on: 'guest.*', where: 'severity="info"', group: { by: [host], interval: 1m, min: 3 }, to: [mail] }
  - { name: services, on: 'service.*', dedupe: { by: [subject], for: 10m }, throttle: { max: 2, per: 1m }, to: [side, mail] }
  - { name: cpu, on: host.threshold, to: [team] }
`

const hosts = ['a', 'b'] as const
type Host = (typeof hosts)[number]
type Action =
  | { readonly do: 'boot' | 'stop' | 'answer' | 'sick' | 'well'; readonly host: Host }
  | { readonly do: 'start'; readonly host: Host; readonly guest: number; readonly fails: boolean }
  | { readonly do: 'event'; readonly host: Host; readonly which: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'step'; readonly hours: number }
  | { readonly do: 'fault'; readonly channel: string; readonly on: boolean }
  | { readonly do: 'restart' | 'away' }

const host = fc.constantFrom(...hosts)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('boot' as const, 'stop' as const), host }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('answer' as const, 'sick' as const, 'well' as const), host }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('start' as const),
      host,
      guest: fc.integer({ min: 1, max: 3 }),
      fails: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('event' as const), host, which: fc.nat({ max: 9 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 15, 40, 130, 400, 1800) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('step' as const), hours: fc.constantFrom(-1, 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      channel: fc.constantFrom('team', 'mail', 'side'),
      on: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'restart' as const }, { do: 'away' as const }) },
)

/** Of each sort that a host says around a boot; conditions begin and end. */
const events: readonly Partial<NewEvent>[] = [
  { type: 'guest.started', severity: 'info' },
  { type: 'guest.stopped', severity: 'info' },
  { type: 'guest.start-failed', severity: 'error', condition: { key: 'guest 1', state: 'firing' } },
  { type: 'guest.start-failed', severity: 'info', condition: { key: 'guest 1', state: 'resolved' } },
  { type: 'guest.stop-failed', severity: 'error' },
  { type: 'service.failed', severity: 'error', subject: 'x', condition: { key: 'unit x', state: 'firing' } },
  { type: 'service.failed', severity: 'info', subject: 'x', condition: { key: 'unit x', state: 'resolved' } },
  { type: 'service.note', severity: 'warning', subject: 'y' },
  { type: 'host.threshold', severity: 'warning', condition: { key: 'cpu', state: 'firing' } },
  { type: 'host.threshold', severity: 'info', condition: { key: 'cpu', state: 'resolved' } },
]

const assembled = (await assembleText(config, 'model.yaml')).judge
const judge: Judge = {
  ...assembled,
  channels: new Map([
    ...assembled.channels,
    ['team', facts],
    ['mail', { ...facts, recipients: ['ann@example.org', 'bob@example.org'] }],
    ['side', facts],
  ]),
}

test('around boots no event is lost or told twice, and each boot has one report', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), day), {
    numRuns: Number(process.env['RUNS'] ?? 150),
    ...(process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }),
  })
})

async function day(actions: readonly Action[]): Promise<void> {
  await using house = await EngineHouse.open(judge)
  const boots = new Map<string, Host>()
  let count = 0

  async function see(fact: NewFact): Promise<void> {
    await house.engine.submit([{ kind: 'fact', source: 's', fact, receivedAt: house.clock.now() }])
    await house.settle()
  }

  async function act(one: Action): Promise<void> {
    switch (one.do) {
      case 'boot': {
        // Another boot than the last is known by its id, and later than it by the clock.
        await house.pass(70_000)
        const bootId = `boot-${(count += 1)}`
        boots.set(bootId, one.host)
        return see(toBootFact('host.boot', one.host, one.host, { bootId, uptimeSeconds: 5 }))
      }
      case 'stop':
        return see(toBootFact('host.stopping', one.host, one.host, { reason: 'reboot' }))
      case 'answer':
        for (const name of ['guest', 'storage'] as const) await see(toBootFact(name, '*', one.host, { names: [] }))
        return
      case 'sick':
      case 'well':
        return see(toBootFact('storage', 'nas', one.host, { ok: one.do === 'well' }))
      case 'start': {
        const times = { startedAt: '', endedAt: '' }
        const outcome = one.fails ? 'failed' : 'ok'
        const task = { id: one.guest, guest: 'vm', action: 'start', outcome, ...times } as const
        return see(toBootFact('guest.task', `t${(count += 1)}`, one.host, task))
      }
      case 'event': {
        const { condition, ...event } = events[one.which] ?? {}
        // A limit is told of when it has been passed for a while.
        const since = event.type === 'host.threshold' ? { since: house.clock.now() - 60_000 } : {}
        const key = `${one.host} ${condition?.key}`
        const begun = condition === undefined ? {} : { condition: { ...condition, key, ...since } }
        return house.emit({ ...event, host: one.host, title: `event ${(count += 1)}`, ...begun })
      }
      case 'wait':
        return house.pass(one.seconds * 1000)
      case 'step':
        return house.stepClock(one.hours * 3_600_000)
      case 'fault':
        if (one.on) house.answers.set(one.channel, down)
        else house.answers.delete(one.channel)
        return
      case 'restart':
        return house.restart()
      case 'away':
        return house.away(600_000)
    }
  }

  for (const one of actions) await act(one)
  house.answers.clear()
  await house.pass(26 * 3_600_000)
  await check(house, boots)
}

async function check(house: EngineHouse, boots: ReadonlyMap<string, Host>): Promise<void> {
  const all = await house.store.events({ limit: 10_000, ascending: true })
  const verdicts = await house.verdicts()
  const deliveries = await house.store.deliveries({ limit: 10_000 })
  const byId = new Map(deliveries.map((one): [string, Delivery] => [one.id, one]))
  for (const one of deliveries) assert.ok(finalDeliveries.includes(one.state), JSON.stringify(one))
  for (const event of all.filter(({ source }) => source !== 'sereno')) {
    const told = verdicts.filter((one) => one.event === event.seq)
    const words = `${event.id} ${event.type}: ${JSON.stringify(told)}`
    // An end goes where its beginning went.
    if (event.condition?.state !== 'resolved')
      assert.deepEqual(told.map(({ rule, channel }) => `${rule} ${channel}`).toSorted(), expectedOf(event), words)
    for (const verdict of told) {
      assert.ok(finalVerdicts.includes(verdict.state), words)
      const into = verdict.into === undefined ? undefined : byId.get(verdict.into)
      if (verdict.state === 'suppressed') assert.ok((verdict.reason ?? '') !== '' && verdict.by !== undefined, words)
      else if (verdict.state === 'merged') assert.ok(into?.state === 'delivered', words)
      else {
        assert.equal(verdict.state, 'delivered', words)
        const naming = deliveries.filter(
          ({ channel, events: named, state }) =>
            channel === verdict.channel && state === 'delivered' && named.includes(event.seq),
        )
        const recipients = naming.map(({ recipient }) => recipient)
        assert.equal(new Set(recipients).size, verdict.channel === 'mail' ? 2 : 1, words)
      }
    }
  }
  const reports = all.filter(({ type }) => type === 'host.startup-report')
  assert.deepEqual(new Set(reports.map(({ data }) => data['bootId'])), new Set(boots.keys()), 'a report for each boot')
  assert.equal(reports.length, boots.size, 'and one only')
  for (const { seq } of reports) {
    const told = deliveries.filter(({ events: named }) => named.includes(seq))
    const to = told.map(({ channel, recipient, state }) => `${channel} ${recipient} ${state}`)
    assert.deepEqual(to.toSorted(), [
      'mail ann@example.org delivered',
      'mail bob@example.org delivered',
      'team  delivered',
    ])
  }
}

/** Each rule and channel that has to say what became of it. */
function expectedOf({ type, severity }: HubEvent): string[] {
  const rules = judge.rules.filter(({ on }) => on.some((pattern) => matches(pattern, type)))
  const wanted = rules.filter(({ where }) => where.every((one) => one.matches(severity)))
  return wanted.flatMap(({ name, to }) => to.map((channel) => `${name} ${channel}`)).toSorted()
}

function matches(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}
