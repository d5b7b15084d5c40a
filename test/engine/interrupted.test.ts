// A hub that dies again and again while sending: the message is sent until somebody answers, each repeat marked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '../../src/engine/clock.ts'
import { createEngine } from '../../src/engine/engine.ts'
import type { Judge } from '../../src/engine/judge.ts'
import type { Sender } from '../../src/engine/lane.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Outcome } from '../../src/words.ts'

const facts = { recipients: [''], expireAfterMs: 86_400_000, idempotency: false }
const judge: Judge = {
  rules: [{ name: 'all', on: ['*'], where: [], to: ['team'], stop: false }],
  channels: new Map([['team', facts]]),
  sources: new Map(),
  types: new Map(),
  watches: [],
  mutes: [],
}

test('a message is not taken for told because the hub was killed twice while sending it', async () => {
  const store = await openSqlite({ path: ':memory:' })
  const clock = createVirtualClock(1_800_000_000_000)
  const attempts: number[] = []
  const life = async (send: () => Promise<Outcome>): Promise<{ stop(): Promise<void>; settle(): Promise<void> }> => {
    const sender: Sender = {
      concurrency: 1,
      minIntervalMs: 0,
      render: (delivery) => [{ title: 't', text: `unanswered ${delivery.unanswered}`, payload: null }],
      send: (_part, delivery) => {
        attempts.push(delivery.attempts)
        return send()
      },
    }
    const engine = createEngine({ store, clock, judge, failed: () => {} })
    await engine.start(new Map([['team', sender]]), {})
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    }
    if (attempts.length === 0) {
      await engine.submit([{ kind: 'event', source: 's', event: { type: 'a' }, receivedAt: clock.now() }])
    }
    await settle()
    return { settle, stop: () => engine.stop(0) }
  }
  // The request never comes back before the process is gone.
  for (let death = 0; death < 3; death += 1) {
    const one = await life(() => new Promise(() => {}))
    await clock.advance(clock.now() + 40_000, one.settle)
    await one.stop()
  }
  const last = await life(async () => ({ ok: true }))
  await clock.advance(clock.now() + 40_000, last.settle)
  assert.deepEqual(attempts, [1, 2, 3, 4])
  const [delivery] = await store.deliveries({ limit: 10 })
  assert.equal(delivery?.state, 'delivered')
  const [event] = await store.events({ limit: 1 })
  const verdicts = await store.verdicts([event?.seq ?? 0])
  assert.deepEqual(
    verdicts.map(({ state }) => state),
    ['delivered'],
  )
  await last.stop()
  await store.close()
})
