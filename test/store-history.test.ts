// What a store keeps of samples: buckets that equal a plain reckoning, whatever the order, the rounds and the restarts.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { toSampleFact } from '../src/source-sample.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import type { HistoryAnswer, Retention, Store } from '../src/store/store.ts'
import type { Fact } from '../src/words.ts'
import { inFolder, withStore } from './support/store-rows.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** A Monday, at the beginning of a chunk of every tier. */
const start = Math.floor(1_790_000_000_000 / (30 * day)) * 30 * day

function sample(seq: number, host: string, time: number, metrics: { [series: string]: number }, late = 0): Fact {
  return { ...toSampleFact(host, { metrics }, time), seq, source: 'host', time, receivedAt: time + late }
}

const kinds: { readonly name: string; open(folder: string): Promise<Store> }[] = [
  { name: 'in place', open: () => openSqlite({ path: ':memory:', now: 0 }) },
  { name: 'in a worker', open: (folder) => openSqlite({ path: join(folder, 'sereno.db'), now: 0 }) },
]

for (const kind of kinds) {
  describe(`history in a store ${kind.name}`, () => {
    test('hosts are known by their samples, the last one by when it was taken', () =>
      withStore(kind.open, async (store) => {
        assert.deepEqual(await store.hosts(), [])
        await store.commit({
          facts: [
            sample(1, 'b', start + 5, { cpu_percent: 1 }),
            sample(2, 'b', start + 9, { cpu_percent: 2 }),
            sample(3, 'b', start + 1, { cpu_percent: 3 }, 100),
            sample(4, 'a', start, { load1: 0.5 }),
            { ...sample(5, 'c', start, {}), name: 'other' },
          ],
        })
        const b = { name: 'b', firstSeenAt: start + 1, lastSeenAt: start + 9, source: 'host' }
        const a = { name: 'a', firstSeenAt: start, lastSeenAt: start, source: 'host' }
        assert.deepEqual(await store.hosts(), [
          { ...a, sample: { metrics: { load1: 0.5 } } },
          { ...b, sample: { metrics: { cpu_percent: 2 } } },
        ])
        await store.commit({
          facts: [{ ...sample(6, 'b', start + day, { x: 1 }), receivedAt: start + 20, source: 's' }],
        })
        const ahead = { ...b, lastSeenAt: start + 20, source: 's', sample: { metrics: { x: 1 } } }
        assert.deepEqual(await store.host('b'), ahead, 'a clock that is ahead is not believed')
        assert.equal(await store.host('none'), undefined)
      }))

    test('a question sees what is not rolled up, what is, and what is in chunks, and the same each time', () =>
      withStore(kind.open, async (store) => {
        const facts = Array.from({ length: 300 }, (_, n) =>
          sample(n + 1, 'a', start + n * minute, { cpu_percent: n % 7 }),
        )
        const query = { host: 'a', metric: 'cpu_percent', from: start, to: start + 300 * minute, points: 300 }
        const expected = facts.map(({ time }, n) => [time, 1, n % 7, n % 7, n % 7])
        for (let done = 0; done < 300; done += 5) {
          await store.commit({ facts: facts.slice(done, done + 5) })
          if (done % 2 === 1) await store.roll()
        }
        assert.deepEqual(await store.history(query), { stepSeconds: 60, points: expected })
        for (let round = 0; round < 60; round += 1) {
          await store.commit({ facts: [sample(1000 + round, 'a', start + 400 * minute, { other: 1 })] })
          await store.roll()
          if (round % 20 === 0) assert.deepEqual((await store.history(query)).points, expected)
        }
        assert.deepEqual(
          (await store.history({ ...query, metric: 'other', to: query.to + day, points: 2000 })).points,
          [[start + 400 * minute, 60, 60, 1, 1]],
        )
        assert.deepEqual((await store.history({ ...query, host: 'b' })).points, [])
        assert.deepEqual((await store.history({ ...query, metric: 'none' })).points, [])
      }))

    test('the finest steps that go back far enough are chosen, and never more points than asked for', () =>
      withStore(kind.open, async (store) => {
        const facts = Array.from({ length: 400 }, (_, n) => sample(n + 1, 'a', start + n * hour, { load1: n }))
        await store.commit({ facts })
        const now = start + 400 * hour
        const ask = (from: number, points: number): Promise<HistoryAnswer> =>
          store.history({ host: 'a', metric: 'load1', from, to: now, points })
        assert.equal((await ask(now - day, 1440)).stepSeconds, 60)
        assert.equal((await ask(now - day, 1439)).stepSeconds, 600)
        assert.equal((await ask(now - day + 1, 1440)).stepSeconds, 60)
        const few = await ask(start, 100)
        assert.equal(few.stepSeconds, 4 * 3600)
        assert.equal(few.points.length, 100)
        assert.deepEqual(few.points[1], [start + 4 * hour, 4, 4 + 5 + 6 + 7, 4, 7])
        assert.ok((await ask(start + 1, 7)).points.length <= 7)
        assert.ok((await ask(start, 1)).points.length <= 2)
        await store.prune({ ...nothing, now: now + 8 * hour, historyBefore: [now - 2 * day, 0, 0] })
        assert.equal((await ask(now - day, 100_000)).stepSeconds, 60)
        assert.equal((await ask(start, 100_000)).stepSeconds, 600, 'minutes do not go back so far')
      }))

    test('pruning drops chunks past their age, and hosts of which nothing is left', () =>
      withStore(kind.open, async (store) => {
        await store.commit({
          facts: [
            sample(1, 'old', start, { x: 1 }),
            sample(2, 'a', start, { x: 2 }),
            sample(3, 'a', start + 60 * day, { x: 3 }),
          ],
        })
        const ask = async (points: number): Promise<readonly number[]> => {
          const query = { host: 'a', metric: 'x', from: start, to: start + 61 * day, points }
          return (await store.history(query)).points.map(([, , sum]) => sum)
        }
        const policy: Retention = { ...nothing, now: start + 62 * day, factsBefore: start + 62 * day }
        await store.prune({ ...policy, historyBefore: [start + 40 * day, start + day, start + day] })
        assert.equal((await store.facts({ limit: 10 })).length, 0)
        assert.deepEqual(
          (await store.hosts()).map(({ name }) => name),
          ['a'],
        )
        assert.deepEqual(await ask(61 * 24), [2, 3])
        await store.prune({ ...policy, historyBefore: [start + 40 * day, start + 5 * day, start + 31 * day] })
        assert.deepEqual(await ask(61 * 24), [3])
      }))

    test('facts that go before they were rolled up are in the history all the same', () =>
      withStore(kind.open, async (store) => {
        await store.commit({ facts: [sample(7, 'a', start, { x: 1 })] })
        await store.prune({ ...nothing, now: start, factsBefore: start + 1 })
        await store.commit({ facts: [sample(8, 'a', start + 1, { x: 2 })] })
        assert.equal((await store.facts({ limit: 10 })).length, 1)
        const query = { host: 'a', metric: 'x', from: start, to: start + hour, points: 100 }
        assert.deepEqual((await store.history(query)).points, [[start, 2, 3, 1, 2]])
        assert.equal(await store.nextSeq(0), 9)
      }))

    test('a host that is forgotten is gone with its history, until it is heard of again', () =>
      withStore(kind.open, async (store) => {
        await store.commit({ facts: [sample(1, 'a', start, { x: 1 }), sample(2, 'b', start, { x: 1 })] })
        assert.equal(await store.forgetHost('a'), true)
        assert.equal(await store.forgetHost('a'), false)
        assert.deepEqual(
          (await store.hosts()).map(({ name }) => name),
          ['b'],
        )
        await store.roll()
        await store.commit({ facts: [sample(3, 'a', start + hour, { x: 9 })] })
        const query = { host: 'a', metric: 'x', from: start, to: start + day, points: 1440 }
        assert.deepEqual((await store.history(query)).points, [[start + hour, 1, 9, 9, 9]])
        assert.equal((await store.host('a'))?.firstSeenAt, start + hour)
      }))

    test('series beyond the most a host may have are dropped, and numbers of any size are kept', () =>
      withStore(kind.open, async (store) => {
        const many = (from: number): { [series: string]: number } =>
          Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`s${from + n}`, n]))
        await store.commit({ facts: [sample(1, 'a', start, many(0))] })
        await store.roll()
        await store.commit({ facts: [sample(2, 'a', start, many(400))] })
        await store.prune({ ...nothing, now: start + day })
        const ask = async (metric: string): Promise<HistoryAnswer['points']> =>
          (await store.history({ host: 'a', metric, from: start, to: start + 1, points: 9 })).points
        assert.equal((await ask('s499')).length, 1)
        assert.equal((await ask('s500')).length, 0)
        const wild = { s1: 1e308, s2: -1e308, s3: 1e-300, s4: 0.1, s5: 123_456_789.123, s6: 2 ** 60 }
        await store.commit({ facts: [sample(3, 'a', start + hour, wild), sample(4, 'a', start + hour, wild)] })
        await store.prune({ ...nothing, now: start + 2 * day })
        const later = async (metric: string): Promise<readonly number[] | undefined> =>
          (await store.history({ host: 'a', metric, from: start + hour, to: start + 2 * hour, points: 60 })).points[0]
        assert.deepEqual(await later('s1'), [start + hour, 2, Number.MAX_VALUE, 1e308, 1e308])
        assert.deepEqual(await later('s2'), [start + hour, 2, -Number.MAX_VALUE, -1e308, -1e308])
        assert.deepEqual(await later('s3'), [start + hour, 2, 2e-300, 1e-300, 1e-300])
        assert.deepEqual(await later('s4'), [start + hour, 2, 0.2, 0.1, 0.1])
        assert.deepEqual(await later('s5'), [start + hour, 2, 246_913_578.246, 123_456_789.123, 123_456_789.123])
        assert.deepEqual(await later('s6'), [start + hour, 2, 2 ** 61, 2 ** 60, 2 ** 60])
      }))
  })
}

