// A store that has been in use for long: so many events with their full trail.
import { randomUUID } from 'node:crypto'
import { openSqlite } from '../../src/store/sqlite.ts'
import { hosts } from './load.ts'
import { type Told, toTrail } from './trail.ts'

/**
 * Seconds taken. Ids are random and go in sorted, in four passes: many times quicker than at random, and it leaves the pages of their
 * index as loosely filled as random ones would.
 */
export async function fillStore(path: string, stored: number): Promise<number> {
  const startedAt = performance.now()
  const store = await openSqlite({ path })
  try {
    const now = Date.now()
    const ids = Array.from({ length: stored }, () => randomUUID()).sort()
    const order = [0, 1, 2, 3].flatMap((pass) => ids.filter((_, index) => index % 4 === pass))
    let seq = await store.nextSeq(now)
    for (let done = 0; done < stored; done += 5000) {
      const told = order.slice(done, done + 5000).map((id, index) => makeTold(id, done + index, now))
      await store.commit(toTrail(told, seq, now))
      seq += told.length
    }
  } finally {
    await store.close()
  }
  return (performance.now() - startedAt) / 1000
}

function makeTold(id: string, index: number, now: number): Told {
  return {
    id,
    source: 'urn:bench:load',
    type: 'bench.tick',
    time: new Date(now).toISOString(),
    host: `host-${index % hosts}`,
    subject: 'disk /dev/sda1',
    severity: 'warning',
    data: { usedBytes: index, usedShare: 0.93, note: 'more than was agreed on' },
  }
}
