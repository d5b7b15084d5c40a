// What is said of a boot: the words of a good one, of one with trouble, and never of issues where there are none.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { HubEvent, JsonObject } from '../words.ts'
import types from './host-startup.ts'

function say(data: JsonObject): { readonly title: string; readonly text: string } {
  const [type = assert.fail()] = types
  const base = { seq: 1, id: '1', type: type.name, source: 'boots', severity: 'info', labels: {}, time: 0 } as const
  const { title, lines = [], fields = [] } = type.message({ ...base, receivedAt: 0, host: 'pve', data } as HubEvent)
  return { title, text: [...lines, ...fields.map(({ name, value }) => `${name}: ${value}`)].join('\n') }
}

const guests = (count: number, guest: 'vm' | 'ct', first: number): JsonObject[] =>
  Array.from({ length: count }, (_, index) => ({ id: first + index, name: `${guest}${index}`, guest }))

describe('a boot', () => {
  test('that was good names up to five guests, and of more the first three', () => {
    const few = [...guests(2, 'vm', 100), ...guests(1, 'ct', 200)]
    assert.deepEqual(say({ started: few, startedCount: 3 }), {
      title: 'pve: System startup completed',
      text: 'All systems operational.\n2 VMs and 1 CT started: vm0 (100), vm1 (101), ct0 (200)',
    })
    const many = [...guests(4, 'vm', 100), ...guests(3, 'ct', 200)]
    const { text } = say({ started: many, startedCount: 7, bootSeconds: 192 })
    assert.match(text, /4 VMs and 3 CTs started: vm0 \(100\), vm1 \(101\), vm2 \(102\)\.\.\. \(\+4 more\)/)
    assert.match(text, /Boot to last guest: 3 min 12 s/)
  })

  test('with trouble counts it and names each of it', () => {
    const things = (...names: string[]): JsonObject[] => names.map((name) => ({ name, reason: 'down' }))
    const { title, text } = say({
      failed: [{ id: 102, name: 'broken', guest: 'vm', reason: 'no disk' }],
      failedCount: 1,
      pending: guests(1, 'ct', 300),
      pendingCount: 1,
      services: things('pveproxy'),
      storages: things('nas', 'pbs', 'x'),
      network: [],
      others: [{ title: 'CPU 99 %', severity: 'warning' }],
      notes: Array.from({ length: 7 }, (_, index) => ({ title: `note ${index}`, count: index + 1 })),
    })
    assert.equal(title, 'pve: System startup - 7 issue(s) detected')
    assert.match(
      text,
      /^VM failed: broken \(102\) - no disk\nNot started yet: ct0 \(300\)\nStorage: 3 unavailable \(nas/,
    )
    assert.match(text, /Noted: note 0\nNoted: note 1 \(2 times\)[^]*Noted: 2 more/)
    assert.doesNotMatch(text, /operational/)
  })

  test('that was cut short, and with which nothing was wrong so far, has no issues', () => {
    const { title, text } = say({ cutShort: true, afterSeconds: 30 })
    assert.equal(title, 'pve: System startup cut short')
    assert.equal(text, 'It went down again within 30 s.')
  })

  test('is told line by line as those know it who come from ProxMenux', () => {
    const things = (...names: string[]): JsonObject[] => names.map((name) => ({ name, reason: 'down' }))
    const started = [{ id: 100, name: 'web', guest: 'vm' }]
    const good = [...started, { id: 101, name: 'db', guest: 'vm' }, { id: 200, name: 'dns', guest: 'ct' }]
    assert.equal(
      say({ started: good, startedCount: 3 }).text,
      'All systems operational.\n2 VMs and 1 CT started: web (100), db (101), dns (200)',
    )
    const { text } = say({
      started,
      startedCount: 1,
      failed: [{ id: 102, guest: 'vm', reason: 'Failed to start' }],
      failedCount: 1,
      services: things('pveproxy'),
      storages: things('nas', 'pbs', 'x'),
    })
    assert.equal(
      text,
      [
        '1 VM started: web (100)',
        'VM failed: VM 102 - Failed to start',
        'Storage: 3 unavailable (nas, pbs, x)',
        'Services: 1 failed (pveproxy)',
      ].join('\n'),
    )
  })

  test('never has "0 issues", and never says that all is well when something is not', () => {
    const list = fc.array(fc.record({ id: fc.nat(), name: fc.string(), guest: fc.constantFrom('vm', 'ct') }), {
      maxLength: 8,
    })
    const shape = fc.record(
      {
        started: list,
        failed: list,
        pending: list,
        unknown: list,
        services: list,
        storages: list,
        network: list,
        late: list,
        others: list,
        notes: list,
        previousClean: fc.boolean(),
        cutShort: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(shape, (given) => {
        const { failed = [], pending = [], services = [], storages = [], network = [], others = [], notes = [] } = given
        const { unknown = [] } = given
        const counts = { failedCount: failed.length, pendingCount: pending.length, unknownCount: unknown.length }
        const { title, text } = say({ ...given, ...counts } as unknown as JsonObject)
        const count = [failed, pending, services, storages, network, others].flat().length
        assert.doesNotMatch(title, /\b0 issue/)
        assert.equal(/ - (\d+) issue\(s\) detected$/.exec(title)?.[1], count === 0 ? undefined : String(count))
        const isWell = [count, notes.length, unknown.length].every((one) => one === 0) && given.cutShort !== true
        assert.equal(text.startsWith('All systems operational.'), isWell)
        assert.equal(title.includes('cut short'), given.cutShort === true)
      }),
    )
  })
})
