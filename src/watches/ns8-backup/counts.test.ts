// How many runs have failed: random rows of runs, on schedule and by hand, one close behind the other, against a plain count.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plans, show, startNight, withStatuses, type Plan } from '../../../test/support/ns8-night.ts'
import type { JsonObject } from '../../words.ts'

const daily = onOneNode(plans['daily'] as Plan)
const ids = ['mail1', 'nextcloud1', 'samba1'] as const
const hour = 3600

interface Schedule {
  readonly calendar: string
  readonly everySeconds: number
}

interface RunPlan {
  /** By hand, so long after the run before; null: when it is due. */
  readonly afterSeconds: number | null
  /** Of each application, one after the other. */
  readonly tookSeconds: readonly number[]
  readonly errors: readonly number[]
  /** So many applications are done when the run is killed; absent: it is not. */
  readonly killedAfter?: number
}

interface End {
  readonly named: unknown
  readonly failed: number
}

/** Three of them are no more than a run may take before it is missed. */
const anySpan = fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 60, max: 2600 }))
const anyRun = fc.record({
  afterSeconds: fc.option(fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 60, max: 24 * hour }))),
  tookSeconds: fc.tuple(anySpan, anySpan, anySpan),
  errors: fc.tuple(...ids.map(() => fc.constantFrom(0, 0, 1))),
})
const anySchedule = fc.constantFrom<Schedule>(
  { calendar: '*-*-* 00:00:00', everySeconds: 24 * hour },
  { calendar: '*-*-* 00/4:00:00', everySeconds: 4 * hour },
  { calendar: 'hourly', everySeconds: hour },
)

test('an incident names just the runs that failed, however close they follow each other', () => {
  let [several, byHand] = [0, 0]
  fc.assert(
    fc.property(anySchedule, fc.array(anyRun, { minLength: 1, maxLength: 12 }), (schedule, runs) => {
      const ends = live(schedule, runs)
      for (const { named, failed } of ends) assert.equal(named, failed)
      several += ends.filter(({ failed }) => failed > 1).length
      byHand += runs.filter(({ afterSeconds }) => afterSeconds !== null).length
    }),
    { numRuns: 200 },
  )
  assert.ok(several > 50 && byHand > 50, `only ${several} incidents of several runs`)
})

test('where runs are killed as well, no more failed runs are named than there were', () => {
  let counted = 0
  const anyKilledRun = fc
    .tuple(anyRun, fc.option(fc.nat({ max: 2 }), { nil: ids.length, freq: 2 }))
    .map(([run, killedAfter]) => ({ ...run, killedAfter }))
  fc.assert(
    fc.property(anySchedule, fc.array(anyKilledRun, { minLength: 1, maxLength: 12 }), (schedule, runs) => {
      for (const { named, failed } of live(schedule, runs)) {
        assert.ok(Number(named) <= failed, `${String(named)} were named, ${failed} failed`)
        counted += 1
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(counted > 50, `only ${counted} incidents`)
})

/** Lives through the runs: how many failed ones each end of an incident names, and how many there were. */
function live({ calendar, everySeconds }: Schedule, runs: readonly RunPlan[]): End[] {
  const ends: End[] = []
  let now = Date.parse('2026-06-01T00:10:00Z') / 1000
  let [failed, heard] = [0, 0]
  const night = startNight(toIso(now))
  let plan = withStatuses(daily, Object.fromEntries(ids.map((id) => [id, toStatus(now - 500, now - 400, 0)])), {
    schedule: calendar,
  })
  const pass = (second: number): void => {
    now = second
    night.until(toIso(now))
    hear()
  }
  const hear = (): void => {
    for (const { condition, data } of night.events.slice(heard)) {
      if (condition?.key !== 'plan/1' || condition.state !== 'resolved') continue
      ends.push({ named: data['failedRuns'], failed })
      failed = 0
    }
    heard = night.events.length
  }
  show(night, plan)
  for (const { afterSeconds, tookSeconds, errors, killedAfter = ids.length } of runs) {
    const due = (Math.floor(now / everySeconds) + 1) * everySeconds
    const took = tookSeconds.reduce((sum, one) => sum + one, 0)
    // One that would still be on at the next due time waits for that instead.
    const isByHand = afterSeconds !== null && now + afterSeconds + took < due
    pass(isByHand ? now + afterSeconds : due + 2)
    let hasFailed = !isByHand && killedAfter < ids.length
    if (hasFailed) failed += 1
    for (const [index, id] of ids.slice(0, killedAfter).entries()) {
      const start = now
      pass(start + (tookSeconds[index] ?? 0))
      if (errors[index] !== 0 && !hasFailed) {
        hasFailed = true
        failed += 1
      }
      plan = withStatuses(plan, { [id]: toStatus(start, now, errors[index] ?? 0) })
      show(night, plan)
      hear()
    }
  }
  return ends
}

/** There one comes after the other. */
function onOneNode(plan: Plan): Plan {
  return { ...plan, modules: plan.modules.map((module) => ({ ...module, node: '1' })) }
}

function toStatus(start: number, end: number, errors: number): JsonObject {
  return { start, end, errors, node: '1' }
}

function toIso(second: number): string {
  return new Date(second * 1000).toISOString()
}
