// What the watch beside the systemd source makes of facts: conditions of units and interfaces, and the window of an upgrade.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toBootFact } from '../../source-boot.ts'
import type { WatchInput, WindowChange } from '../../watch.ts'
import type { Fact, NewEvent, NewFact } from '../../words.ts'
import systemd from './index.ts'
import type { State } from './state.ts'

const options = systemd.options.parse({})
const place = { name: 'here', zone: 'UTC', host: 'pve' }
const minute = 60_000

/** One host, its row kept as JSON between the steps, its timers run when time passes. */
class Host {
  now = Date.UTC(2026, 10, 21, 2)
  state: State | undefined
  readonly said: string[] = []
  readonly events: NewEvent[] = []
  readonly windows: WindowChange[] = []
  readonly #timers = new Map<string, number>()

  fact(fact: NewFact): void {
    const seen: Fact = { ...fact, seq: 1, source: 'here', time: this.now, receivedAt: this.now }
    for (const key of systemd.keys(options, { kind: 'fact', fact: seen }, place))
      this.step({ kind: 'fact', key, fact: seen })
  }

  thing(name: 'unit' | 'network', key: string, state: string | undefined, reason?: string): void {
    const ok = state === undefined
    this.fact(
      toBootFact(name, key, 'pve', { ok, ...(ok ? {} : { state }), ...(reason === undefined ? {} : { reason }) }),
    )
  }

  names(name: 'unit' | 'network', names: readonly string[], unread?: string): void {
    this.fact(toBootFact(name, '*', 'pve', { names, ...(unread === undefined ? {} : { unread }) }))
  }

  upgrade(on: boolean): void {
    this.fact(toBootFact('upgrade', 'pve', 'pve', { on }))
  }

