// Verdicts and outcomes: each rule by itself, and for whatever a cluster may hold: never a success that is none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../words.ts'
import { correlate, type Circumstances, type Judgement } from './correlate.ts'
import { readHealth, readPlan, type PlanSnapshot } from './facts.ts'
import { options as schema } from './options.ts'
import { readSchedule, toWindow, type RunWindow } from './window.ts'

const options = schema.parse({})
const due = Date.UTC(2026, 5, 1, 1)
const minute = 60_000
const hour = 60 * minute
const noLengths = { plan: [], first: {} }

/** Seconds, `minutes` after the due time. */
function after(minutes: number): number {
  return (due + minutes * minute) / 1000
}

function run(from: number, until: number, errors = 0): JsonObject {
  return { start: after(from), end: after(until), errors, node: '1' }
}

const yesterday = run(-1440, -1400)

/** A plan of applications a1, b1, c1 … on node 1, each with this status; `null` has none. */
function planOf(statuses: readonly (Json | null)[], fields: JsonObject = {}): PlanSnapshot {
  const modules = statuses.map((status, index) => {
    const id = `${String.fromCharCode(97 + index)}1`
    return status === null ? { id, node: '1' } : { id, node: '1', status }
  })
  return readPlan({
    state: 'read',
    era: 'B',
    plan: { name: 'Nightly', enabled: true, schedule: '*-*-* 01:00:00', ...fields },
    modules,
    nodes: { 1: { zone: 'UTC' } },
  })
}

function windowOf(snapshot: PlanSnapshot): RunWindow {
  const schedule = readSchedule(snapshot, 'UTC')
  assert.ok(!('error' in schedule))
  return toWindow(schedule, due, noLengths, options)
}

function judge(snapshot: PlanSnapshot, changed: Partial<Circumstances> = {}): Judgement {
  return correlate({
    snapshot,
    ...(snapshot.state === 'read' ? { window: windowOf(snapshot) } : {}),
    now: due + 5 * hour,
    alertFiring: false,
    health: {},
    past: {},
    ...changed,
  })
}

function told({ outcome, modules }: Judgement): string {
  return `${outcome}: ${modules.map(({ verdict }) => verdict).join(' ')}`
}

const early = { now: due + 90 * minute }
const good = run(0, 10)
const failed = run(0, 10, 1)
const broken = readHealth({ state: 'UNREACHABLE' }, due)
const answers = readHealth({ state: 'STALE', newest: due - hour }, due)
const saved = readHealth({ state: 'OK', newest: due + minute }, due)

test('each application has a verdict, and the first outcome that fits is that of the run', () => {
  const cases: readonly (readonly [Judgement, string])[] = [
    [judge(planOf([good, good])), 'SUCCESS: OK OK'],
    [judge(planOf([good, failed])), 'PARTIAL: OK FAILED'],
    [judge(planOf([good, run(0, 10, 7)])), 'PARTIAL: OK FAILED'],
    [judge(planOf([failed, failed])), 'FAILED: FAILED FAILED'],
    [judge(planOf([failed, failed]), { health: { a1: broken, b1: broken } }), 'REPO_FAILURE: FAILED FAILED'],
    [judge(planOf([failed, yesterday]), { health: { a1: broken } }), 'REPO_FAILURE: FAILED STALE'],
    [judge(planOf([failed, failed]), { health: { a1: broken, b1: answers } }), 'FAILED: FAILED FAILED'],
    [judge(planOf([good, failed]), { health: { b1: broken } }), 'PARTIAL: OK FAILED'],
    [judge(planOf([good, failed]), { health: { b1: saved } }), 'DEGRADED: OK DEGRADED'],
    [judge(planOf([yesterday, failed]), { health: { b1: saved } }), 'PARTIAL: STALE DEGRADED'],
    [judge(planOf([yesterday, yesterday])), 'MISSED: STALE STALE'],
    [judge(planOf([yesterday, null])), 'MISSED: STALE NEVER_RUN'],
    [judge(planOf([good, null])), 'PARTIAL: OK NEVER_RUN'],
    [judge(planOf([good, yesterday]), early), 'PENDING: OK PENDING'],
    [judge(planOf([failed, null]), early), 'PENDING: FAILED PENDING'],
    [judge(planOf([{ raw: '{"start": 17802' }, good])), 'PARTIAL: UNREADABLE OK'],
    [judge(planOf([{ raw: '' }])), 'FAILED: UNREADABLE'],
    [judge(planOf([])), 'EMPTY_PLAN: '],
    [judge(planOf([yesterday], { enabled: false })), 'DISABLED: STALE'],
    [judge(readPlan({ state: 'gone', modules: [] })), 'UNKNOWN_PLAN: '],
    [judge(readPlan({ state: 'unreadable', modules: [] })), 'UNKNOWN: '],
  ]
  assert.deepEqual(
    cases.map(([judgement]) => told(judgement)),
    cases.map(([, expected]) => expected),
  )
})

