// Only so many at once, in order, and whoever gives up waiting leaves the line.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from './turns.ts'

/** Works that end when told so, and what became of them. */
function createWorks() {
  const begun: string[] = []
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>()
  const work = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      begun.push(name)
      ends.set(name, { resolve: () => resolve(name), reject })
    })
  return {
    begun,
    work,
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  }
}

test('two run, the third waits for one of them, failed or not', async () => {
  const turns = createTurns(2)
  const { begun, work, end, fail } = createWorks()
  const a = turns.take(work('a'))
  const b = turns.take(work('b'))
  const c = turns.take(work('c'))
  const d = turns.take(work('d'))
  await turn()
  assert.deepEqual(begun, ['a', 'b'])
  fail('a')
  await assert.rejects(a, /a/)
  await turn()
  assert.deepEqual(begun, ['a', 'b', 'c'])
  end('b')
  assert.equal(await b, 'b')
  end('c')
  assert.equal(await c, 'c')
  end('d')
  assert.equal(await d, 'd')
  assert.equal(await turns.take(() => Promise.resolve(1)), 1)
})

test('whoever gives up waiting does not run and keeps nobody from running', async () => {
  const turns = createTurns(1)
  const { begun, work, end } = createWorks()
  const leaving = new AbortController()
  const a = turns.take(work('a'))
  const b = turns.take(work('b'), leaving.signal)
  const c = turns.take(work('c'))
  leaving.abort(new Error('left'))
  await assert.rejects(b, /left/)
  end('a')
  await a
  await turn()
  assert.deepEqual(begun, ['a', 'c'])
  end('c')
  assert.equal(await c, 'c')
  await assert.rejects(turns.take(work('e'), leaving.signal), /left/)
  assert.deepEqual(begun, ['a', 'c'])
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