  pass(ms: number): void {
    const to = this.now + ms
    for (;;) {
      const [name, at] = [...this.#timers].toSorted((one, other) => one[1] - other[1])[0] ?? ['', Infinity]
      if (at > to) break
      this.#timers.delete(name)
      this.now = at
      this.step({ kind: 'timer', key: 'pve', name, body: null })
    }
    this.now = to
  }

  /** When the window is open. */
  get isHeld(): boolean {
    const last = this.windows.at(-1)
    return last !== undefined && last.until > this.now
  }

  step(input: WatchInput): void {
    const result = systemd.step(options, this.state, input, this.now)
    if (result.state === null) this.state = undefined
    else if (result.state !== undefined) this.state = JSON.parse(JSON.stringify(result.state)) as State
    this.events.push(...(result.events ?? []))
    this.said.push(...(result.events ?? []).map(({ subject, condition }) => `${subject} ${condition?.state}`))
    this.windows.push(...(result.windows ?? []))
    for (const { name, at } of result.timers ?? []) {
      if (at === undefined) this.#timers.delete(name)
      else this.#timers.set(name, at)
    }
  }
}

describe('a unit', () => {
  test('that fails is told at once, and once, and when it is well', () => {
    const host = new Host()
    for (let times = 0; times < 3; times += 1) host.thing('unit', 'a.service', 'failed', 'it crashed')
    assert.deepEqual(host.said, ['a.service firing'])
    assert.deepEqual(host.events[0], {
      type: 'service.failed',
      host: 'pve',
      subject: 'a.service',
      data: { unit: 'a.service', state: 'failed', reason: 'it crashed', since: '2026-11-21T02:00:00.000Z' },
      condition: { key: 'unit a.service', state: 'firing' },
    })
    host.thing('unit', 'a.service', 'failed', 'it took too long')
    host.thing('unit', 'a.service', undefined)
    host.thing('unit', 'a.service', undefined)
    assert.deepEqual(host.said, ['a.service firing', 'a.service changed', 'a.service resolved'])
    assert.deepEqual(host.state?.wrong, {})
  })

  test('that only does not run has time to come, unless it does not', () => {
    const host = new Host()
    host.thing('unit', 'a.service', 'inactive')
    host.pass(80_000)
    host.thing('unit', 'a.service', undefined)
    host.pass(10 * minute)
    assert.deepEqual(host.said, [])
    host.thing('unit', 'a.service', 'inactive')
    host.pass(60_000)
    host.thing('unit', 'a.service', 'activating')
    host.pass(30_000)
    assert.deepEqual(host.said, ['a.service firing'])
  })

  test('that is no longer among the names is over; where these could not be read, nothing is', () => {
    const host = new Host()
    host.thing('unit', 'a.service', 'failed')
    host.thing('unit', 'b.service', 'failed')
    host.thing('network', 'a.service', 'down')
    host.pass(minute)
    host.names('unit', [], 'systemctl does not answer')
    assert.equal(host.said.length, 3)
    host.names('unit', ['b.service'])
    assert.deepEqual(host.said.slice(3), ['a.service resolved'])
    assert.equal(host.events.at(-1)?.type, 'service.failed')
  })

  test('is one of so many that they are bounded', () => {
    const host = new Host()
    for (let index = 0; index < 1000; index += 1) host.thing('unit', `u${index}.service`, 'failed')
    assert.equal(host.said.length, 300)
  })
})

describe('an interface', () => {
  test('is told when it is down for a while, and not for a moment', () => {
    const host = new Host()
    host.thing('network', 'eno1', 'down')
    host.pass(14_000)
    host.thing('network', 'eno1', undefined)
    host.pass(minute)
    assert.deepEqual(host.said, [])
    host.thing('network', 'eno1', 'down')
    host.pass(15_000)
    host.thing('network', 'eno1', undefined)
    assert.deepEqual(host.said, ['eno1 firing', 'eno1 resolved'])
    assert.equal(host.events[0]?.type, 'network.down')
  })
})

test('a gateway is told at once, as a warning while some pings come through, and worse when none do', () => {
  const host = new Host()
  host.thing('network', 'gateway 192.0.2.1', 'losing', '67 % of pings are lost')
  host.thing('network', 'gateway 192.0.2.1', 'unreachable', 'no answer to pings')
  host.thing('network', 'gateway 192.0.2.1', undefined)
  assert.deepEqual(
    host.events.map(({ type, subject, severity, condition }) => [type, subject, severity, condition?.state]),
    [
      ['network.unreachable', '192.0.2.1', 'warning', 'firing'],
      ['network.unreachable', '192.0.2.1', 'critical', 'changed'],
      ['network.unreachable', '192.0.2.1', 'critical', 'resolved'],
    ],
  )
})

describe('an upgrade', () => {
  test('opens the window of its host, until a minute after it is over', () => {
    const host = new Host()
    host.upgrade(false)
    assert.deepEqual(host.windows, [])
    host.upgrade(true)
    const { kind, host: whose } = host.windows[0] ?? assert.fail('no window')
    assert.deepEqual([kind, whose, host.isHeld], ['upgrade', 'pve', true])
    host.pass(10 * minute)
    host.upgrade(false)
    host.pass(59_000)
    assert.equal(host.isHeld, true)
    host.pass(1000)
    assert.equal(host.isHeld, false)
    assert.equal(host.state?.upgrade, undefined)
  })

  test('in several steps is one window', () => {
    const host = new Host()
    for (let step = 0; step < 5; step += 1) {
      host.upgrade(true)
      host.pass(minute)
      host.upgrade(false)
      host.pass(50_000)
      assert.equal(host.isHeld, true)
    }
    assert.equal(new Set(host.windows.map(({ from }) => from)).size, 1)
    host.pass(10_000)
    assert.equal(host.isHeld, false)
  })

  test('that never ends, or of which the end was not seen, holds for two hours at most', () => {
    const host = new Host()
    host.upgrade(true)
    for (let looks = 0; looks < 10; looks += 1) {
      host.pass(10 * minute)
      host.upgrade(true)
    }
    assert.equal(host.isHeld, true)
    host.pass(20 * minute)
    assert.equal(host.isHeld, false)
    host.upgrade(false)
    host.pass(minute)
    host.upgrade(true)
    assert.equal(host.isHeld, true, 'the next one holds again')
  })
})

test('a host that is forgotten leaves nothing, and what was told of it ends', () => {
  const host = new Host()
  host.thing('unit', 'a.service', 'failed')
  host.thing('unit', 'b.service', 'inactive')
  host.upgrade(true)
  host.step({ kind: 'forget', key: 'pve', host: 'pve' })
  host.pass(10 * minute)
  assert.deepEqual(host.said, ['a.service firing', 'a.service resolved'])
  assert.equal(host.state, undefined)
})