test('a run that is on tells the worst that is certain', () => {
  const soFar = (statuses: readonly (Json | null)[], changed: Partial<Circumstances> = {}) =>
    judge(planOf(statuses), { ...early, ...changed }).soFar
  assert.equal(soFar([failed, null]), 'PARTIAL')
  assert.equal(soFar([failed, null], { health: { a1: saved } }), 'DEGRADED')
  assert.equal(soFar([good, null]), 'PENDING')
  assert.equal(soFar([good, null], { alertFiring: true }), 'PARTIAL')
})

test('a run counts from a minute before it was due', () => {
  assert.equal(told(judge(planOf([run(-1, 5)]))), 'SUCCESS: OK')
  assert.equal(told(judge(planOf([run(-1.1, 5)]))), 'MISSED: STALE')
})

test('times that cannot be are no status', () => {
  const now = due + 5 * hour
  const verdict = (start: number, end: number) => judge(planOf([{ start, end, errors: 0 }])).modules[0]?.verdict
  assert.equal(verdict(after(10), after(9)), 'UNREADABLE')
  assert.equal(verdict(after(10), now / 1000 + 300), 'OK')
  assert.equal(verdict(after(10), now / 1000 + 301), 'UNREADABLE')
})

test('data counts as saved only by a snapshot of this very run', () => {
  const at = (newest: number) =>
    judge(planOf([failed]), { health: { a1: readHealth({ state: 'OK', newest }, due) } }).outcome
  assert.equal(at(due), 'DEGRADED')
  assert.equal(at(due - 1), 'FAILED')
})

test('an application that joined after the due time waits, and holds back only a success', () => {
  const late = { past: { b1: { since: due + hour } } }
  assert.equal(told(judge(planOf([good, null]), late)), 'PENDING: OK PENDING')
  assert.equal(told(judge(planOf([failed, null]), late)), 'FAILED: FAILED PENDING')
  assert.equal(told(judge(planOf([failed, null]), { past: { b1: { since: due - hour } } })), 'FAILED: FAILED NEVER_RUN')
})

test('a node that has not started is late before the deadline once another has, or when all are', () => {
  const snapshot = readPlan({
    state: 'read',
    plan: { name: '', enabled: true, schedule: '*-*-* 01:00:00' },
    modules: [
      { id: 'a1', node: '1', status: yesterday },
      { id: 'b1', node: '2', status: yesterday },
    ],
    nodes: {},
  })
  const lengths = { plan: [7200], first: { 1: [3600], 2: [60] } }
  const schedule = readSchedule(snapshot, 'UTC')
  assert.ok(!('error' in schedule))
  const window = toWindow(schedule, due, lengths, options)
  const at = (minutes: number, started = snapshot) => told(judge(started, { window, now: due + minutes * minute }))
  assert.equal(at(100), 'PENDING: PENDING PENDING', 'node 2 is late, but nobody has started yet')
  assert.equal(at(135), 'PENDING: PENDING PENDING')
  assert.equal(at(135.1), 'MISSED: STALE STALE')
  const started: PlanSnapshot = {
    ...snapshot,
    modules: snapshot.modules.map((module) =>
      module.id === 'a1' ? { ...module, status: { start: after(0), end: after(60), errors: 0 } } : module,
    ),
  }
  assert.equal(at(76, started), 'PENDING: OK PENDING')
  assert.equal(at(76.1, started), 'PARTIAL: OK STALE')
})

test('an application without a good backup in two runs is overdue', () => {
  const overdue = (lastGoodAt: number) => judge(planOf([failed]), { past: { a1: { lastGoodAt } } }).modules[0]?.overdue
  assert.equal(overdue(due - 23 * hour), false)
  assert.equal(overdue(due - 25 * hour), true)
  assert.equal(judge(planOf([failed]), { past: { a1: { since: due - 50 * hour } } }).modules[0]?.overdue, true)
})

