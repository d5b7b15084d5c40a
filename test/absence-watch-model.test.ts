// Random lives of hosts against a small model: who is silent is told in time, singly or as all, and nobody else ever is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HubEvent, JsonObject } from '../src/words.ts'
import { HeartbeatHouse } from './support/heartbeat-house.ts'
import { assemblePresence, goodbye, sample } from './support/presence-house.ts'

const second = 1000
const minute = 60 * second

const options: JsonObject = { hosts: { laptop: { expected: 'roaming' } } }
const hosts = ['nas', 'pi4', 'web', 'laptop'] as const
type Host = (typeof hosts)[number]
const everyMs: { readonly [host in Host]: number } = {
  nas: minute,
  pi4: minute,
  web: 3 * minute,
  laptop: minute,
}
const bootAllowanceMs = 10 * minute
const missed = 3
/** Beside the wait itself: finding out whether all are silent, waiting for who comes back, once more after an absence. */
const patienceMs = 20 * minute

const someHosts = fc.subarray([...hosts], { minLength: 1 })
const host = fc.constantFrom(...hosts)

type Action =
  /** These hosts send at their pace for so long, and nobody else does. */
  | { readonly do: 'live'; readonly who: readonly Host[]; readonly minutes: number }
  | { readonly do: 'away' | 'step'; readonly seconds: number }
  | { readonly do: 'reboot'; readonly who: Host; readonly goodbye: boolean; readonly minutes: number }
  /** What was sampled before, in the boot of then. */
  | { readonly do: 'backlog'; readonly who: Host; readonly ago: number }
  | { readonly do: 'forget'; readonly who: Host }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('live' as const),
      who: someHosts,
      minutes: fc.constantFrom(1, 2, 3, 5, 8, 40),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'live' as const, who: [...hosts], minutes: 4 }) },
  { weight: 3, arbitrary: fc.constant({ do: 'live' as const, who: [], minutes: 40 }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('away' as const), seconds: fc.constantFrom(5, 50, 200, 9000) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('step' as const), seconds: fc.constantFrom(-7200, -20, 20, 7200) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('reboot' as const),
      who: host,
      goodbye: fc.boolean(),
      minutes: fc.constantFrom(0, 2, 6, 25),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('backlog' as const), who: host, ago: fc.constantFrom(0, 1, 3, 20) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), who: host }) },
)

/** What is true of a host; times are elapsed ones, whatever the clocks say. */
interface Truth {
  boot: number
  /** Of all its samples, with the time on the wall that they name. */
  readonly samples: { readonly at: number; readonly wallAt: number; readonly boot: number }[]
  heardAt?: number
  goodbyeAt?: number
}

class World {
  readonly truth = new Map<Host, Truth>(hosts.map((name) => [name, { boot: 1, samples: [] }]))
  readonly open = new Set<string>()
  /** Boots that were told, and those that were to be told, as `nas 2`. */
  readonly told: string[] = []
  readonly booted: string[] = []
  conflicts = 0
  skewMs = 0
  listensSince: number
  /** When it was last told that somebody is heard again. */
  seesSince = 0
  readonly house: HeartbeatHouse
  #seen = 0

  constructor(house: HeartbeatHouse) {
    this.house = house
    this.listensSince = this.elapsed()
  }

  elapsed(): number {
    return this.house.now() - this.skewMs
  }

  of(name: Host): Truth {
    const found = this.truth.get(name)
    if (found === undefined) throw new Error(name)
    return found
  }

  async send(name: Host, past?: Truth['samples'][number]): Promise<void> {
    const truth = this.of(name)
    const now = this.elapsed()
    const boot = past?.boot ?? truth.boot
    if (past === undefined && truth.heardAt !== undefined && truth.samples.at(-1)?.boot !== boot) {
      this.booted.push(`${name} ${boot}`)
    }
    if (past === undefined) truth.samples.push({ at: now, wallAt: this.house.now(), boot })
    truth.heardAt = now
    if (past === undefined && truth.samples.at(-2)?.boot !== boot) delete truth.goodbyeAt
    const more = { bootId: `${name} ${boot}`, machineId: name, everySeconds: everyMs[name] / second }
    await this.house.observe('agents', [sample(name, more, past?.wallAt)])
    await this.look()
    assert.ok(!this.open.has(name), `${name} was heard and is still said to be silent`)
    assert.ok(!this.open.has('*'), `${name} was heard and I am still said to be blind`)
  }

