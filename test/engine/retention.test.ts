// Retention: what is deleted by age and by size, and what is never deleted because somebody still waits for it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { toId } from '../../src/lib/id.ts'
import { toSampleFact } from '../../src/source-sample.ts'
import type { Pruning } from '../../src/store/prune.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import type { Delivery, Fact, HubEvent, Verdict } from '../../src/words.ts'
import { EngineHouse, judgeOf } from '../support/engine-house.ts'

const filler = 'x'.repeat(2000)
const now = 1_000_000
const policy: Pruning = {
  now,
  unmatchedInfoBefore: 0,
  restBefore: 0,
  factsBefore: 0,
  identitiesBefore: 0,
  historyBefore: [0, 0, 0] as const,
  limitRows: 50,
}

test('beyond its size the store drops unmatched info events first, then the oldest of the rest, and what is waited for never', () =>
  withStore(async (store) => {
    await fill(store)
    await store.prune(sized(1_500_000))
    const half = await kept(store)
    assert.ok(half.unmatched.length > 0 && half.unmatched.length < 500, `${half.unmatched.length} unmatched are left`)
    assert.equal(half.unmatched.at(-1), 999, 'the newest stay')
    assert.equal(half.matched.length, 500)
    await store.prune(sized(500_000))
    const few = await kept(store)
    assert.equal(few.unmatched.length, 0)
    assert.ok(few.matched.length > 10 && few.matched.length < 400, `${few.matched.length} matched are left`)
    assert.deepEqual(few.matched.slice(0, 3), [0, 2, 4], 'held, waiting, and named by a waiting digest')
    assert.ok((few.matched[3] ?? 0) > 100, 'the oldest went first')
    assert.equal(few.matched.at(-1), 899)
    const verdicts = await store.verdicts(Array.from({ length: 1000 }, (_, seq) => seq))
    assert.deepEqual(
      verdicts.map(({ event }) => event),
      few.matched,
      'verdicts go with their events, and not before them',
    )
    await store.prune(sized(1))
    const pinned = await kept(store)
    assert.deepEqual(pinned.matched, [0, 2, 4])
    assert.equal((await store.waiting('team', 0, 10)).length, 2)
    assert.deepEqual(
      (await store.waiting('team', 0, 10)).map(({ events }) => events?.length),
      [1, 1],
    )
  }))

test('by age, too, what a waiting digest names stays', () =>
  withStore(async (store) => {
    await fill(store)
    await store.prune({ ...policy, unmatchedInfoBefore: now, restBefore: now })
    const { matched, unmatched } = await kept(store)
    assert.deepEqual(unmatched, [])
    assert.deepEqual(matched, [0, 2, 4])
    assert.deepEqual((await store.delivery(toId(2001)))?.events.length, 1)
  }))

test('beyond its size what is left of samples goes before events, the finest first, and hosts are still known', () =>
  withStore(async (store) => {
    const minute = 60_000
    const facts = Array.from({ length: 4000 }, (_, index): Fact => {
      const time = index * 40 * minute
      const fact = toSampleFact('pi4', { metrics: { x: Math.sin(index) * 1e9, y: Math.cos(index) * 1e9 } }, time)
      return { ...fact, seq: 5000 + index, source: 's', time, receivedAt: time }
    })
    await store.commit({ facts })
    await fill(store)
    const late = 5000 * 40 * minute
    await store.prune({ ...policy, now: late })
    const all = await stepsOf(store)
    const seen = new Set<string>()
    for (let size = 5_000_000; size > 500_000; size -= 20_000) {
      await store.prune({ ...sized(size), now: late })
      const facts = (await store.facts({ limit: 1 })).length
      const left = await stepsOf(store)
      const events = (await store.events({ limit: 2000 })).length
      const gone = left.map((count, tier) => count < (all[tier] ?? 0))
      if (gone[0] === true) assert.equal(facts, 0, 'facts go first')
      if (gone[1] === true) assert.equal(left[0], 0)
      if (gone[2] === true) assert.equal(left[1], 0, 'the coarsest stays longest')
      if (events < 1000) assert.deepEqual(left, [0, 0, 0])
      seen.add(`${facts} ${gone.join(' ')} ${events < 1000}`)
    }
    assert.ok(seen.size >= 4, [...seen].join(', '))
    assert.equal((await store.hosts()).length, 1)
  }))

/** Points of each tier over the first ten days. */
async function stepsOf(store: Store): Promise<number[]> {
  const found: number[] = []
  for (const points of [14_400, 1440, 240]) {
    const answer = await store.history({ host: 'pi4', metric: 'x', from: 0, to: 864_000_000, points })
    found.push(answer.stepSeconds * points === 864_000 ? answer.points.length : 0)
  }
  return found
}

test('a store within its size keeps all', () =>
  withStore(async (store) => {
    await fill(store)
    assert.equal(await store.prune(sized(100_000_000)), 0)
    assert.equal((await store.events({ limit: 2000 })).length, 1000)
  }))

/** Every second hundred was matched by a rule; 0 is held, 2 waits, 4 has ended as part of a digest that waits. */
async function fill(store: Store): Promise<void> {
  const events = Array.from({ length: 1000 }, (_, seq) => event(seq))
  const verdicts = events.filter(({ seq }) => isMatched(seq)).map(({ seq }) => verdict(seq))
  const deliveries = [delivery(2000, [2], {}), delivery(2001, [4], { settled: true })]
  await store.commit({ events, verdicts, deliveries })
}

function isMatched(seq: number): boolean {
  return Math.floor(seq / 100) % 2 === 0
}

function sized(sizeBytes: number): Pruning {
  return { ...policy, sizeBytes }
}

async function kept(store: Store): Promise<{ readonly matched: number[]; readonly unmatched: number[] }> {
  const seqs = (await store.events({ limit: 2000, ascending: true })).map(({ seq }) => seq)
  return { matched: seqs.filter(isMatched), unmatched: seqs.filter((seq) => !isMatched(seq)) }
}

function event(seq: number): HubEvent {
  const base = { seq, id: toId(seq), type: 'message', time: seq, receivedAt: seq, source: 's', labels: {}, data: {} }
  return { ...base, severity: 'info', text: filler }
}

function verdict(event: number): Verdict {
  const state = event === 0 ? 'held' : event === 2 ? 'queued' : 'merged'
  return { event, rule: 'r', channel: 'team', state, by: 'late', reason: '', at: 1 }
}

function delivery(seq: number, events: number[], extra: Delivery['extra']): Delivery {
  const counts = { attempts: 0, unanswered: 0, createdAt: 1, dueAt: 1, expireAt: 100 }
  const base = { seq, id: toId(seq), channel: 'team', recipient: '', thread: 't', kind: 'digest', rule: 'r' } as const
  return { ...base, events, severity: 'info', extra, state: 'queued', ...counts }
}

async function withStore(check: (store: Store) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-retention-'))
  const store = await openSqlite({ path: join(folder, 'sereno.db') })
  try {
    await check(store)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

test('hosts that are named once leave nothing behind for ever', async () => {
  await using house = await EngineHouse.open(judgeOf([], {}))
  for (let count = 0; count < 50; count += 1) await house.emit({ type: 'a', host: `made-up-${count}` })
  const left = async (): Promise<number> => (await house.store.states('judge-time|')).length
  assert.equal(await left(), 50)
  await house.pass(31 * 86_400_000)
  await house.store.prune({ ...policy, now: house.clock.now() })
  assert.equal(await left(), 0)
})
