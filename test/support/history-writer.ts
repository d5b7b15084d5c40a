// A program that commits samples and rolls them up as fast as it can, until it is killed. Its argument is the store's file.
import { setImmediate } from 'node:timers/promises'
import { toSampleFact } from '../../src/source-sample.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Fact } from '../../src/words.ts'

const start = Date.parse('2026-03-01T00:00:00Z')
const store = await openSqlite({ path: process.argv[2] ?? '', now: 0 })
let seq = await store.nextSeq(0)
console.log('ready')
for (let round = 0; ; round += 1) {
  const facts = Array.from({ length: 20 }, (): Fact => {
    const at = start + (seq % 5000) * 60_000
    const fact = toSampleFact(`host-${seq % 3}`, { metrics: { x: seq % 100, y: 0.1 } }, at)
    return { ...fact, seq: seq++, source: 's', time: at, receivedAt: at }
  })
  await store.commit({ facts })
  if (round % 2 === 1) await store.roll()
  if (round % 7 === 6) await fold()
  await setImmediate()
}

/** Long after, so that every host counts as one that is silent. */
async function fold(): Promise<void> {
  await store.prune({
    now: start + 400 * 86_400_000,
    unmatchedInfoBefore: 0,
    restBefore: 0,
    factsBefore: 0,
    identitiesBefore: 0,
    historyBefore: [0, 0, 0],
    limitRows: 500,
  })
}
