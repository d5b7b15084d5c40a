// A host's boots: which are boots, when the grace ends, what the report says, and that each has one.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toBootFact } from '../../source-boot.ts'
import { toSampleFact } from '../../source-sample.ts'
import type { AskFor, WatchInput, WindowChange } from '../../watch.ts'
import type { Fact, HubEvent, JsonObject, NewEvent, NewFact } from '../../words.ts'
import boot from './index.ts'
import type { State } from './state.ts'

const start = Date.UTC(2026, 10, 21, 2)
const options = boot.options.parse({})
const place = { name: 'boots', zone: 'UTC', host: 'hub' }

/** One host, its row kept as JSON between the steps, its timers run when time passes. */
class Host {
  now = start
  state: State | undefined
  readonly events: NewEvent[] = []
  readonly windows: WindowChange[] = []
  readonly asked: AskFor[] = []
  readonly reports: NewEvent[] = []
  #timers = new Map<string, number>()

  fact(fact: NewFact, time = this.now): void {
    const seen: Fact = { ...fact, seq: 1, source: 'pve', time, receivedAt: this.now }
    if (boot.keys(options, { kind: 'fact', fact: seen }).length === 0) return
    this.#step({ kind: 'fact', key: 'pve', fact: seen })
  }

  boots(bootId: string, uptimeSeconds: number, more: { previousClean?: boolean } = {}): void {
    this.fact(toBootFact('host.boot', 'pve', 'pve', { bootId, uptimeSeconds, ...more }))
  }

  sample(bootId: string, uptimeSeconds: number, time = this.now): void {
    this.fact(toSampleFact('pve', { metrics: {}, bootId, uptimeSeconds }), time)
  }

  stops(): void {
    this.fact(toBootFact('host.stopping', 'pve', 'pve', { reason: 'reboot' }))
  }

  guest(id: number, running: boolean, onboot?: boolean): void {
    const more = onboot === undefined ? {} : { onboot }
    this.fact(toBootFact('guest', String(id), 'pve', { id, guest: 'vm', name: `vm${id}`, running, ...more }))
  }

  starts(id: number, outcome: 'ok' | 'failed'): void {
    const times = { startedAt: '', endedAt: '' }
    const task = { id, guest: 'vm', name: `vm${id}`, action: 'start', outcome, ...times } as const
    this.fact(
      toBootFact('guest.task', `t${id}`, 'pve', { ...task, ...(outcome === 'ok' ? {} : { reason: 'no disk' }) }),
    )
  }

  looks(kind: 'guest' | 'storage' = 'guest'): void {
    this.fact(toBootFact(kind, '*', 'pve', { names: [] }))
  }

  storage(ok: boolean): void {
    this.fact(toBootFact('storage', 'nas', 'pve', { ok, ...(ok ? {} : { reason: 'unavailable' }) }))
  }

  event(event: Partial<HubEvent>): void {
    const base = { seq: 1, id: '1', type: 'guest.start-failed', source: 'pve', severity: 'error', labels: {}, data: {} }
    const whole = { ...base, host: 'pve', time: this.now, receivedAt: this.now, ...event } as HubEvent
    this.#step({ kind: 'event', key: 'pve', event: whole })
  }

  pass(ms: number): void {
    const to = this.now + ms
    for (;;) {
      const [name, at] = [...this.#timers].toSorted((one, other) => one[1] - other[1])[0] ?? ['', Infinity]
      if (at > to) break
      this.#timers.delete(name)
      this.now = Math.max(this.now, at)
      this.#step({ kind: 'timer', key: 'pve', name, body: null })
    }
    this.now = to
  }

  #step(input: WatchInput): void {
    const result = boot.step(options, this.state, input, this.now, place)
    if (result.state === null) this.state = undefined
    else if (result.state !== undefined) this.state = JSON.parse(JSON.stringify(result.state)) as State
    this.events.push(...(result.events ?? []))
    this.windows.push(...(result.windows ?? []))
    this.asked.push(...(result.rechecks ?? []))
    this.reports.push(...(result.windows ?? []).flatMap(({ report }) => report?.event ?? []))
    for (const { name, at } of result.timers ?? []) {
      if (at === undefined) this.#timers.delete(name)
      else this.#timers.set(name, at)
    }
  }
}

