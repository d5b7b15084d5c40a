// The buffer: what was appended is there in its order until it was told, whatever the clock, the disk or another agent does.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AgentItem } from '../source-agent.ts'
import { AgentBuffer } from './buffer.ts'

const at = Date.UTC(2026, 10, 20, 3)
const dayMs = 86_400_000

function openHouse({ maxBytes = 1_000_000, maxAgeMs = 14 * dayMs } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-buffer-'))
  const logged: string[] = []
  const note = (message: string): void => void logged.push(message)
  const clock = { wall: at, up: 1000 as number | undefined, boot: 'one' }
  const open = (): AgentBuffer =>
    new AgentBuffer({
      path: join(folder, 'buffer.db'),
      maxBytes,
      maxAgeMs,
      boot: clock.boot,
      clock: { now: () => clock.wall, sinceBoot: () => clock.up },
      log: { info: note, warn: note, error: note },
    })
  const house = {
    clock,
    logged,
    buffer: open(),
    restart() {
      house.buffer[Symbol.dispose]()
      house.buffer = open()
    },
    [Symbol.dispose]() {
      house.buffer[Symbol.dispose]()
      rmSync(folder, { recursive: true })
    },
  }
  return house
}

function event(text: string, time = at): AgentItem {
  return { source: 'log', event: { type: 'log.line', time, text } }
}

function fact(key: string, time = at): AgentItem {
  return { source: 'host', fact: { name: 'host.sample', key, time, data: {} } }
}

/** All that waits, oldest first, with holes as null; nothing is told of it. */
function texts(buffer: AgentBuffer): (string | null)[] {
  return (buffer.oldest(10_000, 100_000_000)?.items ?? []).map(textOf)
}

function textOf(item: string | null): string | null {
  if (item === null) return null
  const {
    event: one,
    fact: other,
    rejected,
  } = JSON.parse(item) as {
    event?: { text: string }
    fact?: { key: string }
    rejected?: { message: string }
  }
  return one?.text ?? other?.key ?? rejected?.message ?? ''
}

test('what is appended is there with its place, in order, also after a restart', () => {
  using house = openHouse()
  house.buffer.append('log', [event('1'), event('2')], {
    cursor: { offset: 7 },
    put: [
      ['a', 1],
      ['b', 2],
    ],
  })
  house.buffer.append('log', [fact('3')], { delete: ['a'] })
  house.restart()
  assert.deepEqual(texts(house.buffer), ['1', '2', '3'])
  assert.deepEqual(house.buffer.cursor('log'), { offset: 7 })
  assert.deepEqual(house.buffer.rows('log'), [['b', 2]])
  assert.equal(house.buffer.cursor('other'), undefined)
})

test('what was told is gone, and what came after a start has an order of its own', () => {
  using house = openHouse()
  house.buffer.append('log', [event('1'), event('2'), event('3')])
  const first = house.buffer.oldest(2, 1000) ?? assert.fail()
  assert.equal(house.buffer.told(first.buffer, first.last), true)
  house.restart()
  house.buffer.append('log', [event('4')])
  const second = house.buffer.oldest(100, 1000) ?? assert.fail()
  assert.deepEqual([second.buffer, second.items.map(textOf)], [first.buffer, ['3']])
  house.buffer.told(second.buffer, second.last)
  const third = house.buffer.oldest(100, 1000) ?? assert.fail()
  assert.notEqual(third.buffer, first.buffer)
  assert.deepEqual(third.items.map(textOf), ['4'])
})

test('a batch ends by number and by size, and has at least one item', () => {
  using house = openHouse()
  house.buffer.append(
    'log',
    ['a', 'b', 'c'].map((text) => event(text.repeat(1000))),
  )
  assert.equal(house.buffer.oldest(2, 1_000_000)?.items.length, 2)
  assert.equal(house.buffer.oldest(100, 2300)?.items.length, 2)
  assert.equal(house.buffer.oldest(100, 1)?.items.length, 1)
})

test('when the room is full the oldest facts go first, then the oldest events, and it is said once', () => {
  using house = openHouse({ maxBytes: 100_000 })
  const filler = 'x'.repeat(300)
  for (let number = 0; number < 1000; number += 1) {
    house.buffer.append('log', [number % 2 === 0 ? fact(`f${number} ${filler}`) : event(`e${number} ${filler}`)])
  }
  assert.ok(house.buffer.bytes <= 100_000)
  const left = texts(house.buffer).flatMap((text) => (text === null ? [] : [text.split(' ')[0] ?? '']))
  assert.ok(left.includes('e999') && !left.includes('e1'), 'the newest event is there, the oldest had to go')
  assert.ok(left.filter((text) => text.startsWith('f')).length < 20)
  assert.equal(house.logged.filter((line) => line.includes('room')).length, 1)
  for (let batch = house.buffer.oldest(500, 1e9); batch !== undefined; batch = house.buffer.oldest(500, 1e9))
    house.buffer.told(batch.buffer, batch.last)
  assert.match(house.logged.at(-1) ?? '', /\d+ items had been dropped/)
})

