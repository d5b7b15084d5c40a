// Random lives of hosts against a small model that looks at the whole past: a condition is open when the model says so, and only then.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject, NewEvent } from '../../words.ts'
import { SendingHost } from './host-for-tests.ts'

const minute = 60_000
const hosts = ['pi4', 'web 1']
const mounts = ['/', '/data']
const severities = ['warning', 'error', 'critical'] as const

interface ModelLevel {
  readonly above: number
  readonly clear: number
  readonly forMinutes: number
  readonly samples: number
  readonly severity: (typeof severities)[number]
}

type Action =
  | {
      readonly do: 'send'
      readonly host: string
      readonly values: readonly (number | undefined)[]
      readonly ageMinutes: number
    }
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'reload'; readonly levels: readonly ModelLevel[] }

/** What a host sent that counts. */
interface Sample {
  readonly at: number
  readonly values: readonly (number | undefined)[]
  readonly levels: readonly ModelLevel[]
}

const level: fc.Arbitrary<ModelLevel> = fc
  .record({
    above: fc.constantFrom(80, 85, 90, 95),
    down: fc.constantFrom(0, 0, 3, 10),
    wait: fc.constantFrom(
      { forMinutes: 0, samples: 1 },
      { forMinutes: 0, samples: 1 },
      { forMinutes: 3, samples: 1 },
      { forMinutes: 0, samples: 3 },
    ),
    severity: fc.constantFrom(...severities),
  })
  .map(({ above, down, wait, severity }) => ({ above, clear: above - down, ...wait, severity }))
const levels = fc.uniqueArray(level, { maxLength: 3, selector: ({ above }) => above })

/** Near the limits, or far below. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(70, 79, 80, 81, 83, 85, 86, 89, 90, 91, 95, 96, 99) },
  { weight: 1, arbitrary: fc.constantFrom(undefined, 1e308, -1e308) },
)
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      host: fc.constantFrom(hosts[0] ?? '', ...hosts),
      values: fc.tuple(...mounts.map(() => value)),
      ageMinutes: fc.oneof(
        { weight: 12, arbitrary: fc.constant(0) },
        { weight: 3, arbitrary: fc.constantFrom(1, 2, 5, 6, 600, -3) },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 3, 4, 5, 30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const), levels }) },
)

test('open is what the whole past says is over its limit, told at its beginning, its change and its end', () => {
  fc.assert(
    fc.property(levels, fc.array(action, { minLength: 5, maxLength: 70 }), (first, actions) => {
      const house = new SendingHost(toOptions(first))
      const pasts = new Map<string, Sample[]>(hosts.map((host) => [host, []]))
      const open = new Map<string, string>()
      let now: readonly ModelLevel[] = first
      for (const one of actions) {
        if (one.do === 'wait') house.pass(one.minutes)
        else if (one.do === 'reload') house.reload(toOptions((now = one.levels)))
        else {
          const { host, values, ageMinutes } = one
          const past = pasts.get(host) ?? []
          const at = house.now - ageMinutes * minute
          if (ageMinutes <= 5 && at > (past.at(-1)?.at ?? -Infinity)) past.push({ at, values, levels: now })
          house.send(toMetrics(values), { host, lateBy: ageMinutes, everySeconds: 60 })
        }
        follow(open, house.events.splice(0))
        for (const [host, past] of pasts) check(host, past, open)
      }
      house.reload(toOptions([]))
      for (const host of hosts) house.send({ other: 1 }, { host })
      house.pass(10)
      for (const host of hosts) house.send({ other: 1 }, { host })
      follow(open, house.events.splice(0))
      assert.deepEqual([...open], [], 'each ends')
    }),
    { numRuns: 400 },
  )
})

/** Each begins when it is not open, and changes and ends when it is. */
function follow(open: Map<string, string>, events: readonly NewEvent[]): void {
  const seen = new Set<string>()
  for (const { condition, severity = '' } of events) {
    const { key = '', state } = condition ?? {}
    assert.ok(!seen.has(key), `${key} is told once of a sample`)
    seen.add(key)
    assert.equal(open.has(key), state !== 'firing', `${key} is ${state}`)
    if (state === 'resolved') open.delete(key)
    else open.set(key, severity)
  }
}

