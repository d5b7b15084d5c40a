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
      let now = 1_780_000_000_000
      for (const [index, { do: what, which, named }] of steps.entries()) {
        now += which % 3
        if (what === 'rest') table.rest()
        else if (what === 'open') {
          const key = named && which % 5 === 0 ? `[2001:db8::${index}]:1688` : (10 * 2 ** 24 + index) * 65_536 + which
          byLife.push({ id: index + 1, key, at: now, lastAt: now, told: false, settled: false })
          table.change(table.open(index + 1, key, now, -1, undefined))
        } else if (byLife.length > 0) act(table, what, byLife, byLife[which % byLife.length]!, now)
        compare(table, byLife, index % 7 === 0)
      }
      compare(table, byLife, true)
    }),
    { numRuns: 300 },
  )
})

function act(table: ConnectionTable, what: string, byLife: Known[], known: Known, now: number): void {
  const one = table.get(known.key)!
  const at = byLife.indexOf(known)
  if (what === 'settle') {
    table.settle(one, `machine ${known.id % 3}`)
    table.change(one)
    known.settled = true
    return
  }
  byLife.splice(at, 1)
  if (what === 'close') {
    one.closedId = known.id + 1000
    table.remove(one)
    table.change(one)
    return
  }
  if (what === 'tell') known.told = true
  known.lastAt = now
  byLife.push(known)
  if (what === 'tell') table.tell(one, now)
  else table.touch(one, now)
}

/** `all`: looks at each, which wakes it. */
function compare(table: ConnectionTable, byLife: readonly Known[], all: boolean): void {
  assert.equal(table.size, byLife.length)
  assert.equal(table.oldestAt, byLife[0]?.lastAt ?? Infinity)
  assert.equal(table.newest?.id, byLife.at(-1)?.id)
  if (!all) return
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
