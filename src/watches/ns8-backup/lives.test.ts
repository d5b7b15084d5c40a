// Random lives of a plan: whatever happens, incidents begin and end in order, looks are few, and a good run ends it all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HubEvent, Json, JsonObject } from '../../words.ts'
import {
  alerts,
  plans,
  repositories,
  startNight,
  withStatuses,
  type Answer,
  type Night,
  type Plan,
} from '../../../test/support/ns8-night.ts'

const daily = plans['daily'] as Plan
const ids = ['mail1', 'nextcloud1', 'samba1'] as const
const hour = 3_600_000

type Deed =
  | { readonly kind: 'run'; readonly module: (typeof ids)[number]; readonly minutes: number; readonly errors: number }
  | {
      readonly kind: 'alert'
      readonly name: 'daily' | 'missing'
      readonly status: 'firing' | 'resolved'
      readonly again: boolean
    }
  | { readonly kind: 'redis'; readonly answer: 'read' | 'unreadable' | 'silent' }
  | {
      readonly kind: 'repository'
      readonly module: (typeof ids)[number]
      readonly found: string
      readonly seen: boolean
    }
  | { readonly kind: 'plan'; readonly fields: JsonObject }
  | { readonly kind: 'garbage'; readonly module: (typeof ids)[number]; readonly status: Json }
  | { readonly kind: 'away'; readonly hours: number }

const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      module: fc.constantFrom(...ids),
      minutes: fc.integer({ min: 1, max: 200 }),
      errors: fc.constantFrom(0, 0, 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('alert' as const),
      name: fc.constantFrom('daily' as const, 'missing' as const),
      status: fc.constantFrom('firing' as const, 'resolved' as const),
      again: fc.boolean(),
    }),
  },
  fc.record({
    kind: fc.constant('redis' as const),
    answer: fc.constantFrom('read' as const, 'read' as const, 'unreadable' as const, 'silent' as const),
  }),
  fc.record({
    kind: fc.constant('repository' as const),
    module: fc.constantFrom(...ids),
    found: fc.constantFrom(...Object.keys(repositories)),
    seen: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('plan' as const),
    fields: fc.constantFrom<JsonObject>(
      { enabled: false },
      { enabled: true },
      { schedule: '*-*-* 09:00:00' },
      { schedule: 'hourly' },
      { schedule: 'never' },
      { schedule: 'Sun *-*-* 03:00:00' },
    ),
  }),
  fc.record({
    kind: fc.constant('garbage' as const),
    module: fc.constantFrom(...ids),
    status: fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<Json>,
  }),
  fc.record({ kind: fc.constant('away' as const), hours: fc.integer({ min: 1, max: 60 }) }),
)

/** A plan with its deeds behind it, and Redis as it is. */
class Life {
  readonly night: Night
  #plan = withStatuses(daily, {})
  #answer: 'read' | 'unreadable' | 'silent' = 'read'
  #alerts = 0

  constructor(options: { readonly [name: string]: Json }) {
    this.night = startNight('2026-06-01T00:30:00Z', options)
    this.#show()
  }

  pass(minutes: number): void {
    this.night.until(new Date(this.night.now() + minutes * 60_000).toISOString())
  }