function check(host: string, past: readonly Sample[], open: ReadonlyMap<string, string>): void {
  for (const [index, mount] of mounts.entries()) {
    const key = `${host.replace(' ', '%20')} disk_percent ${mount}`
    assert.equal(open.get(key), severityAt(past, index, past.length - 1), `${key} after ${past.length} samples`)
  }
}

/** The worst level that is active after sample `n`. */
function severityAt(past: readonly Sample[], mount: number, n: number): string | undefined {
  const known = new Map<string, boolean>()
  return worstAt(n)?.severity

  function worstAt(k: number): ModelLevel | undefined {
    const { levels: given = [], values = [] } = past[k] ?? {}
    if (given.length === 0) return undefined
    // Without a value there is nothing to judge by: it stays as it was.
    if (values[mount] === undefined) return worstAt(k - 1)
    return sorted(given).findLast((one) => isActive(one, k))
  }

  /** The last sample before that said something; -1: none, or nobody watched since. */
  function lastBefore(k: number): number {
    const before = past[k - 1]
    if (before === undefined || before.levels.length === 0) return -1
    return before.values[mount] === undefined ? lastBefore(k - 1) : k - 1
  }

  function isActive(one: ModelLevel, k: number): boolean {
    const name = `${one.above} ${k}`
    const found = known.get(name) ?? begins(one, k) ?? goesOn(one, k)
    known.set(name, found)
    return found
  }

  /** It was active, and has not come back as far as it has to. */
  function goesOn(one: ModelLevel, k: number): boolean {
    const last = lastBefore(k)
    const before = past[last]?.levels.find(({ above }) => above === one.above)
    return before !== undefined && isActive(before, last) && (past[k]?.values[mount] ?? 0) > one.clear
  }

  function begins(one: ModelLevel, k: number): true | undefined {
    const { values = [], levels: given = [] } = past[k] ?? {}
    if (!isOver(values[mount], one)) return undefined
    if (isLongEnough(one, k)) return true
    const worse = sorted(given).slice(sorted(given).indexOf(one) + 1)
    if (worse.some((other) => isActive(other, k))) return true
    const was = worstAt(k - 1)
    const isLost = was !== undefined && !given.some(({ above }) => above === was.above)
    const mildest = isLost
      ? sorted(given).filter((other) => isOver(values[mount], other) && rank(other) <= rank(was))
      : []
    return mildest.includes(one) || undefined
  }

  /** Passed in every sample for long enough, without a gap. */
  function isLongEnough({ above, forMinutes, samples }: ModelLevel, k: number): boolean {
    let from = k
    while (from > 0 && !isGap(from) && isPassed(past[from - 1], above)) from -= 1
    return (past[k]?.at ?? 0) - (past[from]?.at ?? 0) >= forMinutes * minute && k - from + 1 >= samples
  }

  function isPassed(sample: Sample | undefined, above: number): boolean {
    return sample?.levels.some((one) => one.above === above && isOver(sample.values[mount], one)) === true
  }

  function isGap(k: number): boolean {
    return (past[k]?.at ?? 0) - (past[k - 1]?.at ?? 0) > 5 * minute
  }
}

function isOver(said: number | undefined, { above }: ModelLevel): boolean {
  return said !== undefined && said > above
}

function sorted(given: readonly ModelLevel[]): readonly ModelLevel[] {
  return given.toSorted((one, other) => rank(one) - rank(other))
}

function rank({ severity }: ModelLevel): number {
  return severities.indexOf(severity)
}

function toOptions(given: readonly ModelLevel[]): JsonObject {
  const list = given.map(({ above, clear, forMinutes, samples, severity }) => ({
    above,
    clear,
    severity,
    ...(forMinutes > 0 ? { for: `${forMinutes}m` } : { samples }),
  }))
  return { limits: { disk_percent: list } }
}

function toMetrics(values: readonly (number | undefined)[]): { [series: string]: Json } {
  const said = mounts.flatMap((mount, index): [string, Json][] => {
    const one = values[index]
    return one === undefined ? [] : [[`disk_percent{mount="${mount}"}`, one]]
  })
  return { other: 1, ...Object.fromEntries(said) }
}