  async look(): Promise<void> {
    const events = await this.house.store.events({ afterSeq: this.#seen, limit: 10_000, ascending: true })
    for (const event of events) {
      this.#seen = event.seq
      if (event.type === 'host.booted') this.told.push(event.data['bootId'] as string)
      if (event.type === 'host.conflict') this.conflicts += 1
      if (event.type === 'host.silent') this.#noteSilence(event)
    }
    this.#checkAwaited()
  }

  #noteSilence({ condition, receivedAt }: HubEvent): void {
    const key = condition?.key ?? ''
    const at = receivedAt - this.skewMs
    if (condition?.state === 'resolved') {
      if (key === '*') this.seesSince = at
      assert.ok(this.open.delete(key), `the end of ${key} was told without a beginning`)
      return
    }
    assert.ok(!this.open.has(key), `${key} was told twice`)
    this.open.add(key)
    const who = key === '*' ? hosts.filter((name) => this.of(name).heardAt !== undefined) : [key as Host]
    for (const name of who) this.#checkSilent(name, key, at)
  }

  /** Told as silent: then it has been so, and we have listened. */
  #checkSilent(name: Host, key: string, at: number): void {
    const { heardAt = at, goodbyeAt } = this.of(name)
    const leastMs = key === '*' ? everyMs[name] : missed * everyMs[name]
    assert.ok(at - heardAt >= leastMs, `${key}: ${name} was heard ${at - heardAt} ms before`)
    assert.ok(at - this.listensSince >= everyMs[name], `${key}: we listened for ${at - this.listensSince} ms only`)
    if (key === '*') return
    assert.notEqual(name, 'laptop')
    if (goodbyeAt !== undefined) assert.ok(at - goodbyeAt >= bootAllowanceMs, `${name} may be rebooting`)
  }

  /** Who has been silent for long while we listened has been told of, by its own name or with all. */
  #checkAwaited(): void {
    const now = this.elapsed()
    for (const name of hosts) {
      const { heardAt, goodbyeAt = 0 } = this.of(name)
      if (heardAt === undefined || name === 'laptop') continue
      const since = Math.max(heardAt, this.listensSince, goodbyeAt, this.seesSince)
      if (now - since <= 2 * Math.max(missed * everyMs[name], bootAllowanceMs) + patienceMs) continue
      assert.ok(this.open.has(name) || this.open.has('*'), `${name} has been silent for long and was not told of`)
    }
  }
}

async function act(world: World, one: Action): Promise<void> {
  const { house } = world
  switch (one.do) {
    case 'live':
      for (let count = 0; count < one.minutes; count += 1) {
        for (const name of one.who) if (count % (everyMs[name] / minute) === 0) await world.send(name)
        await house.pass(minute)
        await world.look()
      }
      return
    case 'away':
      await house.away(one.seconds * second)
      world.listensSince = world.elapsed()
      return world.look()
    case 'step':
      world.skewMs += one.seconds * second
      await house.stepClock(one.seconds * second)
      return world.look()
    case 'reboot':
      await reboot(world, one)
      return
    case 'backlog': {
      const past = world.of(one.who).samples.at(-1 - one.ago)
      if (past !== undefined) await world.send(one.who, past)
      return
    }
    case 'forget': {
      await house.command({ name: 'forget-host', host: one.who })
      const truth = world.of(one.who)
      delete truth.heardAt
      delete truth.goodbyeAt
      truth.samples.length = 0
      return world.look()
    }
  }
}

async function reboot(
  world: World,
  { who, goodbye: says, minutes }: Extract<Action, { readonly do: 'reboot' }>,
): Promise<void> {
  const truth = world.of(who)
  if (says) {
    await world.house.observe('agents', [goodbye(who)])
    truth.goodbyeAt = world.elapsed()
  }
  for (let count = 0; count < minutes; count += 1) {
    await world.house.pass(minute)
    await world.look()
  }
  truth.boot += 1
  await world.send(who)
}

/** With clocks that were set back, what came later may name an earlier time: then no order of boots can be known. */
function stepsBack(life: readonly Action[]): boolean {
  return life.some((one) => one.do === 'step' && one.seconds < 0)
}

test('whoever is silent is told in time, and nobody else; every boot is told once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 25 }), async (life) => {
      await using house = await HeartbeatHouse.open(await assemblePresence(options), '2026-11-20T03:00:00Z')
      const world = new World(house)
      for (const one of life) await act(world, one)
      await act(world, { do: 'live', who: [...hosts], minutes: 4 })
      assert.deepEqual([...world.open], [])
      assert.deepEqual(house.failures, [])
      if (stepsBack(life)) return
      assert.deepEqual(world.told, world.booted)
      assert.equal(world.conflicts, 0, 'one machine was taken for two')
    }),
    {
      numRuns: Number(process.env['RUNS'] ?? 60),
      ...(process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }),
    },
  )
})