test('what is dropped among what is left leaves its number free', () => {
  using house = openHouse({ maxBytes: 1100 })
  house.buffer.append('log', [event('1'), fact('2'), event('3'), fact('4'), event('5')])
  house.buffer.append('log', [event('x'.repeat(700))])
  const { first = 0, items = [] } = house.buffer.oldest(100, 10_000) ?? {}
  assert.equal(first, 1)
  assert.deepEqual(items.map(textOf), ['1', null, '3', null, '5', 'x'.repeat(700)])
})

test('too old is what was seen too long ago, by the time since boot if that is known', () => {
  using house = openHouse()
  // The clock of a board without a battery begins in 1970 and is then set.
  house.clock.wall = 5000
  house.buffer.append('log', [event('1', 5000)])
  house.clock.wall = at
  house.clock.up = 61_000
  house.buffer.prune()
  assert.equal(house.buffer.count, 1)
  const [item] = house.buffer.oldest(1, 1000)?.items ?? []
  assert.equal((JSON.parse(item ?? '') as { event: { time: number } }).event.time, at - 60_000, 'its time is corrected')
  house.clock.up += 15 * dayMs
  house.clock.wall += 15 * dayMs
  house.buffer.prune()
  assert.equal(house.buffer.count, 0)
  assert.match(house.logged.join(), /1 items were dropped/)
})

test('without a time since boot the clock is all there is', () => {
  using house = openHouse()
  house.clock.up = undefined
  house.buffer.append('log', [event('1')])
  house.clock.wall += 13 * dayMs
  house.buffer.append('log', [event('2')])
  house.clock.wall += 2 * dayMs
  house.buffer.prune()
  assert.deepEqual(texts(house.buffer), ['2'])
})

test('a hub that has more than was ever sent has it from another: numbers begin under a new name', () => {
  using house = openHouse()
  house.buffer.append('log', [event('1'), event('2')])
  const before = house.buffer.oldest(10, 1000) ?? assert.fail()
  assert.equal(house.buffer.told(before.buffer, 900), false)
  const after = house.buffer.oldest(10, 1000) ?? assert.fail()
  assert.notEqual(after.buffer, before.buffer)
  assert.deepEqual(after.items.map(textOf), ['1', '2'])
})

test('an item that no hub could read is kept as rejected', () => {
  using house = openHouse()
  const deep = JSON.parse(`${'{"a":'.repeat(80)}1${'}'.repeat(80)}`) as never
  house.buffer.append('log', [
    event('x'.repeat(600_000)),
    { source: 'log', event: { type: 'log.line', time: at, data: deep } },
  ])
  assert.deepEqual(texts(house.buffer), ['it is larger than 524288 bytes', 'it is nested deeper than 50 levels'])
})

test('whatever is appended, told and restarted: nothing is lost, nothing comes twice, the order stays', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ tell: fc.integer({ min: 1, max: 7 }), lost: fc.boolean() }),
      fc.constant({ restart: true }),
    ),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(steps, (program) => {
      using house = openHouse()
      const hub = new Map<string, number>()
      const heard: string[] = []
      let sent = 0
      const tell = (count: number, lost: boolean): void => {
        const batch = house.buffer.oldest(count, 1e9)
        if (batch === undefined) return
        // As the hub does it: what it has is not taken again.
        const next = hub.get(batch.buffer) ?? batch.first
        for (const [index, item] of batch.items.entries()) {
          if (batch.first + index >= next) heard.push(textOf(item) ?? '')
        }
        hub.set(batch.buffer, Math.max(next, batch.last + 1))
        if (!lost) house.buffer.told(batch.buffer, (hub.get(batch.buffer) ?? 0) - 1)
      }
      for (const step of program) {
        if ('append' in step)
          house.buffer.append(
            'log',
            Array.from({ length: step.append }, () => event(String((sent += 1)))),
          )
        else if ('tell' in step) tell(step.tell, step.lost)
        else house.restart()
      }
      while (house.buffer.count > 0) tell(10, false)
      assert.deepEqual(
        heard,
        Array.from({ length: sent }, (_, index) => String(index + 1)),
      )
    }),
    { numRuns: 25 },
  )
})