const anyCount = fc.oneof(
  fc.integer({ min: -10, max: 3e9 }),
  fc.constantFrom(after(-1440), after(0), after(30), after(299)),
)
const anyStatus: fc.Arbitrary<Json> = fc.oneof(
  fc.record({ start: anyCount, end: anyCount, errors: fc.constantFrom(0, 0, 0, 1, 2) }),
  fc.constantFrom<Json>(good, good, good, failed, yesterday, { raw: 'x' }),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
)
const anyModule = fc.record(
  {
    id: fc.oneof(
      fc.constantFrom('mail1', 'nextcloud1', 'samba1', '__proto__', 'constructor'),
      fc.string({ maxLength: 6 }),
    ),
    node: fc.constantFrom<Json>('1', '1', '2', '3', null),
    status: anyStatus,
  },
  { requiredKeys: ['id', 'node'] },
)
const anyHealth = fc.dictionary(
  fc.constantFrom('mail1', 'nextcloud1', 'samba1'),
  fc.record({
    state: fc.constantFrom('OK', 'STALE', 'UNREACHABLE', 'UNKNOWN'),
    newest: fc.constantFrom(due - hour, due, due + hour),
  }),
)
/** All but good, so that a success is not a rare thing. */
const almostGood = fc.record({
  id: fc.constantFrom('mail1', 'nextcloud1', 'samba1', 'webtop1'),
  node: fc.constantFrom<Json>('1', '1', '1', '2'),
  status: fc.constantFrom<Json>(good, good, good, good, good, good, failed, yesterday, null),
})
const anyCase = fc.record({
  modules: fc.oneof(fc.array(anyModule, { maxLength: 6 }), fc.array(almostGood, { minLength: 1, maxLength: 4 })),
  enabled: fc.constantFrom(true, true, true, false),
  minutes: fc.integer({ min: 0, max: 1440 }),
  again: fc.option(fc.integer({ min: 0, max: 600 }), { nil: undefined }),
  starts: fc.dictionary(
    fc.constantFrom('mail1', 'nextcloud1'),
    fc.integer({ min: due / 1000 - 3600, max: due / 1000 + 3600 }),
  ),
  since: fc.dictionary(fc.constantFrom('mail1', 'samba1'), fc.integer({ min: due - 2 * hour, max: due + 2 * hour })),
  health: anyHealth,
  alertFiring: fc.boolean(),
})

function toCircumstances(
  given: typeof anyCase extends fc.Arbitrary<infer Case> ? Case : never,
  era: string,
): Circumstances {
  const snapshot = readPlan({
    state: 'read',
    era,
    plan: { name: 'x', enabled: given.enabled, schedule: '*-*-* 01:00:00' },
    modules: given.modules as unknown as Json,
    nodes: { 1: { zone: 'UTC' }, 2: { zone: 'Europe/Rome' } },
  })
  const window = windowOf(snapshot)
  return {
    snapshot,
    window:
      given.again === undefined
        ? window
        : { ...window, again: { since: due + given.again * minute, until: due + 12 * hour, starts: given.starts } },
    now: due + given.minutes * minute,
    alertFiring: given.alertFiring,
    health: Object.fromEntries(Object.entries(given.health).map(([id, one]) => [id, readHealth(one, due)])),
    past: Object.fromEntries(Object.entries(given.since).map(([id, since]) => [id, { since }])),
  }
}

test('it is never a success while a live application is not fresh and good', () => {
  let successes = 0
  fc.assert(
    fc.property(anyCase, (given) => {
      const circumstances = toCircumstances(given, 'B')
      const { outcome } = correlate(circumstances)
      if (outcome !== 'SUCCESS') return
      successes += 1
      const live = circumstances.snapshot.modules.filter(({ node }) => node !== null)
      assert.ok(live.length > 0)
      for (const { status } of live) {
        assert.ok(status !== undefined && 'start' in status)
        assert.equal(status.errors, 0)
        // Rome is ahead, so there it may have been due an hour or two before.
        assert.ok(status.start * 1000 >= due - minute - 2 * hour)
        assert.ok(status.end >= status.start && status.end * 1000 <= circumstances.now + 300_000)
      }
    }),
    { numRuns: 3000 },
  )
  assert.ok(successes > 100, `only ${successes} were a success at all`)
})

test('how the cluster keeps its statuses makes no difference', () => {
  fc.assert(
    fc.property(anyCase, (given) => {
      assert.deepEqual(correlate(toCircumstances(given, 'A')), correlate(toCircumstances(given, 'B')))
    }),
  )
})

test('whatever a snapshot holds, there is an outcome', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom('state', 'plan', 'modules', 'nodes', 'destination'),
        fc.jsonValue() as fc.Arbitrary<Json>,
      ),
      fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<Json>),
      fc.double(),
      (data, found, now) => {
        const health = Object.fromEntries(['mail1', '__proto__'].map((id) => [id, readHealth(found, due)]))
        const { outcome } = correlate({ snapshot: readPlan(data), now, alertFiring: false, health, past: {} })
        assert.match(outcome, /^[A-Z_]+$/)
      },
    ),
  )
})