test('a process that is killed while it rolls up has counted every sample it committed once', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'sereno.db')
    const program = join(import.meta.dirname, 'support/history-writer.ts')
    for (let round = 0; round < 12; round += 1) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, path])
      const ended = once(child, 'exit')
      await once(child.stdout, 'data')
      await wait(round * 12)
      child.kill('SIGKILL')
      await ended
    }
    const store = await openSqlite({ path, now: 0 })
    const facts = await store.facts({ limit: 1_000_000 })
    assert.ok(facts.length > 200, `${facts.length} were committed`)
    for (const { name } of await store.hosts()) {
      const mine = facts
        .filter(({ key }) => key === name)
        .map(({ data }) => Number((data['metrics'] as { x: number }).x))
      for (const points of [10_000, 200]) {
        const answer = await store.history({ host: name, metric: 'x', from: 0, to: 2e12, points })
        const total = (column: 1 | 2): number => answer.points.reduce((sum, point) => sum + point[column], 0)
        assert.equal(total(1), mine.length)
        assert.equal(
          total(2),
          mine.reduce((sum, value) => sum + value, 0),
        )
      }
    }
    await store.close()
  }))

test('a chunk that cannot be read is begun anew, and holds up neither the rest of the history nor retention', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'sereno.db')
    let store = await openSqlite({ path, now: 0 })
    const hours = Array.from({ length: 13 }, (_, n) => sample(n + 1, 'a', start + n * hour, { x: n }))
    await store.commit({ facts: hours })
    await store.prune({ ...nothing, now: start + 2 * day })
    await store.close()
    const db = new DatabaseSync(path)
    db.exec(
      "update history set data = x'0102030405' where tier = 1 and start = (select min(start) from history where tier = 1)",
    )
    db.close()
    store = await openSqlite({ path, now: 0 })
    const ask = async (points: number): Promise<readonly number[]> => {
      const query = { host: 'a', metric: 'x', from: start, to: start + day, points }
      return (await store.history(query)).points.map(([, , sum]) => sum)
    }
    assert.deepEqual(await ask(1440), [6, 7, 8, 9, 10, 11, 12])
    assert.deepEqual(await ask(24), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    await store.commit({ facts: [sample(20, 'a', start + 90_000, { x: 100 })] })
    await store.prune({ ...nothing, now: start + 2 * day })
    assert.deepEqual(await ask(1440), [100, 6, 7, 8, 9, 10, 11, 12])
    await store.close()
  }))