function dataOf(host: Host): JsonObject {
  return host.reports.at(-1)?.data ?? assert.fail('no report')
}

describe('a boot', () => {
  test('is one of a host that is new and up for a short time, and none of one that has been up', () => {
    const [young, old] = [new Host(), new Host()]
    young.boots('a', 599)
    old.boots('a', 600)
    for (const host of [young, old]) host.pass(600_000)
    assert.deepEqual([young.reports.length, old.reports.length], [1, 0])
  })

  test('is told once, however often the hub and the source start again within it', () => {
    const host = new Host()
    host.boots('a', 100_000)
    host.pass(3_600_000)
    for (const uptime of [20, 80, 140, 3600]) {
      host.boots('b', uptime)
      host.sample('b', uptime)
      host.pass(uptime === 3600 ? 3_600_000 : 60_000)
    }
    assert.equal(host.reports.length, 1)
  })

  test('of late, or in a sample, is one as well; an older one heard of afterwards is not', () => {
    const host = new Host()
    host.sample('a', 1000)
    host.pass(7_200_000)
    host.sample('c', 3600)
    host.pass(2000)
    assert.equal(host.reports.length, 1, 'its grace was over when it was heard of: the report comes at once')
    host.sample('b', 30, host.now - 5_000_000)
    host.pass(600_000)
    assert.equal(host.reports.length, 1)
  })

  test('holds from the boot on, by how long the host is up', () => {
    const host = new Host()
    host.boots('a', 100)
    const [opened] = host.windows
    assert.deepEqual([opened?.kind, opened?.from], ['startup', start - 100_000])
    host.guest(100, false, true)
    host.pass(199_000)
    assert.equal(host.reports.length, 0)
    host.pass(1000)
    assert.equal(host.reports.length, 1)
    assert.equal(host.windows.at(-1)?.until, start + 200_000)
  })
})