  do(deed: Deed): void {
    const { night } = this
    switch (deed.kind) {
      case 'run': {
        const end = Math.floor(night.now() / 1000)
        this.#put({
          [deed.module]: {
            start: end - deed.minutes * 60,
            end,
            errors: deed.errors,
            totalSize: 1e9,
            totalFiles: 5,
            node: '1',
          },
        })
        return
      }
      case 'garbage':
        return this.#put({ [deed.module]: deed.status })
      case 'plan':
        return this.#put({}, deed.fields)
      case 'alert': {
        if (deed.again) this.#alerts += 1
        const startsAt = new Date(Date.parse('2026-06-01T00:00:00Z') + this.#alerts * 60_000).toISOString()
        return night.alert('1', { ...alerts[deed.name], status: deed.status, startsAt })
      }
      case 'redis':
        this.#answer = deed.answer
        return this.#show()
      case 'repository':
        night.repositories.set(`1/${deed.module}`, repositories[deed.found] ?? 'silent')
        if (deed.seen) night.fact('backup.repository', `1/${deed.module}`, repositories[deed.found] ?? {})
        return
      case 'away':
        return night.wake(new Date(night.now() + deed.hours * hour).toISOString())
    }
  }

  /** All is well again: Redis answers, no alert is left, a run by hand goes well from end to end. */
  heal(): void {
    this.do({ kind: 'redis', answer: 'read' })
    this.do({ kind: 'plan', fields: { enabled: true, schedule: '*-*-* 09:00:00' } })
    for (const name of ['daily', 'missing'])
      this.night.alert('1', { ...alerts[name], status: 'resolved', startsAt: '2026-06-01T00:00:00.000Z' })
    for (const id of ids) this.do({ kind: 'repository', module: id, found: 'yesterday', seen: false })
    // What was begun before is over by then, and what is due at nine has been missed.
    const noon = (Math.floor(this.night.now() / 86_400_000) + 2.5) * 86_400_000
    this.night.until(new Date(noon).toISOString())
    const from = Math.floor(this.night.now() / 1000)
    this.pass(30)
    const status = { start: from + 60, end: from + 1700, errors: 0, totalSize: 1e9, totalFiles: 5, node: '1' }
    this.#put(Object.fromEntries(ids.map((id) => [id, status])))
    for (const id of ids)
      this.night.fact('backup.repository', `1/${id}`, { ...repositories['ok'], newest: (from + 60) * 1000 })
    this.pass(20)
  }

  #put(statuses: { readonly [module: string]: Json }, fields: JsonObject = {}): void {
    this.#plan = withStatuses(this.#plan, statuses, fields)
    this.#show()
  }

  #show(): void {
    const shown: Answer =
      this.#answer === 'read'
        ? this.#plan
        : this.#answer === 'silent'
          ? 'silent'
          : { state: 'unreadable', modules: [], nodes: {} }
    this.night.cluster.set('1', shown)
    if (shown !== 'silent') this.night.see('1')
  }
}

/** Conditions that are open after these events; each begins before it changes or ends. */
function openConditions(events: readonly HubEvent[]): Set<string> {
  const open = new Map<string, string>()
  for (const { condition, type, title } of events) {
    if (condition === undefined) continue
    const before = open.get(condition.key)
    if (condition.state === 'firing') {
      assert.ok(before === undefined || before === type, `${title}: an incident keeps its type`)
      open.set(condition.key, type)
    } else assert.equal(before, type, `${title}: ${condition.state} without a beginning of this type`)
    if (condition.state === 'resolved') open.delete(condition.key)
  }
  return new Set(open.keys())
}

const anyLife = fc.record({
  deeds: fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), anyDeed), { minLength: 1, maxLength: 40 }),
  probe: fc.constantFrom<Json>({}, {}, false),
})

test('in whatever happens, incidents begin, change and end in order, and looks and words stay few', () => {
  let incidents = 0
  fc.assert(
    fc.property(anyLife, ({ deeds, probe }) => {
      const life = new Life({ probe })
      const from = life.night.now()
      for (const [minutes, deed] of deeds) {
        life.pass(minutes)
        life.do(deed)
      }
      life.pass(600)
      const { night } = life
      incidents += openConditions(night.events).size
      const hours = (night.now() - from) / hour
      // One a minute while a run is on and bad, and a handful for each deed.
      assert.ok(night.looks.length <= 61 * hours + 20 * deeds.length, `${night.looks.length} looks in ${hours} h`)
      assert.ok(night.events.length <= 2 * hours + 12 * deeds.length, `${night.events.length} events in ${hours} h`)
      assert.ok(JSON.stringify(night.state('1')).length < 20_000)
      for (const [key, { at }] of night.timers) assert.ok(at > night.now(), `${key} is overdue`)
    }),
    { numRuns: 120 },
  )
  assert.ok(incidents > 20, `only ${incidents} incidents`)
})

test('whatever happened before, a good run started by hand ends every incident', () => {
  fc.assert(
    fc.property(anyLife, ({ deeds, probe }) => {
      const life = new Life({ probe })
      for (const [minutes, deed] of deeds) {
        life.pass(minutes)
        life.do(deed)
      }
      life.heal()
      assert.deepEqual([...openConditions(life.night.events)], [])
    }),
    { numRuns: 120 },
  )
})