test('many values at once are rolled up in several steps, each counted once', () =>
  withStore(
    () => openSqlite({ path: ':memory:', now: 0 }),
    async (store) => {
      const metrics = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`s${n}`, n]))
      const facts = Array.from({ length: 1100 }, (_, n) => sample(n + 1, `h${n % 7}`, start + n * 1000, metrics))
      await store.commit({ facts })
      assert.equal(await store.roll(), 1100)
      assert.equal(await store.roll(), 0)
      const counts = await Promise.all(
        Array.from({ length: 7 }, async (_, n) => {
          const query = { host: `h${n}`, metric: 's499', from: start, to: start + hour, points: 1 }
          return (await store.history(query)).points[0]?.[1]
        }),
      )
      assert.deepEqual(counts, [158, 157, 157, 157, 157, 157, 157])
    },
  ))

interface Seen {
  readonly host: string
  readonly series: string
  readonly at: number
  readonly value: number
}

const seen = fc.record({
  host: fc.constantFrom('a', 'b'),
  series: fc.constantFrom('x', 'y{mount="/"}'),
  /** Over some chunks of the finest tier, on both sides of an edge of the others. */
  at: fc.integer({ min: -20 * hour, max: 20 * hour }).map((offset) => start + offset),
  value: fc.oneof(
    fc.integer({ min: -1000, max: 1_000_000 }),
    fc.integer({ min: 0, max: 1000 }).map((n) => n / 10),
  ),
})
const act = fc.oneof(
  { weight: 8, arbitrary: fc.array(seen, { minLength: 1, maxLength: 12 }) },
  { weight: 3, arbitrary: fc.constant('roll' as const) },
  { weight: 1, arbitrary: fc.constant('fold' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
)

test('for samples in any order, rounds and restarts at any time, every tier equals a plain reckoning', () =>
  fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 25 }), (acts) =>
      inFolder(async (folder) => {
        const path = join(folder, 'sereno.db')
        let store = await openSqlite({ path, now: 0 })
        const all: Seen[] = []
        let seq = 1
        for (const one of acts) {
          if (one === 'roll') await store.roll()
          else if (one === 'fold') await store.prune({ ...nothing, now: start + 90 * day })
          else if (one === 'restart') {
            await store.close()
            store = await openSqlite({ path, now: 0 })
          } else {
            const facts = one.map(({ host, series, at, value }) => sample(seq++, host, at, { [series]: value }))
            await store.commit({ facts })
            all.push(...one)
          }
        }
        for (const host of ['a', 'b']) {
          for (const metric of ['x', 'y{mount="/"}']) {
            for (const points of [10_000, 500, 48, 7]) {
              const query = { host, metric, from: start - day, to: start + day, points }
              const { stepSeconds, points: found } = await store.history(query)
              const mine = all.filter((one) => one.host === host && one.series === metric)
              assert.deepEqual(round(found), round(reckon(mine, stepSeconds * 1000)))
            }
          }
        }
        await store.close()
      }),
    ),
    { numRuns: 40 },
  ))

function reckon(list: readonly Seen[], stepMs: number): HistoryAnswer['points'] {
  const groups = Map.groupBy(list, ({ at }) => Math.floor(at / stepMs) * stepMs)
  return [...groups]
    .sort(([one], [other]) => one - other)
    .map(([at, of]) => {
      const values = of.map(({ value }) => value)
      return [at, of.length, values.reduce((sum, value) => sum + value, 0), Math.min(...values), Math.max(...values)]
    })
}

/** Sums of tenths differ in their last digits by the order of adding. */
function round(points: HistoryAnswer['points']): number[][] {
  return points.map((point) => point.map((value) => Math.round(value * 1e6) / 1e6))
}

const nothing: Retention = {
  now: 0,
  unmatchedInfoBefore: 0,
  restBefore: 0,
  factsBefore: 0,
  identitiesBefore: 0,
  historyBefore: [0, 0, 0],
  limitRows: 100,
}