describe('the grace', () => {
  test('ends early when every guest runs or has failed, twice in a row', () => {
    const host = new Host()
    host.boots('a', 10)
    for (const id of [100, 101]) host.guest(id, false, true)
    host.guest(102, false, false)
    host.looks()
    host.looks()
    assert.equal(host.reports.length, 0)
    host.starts(100, 'ok')
    host.starts(101, 'failed')
    host.pass(20_000)
    host.looks()
    assert.equal(host.reports.length, 1)
    const { startedCount, failedCount, pendingCount, disabledCount, failed } = dataOf(host)
    assert.deepEqual([startedCount, failedCount, pendingCount, disabledCount], [1, 1, 0, 1])
    assert.deepEqual(failed, [{ id: 101, name: 'vm101', guest: 'vm', reason: 'no disk' }])
    assert.equal(host.reports[0]?.severity, 'warning')
  })

  test('goes on while a storage is not there, and says when it came', () => {
    const host = new Host()
    host.boots('a', 10)
    host.guest(100, true, true)
    host.storage(false)
    for (let look = 0; look < 12; look += 1) {
      host.looks()
      host.pass(10_000)
    }
    assert.equal(host.reports.length, 0)
    host.storage(true)
    for (const kind of ['guest', 'storage', 'guest', 'storage'] as const) host.looks(kind)
    assert.deepEqual(dataOf(host)['late'], [{ name: 'nas', afterSeconds: 130 }])
    assert.equal(host.reports[0]?.severity, 'info')
  })

  test('at its end names what is still missing, guests whose configuration cannot be read among them by their task', () => {
    const host = new Host()
    host.boots('a', 10)
    host.guest(100, false, true)
    host.storage(false)
    host.event({ condition: { key: 'x', state: 'firing' }, type: 'host.threshold', title: 'CPU 99 %' })
    host.pass(290_000)
    const { pending, storages, others } = dataOf(host)
    assert.deepEqual(pending, [{ id: 100, name: 'vm100', guest: 'vm' }])
    assert.deepEqual(storages, [{ name: 'nas', reason: 'unavailable' }])
    assert.deepEqual(others, [{ title: 'CPU 99 %', severity: 'error' }])
    assert.deepEqual(host.windows.at(-1)?.report?.names, [{ source: 'pve', key: 'x' }])
  })

  test('does not speak of what came within two minutes, as most things do', () => {
    const host = new Host()
    host.boots('a', 10)
    host.guest(100, true, true)
    host.storage(false)
    host.pass(60_000)
    host.storage(true)
    for (const kind of ['guest', 'storage', 'guest', 'storage'] as const) host.looks(kind)
    assert.deepEqual(dataOf(host)['late'], [])
  })

  test('goes on while something is open that no fact has told of, and names it when its time is over', () => {
    const host = new Host()
    const open = { type: 'service.failed', subject: 'app', title: 'app has failed' }
    host.boots('a', 10)
    host.guest(100, true, true)
    host.event({ ...open, condition: { key: 'app', state: 'firing' } })
    for (let look = 0; look < 6; look += 1) host.looks()
    assert.equal(host.reports.length, 0)
    host.pass(600_000)
    assert.deepEqual(dataOf(host)['others'], [{ title: 'app has failed', severity: 'error' }])
    assert.equal(host.reports[0]?.severity, 'warning')
  })

  test('lists what happened and has no end, errors in the journal among it, and counts what repeats', () => {
    const host = new Host()
    host.boots('a', 10)
    const line = { type: 'log.line', data: { line: 'I/O error, dev sda' } }
    for (let time = 0; time < 3; time += 1) host.event(line)
    host.event({ ...line, severity: 'warning', data: { line: 'a warning' } })
    host.event({ type: 'guest.started', severity: 'info', title: 'vm100 started', data: { id: 100 } })
    host.event({ type: 'guest.start-warning', severity: 'warning', title: 'vm101 started, with warnings' })
    for (let index = 0; index < 100; index += 1) host.event({ type: 'service.note', title: `note ${index}` })
    host.pass(600_000)
    const notes = dataOf(host)['notes'] as readonly JsonObject[]
    assert.deepEqual(notes.slice(0, 2), [
      { title: 'I/O error, dev sda', count: 3 },
      { title: 'vm101 started, with warnings', count: 1 },
    ])
    assert.equal(notes.length, 50)
    assert.equal(host.reports[0]?.severity, 'info')
  })

  test('names guests that are known by events alone, as another program sends them', () => {
    const host = new Host()
    host.boots('a', 10)
    host.event({ type: 'guest.started', severity: 'info', data: { id: 100, name: 'web', guest: 'vm' } })
    host.event({ type: 'guest.started', severity: 'info', subject: 'proxy' })
    host.event({ type: 'guest.start-failed', data: { id: 200, name: 'dns', guest: 'ct', reason: 'no disk' } })
    host.guest(101, true, true)
    host.event({ type: 'guest.started', severity: 'info', title: 'vm101 started', data: { id: 101 } })
    host.pass(600_000)
    const { started, failed, notes } = dataOf(host)
    assert.deepEqual(started, [
      { id: 100, name: 'web', guest: 'vm' },
      { id: 101, name: 'vm101', guest: 'vm' },
    ])
    assert.deepEqual(failed, [{ id: 200, name: 'dns', guest: 'ct', reason: 'no disk' }])
    assert.deepEqual(notes, [{ title: 'proxy', count: 1 }])
    assert.equal(host.reports[0]?.severity, 'warning')
  })

  test('that another one or a stop cuts short has its report at once, and the next one its own', () => {
    for (const how of ['boots', 'stops'] as const) {
      const host = new Host()
      host.boots('a', 20)
      host.guest(100, false, true)
      host.pass(40_000)
      if (how === 'stops') host.stops()
      else host.boots('b', 5)
      assert.deepEqual([host.reports.length, dataOf(host)['bootId'], dataOf(host)['cutShort']], [1, 'a', true], how)
      host.pass(60_000)
      if (how === 'stops') host.boots('b', 5)
      host.pass(600_000)
      const ids = host.reports.map(({ data }) => data?.['bootId'])
      assert.deepEqual(ids, ['a', 'b'], how)
      assert.equal(dataOf(host)['cutShort'], undefined)
    }
  })

  test('asks for guests and storages as it goes on, where it is known who can be asked', () => {
    const host = new Host()
    host.guest(100, true, true)
    host.boots('a', 10)
    assert.deepEqual(host.asked, [])
    host.guest(100, false, true)
    host.storage(false)
    host.pass(30_000)
    assert.deepEqual(
      host.asked.map(({ source, name, key }) => [source, name, key]),
      [
        ['pve', 'guest', '*'],
        ['pve', 'storage', '*'],
      ],
    )
  })

  test('of a host without guests ends when the time of guests is over and nothing is wrong', () => {
    const host = new Host()
    host.boots('a', 10)
    host.looks('storage')
    host.looks('storage')
    assert.equal(host.reports.length, 0)
    host.pass(175_000)
    host.looks('storage')
    assert.equal(host.reports.length, 1)
  })
})

