// Random lives of a guest: whatever is heard of first, its tasks or how it is, in the end what is open is what is true.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GuestTask } from '../../source-boot.ts'
import { WatchedNode } from './node-for-tests.ts'

const action = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('start', 'start-failed', 'stop', 'crash') },
  { weight: 2, arbitrary: fc.constantFrom('look', 'look-first', 'wait') },
)

/** What really happens to a guest, and what a watch can know of it. */
class Truth {
  runs = false
  /** The last try to start it failed. */
  isFailed = false
  isCrashed = false
  /** As last looked at. */
  seenRunning = false
  /** It crashed, and was seen to be stopped where it had been seen running. */
  isSeenDead = false
  readonly node = new WatchedNode()
  #unheard: (() => void)[] = []

  do(what: string): void {
    this.node.pass(10)
    if (what === 'look' || what === 'look-first') return this.look(what === 'look-first')
    if (what === 'start' && !this.runs) {
      Object.assign(this, { runs: true, isFailed: false, isCrashed: false, isSeenDead: false })
      this.#task('start', 'ok')
    } else if (what === 'start-failed' && !this.runs) {
      this.isFailed = true
      this.#task('start', 'failed')
    } else if (what === 'stop' && this.runs) {
      Object.assign(this, { runs: false, isCrashed: false })
      this.#task('stop', 'ok')
    } else if (what === 'crash' && this.runs) Object.assign(this, { runs: false, isCrashed: true })
  }

  look(isFirst: boolean): void {
    if (!isFirst) this.#hear()
    this.node.guest(100, this.runs)
    this.#hear()
    if (!this.runs && this.isCrashed && this.seenRunning) this.isSeenDead = true
    this.seenRunning = this.runs
  }

  #task(what: GuestTask['action'], outcome: GuestTask['outcome']): void {
    const at = this.node.now
    this.#unheard.push(() => void this.node.task(100, what, outcome, { at }))
  }

  #hear(): void {
    for (const hear of this.#unheard.splice(0)) hear()
  }
}

test('what is open in the end is what is true', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 40 }), (actions) => {
      const truth = new Truth()
      truth.look(false)
      for (const one of actions) truth.do(one)
      truth.node.pass(10)
      truth.look(true)
      truth.node.pass(300)
      const open = [
        ...(!truth.runs && truth.isSeenDead && truth.isCrashed ? ['guest/100/died'] : []),
        ...(!truth.runs && truth.isFailed ? ['guest/100/start'] : []),
      ]
      assert.deepEqual([...truth.node.open].toSorted(), open)
    }),
    { numRuns: 3000 },
  )
})
