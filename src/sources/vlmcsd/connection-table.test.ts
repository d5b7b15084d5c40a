// The table of connections against plain lists: nobody can tell which of them rest as numbers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectionTable } from './connection-table.ts'
import type { Connection, Key } from './connections.ts'

/** `which` chooses among the open ones. */
const step = fc.record({
  do: fc.constantFrom('open', 'open', 'open', 'close', 'close', 'touch', 'tell', 'settle', 'rest', 'rest'),
  which: fc.nat(1000),
  named: fc.boolean(),
})

interface Known {
  readonly id: number
  readonly key: Key
  readonly at: number
  lastAt: number
  told: boolean
  settled: boolean
}

test('what is asked of it has the same answer whoever rests', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const table = new ConnectionTable()
      const byLife: Known[] = []
      const rows = new Set<number>()
      let now = 1_780_000_000_000
      for (const [index, { do: what, which, named }] of steps.entries()) {
        now += which % 3
        if (what === 'rest') {
          save(table, rows)
          assert.deepEqual(rows, new Set(byLife.map(({ id }) => id)))
        } else if (what === 'open') {
          const key = named && which % 5 === 0 ? `[2001:db8::${index}]:1688` : (10 * 2 ** 24 + index) * 65_536 + which
          byLife.push({ id: index + 1, key, at: now, lastAt: now, told: false, settled: false })
          table.open(index + 1, key, now, -1, undefined, false)
        } else if (byLife.length > 0) act(table, what, byLife, byLife[which % byLife.length]!, now)
        compare(table, byLife, index % 7 === 0)
      }
      compare(table, byLife, true)
    }),
    { numRuns: 300 },
  )
})

/** Which of the open ones have a row, as a store would. */
function save(table: ConnectionTable, rows: Set<number>): void {
  const { places } = table
  for (const one of places.changed) {
    one.dirty = false
    one.stored = one.closedId === 0
    if (one.stored) rows.add(one.id)
    else rows.delete(one.id)
  }
  places.eachNew((id) => rows.add(id))
  for (const id of places.gone) rows.delete(id)
  places.rest()
}

function act(table: ConnectionTable, what: string, byLife: Known[], known: Known, now: number): void {
  if (what === 'close') {
    byLife.splice(byLife.indexOf(known), 1)
    if (now % 2 === 0 && !Number.isNaN(table.closeResting(known.key))) return
  }
  const one = table.get(known.key)!
  if (what === 'close') {
    one.closedId = known.id + 1000
    table.remove(one)
    table.change(one)
  } else if (what === 'settle') {
    known.settled = true
    table.settle(one, `machine ${known.id % 3}`)
    table.change(one)
  } else {
    known.told ||= what === 'tell'
    known.lastAt = now
    byLife.push(...byLife.splice(byLife.indexOf(known), 1))
    if (what === 'tell') table.tell(one, now)
    else table.touch(one, now)
  }
}

/** `all`: looks at each, which wakes it. */
function compare(table: ConnectionTable, byLife: readonly Known[], all: boolean): void {
  assert.equal(table.size, byLife.length)
  assert.equal(table.oldestAt, byLife[0]?.lastAt ?? Infinity)
  if (!all) return
  assert.equal(table.newest?.id, byLife.at(-1)?.id)
  assert.deepEqual([...table].map(toKnown), byLife)
  for (const known of byLife) assert.deepEqual(toKnown(table.get(known.key)!), known)
  const fresh: number[] = []
  for (let one = table.newestFresh; one; one = table.openedBefore(one)) fresh.push(one.id)
  const waiting = byLife.filter(({ settled }) => !settled).map(({ id }) => id)
  assert.deepEqual(
    fresh,
    waiting.sort((a, b) => b - a),
  )
}

function toKnown({ id, key, at, lastAt, told, state }: Connection): Known {
  return { id, key, at, lastAt, told, settled: state === 'settled' }
}