describe('a stop', () => {
  test('is told once for each boot, and opens the window of a shutdown behind that word', () => {
    const host = new Host()
    host.boots('a', 1000)
    host.stops()
    host.stops()
    host.event({ type: 'host.shutdown' })
    assert.deepEqual(
      host.events.map(({ type }) => type),
      ['host.shutdown'],
    )
    const opened = host.windows.filter(({ kind }) => kind === 'shutdown')
    assert.deepEqual(
      opened.map(({ from }) => from),
      [host.now + 1],
    )
  })

  test('that is said from elsewhere, as by the unit or over the API, is one as well', () => {
    const host = new Host()
    host.boots('a', 1000)
    host.event({ type: 'host.shutdown' })
    host.stops()
    assert.deepEqual(host.events, [], 'who said so has been told')
    assert.deepEqual(
      host.windows.flatMap(({ kind, from }) => (kind === 'shutdown' ? [from] : [])),
      [host.now + 1],
    )
    host.pass(60_000)
    host.boots('b', 10)
    host.pass(600_000)
    assert.equal(dataOf(host)['previousClean'], true)
  })

  test('whose word is heard of behind the next boot, as from a spool, was one of the boot before', () => {
    const host = new Host()
    host.boots('a', 1000)
    host.stops()
    host.boots('b', 10)
    host.pass(600_000)
    // It fell, as far as is known; then its last word comes.
    host.boots('c', 10)
    assert.equal(host.reports.length, 1)
    host.event({ type: 'host.shutdown', time: host.now - 40_000 })
    host.guest(100, false, true)
    host.pass(600_000)
    const { bootId, previousClean, cutShort, downSeconds } = dataOf(host)
    assert.deepEqual([host.reports.length, bootId, previousClean, cutShort, downSeconds], [2, 'c', true, undefined, 30])
    host.stops()
    assert.equal(host.windows.at(-1)?.kind, 'shutdown', 'and this boot has a stop of its own')
  })

  test('of a host whose boots nobody tells of holds what it causes for its usual span, and another day again', () => {
    const host = new Host()
    const spans = () => host.windows.flatMap(({ kind, from, until }) => (kind === 'shutdown' ? [[from, until]] : []))
    host.event({ type: 'host.shutdown' })
    const [first] = spans()
    assert.deepEqual([first?.[0], Number(first?.[1]) >= host.now + 120_000], [host.now + 1, true])
    host.event({ type: 'host.shutdown' })
    assert.equal(spans().length, 1, 'the second word changes nothing')
    host.pass(120_000)
    assert.deepEqual(spans().slice(1), [[undefined, host.now]], 'it ends in time')
    host.pass(86_400_000)
    host.event({ type: 'host.shutdown' })
    assert.equal(spans().length, 3)
    assert.deepEqual(host.events, [], 'who said so has been told')
  })

  test('whose host is heard of only then is one of that boot, and the next one has its report', () => {
    const host = new Host()
    host.event({ type: 'host.shutdown' })
    host.pass(5000)
    host.sample('a', 5000)
    assert.deepEqual([host.state?.bootId, host.state?.phase, host.reports.length], ['a', 'stopping', 0])
    host.pass(60_000)
    host.boots('b', 10)
    host.pass(600_000)
    const { bootId, previousClean, downSeconds } = dataOf(host)
    assert.deepEqual([host.reports.length, bootId, previousClean, downSeconds], [1, 'b', true, 55])
    const other = new Host()
    other.event({ type: 'host.shutdown' })
    other.pass(60_000)
    other.boots('b', 10)
    other.pass(600_000)
    assert.deepEqual([dataOf(other)['previousClean'], dataOf(other)['downSeconds']], [true, 50])
  })

  test('that comes to a boot makes it a clean one; without, it was not, if such a word was ever heard', () => {
    const host = new Host()
    host.boots('a', 1000)
    host.stops()
    host.pass(60_000)
    host.boots('b', 10)
    host.pass(600_000)
    assert.equal(dataOf(host)['previousClean'], true)
    assert.equal(dataOf(host)['downSeconds'], 50)
    host.boots('c', 10)
    host.guest(100, false, true)
    host.starts(100, 'failed')
    host.pass(600_000)
    assert.equal(dataOf(host)['previousClean'], false)
    assert.equal(host.reports.at(-1)?.severity, 'critical')
    host.guest(100, true, true)
    host.boots('d', 10)
    host.guest(100, true, true)
    host.pass(600_000)
    assert.deepEqual([dataOf(host)['previousClean'], host.reports.at(-1)?.severity], [false, 'warning'])
    const unheard = new Host()
    unheard.boots('a', 1000)
    unheard.boots('b', 10)
    unheard.pass(600_000)
    assert.equal('previousClean' in dataOf(unheard), false)
  })

  test('that was none lets go after its time; one that was waits for the boot, but not for ever', () => {
    const alive = new Host()
    alive.boots('a', 1000)
    alive.stops()
    alive.pass(110_000)
    alive.sample('a', 1110)
    alive.pass(10_000)
    assert.deepEqual([alive.windows.at(-1)?.kind, alive.windows.at(-1)?.until], ['shutdown', alive.now])
    const gone = new Host()
    gone.boots('a', 1000)
    gone.stops()
    gone.pass(120_000)
    assert.ok((gone.windows.at(-1)?.until ?? 0) > gone.now)
    gone.pass(480_000)
    assert.equal(gone.windows.at(-1)?.until, gone.now)
  })
})

test('a host that is forgotten leaves nothing', () => {
  const host = new Host()
  host.boots('a', 10)
  const result = boot.step(options, host.state, { kind: 'forget', key: 'pve', host: 'pve' }, host.now, place)
  assert.equal(result.state, null)
})

test('strange facts change nothing and throw nothing', () => {
  const host = new Host()
  host.boots('a', 10)
  const odd: JsonObject[] = [
    {},
    { id: 'x' },
    { ok: 7 },
    { bootId: 5, uptimeSeconds: 'x' },
    { running: 'yes', onboot: 1 },
  ]
  for (const name of ['host.boot', 'guest', 'guest.task', 'storage', 'unit', 'network', 'host.sample'])
    for (const data of odd) host.fact({ name, key: 'k', host: 'pve', data })
  host.pass(600_000)
  assert.equal(host.reports.length, 1)
})
