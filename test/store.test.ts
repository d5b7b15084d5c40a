// One contract over every store: what was committed is there, what failed left nothing, what waits is found in order.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { toId } from '../src/lib/id.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { type FactQuery, type Store, StoreFailed } from '../src/store/store.ts'
import type { Delivery, Fact, HubEvent, Job, Verdict } from '../src/words.ts'
import { delivery, event, withStore } from './support/store-rows.ts'

const kinds: { readonly name: string; open(folder: string): Promise<Store> }[] = [
  { name: 'in place', open: () => openSqlite({ path: ':memory:', now: 0 }) },
  { name: 'in a worker', open: (folder) => openSqlite({ path: join(folder, 'sereno.db'), now: 0 }) },
]

for (const kind of kinds) {
  describe(`a store ${kind.name}`, () => {
    test('gives back events as they were committed, with all and with no optional fields', () =>
      withStore(kind.open, async (store) => {
        const full: HubEvent = {
          ...event(1),
          host: 'h',
          subject: 's',
          title: 't',
          text: 'x\u0000y \u{1f600}',
          condition: { key: 'k', state: 'firing' },
          cause: 7,
          labels: { a: 'b' },
          data: { n: 1.5, list: [1, 'two', null], deep: { yes: true } },
        }
        await store.commit({ events: [full, event(2)] })
        assert.deepEqual(await store.event(toId(1)), full)
        assert.deepEqual(await store.events({ limit: 10 }), [event(2), full])
        assert.deepEqual(await store.events({ limit: 10, ascending: true, afterSeq: 1 }), [event(2)])
        assert.equal(await store.event('not an id'), undefined)
      }))

    test('filters events by type, glob, source, host and time', () =>
      withStore(kind.open, async (store) => {
        const events = [
          event(1, { type: 'kms.probe', host: 'one' }),
          event(2, { type: 'kms.activation', source: 'other' }),
          event(3, { type: 'message', receivedAt: 5000 }),
        ]
        await store.commit({ events })
        const seqs = async (query: object): Promise<number[]> =>
          (await store.events({ limit: 10, ...query })).map((found) => found.seq)
        assert.deepEqual(await seqs({ type: 'kms.*' }), [2, 1])
        assert.deepEqual(await seqs({ type: 'message' }), [3])
        assert.deepEqual(await seqs({ source: 'other' }), [2])
        assert.deepEqual(await seqs({ host: 'one' }), [1])
        assert.deepEqual(await seqs({ since: 4000 }), [3])
      }))

    test('a batch that cannot be stored leaves nothing of itself', () =>
      withStore(kind.open, async (store) => {
        await store.commit({ events: [event(1)] })
        const batch = { events: [event(2), event(1)], state: [{ key: 'k', value: 1 }] }
        await assert.rejects(() => store.commit(batch), StoreFailed)
        assert.deepEqual(
          (await store.events({ limit: 10 })).map((found) => found.seq),
          [1],
        )
        assert.equal((await store.load({ state: ['k'], identities: [] })).state.size, 0)
        await store.commit({ events: [event(2)] })
      }))

    test('state rows, jobs and identities are replaced, deleted and loaded by key', () =>
      withStore(kind.open, async (store) => {
        const job = { key: 'k', kind: 'bundle', dueAt: 50, clock: 'hub', body: { a: 1 } } as const
        await store.commit({
          state: [
            { key: 'k', value: { n: 1 } },
            { key: 'gone', value: 1 },
          ],
          jobs: [job],
          identities: [{ key: 'i', seq: 3, digest: 'd', at: 1 }],
        })
        await store.commit({ state: [{ key: 'k', value: { n: 2 } }, { key: 'gone' }] })
        const loaded = await store.load({ state: ['k', 'gone', 'never'], identities: ['i', 'j'] })
        assert.deepEqual([...loaded.state], [['k', { n: 2 }]])
        assert.deepEqual([...loaded.jobs], [['k', job]])
        assert.deepEqual([...loaded.identities], [['i', { seq: 3, digest: 'd' }]])
      }))

    test('a batch with identities that are not new is taken back whole, and told which they are', () =>
      withStore(kind.open, async (store) => {
        const identity = (key: string, seq: number) => ({ key, seq, digest: 'd', at: 1 })
        const none = await store.commit({ newIdentities: [identity('a', 1), identity('b', 2)], events: [event(1)] })
        assert.deepEqual([...none], [])
        const newIdentities = [identity('new', 3), identity('b', 4), identity('a', 5)]
        const taken = await store.commit({ newIdentities, events: [event(3)], identities: [identity('a', 6)] })
        assert.deepEqual(
          [...taken],
          [
            ['b', { seq: 2, digest: 'd' }],
            ['a', { seq: 1, digest: 'd' }],
          ],
        )
        const { identities } = await store.load({ state: [], identities: ['a', 'b', 'new'] })
        assert.deepEqual([...identities.keys()], ['a', 'b'])
        assert.equal(await store.event(toId(3)), undefined)
        await store.commit({ newIdentities: [identity('new', 3)], events: [event(3)] })
      }))

    test('a page of events ends early when they are large together, and has at least one', () =>
      withStore(kind.open, async (store) => {
        const large = { text: 'x'.repeat(1000) }
        await store.commit({ events: [event(1), event(2, large), event(3, large), event(4, large)] })
        const page = async (beforeSeq: number, bytes: number): Promise<number[]> =>
          (await store.events({ limit: 10, beforeSeq, bytes })).map(({ seq }) => seq)
        assert.deepEqual(await page(9, 1500), [4, 3])
        assert.deepEqual(await page(3, 1500), [2, 1])
        assert.deepEqual(await page(9, 0), [4])
        assert.deepEqual(await page(1, 0), [])
      }))

    test('what waits comes without its events where they are too large together, and they are read by name', () =>
      withStore(kind.open, async (store) => {
        const large = (seq: number): HubEvent => event(seq, { data: { text: 'x'.repeat(1000) } })
        await store.commit({
          events: [large(1), large(2), event(3)],
          deliveries: [delivery(10, 'a', [1]), delivery(11, 'a', [2, 1]), delivery(12, 'a', [3, 9])],
        })
        assert.deepEqual(
          (await store.waiting('a', 0, 10, 2500)).map(({ events }) => events?.map(({ seq }) => seq)),
          [[1], undefined, [3]],
        )
        assert.deepEqual(await store.namedEvents([2, 9, 1]), [large(2), large(1)])
      }))

    test('events of 16 MiB together are read whole by name, and of those beyond it what is small', () =>
      withStore(kind.open, async (store) => {
        const large = (seq: number): HubEvent =>
          event(seq, { title: `title ${seq}`, text: 'y'.repeat(3000), data: { text: 'x'.repeat(5_000_000) } })
        for (let seq = 1; seq <= 5; seq += 1) await store.commit({ events: [large(seq)] })
        const named = await store.namedEvents([5, 4, 3, 2, 1])
        assert.deepEqual(named.slice(0, 3), [large(5), large(4), large(3)])
        assert.deepEqual(named.slice(3), [
          { ...large(2), text: 'y'.repeat(1000), data: {} },
          { ...large(1), text: 'y'.repeat(1000), data: {} },
        ])
      }))

    test('jobs come due in order, and elapsed-time ones move with a step of the clock', () =>
      withStore(kind.open, async (store) => {
        const job = (key: string, dueAt: number, clock: 'hub' | 'calendar') =>
          ({ key, kind: 'bundle', dueAt, clock, body: null }) as const
        await store.commit({ jobs: [job('b', 20, 'hub'), job('a', 10, 'hub'), job('c', 30, 'calendar')] })
        const due = await store.dueJobs(20, 10)
        assert.deepEqual(
          due.jobs.map(({ key }) => key),
          ['a', 'b'],
        )
        assert.equal(due.nextAt, 30)
        await store.commit({ shiftJobsMs: 100, jobsDone: ['a'] })
        assert.deepEqual(
          (await store.dueJobs(1000, 10)).jobs.map(({ key, dueAt }) => [key, dueAt]),
          [
            ['c', 30],
            ['b', 120],
          ],
        )
      }))

    test('deliveries that wait come oldest first with their events; interrupted ones apart', () =>
      withStore(kind.open, async (store) => {
        await store.commit({
          events: [event(1), event(2)],
          deliveries: [
            delivery(10, 'a', [2, 1]),
            delivery(11, 'a', [1], 'sending'),
            delivery(12, 'b', [1]),
            delivery(13, 'a', [1], 'delivered'),
          ],
        })
        const waiting = await store.waiting('a', 0, 10)
        assert.deepEqual(
          waiting.map((row) => row.delivery.seq),
          [10],
        )
        assert.deepEqual(
          waiting[0]?.events?.map((found) => found.seq),
          [2, 1],
        )
        assert.deepEqual(
          (await store.interrupted()).map((row) => row.delivery.seq),
          [11],
        )
        assert.deepEqual(await store.waiting('a', 10, 10), [])
        assert.deepEqual(
          (await store.deliveries({ event: 2, limit: 10 })).map((row) => row.seq),
          [10],
        )
        assert.deepEqual(
          (await store.deliveries({ states: ['delivered'], limit: 10 })).map((row) => row.seq),
          [13],
        )
      }))

    test('a delivery is told whole: attempts and parts', () =>
      withStore(kind.open, async (store) => {
        const id = toId(10)
        await store.commit({
          events: [event(1)],
          deliveries: [delivery(10, 'a', [1])],
          attempts: [
            {
              delivery: id,
              number: 1,
              startedAt: 1,
              endedAt: 2,
              result: 'timeout',
              maybeDelivered: true,
              detail: 'no answer',
            },
          ],
          parts: [{ delivery: id, number: 0, text: 'hello', handle: 'ts', sentAt: 5 }],
        })
        const detail = await store.delivery(id)
        assert.equal(detail?.tried[0]?.result, 'timeout')
        assert.equal(detail?.tried[0]?.maybeDelivered, true)
        assert.deepEqual(detail?.parts, [{ delivery: id, number: 0, text: 'hello', handle: 'ts', sentAt: 5 }])
        assert.equal(await store.delivery('zzz'), undefined)
      }))

    test("a source's cursor and session rows belong to it alone", () =>
      withStore(kind.open, async (store) => {
        await store.commit({
          sources: [
            {
              name: 'a',
              cursor: { at: 1 },
              put: [
                ['s1', 1],
                ['s2', { x: 2 }],
              ],
            },
            { name: 'b', put: [['s1', 9]] },
          ],
        })
        await store.commit({ sources: [{ name: 'a', delete: ['s1'] }] })
        assert.deepEqual(await store.cursor('a'), { at: 1 })
        assert.equal(await store.cursor('b'), undefined)
        assert.deepEqual(await store.rows('a'), [['s2', { x: 2 }]])
        assert.deepEqual(await store.rows('b'), [['s1', 9]])
      }))

    test('facts come back in order, and the last of a key is found', () =>
      withStore(kind.open, async (store) => {
        const fact = (seq: number, key: string, receivedAt = seq): Fact => {
          return { seq, source: 's', name: 'level', key, time: seq, receivedAt, data: { n: seq } }
        }
        await store.commit({ facts: [fact(1, 'a'), fact(2, 'b'), { ...fact(3, 'a'), host: 'h' }] })
        const seqs = async (query: Partial<FactQuery>): Promise<number[]> =>
          (await store.facts({ limit: 10, ...query })).map((found) => found.seq)
        assert.deepEqual(await store.facts({ limit: 1, afterSeq: 2 }), [{ ...fact(3, 'a'), host: 'h' }])
        assert.deepEqual(await seqs({ since: 2 }), [2, 3])
        assert.deepEqual(await seqs({ last: { source: 's', name: 'level', key: 'a' }, limit: 1 }), [3])
        assert.deepEqual(await seqs({ last: { source: 't', name: 'level', key: 'a' } }), [])
        assert.equal(await store.nextSeq(0), 4, 'facts have positions of the one order')
        await store.prune({ ...nothingOld, factsBefore: 3 })
        assert.deepEqual(await seqs({}), [3])
      }))

    test('jobs are found by what they are for, rows by how their keys begin, deliveries by position', () =>
      withStore(kind.open, async (store) => {
        const job = (key: string, more: Partial<Job>): Job => {
          return { key, kind: 'timer', dueAt: 50, clock: 'hub', body: null, ...more }
        }
        const silent = job('a', { periodMs: 60 })
        const recheck = job('b', { kind: 'recheck', source: 's' })
        await store.commit({
          jobs: [silent, recheck, job('c', {})],
          state: ['x|1', 'x|2', 'x', 'y|1'].map((key) => ({ key, value: key })),
          deliveries: [delivery(10, 'a', [2])],
        })
        assert.deepEqual(await store.jobs({ absence: true }), [silent])
        assert.deepEqual(await store.jobs({ kind: 'recheck' }), [recheck])
        assert.deepEqual(await store.states('x|'), [
          ['x|1', 'x|1'],
          ['x|2', 'x|2'],
        ])
        const loaded = await store.load({ state: [], identities: [], deliveries: [10, 11] })
        assert.deepEqual([...loaded.deliveries], [[10, delivery(10, 'a', [2])]])
      }))

    test('a thread has the handles of its first and last message to a recipient', () =>
      withStore(kind.open, async (store) => {
        const told = (seq: number, handle: string | undefined, more: Partial<Delivery> = {}): Delivery => ({
          ...delivery(seq, 'a', [1], 'delivered'),
          thread: 't',
          endedAt: seq,
          ...(handle === undefined ? {} : { handle }),
          ...more,
        })
        await store.commit({
          deliveries: [told(3, 'h3'), told(1, 'h1'), told(2, undefined), told(4, 'h4', { recipient: 'ann' })],
        })
        assert.deepEqual(await store.handles('a', '', 't'), { first: 'h1', last: 'h3' })
        assert.deepEqual(await store.handles('a', 'ann', 't'), { first: 'h4', last: 'h4' })
        assert.deepEqual(await store.handles('b', '', 't'), {})
      }))

    test('a verdict that follows another has the end of that, however many lie between', () =>
      withStore(kind.open, async (store) => {
        const merged = { rule: 'r', channel: 'c', state: 'merged', by: 'x', reason: 'y', at: 1 } as const
        const lasts: Verdict[] = [
          { ...merged, event: 1, state: 'delivered', into: 'message' },
          { ...merged, event: 2, state: 'held', until: 9 },
          { ...merged, event: 3, state: 'suppressed', by: 'mute', reason: 'z', at: 5 },
        ]
        const between = [11, 12, 13, 14].map((event, index): Verdict => {
          return { ...merged, event, follows: { event: [1, 2, 3, 99][index] ?? 0, rule: 'r' } }
        })
        const followers = between.map(({ event }): Verdict => {
          return { ...merged, event: event + 10, rule: 'q', follows: { event, rule: 'r' } }
        })
        // Neither of them has a message, nor ever gets one.
        const circle = [31, 32].map((event): Verdict => ({
          ...merged,
          event,
          follows: { event: 63 - event, rule: 'r' },
        }))
        await store.commit({ verdicts: [...lasts, ...between, ...followers, ...circle] })
        const read = await store.verdicts([21, 22, 23, 24, 31])
        assert.deepEqual(read, [
          { ...merged, event: 21, rule: 'q', into: 'message' },
          { ...merged, event: 22, rule: 'q', state: 'held', until: 9 },
          { ...merged, event: 23, rule: 'q', state: 'suppressed', by: 'mute', reason: 'z', at: 5 },
          { ...merged, event: 24, rule: 'q' },
          { ...merged, event: 31 },
        ])
      }))

    test('pruning keeps what an open condition will need to say its end', () =>
      withStore(kind.open, async (store) => {
        const row = { state: 'open', thread: toId(1), opening: 1, latest: 2 }
        const told = (seq: number, thread: string): Delivery => {
          return { ...delivery(seq, 'a', [9], 'delivered'), thread, endedAt: 1, handle: `h${seq}` }
        }
        await store.commit({
          events: [event(1), event(2), event(3)],
          deliveries: [told(10, toId(1)), told(11, toId(7))],
          state: [
            { key: 'condition|s|open', value: row },
            { key: 'condition|s|ended', value: { ...row, state: 'ended', thread: toId(7), opening: 3, latest: 3 } },
          ],
        })
        await store.prune({ ...nothingOld, unmatchedInfoBefore: 8000, restBefore: 8000 })
        assert.deepEqual(
          (await store.events({ limit: 10 })).map(({ seq }) => seq),
          [2, 1],
        )
        assert.deepEqual(
          (await store.deliveries({ limit: 10 })).map(({ seq }) => seq),
          [10],
        )
      }))

    test('pruning keeps what is open and what a rule told, and drops the rest by class', () =>
      withStore(kind.open, async (store) => {
        const verdict = { rule: 'r', channel: 'c', by: 'x', reason: 'y', at: 1 }
        await store.commit({
          events: [event(1), event(2), event(3), event(4, { severity: 'warning' }), event(5, { receivedAt: 9000 })],
          verdicts: [
            { ...verdict, event: 2, state: 'delivered' },
            { ...verdict, event: 3, state: 'held' },
          ],
          deliveries: [{ ...delivery(10, 'a', [2], 'delivered'), endedAt: 1 }, delivery(11, 'a', [3])],
          state: [
            { key: 'old', value: 1, expiresAt: 5 },
            { key: 'kept', value: 1 },
          ],
          identities: [1, 2, 3, 4, 5].map((seq) => ({ key: `i${seq}`, seq, digest: 'd', at: seq === 5 ? 6000 : 1 })),
        })
        const seqs = async (): Promise<number[]> =>
          (await store.events({ limit: 10, ascending: true })).map(({ seq }) => seq)
        const policy = { ...nothingOld, unmatchedInfoBefore: 5000 }
        await store.prune(policy)
        assert.deepEqual(await seqs(), [2, 3, 4, 5])
        await store.prune({ ...policy, restBefore: 5000, identitiesBefore: 5000 })
        assert.deepEqual(await seqs(), [3, 5])
        assert.deepEqual(
          (await store.verdicts([2, 3])).map(({ event: seq }) => seq),
          [3],
        )
        assert.deepEqual(
          (await store.deliveries({ limit: 10 })).map(({ seq }) => seq),
          [11],
        )
        const loaded = await store.load({ state: ['old', 'kept'], identities: ['i1', 'i2', 'i3', 'i4', 'i5'] })
        assert.deepEqual([...loaded.state.keys()], ['kept'])
        assert.deepEqual([...loaded.identities.keys()], ['i5'])
      }))
  })
}

const nothingOld = {
  now: 8000,
  unmatchedInfoBefore: 0,
  restBefore: 0,
  factsBefore: 0,
  identitiesBefore: 0,
  historyBefore: [0, 0, 0] as const,
  limitRows: 2,
}
